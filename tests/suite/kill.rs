//! Deaths of the process at any call of the store, before the call or after its effect. The client's retry and the
//! scheduled jobs finish or undo the work. Afterwards all books equal those of an undisturbed run.
//!
//! Each operation runs from one saved state, once for each death. By default a few of the writing calls are drawn by
//! `YOUHUI_KILL_SEED`, because a read leaves nothing behind. `YOUHUI_KILL_ALL=1` tries every call in both ways. The
//! store is always the embedded one, whose state can be saved.

mod batches;
mod books;
mod deaths;
mod jobs;
mod meanwhile;
mod moves;
mod orders;
mod rules;
mod sigkill;

use crate::support::audits::{audit, is_clean};
use books::{Books, Shown};
use deaths::{Process, State, after_restart, deaths, seed};
use devserver::hostile::Death;
use futures_util::{StreamExt, stream};
use tests::Api;

/// The number of deaths that run concurrently.
const AT_ONCE: usize = 4;

/// The visible part of an operation whose process died, before any retry or job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// All of it or nothing is visible.
    Whole,
    /// A part may be visible: a batch's rows appear step by step. The jobs make it all or nothing.
    InSteps,
    /// The operation is several requests, and some of them were answered.
    InRequests,
}

/// The order of events after a restart.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// The books are audited and the lists are read, then the jobs run, then the request is sent again.
    Look,
    /// The jobs run, then the request is sent again.
    Jobs,
    /// The request is sent again, then the jobs run.
    Again,
}

/// An operation under test.
struct Operation<R, P> {
    /// Paths to compare besides the lists.
    paths: Vec<String>,
    seen: Seen,
    /// Carries out the operation as a client does: it retries until the operation is done. It runs again after a
    /// restart.
    run: R,
    /// Asserts the final state by further requests.
    probe: P,
}

impl<R: AsyncFn(&Api), P: AsyncFn(&Api)> Operation<R, P> {
    /// Runs the operation once for each death and compares the books.
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
            // Half-done work is no drift, and a repair changes none of it.
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
