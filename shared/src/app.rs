//! State of a running function.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use domain::{
    error::Error,
    scope::Scopes,
    shop::{Shop, ShopId},
};
use shop::{discounts::rules::automatic::AutomaticRules, operators::tokens};
use store::client::Store;

/// The most tokens that an instance remembers.
const CAPACITY: usize = 1_000;

/// Clock for the requests of an app: the time of the system, moved forward by tests. Technical deadlines (leases,
/// time-outs, tokens) use the time of the system itself.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Offset from the time of the system, in microseconds.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Returns the current time, cut to microseconds. Replies show that precision, so it is also what is stored.
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + TimeDelta::microseconds(self.ahead.load(Ordering::SeqCst))).trunc_subsecs(6)
    }

    /// Moves this clock and its clones forward. For tests that span days and months.
    pub fn advance(&self, by: TimeDelta) {
        self.ahead.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

/// Shared state of all requests. It is created once, in init, and is cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The table of the deployment.
    pub store: Store,
    /// Cache of the tokens that this instance has read.
    pub callers: Callers,
    /// Clock for the requests.
    pub clock: Clock,
    /// Cache of the automatic price rules that this instance has read.
    pub automatic_rules: AutomaticRules,
}

impl App {
    /// Returns an app over this store, with empty caches.
    pub fn new(store: Store) -> Self {
        Self { store, callers: Callers::default(), automatic_rules: AutomaticRules::default(), clock: Clock::default() }
    }
}

/// The shop of a request, by its token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The shop and its settings; every key starts with it.
    pub shop: Shop,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl Caller {
    /// The name of the shop.
    pub fn shop_id(&self) -> &ShopId {
        &self.shop.id
    }
}

/// When a token was read, and whose it is, by the hash of its text.
type Known = HashMap<[u8; 32], (Instant, Caller)>;

/// The token records that an instance has read: each for at most a minute, so that a revoked token ends within one.
/// Unknown tokens are not remembered.
#[derive(Debug, Clone)]
pub struct Callers {
    known: Arc<Mutex<Known>>,
    remembered: Duration,
}

impl Default for Callers {
    fn default() -> Self {
        Self::new(Duration::from_secs(60))
    }
}

impl Callers {
    /// Remembers a token for this long.
    pub fn new(remembered: Duration) -> Self {
        Self { known: Arc::default(), remembered }
    }

    pub(crate) async fn find(&self, store: &Store, token: &str) -> Result<Caller, Error> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = Utc::now();
        if let Some(caller) = self.remembered(&hash) {
            let alive = caller.expires_at.is_none_or(|end| end > now);
            return if alive { Ok(caller) } else { Err(Error::InvalidToken) };
        }
        let (token, shop) = tokens::find(store, token, now).await?.ok_or(Error::InvalidToken)?;
        let caller = Caller { shop, scopes: token.scopes, expires_at: token.expires_at };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.retain(|_, (read, _)| read.elapsed() < self.remembered);
        }
        if known.len() < CAPACITY {
            known.insert(hash, (Instant::now(), caller.clone()));
        }
        Ok(caller)
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Caller> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(read, _)| read.elapsed() < self.remembered).map(|(_, caller)| caller.clone())
    }
}
