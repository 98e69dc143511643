//! The commands that import files, killed at every call of the store, before its effect and after it. The same command
//! then completes the work. Nothing is stored twice and nothing is missing.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::{
    cli::issue::{codes, issue_over, refused_rows, there},
    support::{
        CODES, CUSTOMERS,
        audits::{audit, is_clean},
        discounts::{coupon, shop_of},
        files::{Folder, came_to, errors, errors_in, import_over, over, points},
        one,
    },
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use indicatif::ProgressBar;
use serde_json::json;
use store::{
    batches::{self, Batch},
    client::Store,
};
use tests::Api;
use tokio::sync::Notify;
use youhui::bulk::{
    BulkError, Summary,
    import::{Options, What, import},
};

/// The moment of death within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

/// A client whose process dies at one call. No later call is answered.
#[derive(Debug, Clone)]
struct Mortal {
    inner: SharedHttpClient,
    life: Arc<Life>,
}

#[derive(Debug)]
struct Life {
    calls_left: AtomicI64,
    moment: Moment,
    death: Notify,
}

#[derive(Debug)]
struct MortalConnector {
    inner: SharedHttpConnector,
    life: Arc<Life>,
}

impl HttpClient for Mortal {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(MortalConnector { inner, life: self.life.clone() })
    }
}

impl HttpConnector for MortalConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let left = self.life.calls_left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 {
            return self.inner.call(request);
        }
        let last = (left == 0 && self.life.moment == Moment::After).then(|| self.inner.call(request));
        let life = self.life.clone();
        HttpConnectorFuture::new(async move {
            if let Some(last) = last {
                let _ = last.await;
            }
            if left == 0 {
                life.death.notify_one();
            }
            std::future::pending().await
        })
    }
}

/// Runs a command whose process dies at the `call`-th call. Returns `None` if it died.
async fn until_death(
    api: &Api,
    (call, moment): (i64, Moment),
    command: impl AsyncFn(Store) -> Result<Summary, BulkError>,
) -> Option<Summary> {
    let life = Arc::new(Life { calls_left: AtomicI64::new(call), moment, death: Notify::new() });
    let inner = aws_smithy_http_client::Builder::new().build_http();
    let store = over(api, SharedHttpClient::new(Mortal { inner, life: life.clone() })).await;
    tokio::select! {
        summary = command(store) => Some(summary.expect("it lives")),
        () = life.death.notified() => None,
    }
}

/// Kills a command at every `step`-th call, before and after the effect, until it survives. After each death it runs
/// the command again on a healthy store and calls `check`. `file` creates a new input each time.
async fn at_every_call(
    api: &Api,
    step: usize,
    file: impl Fn(i64) -> (Folder, std::path::PathBuf),
    command: impl AsyncFn(Store, &Path) -> Result<Summary, BulkError>,
    check: impl AsyncFn(i64, &Path, &Summary),
) {
    let mut run = 0;
    for moment in [Moment::Before, Moment::After] {
        let mut deaths = 0;
        for call in (0..).step_by(step) {
            run += 1;
            let (_folder, path) = file(run);
            let lived = until_death(api, (call, moment), async |store| command(store, &path).await).await;
            deaths += i64::from(lived.is_none());
            let summary = match &lived {
                Some(summary) => summary.clone(),
                None => {
                    end_leases(api).await;
                    command(api.server.store.clone(), &path).await.expect("it goes on")
                }
            };
            check(run, &path, &summary).await;
            if lived.is_some() {
                break;
            }
        }
        assert!(deaths > 3, "{moment:?}: it was killed {deaths} times");
    }
    is_clean(&audit(api, false).await);
}

/// Ends the leases of the work that a dead process left behind.
async fn end_leases(api: &Api) {
    let store = &api.server.store;
    for due in batches::due(store).await.expect("read") {
        let batch: Option<Batch> = store.read(&store::keys::batch(&due.shop, &due.batch)).await.expect("read");
        batches::expire_lease(store, &batch.expect("a batch")).await.expect("ended");
    }
}

fn with_rows(text: String) -> (Folder, std::path::PathBuf) {
    let folder = Folder::new();
    let path = folder.write("file.csv", text);
    (folder, path)
}

#[tokio::test]
async fn points_are_added_once() {
    let api = shop_of(3).await;
    let file = |run| with_rows(format!("customer_id,points\n1,{run}\n9,1\n2,1\n3,2\n"));
    let command = async |store: Store, path: &Path| import_over(&store, "demo", What::Points, path).await;
    let check = async |run: i64, path: &Path, summary: &Summary| {
        came_to(summary, 4, 1);
        let refused: Vec<_> = errors(path).into_iter().map(|(row, ..)| row).collect();
        assert_eq!(refused, [2]);
        assert_eq!(
            (points(&api, 1).await, points(&api, 2).await, points(&api, 3).await),
            (run * (run + 1) / 2, run, 2 * run)
        );
    };
    at_every_call(&api, 1, file, command, check).await;
}

#[tokio::test]
async fn codes_come_in_once() {
    let api = shop_of(2).await;
    coupon(&api, "spring", &json!({})).await;
    let file = |run| {
        with_rows(format!("code,customer_id,code_prefix,status\nA{run},1,spring,\nB{run},2,spring,used\n,1,spring,\n"))
    };
    let command = async |store: Store, path: &Path| import_over(&store, "demo", What::Codes, path).await;
    let check = async |run: i64, path: &Path, summary: &Summary| {
        came_to(summary, 3, 1);
        assert_eq!(errors(path)[0].0, 3);
        assert_eq!(api.get(CODES).await.assert_status(200)["count"], 2 * run);
        assert_eq!(api.get(&format!("{CODES}?status=used")).await.assert_status(200)["count"], run);
    };
    at_every_call(&api, 1, file, command, check).await;
}

#[tokio::test]
async fn customers_come_in_whole() {
    let api = shop_of(2).await;
    let file = |run| with_rows(format!("id,mobile\n{},139\nx,1\n1,{run}\n", 100 + run));
    let command = async |store: Store, path: &Path| import_over(&store, "demo", What::Customers, path).await;
    let check = async |run: i64, path: &Path, summary: &Summary| {
        came_to(summary, 3, 1);
        assert_eq!(errors(path)[0].0, 2);
        assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 2 + run);
        assert_eq!(api.get(&one(CUSTOMERS, 1)).await.assert_status(200)["mobile"], run.to_string());
    };
    at_every_call(&api, 1, file, command, check).await;
}

/// Asserts that each run issues one code to each of these customers and none to an unknown one, and that the file of
/// codes lists them.
async fn issues_once(customers: u64, step: usize) {
    let api = shop_of(customers).await;
    coupon(&api, "spring", &json!({})).await;
    let rows: String = (1..=customers).map(|id| format!("{id}\n")).collect();
    let file =
        |run| with_rows(format!("id,run\n{}", rows.replace('\n', &format!(",{run}\n")).replacen("2,", "999,", 1)));
    let command =
        async |store: Store, path: &Path| issue_over(&store, path, &path.with_file_name("codes.csv"), false).await;
    let per_run = customers as usize - 1;
    let check = async |run: i64, path: &Path, summary: &Summary| {
        came_to(summary, customers, 1);
        let path = path.with_file_name("codes.csv");
        assert_eq!(errors_in(&refused_rows(&path))[0].0, 2);
        let in_all = api.get(CODES).await.assert_status(200)["count"].as_u64().expect("a count");
        assert_eq!(in_all, per_run as u64 * run as u64);
        let mut given = codes(&path);
        assert_eq!(given.len(), per_run);
        let there = newest(&api, per_run).await;
        given.sort();
        assert_eq!(given, there);
    };
    at_every_call(&api, step, file, command, check).await;
}

/// Returns the newest codes, sorted.
async fn newest(api: &Api, codes: usize) -> Vec<(u64, String)> {
    let page = api.get(&format!("{CODES}?page_size={codes}")).await.assert_status(200);
    let rows = page["results"].as_array().expect("rows").iter();
    let mut codes: Vec<_> = rows
        .map(|row| (row["customer_id"].as_u64().expect("an id"), row["code"].as_str().expect("a text").to_owned()))
        .collect();
    codes.sort();
    codes
}

#[tokio::test]
async fn codes_are_issued_once() {
    issues_once(3, 1).await;
}

#[tokio::test]
async fn a_batch_of_codes_is_issued_once() {
    issues_once(30, 3).await;
}

#[tokio::test]
async fn points_that_are_added_anew_are_added_once_more() {
    let api = shop_of(3).await;
    let (shop, options) = ("demo".parse().expect("a shop"), Options { anew: true, ..Options::default() });
    let mut expected = 0;
    for run in 1.. {
        let (_folder, path) = with_rows(format!("customer_id,points\n1,{run}\n2,1\n3,2\n"));
        import_over(&api.server.store, "demo", What::Points, &path).await.expect("an import");
        let anew =
            async |store: Store| import(&store, &shop, What::Points, &path, &options, &ProgressBar::hidden()).await;
        let lived = until_death(&api, (run - 1, Moment::After), &anew).await;
        if lived.is_none() {
            end_leases(&api).await;
            anew(api.server.store.clone()).await.expect("it goes on");
        }
        expected += 2 * run;
        assert_eq!(points(&api, 1).await, expected, "killed after call {run}");
        if lived.is_some() {
            assert!(run > 5, "it was killed {run} times");
            break;
        }
    }
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn a_batch_of_customers_comes_in_whole() {
    let api = shop_of(1).await;
    let file = |run| {
        let rows: String = (0..40).map(|row| format!("{},{run}\n", 100 * run + row)).collect();
        with_rows(format!("id,mobile\n{rows}"))
    };
    let command = async |store: Store, path: &Path| import_over(&store, "demo", What::Customers, path).await;
    let check = async |run: i64, _: &Path, summary: &Summary| {
        came_to(summary, 40, 0);
        assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 1 + 40 * run);
        assert_eq!(api.get(&format!("{CUSTOMERS}?mobile={run}")).await.assert_status(200)["count"], 40);
    };
    at_every_call(&api, 3, file, command, check).await;
}

#[tokio::test]
async fn a_batch_that_the_job_undoes_is_issued_when_the_command_comes_again() {
    let api = shop_of(30).await;
    coupon(&api, "spring", &json!({})).await;
    let rows: String = (1..=30).map(|id| format!("{id}\n")).collect();
    let (_folder, path) = with_rows(format!("id\n{rows}"));
    let to = path.with_file_name("codes.csv");
    let command = async |store: Store| issue_over(&store, &path, &to, false).await;
    // A death in the middle of the batch.
    let mut call = 12;
    while until_death(&api, (call, Moment::After), &command).await.is_none() && there(&api).await.is_empty() {
        end_leases(&api).await;
        finish_batches::run(&api.server.store).await.expect("a run");
        call += 1;
    }
    let begun = there(&api).await.len();
    assert!(begun > 0 && begun < 30, "{begun} of 30");
    end_leases(&api).await;
    finish_batches::run(&api.server.store).await.expect("a run");
    assert!(there(&api).await.is_empty());
    came_to(&command(api.server.store.clone()).await.expect("issued"), 30, 0);
    assert_eq!(there(&api).await, codes(&to));
    is_clean(&audit(&api, false).await);
}
