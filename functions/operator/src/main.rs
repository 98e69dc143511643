//! The operator's Lambda; see the library of the same name.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::lambda::answer(operator::run).await
}
