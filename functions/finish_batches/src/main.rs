//! The Lambda of this job; see the library of the same name.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::lambda::schedule(finish_batches::run).await
}
