//! A process that dies between two calls of the store, as seen from the store: so many calls pass, then one is not sent, or
//! is carried out and nobody hears its answer; from then on none is sent, and none is answered.
//!
//! What waits for such an answer waits for ever: the test drops it once [`Dying::died`] says so, and begins anew with
//! nothing but what is stored.

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

/// Which calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All.
    Calls,
    /// Those that write: to die at a read leaves the same behind as to die at the write after it.
    Writes,
}

/// What becomes of the call at which the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastCall {
    /// It is not sent.
    NotSent,
    /// It is carried out, and its answer never arrives.
    Unanswered,
}

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// After so many calls.
    pub after: usize,
    /// Of which.
    pub counted: Counted,
    /// At the call after them.
    pub last: LastCall,
}

impl Death {
    /// A process that lives.
    pub const NEVER: Self = Self { after: usize::MAX, counted: Counted::Calls, last: LastCall::NotSent };
}

/// How far the process came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Life {
    /// Calls that were sent and answered, or are about to be.
    pub calls: usize,
    /// Those of them that write.
    pub writes: usize,
    /// Calls that the store has not answered yet.
    under_way: usize,
    dead: bool,
}

/// What becomes of a call.
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

/// An HTTP client for the SDK whose process dies in the calls of another one. Clones are of the same process.
#[derive(Debug, Clone)]
pub struct Dying {
    inner: SharedHttpClient,
    death: Death,
    life: watch::Sender<Life>,
}

impl Dying {
    /// A process that dies so, calling over `inner`.
    pub fn new(inner: SharedHttpClient, death: Death) -> Self {
        Self { inner, death, life: watch::Sender::default() }
    }

    /// A process that dies so, calling a store on this machine in plain HTTP.
    pub fn over_http(death: Death) -> Self {
        Self::new(aws_smithy_http_client::Builder::new().build_http(), death)
    }

    /// How far it came.
    pub fn life(&self) -> Life {
        *self.life.borrow()
    }

    /// Waits until the process is dead and the store has carried out all that was sent.
    pub async fn died(&self) {
        let mut life = self.life.subscribe();
        // The sender lives as long as this.
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
        // On a task of its own: what was sent is carried out, whoever has gone that waited for it.
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
