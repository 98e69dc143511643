//! The operator's Lambda; see the library of the same name.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use operator::{Answer, Command, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::lambda::log_json();
    let app = shared::lambda::app().await?;
    let handle =
        async |event: LambdaEvent<Command>| -> Result<Answer, Error> { Ok(run(&app.store, event.payload).await?) };
    lambda_runtime::run(service_fn(handle)).await
}
