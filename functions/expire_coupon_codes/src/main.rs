//! The Lambda function `expire_coupon_codes`. Its library has the job.

use shared::{app::Clock, store::client::Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::lambda::schedule(async |store: &Store| expire_coupon_codes::run(store, Clock::default().now()).await).await
}
