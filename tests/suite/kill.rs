//! The process dies between any two calls of the store, or after the call whose answer it waits for: the next attempt and
//! the scheduled jobs finish or undo what it left, and all books say the same as if it had not died.
//!
//! Each operation runs from one saved state, once for each of its deaths. By default these are a few of the calls that
//! write, drawn by `YOUHUI_KILL_SEED`, since what reads leaves nothing behind; with `YOUHUI_KILL_ALL=1` every call in both
//! ways. The store is always the embedded one, whose state can be saved.

mod batches;
mod books;
mod deaths;
mod jobs;
mod meanwhile;
mod moves;
mod orders;
mod rules;
mod sigkill;

use books::{Books, Shown};
use deaths::{Process, State, after_restart, deaths, seed};
use futures_util::{StreamExt, stream};
use local::hostile::Death;
use tests::Api;

use crate::audit::{audit, is_clean};

/// How many deaths are died at once.
const AT_ONCE: usize = 4;

/// What is seen of an operation whose process died, before anything has taken it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// All of it or nothing.
    Whole,
    /// Some of it, perhaps: a batch's rows appear step by step. The jobs make it all or nothing.
    InSteps,
    /// It is several requests, of which some were answered.
    InRequests,
}

/// What comes after a restart.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// The books are audited, somebody looks, then the jobs run, then the request comes again.
    Look,
    /// The jobs run, then the request comes again.
    Jobs,
    /// The request comes again, then the jobs run.
    Again,
}

/// An operation that dies.
struct Operation<R, P> {
    /// What else to look at: paths beside the lists.
    paths: Vec<String>,
    seen: Seen,
    /// Does it, and again after a restart, as a client would: until it is answered as done.
    run: R,
    /// What must hold in the end, by further requests.
    probe: P,
}

impl<R: AsyncFn(&Api), P: AsyncFn(&Api)> Operation<R, P> {
    /// Dies of everything, and compares.
    async fn dies_anywhere(&self, state: &State) {
        let undone = {
            let process = Process::start(&state.copy(), Death::NEVER).await;
            after_restart(&process.api).await;
            Books::of(&process.api, &self.paths).await
        };
        let (done, life) = {
            let process = Process::start(&state.copy(), Death::NEVER).await;
            (self.run)(&process.api).await;
            let life = process.dying.life();
            let seen_at_once = Shown::of(&process.api, &self.paths).await;
            after_restart(&process.api).await;
            let done = Books::of(&process.api, &self.paths).await;
            assert_eq!(seen_at_once, done.shown, "what is shown waits for no job");
            self.ends_well(&process.api).await;
            (done, life)
        };
        let deaths = deaths(life);
        println!("{} of {life:?}, YOUHUI_KILL_SEED={}", deaths.len(), seed());
        let each = deaths.into_iter().enumerate().map(async |(index, death)| {
            let then = [Then::Look, Then::Jobs, Then::Again][(index + seed() as usize) % 3];
            self.dies_once(state, death, then, (&undone, &done)).await;
        });
        stream::iter(each).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }

    async fn dies_once(&self, state: &State, death: Death, then: Then, (undone, done): (&Books, &Books)) {
        let embedded = state.copy();
        let died = Process::start(&embedded, death).await.dies_in(&self.run).await;
        let process = Process::start(&embedded, Death::NEVER).await;
        let api = &process.api;
        let what = format!("{death:?} {then:?} YOUHUI_KILL_SEED={}", seed());
        if matches!(then, Then::Look) {
            // What is half done is no drift, and nothing of it is mended.
            is_clean(&audit(api, true).await);
        }
        if matches!(then, Then::Look) && self.seen == Seen::Whole {
            let shown = Shown::of(api, &self.paths).await;
            assert!(shown == undone.shown || shown == done.shown, "{what}: half is seen: {shown:#?}");
        }
        if !matches!(then, Then::Again) {
            after_restart(api).await;
            let books = Books::of(api, &self.paths).await;
            if self.seen != Seen::InRequests {
                books.is_one_of([undone, done], &what);
            }
            if !died {
                books.is_one_of([done], &what);
            }
        }
        deaths::end_leases(&api.server.store).await;
        (self.run)(api).await;
        after_restart(api).await;
        Books::of(api, &self.paths).await.is_one_of([done], &what);
        self.ends_well(api).await;
    }

    async fn ends_well(&self, api: &Api) {
        (self.probe)(api).await;
        books::tie_out(api).await;
    }
}
