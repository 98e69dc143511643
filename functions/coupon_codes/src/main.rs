//! The Lambda function `coupon_codes`. Its library has the routes.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(coupon_codes::routes).await
}
