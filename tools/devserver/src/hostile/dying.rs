//! A process that dies between two calls of the store. A given number of calls pass. The next call is not sent, or is
//! carried out without an answer. After that no call is sent or answered.
//!
//! A future that waits for such an answer never completes. The test drops it as soon as [`Dying::died`] returns, and
//! starts again with only the stored data.

use std::future::pending;

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use tokio::sync::watch;

use super::operation;

/// The kind of calls that a [`Death`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All calls, reads too.
    Calls,
    /// Only writes. A death at a read leaves the same data behind as a death at the write after it.
    Writes,
}

/// The outcome of the call at which the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastCall {
    /// The call is not sent.
    NotSent,
    /// The call is carried out, and its answer never arrives.
    Unanswered,
}

/// The moment at which a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// The number of calls before it.
    pub after: usize,
    /// The kind of calls that are counted.
    pub counted: Counted,
    /// The outcome of the next call.
    pub last: LastCall,
}

impl Death {
    /// A process that does not die.
    pub const NEVER: Self = Self { after: usize::MAX, counted: Counted::Calls, last: LastCall::NotSent };
}

/// The calls of a process so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Life {
    /// The number of calls that were sent.
    pub calls: usize,
    /// The number of writes among them.
    pub writes: usize,
    /// The number of calls that the store has not answered yet.
    under_way: usize,
    dead: bool,
}

/// The decision about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sent,
    NotSent,
}

impl Life {
    fn next(&mut self, death: Death, writes: bool) -> Fate {
        if self.dead {
            return Fate::NotSent;
        }
        let (counts, so_far) = match death.counted {
            Counted::Calls => (true, self.calls),
            Counted::Writes => (writes, self.writes),
        };
        self.dead = counts && so_far == death.after;
        if self.dead && death.last == LastCall::NotSent {
            return Fate::NotSent;
        }
        self.calls += 1;
        self.writes += usize::from(writes);
        self.under_way += 1;
        Fate::Sent
    }
}

/// An HTTP client for the SDK whose process dies in the calls of another client. Clones belong to the same process.
#[derive(Debug, Clone)]
pub struct Dying {
    inner: SharedHttpClient,
    death: Death,
    life: watch::Sender<Life>,
}

impl Dying {
    /// Returns the client of a process that dies at `death` and calls over `inner`.
    pub fn new(inner: SharedHttpClient, death: Death) -> Self {
        Self { inner, death, life: watch::Sender::default() }
    }

    /// Returns the client of a process that dies at `death` and calls a store on this machine in plain HTTP.
    pub fn over_http(death: Death) -> Self {
        Self::new(aws_smithy_http_client::Builder::new().build_http(), death)
    }

    /// Returns the calls of the process so far.
    pub fn life(&self) -> Life {
        *self.life.borrow()
    }

    /// Waits until the process is dead and the store has answered every call that was sent.
    pub async fn died(&self) {
        let mut life = self.life.subscribe();
        // The sender lives as long as `self`, so this does not fail.
        let _ = life.wait_for(|life| life.dead && life.under_way == 0).await;
    }
}

impl HttpClient for Dying {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(DyingConnector { inner, death: self.death, life: self.life.clone() })
    }
}

#[derive(Debug)]
struct DyingConnector {
    inner: SharedHttpConnector,
    death: Death,
    life: watch::Sender<Life>,
}

impl HttpConnector for DyingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let writes = !matches!(operation(&request).as_str(), "GetItem" | "BatchGetItem" | "Query" | "Scan");
        let mut fate = Fate::NotSent;
        self.life.send_modify(|life| fate = life.next(self.death, writes));
        if fate == Fate::NotSent {
            return HttpConnectorFuture::new(pending());
        }
        let (sent, life) = (self.inner.call(request), self.life.clone());
        // The call has a task of its own, so that it is carried out even if its caller is dropped.
        let carried_out = tokio::spawn(async move {
            let answer = sent.await;
            life.send_modify(|life| life.under_way -= 1);
            answer
        });
        let life = self.life.clone();
        HttpConnectorFuture::new(async move {
            let answer = carried_out.await;
            if life.borrow().dead {
                return pending().await;
            }
            answer.map_err(|error| ConnectorError::other(error.into(), None))?
        })
    }
}
