//! The Lambda function `console`. Its library has the pages.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve_pages(console::router()).await
}
