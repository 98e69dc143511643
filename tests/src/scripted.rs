//! A store whose next replies a test writes itself. It sits between the SDK and the embedded store.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use devserver::hostile::{body, failed, operation};
use serde_json::json;

/// The fate of one call.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// The call is not carried out, and gets this status and error code.
    Refused(u16, &'static str),
    /// The call is not carried out and gets no answer in time.
    TimedOut,
    /// The call is not carried out, because the connection breaks.
    BrokenOff,
    /// The call is carried out, and its reply is lost in a time-out.
    Unheard,
    /// The call is carried out. Then the process of the store ends and starts again, so that the connection breaks and
    /// the request token is forgotten.
    Restarted,
}

/// An HTTP client for the SDK over a scripted store.
#[derive(Debug, Clone)]
pub struct Scripted {
    inner: SharedHttpClient,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<(&'static str, Fate)>,
    always: Option<(&'static str, Fate)>,
    forgotten: HashSet<String>,
    met: usize,
}

impl Script {
    /// Returns the fate of the next call of this operation.
    fn take(&mut self, operation: &str) -> Option<Fate> {
        let fate = match self.next.iter().position(|(of, _)| *of == operation) {
            Some(position) => self.next.remove(position),
            None => self.always.filter(|(of, _)| *of == operation),
        };
        self.met += usize::from(fate.is_some());
        fate.map(|(_, fate)| fate)
    }
}

impl Scripted {
    /// Returns a client over plain HTTP to a store on this machine. Its script is empty.
    pub fn over_http() -> Self {
        Self { inner: aws_smithy_http_client::Builder::new().build_http(), script: Arc::default() }
    }

    /// Sets the fates of the next calls of an operation, such as `UpdateItem`.
    pub fn next(&self, operation: &'static str, fates: impl IntoIterator<Item = Fate>) {
        self.script().next.extend(fates.into_iter().map(|fate| (operation, fate)));
    }

    /// Sets the fate of every call of an operation; `None` ends it.
    pub fn always(&self, fate: Option<(&'static str, Fate)>) {
        self.script().always = fate;
    }

    /// Takes the number of calls that met their fate since the last call of this function.
    pub fn met(&self) -> usize {
        std::mem::take(&mut self.script().met)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for Scripted {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(ScriptedConnector { inner, scripted: self.clone() })
    }
}

#[derive(Debug)]
struct ScriptedConnector {
    inner: SharedHttpConnector,
    scripted: Scripted,
}

impl HttpConnector for ScriptedConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let mut script = self.scripted.script();
        let token = body(&request)["ClientRequestToken"].as_str().unwrap_or_default().to_owned();
        if script.forgotten.contains(&token) {
            // Another token of the same length is as good as one that the store has forgotten.
            let other: String = token.chars().rev().collect();
            let text = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).replace(&token, &other);
            *request.body_mut() = SdkBody::from(text);
        }
        let Some(fate) = script.take(&operation(&request)) else { return self.inner.call(request) };
        let lost = match fate {
            Fate::Refused(status, code) => {
                return HttpConnectorFuture::ready(Ok(failed(status, code, json!({}))));
            }
            Fate::TimedOut => return HttpConnectorFuture::ready(Err(timed_out())),
            Fate::BrokenOff => return HttpConnectorFuture::ready(Err(broken_off())),
            Fate::Unheard => timed_out(),
            Fate::Restarted => {
                script.forgotten.insert(token);
                broken_off()
            }
        };
        let carried_out = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            carried_out.await?;
            Err(lost)
        })
    }
}

fn timed_out() -> ConnectorError {
    ConnectorError::timeout("scripted".into())
}

fn broken_off() -> ConnectorError {
    ConnectorError::io("scripted".into())
}
