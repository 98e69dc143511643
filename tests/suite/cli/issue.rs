//! `youhui issue`: exactly one code for each customer of a file.

use std::path::{Path, PathBuf};

use crate::support::{
    CODES, CUSTOMERS,
    audits::{audit, is_clean},
    customer,
    discounts::{PAST, change_rule, coupon, shop_of},
    files::{Folder, beside, came_to, errors_in, text},
    one,
};
use indicatif::ProgressBar;
use serde_json::json;
use sha2::{Digest, Sha256};
use shop::operators::transfers;
use store::client::Store;
use tests::Api;
use youhui::bulk::{BulkError, Summary, import::Options, issue::issue};

pub(crate) async fn issue_over(store: &Store, from: &Path, to: &Path, anew: bool) -> Result<Summary, BulkError> {
    let (shop, options) = ("demo".parse().expect("a shop"), Options { anew, ..Options::default() });
    issue(store, &shop, "spring", (from, to), &options, &ProgressBar::hidden()).await
}

async fn issued(api: &Api, from: &Path, to: &Path) -> Summary {
    issue_over(&api.server.store, from, to, false).await.expect("issued")
}

/// Returns the path of the rows that were refused by an issue to this file.
pub(crate) fn refused_rows(to: &Path) -> PathBuf {
    beside(to, ".issue.errors.csv")
}

/// Returns customer and text of each row of a file of codes.
pub(crate) fn codes(path: &Path) -> Vec<(u64, String)> {
    let mut reader = csv::Reader::from_path(path).expect("a file");
    let names = reader.headers().expect("a header").clone();
    let column = |name| names.iter().position(|known| known == name).expect("a column");
    let (customer, code) = (column("customer_id"), column("code"));
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| (row[customer].parse().expect("an id"), row[code].to_owned())).collect()
}

/// Returns customer and text of each code of the shop, in the order of issue.
pub(crate) async fn there(api: &Api) -> Vec<(u64, String)> {
    let page = api.get(&format!("{CODES}?order_by=id&page_size=100")).await.assert_status(200);
    let rows = page["results"].as_array().expect("rows").iter();
    rows.map(|row| (row["customer_id"].as_u64().expect("an id"), row["code"].as_str().expect("a text").to_owned()))
        .collect()
}

#[tokio::test]
async fn each_customer_gets_a_code_and_a_second_run_gives_the_same_ones() {
    let api = shop_of(600).await;
    let more: Vec<_> = (601..=1_100).map(|id| json!({"id": id})).collect();
    api.post(CUSTOMERS, &more.into()).await.assert_status(201);
    coupon(&api, "spring", &json!({})).await;
    let folder = Folder::new();
    let mut rows: Vec<String> = (1..=1_100).map(|id| format!("{id},x")).collect();
    rows[6] = "9999,x".to_owned();
    rows[7] = "".to_owned() + ",x";
    rows[1_050] = "7".to_owned();
    let (from, to) = (folder.write("c.csv", format!("id,what\n{}\n", rows.join("\n"))), folder.path("codes.csv"));
    let first = issued(&api, &from, &to).await;
    came_to(&first, 1_100, 3);
    let given = codes(&to);
    assert_eq!(given.len(), 1_097);
    let customers: Vec<_> = given.iter().map(|(customer, _)| *customer).collect();
    let expected: Vec<_> = (1..=1_100).filter(|id| ![7, 8, 1_051].contains(id)).collect();
    assert_eq!(customers, expected);
    let found: Vec<_> = errors_in(&refused_rows(&to)).into_iter().map(|(row, field, _)| (row, field)).collect();
    assert_eq!(found, [(7, "customer_id".to_owned()), (8, "customer_id".to_owned()), (1_051, String::new())]);
    // Without its journal, the file of codes could be anybody's.
    std::fs::remove_file(beside(&to, ".issue.progress")).expect("removed");
    let refused = issue_over(&api.server.store, &from, &to, false).await;
    assert!(matches!(refused, Err(BulkError::Io { .. })), "{refused:?}");
    // Without its output, or without output and journal, it returns the same codes and issues no more.
    for gone in [[""].as_slice(), &[".issue.progress", ""]] {
        gone.iter().for_each(|end| std::fs::remove_file(beside(&to, end)).expect("removed"));
        came_to(&issued(&api, &from, &to).await, 1_100, 3);
        assert_eq!(codes(&to), given);
        assert_eq!(errors_in(&refused_rows(&to)).len(), 3);
    }
    assert_eq!(api.get(CODES).await.assert_status(200)["count"], 1_097);
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn a_group_is_issued_without_the_same_rows_whatever_has_changed() {
    let api = shop_of(3).await;
    coupon(&api, "spring", &json!({})).await;
    let folder = Folder::new();
    let (from, to) = (folder.write("c.csv", "id\n1\n9\n3\n"), folder.path("codes.csv"));
    came_to(&issued(&api, &from, &to).await, 3, 1);
    let given = codes(&to);
    // The unknown customer exists now and the journal is gone. The whole group could be issued; a part was issued
    // before.
    api.put(&one(CUSTOMERS, 9), &customer("139")).await.assert_status(201);
    [".issue.progress", ""].iter().for_each(|end| std::fs::remove_file(beside(&to, end)).expect("removed"));
    came_to(&issued(&api, &from, &to).await, 3, 1);
    assert_eq!((codes(&to), there(&api).await), (given.clone(), given));
    // The refused row is issued from its own file.
    let rest = refused_rows(&to);
    came_to(&issued(&api, &rest, &folder.path("rest.csv")).await, 1, 0);
    assert_eq!(there(&api).await.len(), 3);
    // `--anew` is another issue.
    came_to(&issue_over(&api.server.store, &from, &folder.path("more.csv"), true).await.expect("issued"), 3, 0);
    assert_eq!(there(&api).await.len(), 6);
}

#[tokio::test]
async fn codes_that_are_expired_from_the_beginning_are_issued_with_a_warning() {
    let api = shop_of(1).await;
    let rule = coupon(&api, "spring", &json!({})).await.rule;
    let folder = Folder::new();
    let from = folder.write("c.csv", "id\n1\n");
    assert_eq!(issued(&api, &from, &folder.path("good.csv")).await.warning, None);
    change_rule(&api, rule, &json!({ "ends_at": PAST })).await;
    let summary = issue_over(&api.server.store, &from, &folder.path("late.csv"), true).await.expect("issued");
    came_to(&summary, 1, 0);
    assert!(summary.warning.is_some_and(|warning| warning.contains(PAST)));
    let both = issued(&api, &from, &folder.path("again.csv")).await.warning.expect("two warnings");
    assert!(both.contains(PAST) && both.contains("another name"), "{both}");
}

#[tokio::test]
async fn a_group_of_which_it_is_not_known_what_was_issued_is_not_issued_again() {
    let api = shop_of(3).await;
    let coupon = coupon(&api, "spring", &json!({})).await.id;
    let folder = Folder::new();
    let (from, to) = (folder.write("c.csv", "id\n1\n2\n"), folder.path("codes.csv"));
    let sha256 = format!("{:x}", Sha256::digest(text(&from)));
    let (store, shop) = (&api.server.store, "demo".parse().expect("a shop"));
    let transfer = transfers::begin(store, &shop, &format!("issue {coupon}"), &sha256, false).await.expect("begun");
    let pairs = json!([{"customer_id": 2, "coupon_id": coupon}]);
    api.keyed("POST", CODES, &format!("{transfer}/1"), &pairs).await.assert_status(201);
    came_to(&issued(&api, &from, &to).await, 2, 2);
    assert!(errors_in(&refused_rows(&to)).iter().all(|(_, _, message)| message.contains("none is done again")));
    assert_eq!(there(&api).await.len(), 1);
}

#[tokio::test]
async fn a_list_that_the_quota_has_no_place_for_is_refused_before_anything_is_issued() {
    let api = shop_of(5).await;
    coupon(&api, "spring", &json!({"allocation_limit": 3})).await;
    let folder = Folder::new();
    let (from, to) = (folder.write("c.csv", "customer_id\n1\n2\n3\n4\n"), folder.path("codes.csv"));
    let refused = issue_over(&api.server.store, &from, &to, false).await;
    assert!(matches!(refused, Err(BulkError::Quota { left: 3, rows: 4, .. })), "{refused:?}");
    assert!(refused.is_err_and(|error| error.to_string().contains("after row 3")));
    assert!(there(&api).await.is_empty() && !to.exists());
    folder.write("c.csv", "customer_id\n1\n2\n3\n");
    came_to(&issued(&api, &from, &to).await, 3, 0);
    assert_eq!(there(&api).await, codes(&to));
    // The issue is complete, so that the exhausted limit is no error.
    assert!(issued(&api, &from, &to).await.done_before);
    std::fs::remove_file(&to).expect("removed");
    came_to(&issued(&api, &from, &to).await, 3, 0);
    assert_eq!(there(&api).await, codes(&to));
    let unknown = issue(
        &api.server.store,
        &"demo".parse().expect("a shop"),
        "no such&prefix",
        (&from, &to),
        &Options::default(),
        &ProgressBar::hidden(),
    )
    .await;
    assert!(matches!(unknown, Err(BulkError::NoCoupon(_))), "{unknown:?}");
}

#[tokio::test]
async fn codes_go_to_a_file_that_is_not_there_yet() {
    let api = shop_of(1).await;
    coupon(&api, "spring", &json!({})).await;
    let folder = Folder::new();
    let (from, to) = (folder.write("c.csv", "id\n1\n"), folder.write("codes.csv", "precious"));
    let refused = issue_over(&api.server.store, &from, &to, false).await;
    assert!(matches!(refused, Err(BulkError::Io { .. })), "{refused:?}");
    assert_eq!(text(&to), "precious");
    assert!(!beside(&to, ".issue.progress").exists(), "nothing is left beside it");
    let compressed = issue_over(&api.server.store, &from, &folder.path("codes.csv.gz"), false).await;
    assert!(matches!(compressed, Err(BulkError::File { .. })), "{compressed:?}");
    let nowhere = issue_over(&api.server.store, &from, Path::new("-"), false).await.expect_err("no file").to_string();
    assert!(nowhere.contains("name it .csv or .jsonl") && !nowhere.contains("--format"), "{nowhere}");
    assert!(there(&api).await.is_empty());
    let lines = folder.path("codes.jsonl");
    let first = issued(&api, &from, &lines).await;
    came_to(&first, 1, 0);
    assert_eq!(first.warning, None, "what was refused is not taken for what was issued");
    let line: serde_json::Value = serde_json::from_str(&text(&lines)).expect("JSON");
    assert_eq!((&line["customer_id"], &line["code_prefix"]), (&json!(1), &json!("spring")));
}

#[tokio::test]
async fn codes_of_another_file_want_a_file_of_their_own() {
    let api = shop_of(3).await;
    coupon(&api, "spring", &json!({})).await;
    let folder = Folder::new();
    let (from, to) = (folder.write("a.csv", "id\n1\n9\n"), folder.path("out.csv"));
    came_to(&issued(&api, &from, &to).await, 2, 1);
    let given = text(&to);
    let refused = async |from: &Path| issue_over(&api.server.store, from, &to, false).await.expect_err("not this --to");
    let other = folder.write("b.csv", "id\n2\n");
    let said = refused(&other).await.to_string();
    assert!(said.contains("out.csv") && said.contains("b.csv") && said.contains("another --to"), "{said}");
    assert!(!said.contains("--anew"), "{said}");
    // Its corrected errors file is another file, too.
    let mended = refused_rows(&to);
    std::fs::write(&mended, text(&mended).replace(",9", ",3")).expect("written");
    let said = refused(&mended).await.to_string();
    assert!(said.contains("the file that is read: give another --to"), "{said}");
    // Without the file of codes nothing would be overwritten, but a changed file would give its customers a second
    // code.
    std::fs::remove_file(&to).expect("removed");
    folder.write("a.csv", "id\n1\n3\n");
    for from in [&from, &other] {
        assert!(matches!(refused(from).await, BulkError::Taken { .. }));
    }
    folder.write("a.csv", "id\n1\n9\n");
    came_to(&issued(&api, &from, &to).await, 2, 1);
    assert_eq!(text(&to), given);
    came_to(&issued(&api, &other, &folder.path("more.csv")).await, 1, 0);
    assert_eq!(there(&api).await.len(), 2);
}
