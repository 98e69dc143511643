//! What each function's `main` calls: init once, then serve.

use std::{io::IsTerminal, time::Duration};

use tracing_subscriber::EnvFilter;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    error::Error,
    http::service::service,
    table::{connect::Connection, keys::Key},
};

/// How long init waits for its first call: Lambda ends an init of 10 s.
const WARM_UP: Duration = Duration::from_secs(2);

/// JSON log lines on stdout, which CloudWatch reads; `RUST_LOG` filters.
pub fn log_json() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_target(false).init();
}

/// Log lines for people on stderr; `RUST_LOG` filters.
pub fn log_text() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,dynoxide=error"));
    let stderr = std::io::stderr;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    lines.with_ansi(stderr().is_terminal()).with_writer(stderr).init();
}

/// The app of a deployed function. Its connection is made here, in init, and not in the first request.
///
/// # Errors
/// Where the environment names no store that this build can reach.
pub async fn app() -> Result<App, Error> {
    let store = Connection::from_env().open().await?;
    // The answer does not matter: a call opens the connection and signs once, and a fault shows in the first request.
    let key = Key { pk: "WARM".to_owned(), sk: "WARM".to_owned() };
    let _ = tokio::time::timeout(WARM_UP, store.get(&key)).await;
    Ok(App::new(store))
}

/// Serves these routes to API Gateway until Lambda ends the process.
///
/// # Errors
/// Where init or the Lambda runtime fails.
pub async fn serve(routes: OpenApiRouter<App>) -> Result<(), lambda_http::Error> {
    log_json();
    let app = app().await?;
    lambda_http::run(service(&app, routes)).await
}
