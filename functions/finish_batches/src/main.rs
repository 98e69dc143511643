//! The Lambda function `finish_batches`. Its library has the job.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::lambda::schedule(finish_batches::run).await
}
