//! The Lambda of this job; see the library of the same name.

use expire_points::{Report, run};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::lambda::log_json();
    let app = shared::lambda::app().await?;
    // What the schedule says does not matter: only that it is time.
    let handle = async |_: LambdaEvent<serde_json::Value>| -> Result<Report, Error> {
        Ok(run(&app.store, app.clock.now()).await?)
    };
    lambda_runtime::run(service_fn(handle)).await
}
