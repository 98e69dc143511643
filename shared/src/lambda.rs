//! What each function's `main` calls: init once, then serve.

use std::time::{Duration, Instant};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    error::Error,
    http::service::service,
    table::{connect::Connection, meter::Meter, store::Store},
    telemetry,
};

/// How long init waits for its first call: Lambda ends an init of 10 s.
const WARM_UP: Duration = Duration::from_secs(2);

/// Makes what a function needs of its app. Its connection is made here, in init, and not in the first request; `make` runs
/// while the store answers.
async fn init<T>(make: impl FnOnce(App) -> T) -> Result<T, Error> {
    let began = Instant::now();
    telemetry::log_json();
    let store = Connection::from_env().open().await?;
    // The answer does not matter: a call opens the connection and signs once, and a fault shows in the first request.
    let warm_up = tokio::time::timeout(WARM_UP, store.warm_up());
    let (_, made) = tokio::join!(warm_up, async { make(App::new(store.clone())) });
    ready(began);
    Ok(made)
}

/// The line that says how long an init took.
fn ready(began: Instant) {
    tracing::info!(target: telemetry::INIT, init_ms = began.elapsed().as_secs_f64() * 1000.0, "ready");
}

/// Serves these routes to API Gateway until Lambda ends the process.
///
/// # Errors
/// Where the environment names no store that this build can reach, or the Lambda runtime fails.
pub async fn serve(routes: impl FnOnce() -> OpenApiRouter<App>) -> Result<(), lambda_runtime::Error> {
    let service = init(|app| service(&app, routes())).await?;
    lambda_http::run(service).await
}

/// Serves files that need no store to API Gateway until Lambda ends the process.
///
/// # Errors
/// Where the Lambda runtime fails.
pub async fn serve_pages(router: axum::Router) -> Result<(), lambda_runtime::Error> {
    let began = Instant::now();
    telemetry::log_json();
    ready(began);
    lambda_http::run(router).await
}

/// What whoever invoked a function without a route is told: the fields that are wrong, or the cause.
impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_message = match &error {
            Error::Invalid(errors) => serde_json::to_string(errors).unwrap_or_default(),
            other => other.to_string(),
        };
        Self { error_type: "Error".to_owned(), error_message }
    }
}

/// Answers the events of an operator until Lambda ends the process.
///
/// # Errors
/// As [`serve`].
pub async fn answer<E: DeserializeOwned, A: Serialize>(
    work: impl AsyncFn(&Store, E) -> Result<A, Error>,
) -> Result<(), lambda_runtime::Error> {
    let app = init(|app| app).await?;
    let handle = async |event: LambdaEvent<E>| -> Result<A, Error> { work(&app.store, event.payload).await };
    lambda_runtime::run(service_fn(handle)).await
}

/// What a run of a scheduled job did.
pub trait Report: Serialize {
    /// How much of its work failed; the next run tries it again.
    fn failures(&self) -> u64;
}

/// Runs a job whenever the schedule invokes it, until Lambda ends the process. A run of which a part failed ends with an
/// error once all of it was tried, so that Lambda's metric, its retries and the dead letters tell of it.
///
/// # Errors
/// As [`serve`].
pub async fn schedule<R: Report>(work: impl AsyncFn(&Store) -> Result<R, Error>) -> Result<(), lambda_runtime::Error> {
    let app = init(|app| app).await?;
    // What the schedule says does not matter: only that it is time.
    let handle = async |_: LambdaEvent<serde_json::Value>| -> Result<R, Error> { run(&app.store, &work).await };
    lambda_runtime::run(service_fn(handle)).await
}

/// One run of a job and its line, which is its metrics too.
async fn run<R: Report>(store: &Store, work: &impl AsyncFn(&Store) -> Result<R, Error>) -> Result<R, Error> {
    let began = Instant::now();
    let meter = Meter::default();
    // Boxed: the type of a whole job's future is deeper than the compiler goes.
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
