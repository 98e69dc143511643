//! The Lambda function `levels`. Its library has the routes.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(levels::routes).await
}
