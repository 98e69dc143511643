//! The file of an exported shop: an invalid file is refused with a reason, and nothing of it is written.

use std::{fs, path::Path, time::Duration};

use crate::support::{
    audits::busy_shop,
    files::import_over,
    points::adjust,
    whole_shops::{Elsewhere, export, exported, import, shop, stored},
};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Utc;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::Error;
use shop::keys;
use store::client::Store;
use tests::Api;
use youhui::{
    bulk::import::What,
    recovery::{self, RecoveryError},
};

/// Returns the number of items in the table, of all shops.
async fn items(store: &Store) -> i32 {
    let scan = store.client().scan().table_name(store.table()).consistent_read(true);
    scan.send().await.expect("a scan").count
}

/// Asserts that the file is refused with a reason that contains this text, and that nothing was written.
async fn is_refused(elsewhere: &Elsewhere, path: &Path, bytes: &[u8], reason: &str) {
    fs::write(path, bytes).expect("written");
    match import(&elsewhere.store, path).await {
        Err(RecoveryError::File { what, line, .. }) => {
            assert!(what.contains(reason) && line > 0, "{what}, not {reason}");
        }
        other => panic!("{other:?}, not {reason}"),
    }
    assert_eq!(items(&elsewhere.store).await, 0, "{reason}");
}

/// Appends a valid last line to a first line and these lines.
fn sealed(first: &str, lines: &[&str]) -> String {
    let mut text = format!("{first}\n");
    lines.iter().for_each(|line| text.extend([line, "\n"]));
    let last = json!({"items": lines.len(), "sha256": format!("{:x}", Sha256::digest(text.as_bytes()))});
    format!("{text}{last}\n")
}

#[tokio::test]
async fn a_file_that_was_cut_or_changed_is_refused() {
    let api = Api::start().await;
    let (_folder, path, _) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let whole = fs::read_to_string(&path).expect("a file");
    let elsewhere = Elsewhere::new().await;
    let lines: Vec<_> = whole.lines().collect();
    let without = |skipped: usize| {
        let left = lines.iter().enumerate().filter(|(number, _)| *number != skipped);
        left.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let changed = whole.replacen("黄金会员", "白金会员", 1);
    assert_ne!(changed, whole);
    for (text, reason) in [
        (String::new(), "empty"),
        ("{}\n".to_owned(), "not an exported shop: `import customers`"),
        (without(0), "not an exported shop"),
        (whole.replacen("\"version\":1", "\"version\":2", 1), "version"),
        (without(lines.len() - 1), "cut"),
        (whole[..whole.len() / 2].to_owned(), "cut"),
        (whole[..whole.len() - 1].to_owned(), "cut"),
        (without(5), "count or checksum"),
        (format!("{}\n{whole}", lines[0]), "no item"),
        (changed, "count or checksum"),
        (format!("{whole}{}\n", lines[1]), "follows"),
    ] {
        is_refused(&elsewhere, &path, text.as_bytes(), reason).await;
    }
    fs::write(&path, whole).expect("written");
    import(&elsewhere.store, &path).await.expect("the whole file");
}

#[tokio::test]
async fn a_compressed_file_that_was_cut_or_changed_is_refused() {
    let api = Api::start().await;
    let (_folder, path, _) = exported(&api.server.store, "demo", "demo.jsonl.gz").await;
    let whole = fs::read(&path).expect("a file");
    let elsewhere = Elsewhere::new().await;
    let reason = "the file was cut or changed: ";
    is_refused(&elsewhere, &path, &whole[..whole.len() / 2], reason).await;
    is_refused(&elsewhere, &path, &whole[..whole.len() - 8], reason).await;
    for place in [whole.len() / 3, whole.len() / 2, whole.len() - 6] {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        is_refused(&elsewhere, &path, &changed, "").await;
    }
}

#[tokio::test]
async fn a_file_whose_lines_are_not_one_shop_is_refused() {
    let api = Api::start().await;
    let (_folder, path, _) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let whole = fs::read_to_string(&path).expect("a file");
    let lines: Vec<_> = whole.lines().collect();
    let (first, data, registry) = (lines[0], lines[1], lines[lines.len() - 2]);
    let token = lines[lines.len() - 3];
    assert!(registry.contains("SHOPS") && token.contains("TOKEN#"));
    let foreign = [data, token, registry].map(|line| line.replace("demo", "other"));
    let elsewhere = Elsewhere::new().await;
    for (text, reason) in [
        (sealed(first, &[data, &foreign[0], registry]), "not an item of demo"),
        (sealed(first, &[data, &foreign[1], registry]), "not an item of demo"),
        (sealed(first, &[data, &foreign[2]]), "not an item of demo"),
        (sealed(first, &[data, token]), "itself is missing"),
        (sealed(first, &[]), "itself is missing"),
        (sealed(first, &[token, data, registry]), "too late"),
        (sealed(first, &[data, registry, token]), "too late"),
        (sealed(first, &["{}", registry]), "unknown kind"),
        (sealed(first, &[r#"{"PK":{"S":"MYSTERY"},"SK":{"S":"x"}}"#, registry]), "MYSTERY"),
        (sealed(first, &[r#"{"PK":{"S":"SHOP#demo#X"},"SK":{"Q":"x"}}"#, registry]), "no item"),
    ] {
        is_refused(&elsewhere, &path, text.as_bytes(), reason).await;
    }
    fs::write(&path, sealed(first, &[data, token, registry])).expect("written");
    assert_eq!(import(&elsewhere.store, &path).await.expect("a small shop").items, 3);
    assert_eq!(items(&elsewhere.store).await, 3);
}

#[tokio::test]
async fn a_table_that_holds_something_of_the_shop_takes_no_import() {
    let api = Api::start().await;
    let (_folder, path, _) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let elsewhere = Elsewhere::new().await;
    let key = keys::order(&shop("demo"), 7);
    let (pk, sk) = (AttributeValue::S(key.pk), AttributeValue::S(key.sk));
    let put = elsewhere.store.client().put_item().table_name(elsewhere.store.table());
    put.item(keys::PK, pk).item(keys::SK, sk).send().await.expect("put");
    let refused = import(&elsewhere.store, &path).await;
    assert!(matches!(refused, Err(RecoveryError::Store(Error::Conflict(_)))), "{refused:?}");
    assert_eq!(items(&elsewhere.store).await, 1);
}

#[tokio::test]
async fn a_shop_that_is_changed_meanwhile_is_not_exported() {
    let api = busy_shop().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.jsonl");
    let far = api.distant(Duration::from_millis(20)).await;
    let writes = async {
        loop {
            adjust(&api, 1, 1).await.assert_status(201);
        }
    };
    let result = tokio::select! {
        result = export(&far, "demo", &path) => result,
        () = writes => unreachable!(),
    };
    assert!(matches!(result, Err(RecoveryError::Changed(_))), "{result:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn what_is_there_already_is_not_written_over_and_what_is_not_there_not_exported() {
    let api = Api::start().await;
    let (folder, path, moved) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let whole = fs::read_to_string(&path).expect("a file");
    let again = export(&api.server.store, "demo", &path).await;
    assert!(matches!(again, Err(RecoveryError::Io { .. })), "{again:?}");
    assert_eq!(fs::read_to_string(&path).expect("a file"), whole);
    let csv = export(&api.server.store, "demo", &folder.path().join("demo.csv")).await;
    assert!(matches!(csv, Err(RecoveryError::Name(_))), "{csv:?}");
    let as_customers = import_over(&api.server.store, "demo", What::Customers, &path).await.expect_err("a shop");
    assert!(as_customers.to_string().contains("import shop"), "{as_customers}");
    let nobody = export(&api.server.store, "nobody", &folder.path().join("x.jsonl")).await;
    assert!(matches!(nobody, Err(RecoveryError::NoShop(_))), "{nobody:?}");
    let last: Value = serde_json::from_str(whole.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last, json!({"items": moved.items, "sha256": moved.sha256}));
    assert!(!whole.contains(tests::TOKEN), "tokens are hashes");
}

#[tokio::test]
async fn an_item_of_an_unknown_kind_ends_an_export() {
    let api = Api::start().await;
    let put = api.server.store.client().put_item().table_name(api.server.store.table());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    put.item(keys::PK, text("MYSTERY")).item(keys::SK, text("x")).send().await.expect("put");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.jsonl");
    let result = export(&api.server.store, "demo", &path).await;
    assert!(matches!(result, Err(RecoveryError::Store(Error::Internal(_)))), "{result:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn what_has_ended_stays_behind() {
    let api = Api::start().await;
    api.keyed("POST", crate::support::ADJUST, "a-key", &json!({"customer_id": 123, "points": 1}))
        .await
        .assert_status(201);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.jsonl");
    let (store, bar, later) = (&api.server.store, ProgressBar::hidden(), Utc::now() + chrono::Duration::days(2));
    let records = |text: &str| text.matches("#IDEMPOTENCY#").count();
    recovery::export(store, &shop("demo"), &path, Utc::now(), &bar).await.expect("an export");
    assert_eq!(records(&fs::read_to_string(&path).expect("a file")), 1);
    let elsewhere = Elsewhere::new().await;
    recovery::import(&elsewhere.store, &path, later, &bar).await.expect("an import");
    let left: String = stored(&elsewhere.store, "demo").await.into_iter().collect();
    assert_eq!(records(&left), 0);
    fs::remove_file(&path).expect("removed");
    recovery::export(store, &shop("demo"), &path, later, &bar).await.expect("an export");
    assert_eq!(records(&fs::read_to_string(&path).expect("a file")), 0);
}
