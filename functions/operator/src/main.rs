//! The Lambda function `operator`. Its library has the commands.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::lambda::answer(operator::run).await
}
