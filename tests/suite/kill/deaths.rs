//! Processes that die, their initial state, and the restart.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::support::{
    CUSTOMERS, customer,
    discounts::{expire_codes, with},
};
use aws_sdk_dynamodb::config::SharedHttpClient;
use chrono::Utc;
use devserver::{
    embedded::{Embedded, Place},
    hostile::{Counted, Death, Dying, LastCall, Life},
    server::Options,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use store::{
    batches::{self, Batch},
    client::Store,
    connect::Connection,
};
use tempfile::TempDir;
use tests::{Api, TOKEN, faultless};

/// The maximal number of deaths of one operation, unless all are requested.
const MOST: usize = 3;

/// Returns the seed of the deaths: `YOUHUI_KILL_SEED`, or a new one for each run.
pub(super) fn seed() -> u64 {
    static SEED: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| {
        let given = std::env::var("YOUHUI_KILL_SEED").ok();
        given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random_range(0..1_000_000))
    });
    *SEED
}

/// Returns the deaths of an operation that makes this number of calls if it survives.
pub(super) fn deaths(life: Life) -> Vec<Death> {
    if std::env::var_os("YOUHUI_KILL_ALL").is_some() {
        let ways = [LastCall::NotSent, LastCall::Unanswered];
        let of_call = |after| ways.map(|last| Death { after, counted: Counted::Calls, last });
        // Concurrent calls vary in their order, and a retry adds calls.
        return (0..=life.calls + 1).flat_map(of_call).collect();
    }
    let mut random = StdRng::seed_from_u64(seed());
    // One death follows the last write. The others are drawn from the places before a write; a death after one write
    // equals a death before the next.
    let mut deaths =
        vec![Death { after: life.writes.saturating_sub(1), counted: Counted::Writes, last: LastCall::Unanswered }];
    let before: Vec<_> = (0..life.writes).collect();
    for after in before.choose_multiple(&mut random, MOST - 1) {
        let unanswered = *after > 0 && random.random();
        let (after, last) = if unanswered { (after - 1, LastCall::Unanswered) } else { (*after, LastCall::NotSent) };
        deaths.push(Death { after, counted: Counted::Writes, last });
    }
    deaths
}

/// A saved state of a store, from which any number of stores can start.
pub(super) struct State {
    folder: TempDir,
}

impl State {
    /// Saves the state that `prepare` leaves in an empty store with one token. It runs without faults, because the
    /// tests name its ids.
    pub(super) async fn of(prepare: impl AsyncFnOnce(&Api)) -> Self {
        let embedded = Embedded::start(&Place::Memory).expect("a store");
        let grants = vec![format!("{TOKEN}=read,write").parse().expect("a grant")];
        let options = Options { demo: false, grants, ..Options::default() };
        let connection = Connection { endpoint: Some(embedded.endpoint()), ..faultless() };
        let api = Api::over(None, connection, options).await;
        prepare(&api).await;
        Self::saved(&embedded)
    }

    /// Saves the state that a process leaves with this death.
    pub(super) async fn left_by(self, death: Death, run: impl AsyncFn(&Api)) -> Self {
        let embedded = self.copy();
        assert!(Process::start(&embedded, death).await.dies_in(&run).await, "it lives");
        Self::saved(&embedded)
    }

    fn saved(embedded: &Embedded) -> Self {
        let state = Self { folder: tempfile::tempdir().expect("a folder") };
        embedded.save(&state.file()).expect("saved");
        state
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    /// Returns the number of calls of a process that survives.
    pub(super) async fn life_of(&self, run: &impl AsyncFn(&Api)) -> Life {
        let process = Process::start(&self.copy(), Death::NEVER).await;
        run(&process.api).await;
        process.dying.life()
    }

    /// Starts a store in this state.
    pub(super) fn copy(&self) -> Arc<Embedded> {
        Arc::new(Embedded::start(&Place::Copy(self.file())).expect("a store"))
    }
}

/// A process of the API over a store that outlives it. It starts without any cache.
pub(super) struct Process {
    pub(super) api: Api,
    pub(super) dying: Dying,
    _embedded: Arc<Embedded>,
}

impl Process {
    pub(super) async fn start(embedded: &Arc<Embedded>, death: Death) -> Self {
        let dying = Dying::over_http(death);
        let connection = Connection {
            endpoint: Some(embedded.endpoint()),
            http_client: Some(SharedHttpClient::new(dying.clone())),
            ..Connection::default()
        };
        // A process caches the settings of a shop together with the token.
        let (demo, create_table, remember_tokens) = (false, false, Duration::ZERO);
        let options = Options { demo, create_table, remember_tokens, ..Options::default() };
        Self { api: Api::over(None, connection, options).await, dying, _embedded: embedded.clone() }
    }

    /// Runs until the operation has ended or the process is dead, and returns true in the second case. Nothing of the
    /// process continues.
    pub(super) async fn dies_in(self, run: &impl AsyncFn(&Api)) -> bool {
        tokio::select! {
            () = self.dying.died() => true,
            () = run(&self.api) => false,
        }
    }
}

/// Ends the leases of all batches, as time would.
pub(super) async fn end_leases(store: &Store) {
    for due in batches::due(store).await.expect("due") {
        let batch: Batch = store
            .read(&store::keys::batch(&due.shop, &due.batch))
            .await
            .expect("read")
            .expect("a batch that is due is there");
        batches::expire_lease(store, &batch).await.expect("ended");
    }
}

/// Ends the leases and runs each job once, as happens some time after a restart. Asserts that no job fails.
pub(super) async fn after_restart(api: &Api) {
    end_leases(&api.server.store).await;
    let finished = finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
    assert_eq!((finished.failed, finished.at_work), (0, 0), "{finished:?}");
    let expired = expire_codes(api).await;
    assert_eq!((expired.failed, expired.unfinished), (0, 0), "{expired:?}");
    let points = expire_points::run(&api.store_of("expire_points").await, Utc::now()).await.expect("a run");
    // The job reports its walk over the customers as finished when it finds none left.
    assert_eq!((points.failed, points.unfinished), (0, 0), "{points:?}");
}

/// Stores this number of customers, from 1 on.
pub(super) async fn customers(api: &Api, customers: u64) {
    let body: Value = (1..=customers).map(|id| with(customer(&format!("139{id:08}")), &json!({ "id": id }))).collect();
    api.post(CUSTOMERS, &body).await.assert_status(201);
}
