//! The Lambda environment on this machine: a Runtime API on a free port, and the built binary of a function, started
//! with the variables that Lambda sets.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path as Parameters, State},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use chrono::Utc;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// The time limit of every step. Lambda's own limit for our functions is 29 s.
const PATIENCE: Duration = Duration::from_secs(60);
/// The size limit of a reply in Lambda.
const MAX_REPLY: usize = 6 * 1024 * 1024;
/// The trace id of every invocation.
pub const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// The result of an invocation.
#[derive(Debug)]
pub struct Invocation {
    /// The request id that Lambda assigns.
    pub id: String,
    /// The reply, or an error with `errorType` and `errorMessage`.
    pub outcome: Result<Value, Value>,
}

/// The end of a function's process.
#[derive(Debug)]
pub struct Ended {
    /// The exit status; it names the signal, if one ended the process.
    pub status: ExitStatus,
    /// The lines that it wrote to stdout.
    pub lines: Vec<String>,
}

/// A running function.
#[derive(Debug)]
pub struct Function {
    /// The time at which the process was started.
    pub started: Instant,
    child: Child,
    lines: Option<JoinHandle<Vec<String>>>,
    runtime: Arc<Runtime>,
    server: tokio::task::JoinHandle<()>,
}

/// An event that waits for the function: request id and payload.
type Sent = (String, Bytes);

#[derive(Debug)]
struct Runtime {
    arn: String,
    ids: AtomicU64,
    queue: mpsc::UnboundedSender<Sent>,
    next: tokio::sync::Mutex<mpsc::UnboundedReceiver<Sent>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Result<Value, Value>>>>,
    /// The time of the first poll for an event.
    polled: watch::Sender<Option<Instant>>,
}

impl Function {
    /// Starts a binary. Its environment consists of Lambda's variables and the given ones; nothing is inherited.
    pub async fn start(binary: &Path, environment: &[(&str, String)]) -> Self {
        let name = binary.file_name().and_then(|name| name.to_str()).expect("a name");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (queue, next) = mpsc::unbounded_channel();
        let runtime = Arc::new(Runtime {
            arn: format!("arn:aws:lambda:ap-east-1:123456789012:function:{name}"),
            ids: AtomicU64::new(1),
            queue,
            next: next.into(),
            waiting: Mutex::default(),
            polled: watch::Sender::new(None),
        });
        let router = router(runtime.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the Runtime API") });
        let mut command = Command::new(binary);
        command.env_clear().envs(environment_of(name)).env("AWS_LAMBDA_RUNTIME_API", address.to_string());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let started = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a built function");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let lines = std::thread::spawn(move || stdout.lines().map(|line| line.expect("UTF-8")).collect());
        Self { started, child, lines: Some(lines), runtime, server }
    }

    /// Sends an event and waits for its result.
    pub async fn invoke(&self, event: &Value) -> Invocation {
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", self.runtime.ids.fetch_add(1, Ordering::Relaxed));
        let (done, outcome) = oneshot::channel();
        self.runtime.waiting.lock().expect("lock").insert(id.clone(), done);
        self.runtime.queue.send((id.clone(), event.to_string().into())).expect("a Runtime API");
        let outcome = timeout(PATIENCE, outcome).await.expect("the function does not answer").expect("an outcome");
        Invocation { id, outcome }
    }

    /// Waits for the first poll, which ends the initialisation, and returns its time.
    pub async fn first_poll(&self) -> Instant {
        let mut polled = self.runtime.polled.subscribe();
        let polled = timeout(PATIENCE, polled.wait_for(Option::is_some)).await;
        polled.expect("the function does not ask for an event").expect("a Runtime API").expect("an instant")
    }

    /// Returns the peak memory of the process in kB (`VmHWM`).
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Returns true if the process is running.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    /// Ends the process by SIGTERM, as Lambda does.
    pub async fn stop(mut self) -> Ended {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let mut left = PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a process") {
                break status;
            }
            let step = Duration::from_millis(2);
            left = left.checked_sub(step).expect("SIGTERM does not end the function");
            tokio::time::sleep(step).await;
        };
        let lines = self.lines.take().expect("once").join().expect("its output");
        Ended { status, lines }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.server.abort();
    }
}

/// Returns the variables that Lambda sets (AWS: "Defined runtime environment variables").
fn environment_of(name: &str) -> Vec<(&'static str, String)> {
    let group = format!("/aws/lambda/{name}");
    let fixed = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("_HANDLER", "bootstrap"),
        ("AWS_REGION", "ap-east-1"),
        ("AWS_DEFAULT_REGION", "ap-east-1"),
        ("AWS_ACCESS_KEY_ID", "dummy"),
        ("AWS_SECRET_ACCESS_KEY", "dummy"),
        ("AWS_SESSION_TOKEN", "dummy"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/10/10/[$LATEST]0123456789abcdef0123456789abcdef"),
    ];
    let mut all: Vec<_> = fixed.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    all.push(("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()));
    all.push(("AWS_LAMBDA_LOG_GROUP_NAME", group));
    all
}

fn router(runtime: Arc<Runtime>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MAX_REPLY))
        .with_state(runtime)
}

/// Answers a poll once there is an event.
async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    runtime.polled.send_if_modified(|polled| polled.is_none() && polled.replace(Instant::now()).is_none());
    let sent = runtime.next.lock().await.recv().await;
    let Some((id, event)) = sent else { return StatusCode::GONE.into_response() };
    let deadline = Utc::now() + Duration::from_secs(29);
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.timestamp_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", runtime.arn.clone()),
        ("lambda-runtime-trace-id", TRACE.to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers.map(|(name, value)| (HeaderName::from_static(name), value)), event).into_response()
}

async fn response(State(runtime): State<Arc<Runtime>>, Parameters(id): Parameters<String>, body: Bytes) -> Response {
    runtime.settle(&id, &body, Ok)
}

async fn error(State(runtime): State<Arc<Runtime>>, Parameters(id): Parameters<String>, body: Bytes) -> Response {
    runtime.settle(&id, &body, Err)
}

/// Receives an initialisation error. Lambda ends a function that reports one.
async fn init_error(body: Bytes) -> StatusCode {
    eprintln!("init: {}", String::from_utf8_lossy(&body));
    StatusCode::ACCEPTED
}

impl Runtime {
    fn settle(&self, id: &str, body: &[u8], outcome: impl Fn(Value) -> Result<Value, Value>) -> Response {
        let Ok(value) = serde_json::from_slice(body) else {
            return (StatusCode::BAD_REQUEST, json!({"errorType": "InvalidJson"}).to_string()).into_response();
        };
        let Some(waiting) = self.waiting.lock().expect("lock").remove(id) else {
            return (StatusCode::BAD_REQUEST, json!({"errorType": "InvalidRequestID"}).to_string()).into_response();
        };
        // The receiver may have timed out.
        let _ = waiting.send(outcome(value));
        (StatusCode::ACCEPTED, json!({"status": "OK"}).to_string()).into_response()
    }
}
