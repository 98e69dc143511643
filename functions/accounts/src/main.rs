//! The Lambda function `accounts`. Its library has the routes.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(accounts::routes).await
}
