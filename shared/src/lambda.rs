//! Entry points for the `main` of each function. They run init once and then serve events.

use std::time::{Duration, Instant};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, http::service::service, telemetry};
use domain::error::Error;
use store::{client::Store, connect::Connection, meter::Meter};

/// Longest wait in init for the first call of the store. Lambda ends an init after 10 s.
const WARM_UP: Duration = Duration::from_secs(2);

/// Initialises a function and returns what `make` builds from its app. The connection to the store is opened here, so
/// that the first request does not have to; `make` runs while the store answers.
async fn init<T>(make: impl FnOnce(App) -> T) -> Result<T, Error> {
    let began = Instant::now();
    telemetry::log_json();
    let store = Connection::from_env().open().await?;
    // The answer does not matter. The call opens the connection and signs once; a fault will show in the first request.
    let warm_up = tokio::time::timeout(WARM_UP, store.warm_up());
    let (_, made) = tokio::join!(warm_up, async { make(App::new(store.clone())) });
    ready(began);
    Ok(made)
}

/// Writes the log line that tells how long init took.
fn ready(began: Instant) {
    tracing::info!(target: telemetry::INIT, init_ms = began.elapsed().as_secs_f64() * 1000.0, "ready");
}

/// Serves these routes to API Gateway until Lambda ends the process.
///
/// # Errors
/// Fails if the environment names no store that this build can reach, or if the Lambda runtime fails.
pub async fn serve(routes: impl FnOnce() -> OpenApiRouter<App>) -> Result<(), lambda_runtime::Error> {
    let service = init(|app| service(&app, routes())).await?;
    lambda_http::run(service).await
}

/// Serves files that need no store to API Gateway until Lambda ends the process.
///
/// # Errors
/// Fails if the Lambda runtime fails.
pub async fn serve_pages(router: axum::Router) -> Result<(), lambda_runtime::Error> {
    let began = Instant::now();
    telemetry::log_json();
    ready(began);
    lambda_http::run(router).await
}

/// Turns an error into what the caller of a function without routes sees: the invalid fields, or the cause.
fn diagnostic(error: Error) -> Diagnostic {
    let error_message = match &error {
        Error::Invalid(errors) => serde_json::to_string(errors).unwrap_or_default(),
        other => other.to_string(),
    };
    Diagnostic { error_type: "Error".to_owned(), error_message }
}

/// Answers the events that an operator sends, until Lambda ends the process.
///
/// # Errors
/// The errors of [`serve`].
pub async fn answer<E: DeserializeOwned, A: Serialize>(
    work: impl AsyncFn(&Store, E) -> Result<A, Error>,
) -> Result<(), lambda_runtime::Error> {
    let app = init(|app| app).await?;
    let handle = async |event: LambdaEvent<E>| work(&app.store, event.payload).await.map_err(diagnostic);
    lambda_runtime::run(service_fn(handle)).await
}

/// Result of one run of a scheduled job.
pub trait Report: Serialize {
    /// Returns the number of parts of the work that failed. The next run tries them again.
    fn failures(&self) -> u64;
}

/// Runs a job each time the schedule invokes it, until Lambda ends the process. A run always tries all of its work. If
/// a part failed, the run then ends with an error, so that Lambda's error metric, its retries and the dead-letter queue
/// report it.
///
/// # Errors
/// The errors of [`serve`].
pub async fn schedule<R: Report>(work: impl AsyncFn(&Store) -> Result<R, Error>) -> Result<(), lambda_runtime::Error> {
    let app = init(|app| app).await?;
    // The content of the event does not matter, only that it came.
    let handle = async |_: LambdaEvent<serde_json::Value>| run(&app.store, &work).await.map_err(diagnostic);
    lambda_runtime::run(service_fn(handle)).await
}

/// Runs a job once and writes its log line, which also carries its metrics.
async fn run<R: Report>(store: &Store, work: &impl AsyncFn(&Store) -> Result<R, Error>) -> Result<R, Error> {
    let began = Instant::now();
    let meter = Meter::default();
    // Boxed, because the type of a whole job's future is nested deeper than the compiler allows.
    let report = meter.watch(Box::pin(work(store))).await;
    let usage = meter.usage();
    tracing::info!(
        target: telemetry::JOB,
        job_duration_ms = began.elapsed().as_secs_f64() * 1000.0,
        job_failures = report.as_ref().map_or(1, Report::failures),
        calls = usage.calls,
        read_units = usage.read_units,
        write_units = usage.write_units,
        report = report.as_ref().ok().and_then(|report| serde_json::to_string(report).ok()),
        fault = report.as_ref().err().map(tracing::field::display),
        "ran"
    );
    match report {
        Ok(report) if report.failures() > 0 => {
            Err(Error::Internal(format!("{} parts of the job failed; see the log", report.failures())))
        }
        outcome => outcome,
    }
}
