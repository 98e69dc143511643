//! The Lambda function `price_rules`. Its library has the routes.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(price_rules::routes).await
}
