//! The Lambda function `orders`. Its library has the routes.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(orders::routes).await
}
