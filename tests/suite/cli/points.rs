//! `youhui export points` and `import points`: no row is added twice.

use crate::support::{
    HISTORY, LEVELS,
    audits::{audit, is_clean},
    discounts::shop_of,
    files::{Folder, beside, came_to, errors, exported, import_over, imported, over, points, text},
    id,
    points::adjust,
    whole_shops::stored,
};
use aws_sdk_dynamodb::config::SharedHttpClient;
use chrono::{Duration, Utc};
use devserver::hostile::{Hostile, Profile};
use futures_util::future::join;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tests::Api;
use youhui::bulk::{
    BulkError,
    import::{Options, What, import},
};

/// Creates a shop with three customers and a level, and returns the level's id.
async fn shop_with_gold() -> (Api, u64) {
    let api = shop_of(3).await;
    let level = id(&api.post(LEVELS, &json!({"title": "=gold", "condition_points": 10})).await);
    (api, level)
}

#[tokio::test]
async fn balances_move_to_another_shop() {
    let (api, level) = shop_with_gold().await;
    adjust(&api, 1, 12).await.assert_status(201);
    adjust(&api, 3, 5).await.assert_status(201);
    let csv = |level| {
        format!("customer_id,points,earned_points,level_id,level_title\n1,12,12,{level},'=gold\n2,0,0,,\n3,5,5,,\n")
    };
    let jsonl = |level| {
        [(1, 12, json!(level), json!("=gold")), (2, 0, Value::Null, Value::Null), (3, 5, Value::Null, Value::Null)]
            .map(|(customer, points, level, title)| {
                let row = json!({"customer_id": customer, "points": points, "earned_points": points,
                                 "level_id": level, "level_title": title});
                format!("{row}\n")
            })
            .concat()
    };
    let folder = Folder::new();
    let formats: [(_, &dyn Fn(u64) -> String); 2] = [("points.csv", &csv), ("points.jsonl", &jsonl)];
    for (name, expected) in formats {
        let path = folder.path(name);
        assert_eq!(exported(&api, "demo", What::Points, &path).await, 3);
        assert_eq!(text(&path), expected(level));
        let (there, level_there) = shop_with_gold().await;
        came_to(&imported(&there, What::Points, &path).await, 3, 0);
        let again = folder.path(&format!("again-{name}"));
        exported(&there, "demo", What::Points, &again).await;
        assert_eq!(text(&again), expected(level_there));
        // A customer without points has no entry.
        assert_eq!(there.get(HISTORY).await.assert_status(200)["count"], 2);
    }
}

#[tokio::test]
async fn every_row_is_an_entry_of_its_own_or_an_error() {
    let api = shop_of(2).await;
    let folder = Folder::new();
    let path =
        folder.write("p.csv", "points,customer_id\n5,1\n5,1\n-3,2\n4,9\n1.5,1\n,1\n1000000001,1\n0,1\n0,9\n0,x\n0,\n");
    came_to(&imported(&api, What::Points, &path).await, 11, 8);
    let fields: Vec<_> = errors(&path).into_iter().map(|(row, field, _)| (row, field)).collect();
    let points_ = [3, 5, 6, 7].map(|row| (row, "points"));
    let mut expected: Vec<_> = points_.into_iter().chain([4, 9, 10, 11].map(|row| (row, "customer_id"))).collect();
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().map(|(row, field)| (row, field.to_owned())).collect();
    assert_eq!(fields, expected);
    assert_eq!(points(&api, 1).await, 10);
    let kinds = api.get(HISTORY).await.assert_status(200);
    let kinds: Vec<_> = kinds["results"].as_array().expect("rows").iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["manual", "manual"]);
}

#[tokio::test]
async fn the_same_file_never_adds_twice_wherever_it_is_run() {
    let api = shop_of(3).await;
    let folder = Folder::new();
    let rows = "customer_id,points\n1,5\n9,1\n2,7\n";
    let path = folder.write("p.csv", rows);
    let records = async || {
        let all = stored(&api.server.store, "demo").await;
        all.into_iter().filter(|line| line.contains("#IDEMPOTENCY#")).collect::<Vec<_>>()
    };
    let before = records().await;
    let first = imported(&api, What::Points, &path).await;
    came_to(&first, 3, 1);
    let again = imported(&api, What::Points, &path).await;
    assert!(again.done_before && !first.done_before);
    assert_eq!((first.warning, &again.warning), (None, &None));
    came_to(&again, 3, 1);
    // Without the journal and under another name, all rows are sent, and none counts again.
    std::fs::remove_file(beside(&path, ".progress")).expect("removed");
    came_to(&imported(&api, What::Points, &path).await, 3, 1);
    let copy = folder.write("copy.csv", rows);
    let (one, other) = (folder.write("x.csv", rows), folder.write("y.csv", rows));
    let copied = imported(&api, What::Points, &copy).await;
    came_to(&copied, 3, 1);
    assert!(copied.warning.is_some_and(|warning| warning.contains("another name")));
    let store = &api.server.store;
    let both = join(import_over(store, "demo", What::Points, &one), import_over(store, "demo", What::Points, &other));
    let (one, other) = both.await;
    came_to(&one.expect("an import"), 3, 1);
    came_to(&other.expect("an import"), 3, 1);
    assert_eq!((points(&api, 1).await, points(&api, 2).await), (5, 7));
    // The idempotency keys outlast a day by years.
    let records: Vec<Value> = records()
        .await
        .iter()
        .filter(|line| !before.contains(line))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(records.len(), 2);
    let in_years = (Utc::now() + Duration::days(3_000)).timestamp();
    for record in records {
        let ttl: i64 = record["ttl"]["N"].as_str().and_then(|ttl| ttl.parse().ok()).expect("a ttl");
        assert!(ttl > in_years);
    }
    // `--anew` adds the rows once more.
    let (shop, anew) = ("demo".parse().expect("a shop"), Options { anew: true, ..Options::default() });
    let anew = import(store, &shop, What::Points, &path, &anew, &ProgressBar::hidden()).await.expect("an import");
    came_to(&anew, 3, 1);
    assert_eq!(anew.warning, None);
    assert_eq!((points(&api, 1).await, points(&api, 2).await), (10, 14));
}

#[tokio::test]
async fn two_runs_at_once_on_one_file_are_refused() {
    let api = shop_of(40).await;
    let rows: String = (1..=40).map(|id| format!("{id},1\n")).collect();
    let folder = Folder::new();
    let path = folder.write("p.csv", format!("customer_id,points\n{rows}"));
    let far = api.distant(std::time::Duration::from_millis(5)).await;
    let (one, other) =
        join(import_over(&far, "demo", What::Points, &path), import_over(&far, "demo", What::Points, &path)).await;
    let busy = |result: &Result<_, _>| matches!(result, Err(BulkError::Busy(_)));
    assert!(busy(&one) != busy(&other), "{one:?} {other:?}");
    came_to(&one.or(other).expect("one of them"), 40, 0);
    let expected: Vec<_> = (1..=40).map(|_| 1).collect();
    let mut balances = Vec::new();
    for id in 1..=40 {
        balances.push(points(&api, id).await);
    }
    assert_eq!(balances, expected);
}

#[tokio::test]
async fn a_changed_file_is_refused_and_another_store_starts_from_nothing() {
    let api = shop_of(3).await;
    let folder = Folder::new();
    let path = folder.write("p.csv", "customer_id,points\n1,5\n");
    came_to(&imported(&api, What::Points, &path).await, 1, 0);
    folder.write("p.csv", "customer_id,points\n1,5\n2,7\n");
    let changed = import_over(&api.server.store, "demo", What::Points, &path).await;
    assert!(matches!(changed, Err(BulkError::Changed { .. })), "{changed:?}");
    assert_eq!((points(&api, 1).await, points(&api, 2).await), (5, 0));
    // An import into another store does not affect this one.
    let there = shop_of(3).await;
    came_to(&imported(&there, What::Points, &path).await, 2, 0);
    assert_eq!((points(&there, 1).await, points(&there, 2).await), (5, 7));
    let repeat = folder.write("c.csv", "id\n1\n");
    came_to(&imported(&api, What::Customers, &repeat).await, 1, 0);
    folder.write("c.csv", "id\n1\n7\n");
    came_to(&imported(&api, What::Customers, &repeat).await, 2, 0);
}

#[tokio::test]
async fn a_failing_store_adds_every_row_once() {
    let api = shop_of(30).await;
    let folder = Folder::new();
    let rows: String = (1..=30).map(|id| format!("{id},{id}\n")).collect();
    let path = folder.write("p.csv", format!("customer_id,points\n{rows}"));
    let hostile = over(&api, SharedHttpClient::new(Hostile::over_http(Profile::MILD, 7))).await;
    came_to(&import_over(&hostile, "demo", What::Points, &path).await.expect("an import"), 30, 0);
    let after = folder.path("after.csv");
    exported(&api, "demo", What::Points, &after).await;
    let expected: String = (1..=30).map(|id| format!("{id},{id},{id},,\n")).collect();
    assert_eq!(text(&after), format!("customer_id,points,earned_points,level_id,level_title\n{expected}"));
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn rows_of_one_customer_are_carried_out_in_their_order() {
    let api = shop_of(3).await;
    let folder = Folder::new();
    // Each row spends the points of the row before, also across requests.
    let rows: String = (0..150).map(|_| "1,100\n2,7\n1,-100\n").collect();
    let path = folder.write("p.csv", format!("customer_id,points\n{rows}"));
    came_to(&imported(&api, What::Points, &path).await, 450, 0);
    assert_eq!((points(&api, 1).await, points(&api, 2).await), (0, 1_050));
}
