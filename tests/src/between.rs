//! A gateway between a client and the API. It records the requests and forwards them; a test can make it refuse a
//! request, drop a reply or invent one.

use std::{
    collections::VecDeque,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri},
    response::Response,
};
use futures_util::stream;
use tokio::{net::TcpListener, task::JoinHandle};

/// Request headers that are forwarded to the API.
const FORWARDED: [&str; 5] = ["authorization", "content-type", "idempotency-key", "user-agent", "accept"];
/// Response headers that are returned to the client.
const RETURNED: [&str; 4] = ["content-type", "x-request-id", "idempotent-replayed", "retry-after"];

/// The handling of one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Forwards the request and the reply unchanged.
    Pass,
    /// Forwards the request and cuts the reply short, so that the change takes effect unheard.
    LoseReply,
    /// Answers with this status, headers and body. The request does not reach the API.
    Answer(u16, Vec<(&'static str, String)>, String),
}

/// A request that the gateway received.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The request headers.
    pub headers: HeaderMap,
}

impl Sent {
    /// Returns a header, or an empty text if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A running gateway.
#[derive(Debug)]
pub struct Between {
    /// The address on which the gateway listens.
    pub url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    to: String,
    http: reqwest::Client,
    sent: Mutex<Vec<Sent>>,
    acts: Mutex<VecDeque<Act>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Between {
    /// Starts a gateway to the API at this address.
    pub async fn new(to: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sent, acts) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { to, http: reqwest::Client::new(), sent, acts });
        let router = Router::new().fallback(forward).layer(DefaultBodyLimit::disable()).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self { url, shared, task }
    }

    /// Sets the handling of the next requests. Later requests are forwarded.
    pub fn next(&self, acts: impl IntoIterator<Item = Act>) {
        locked(&self.shared.acts).extend(acts);
    }

    /// Takes the requests that arrived since the last call of this function.
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut *locked(&self.shared.sent))
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sent = Sent { method: method.to_string(), path: uri.path().to_owned(), headers: headers.clone() };
    locked(&shared.sent).push(sent);
    let act = locked(&shared.acts).pop_front().unwrap_or(Act::Pass);
    if let Act::Answer(status, headers, body) = act {
        return answer(status, headers.into_iter(), Body::from(body));
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = shared.http.request(method, format!("{}{path}", shared.to)).body(body);
    for name in FORWARDED {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let reply = request.send().await.expect("a reply of the API");
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let body = reply.bytes().await.expect("a body");
    let value = |name| Some((name, headers.get(name)?.to_str().ok()?.to_owned()));
    let body = match act {
        Act::LoseReply => {
            Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(io::Error::other("lost"))]))
        }
        _ => Body::from(body),
    };
    answer(status, RETURNED.into_iter().filter_map(value), body)
}

fn answer(status: u16, headers: impl Iterator<Item = (&'static str, String)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), value.parse().expect("a value"));
    }
    response
}
