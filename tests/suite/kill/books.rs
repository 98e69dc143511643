//! The books of a shop without the values that differ between two equal runs: instants, random texts and skipped ids.

use std::collections::BTreeMap;

use crate::support::{
    CODES, COUPONS, CUSTOMERS, HISTORY, LEVELS, RULES,
    audits::{audit, is_clean},
    whole_shops::stored,
};
use domain::shop::ShopId;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shop::{
    crm::customers::{CREATED, CUSTOMERS as BY_ID},
    discounts::{
        codes::rows::CODES as ALL_CODES,
        counters::{self, Counter},
        rules::overlay,
    },
    loyalty::history::POINT_HISTORY,
    orders::uses as order_uses,
};
use store::{batches, pages::bulk};
use tests::Api;

/// The largest id of coupons and rules whose counters are compared.
const COUNTERS: u64 = 4;

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

/// The replies of the API by path.
#[derive(Debug, PartialEq)]
pub(super) struct Shown(BTreeMap<String, Value>);

impl Shown {
    /// Reads all lists and these paths.
    pub(super) async fn of(api: &Api, paths: &[String]) -> Self {
        let lists = [CUSTOMERS, LEVELS, RULES, COUPONS, CODES, HISTORY].map(|list| format!("{list}?page_size=100"));
        let by_status = ["unused", "used", "expired", "available"].map(|status| format!("{CODES}?status={status}"));
        let all = lists.iter().chain(&by_status).chain(paths).map(async |path| {
            let reply = api.get(path).await;
            let mut shown = if reply.status == 404 { Value::Null } else { reply.assert_status(200) };
            blur(&mut shown);
            if by_status.contains(path) {
                shown = shown["count"].clone();
            } else if let Some(object) = shown.as_object_mut() {
                object.retain(|name, _| !["next", "previous"].contains(&name.as_str()));
            }
            (path.clone(), shown)
        });
        Self(join_all(all).await.into_iter().collect())
    }
}

/// Removes the values that differ between two runs.
fn blur(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(blur),
        Value::Object(fields) => {
            let burnt = fields.contains_key("code") || fields.contains_key("kind");
            for (name, field) in fields.iter_mut() {
                let planned = ["starts_at", "ends_at"].contains(&name.as_str());
                match name.as_str() {
                    "id" if burnt => *field = Value::Null,
                    "code" => *field = Value::Null,
                    instant if instant.ends_with("_at") && !planned => *field = json!(field.is_null()),
                    _ => blur(field),
                }
            }
            // Without ids the order of rows has no meaning.
            if let Some(rows) = fields.get_mut("results").and_then(Value::as_array_mut)
                && rows.iter().all(|row| row["id"].is_null())
            {
                rows.sort_by_cached_key(Value::to_string);
            }
        }
        _ => {}
    }
}

/// The replies of the API, the counters, and the number of permanently stored items by kind.
#[derive(Debug, PartialEq)]
pub(super) struct Books {
    pub(super) shown: Shown,
    counted: Vec<Value>,
    kept: BTreeMap<String, usize>,
}

impl Books {
    pub(super) async fn of(api: &Api, paths: &[String]) -> Self {
        let shown = Shown::of(api, paths).await;
        let counted = (1..=COUNTERS).flat_map(|id| [Counter::CodesOf(id), Counter::UsesOf(id)]).map(async |counter| {
            let shards = counters::read(&api.server.store, &shop(), counter).await.expect("shards");
            json!([
                format!("{counter:?}"),
                shards.quota.count(),
                shards.used,
                shards.claimed,
                shards.closed,
                shards.lapsed
            ])
        });
        Self { shown, counted: join_all(counted).await, kept: kept(api).await }
    }

    /// Asserts that these books equal one of the others.
    #[track_caller]
    pub(super) fn is_one_of<const N: usize>(&self, books: [&Self; N], what: &str) {
        if books.contains(&self) {
            return;
        }
        let apart = books.map(|other| {
            let (ours, theirs) = (self.leaves(), other.leaves());
            let differing = ours.iter().filter(|(place, leaf)| theirs.get(*place) != Some(leaf));
            let missing = theirs.iter().filter(|(place, _)| !ours.contains_key(*place));
            let differing = differing.map(|(place, leaf)| format!("{place}: {leaf} for {:?}", theirs.get(place)));
            differing
                .chain(missing.map(|(place, leaf)| format!("{place}: {leaf} is missing")))
                .take(30)
                .collect::<Vec<_>>()
        });
        panic!("{what}: {apart:#?}");
    }

    /// Returns every value by its place.
    fn leaves(&self) -> BTreeMap<String, Value> {
        let mut leaves = BTreeMap::new();
        for (path, shown) in &self.shown.0 {
            flatten(path.clone(), shown, &mut leaves);
        }
        flatten("counted".to_owned(), &json!(self.counted), &mut leaves);
        flatten("kept".to_owned(), &json!(self.kept), &mut leaves);
        leaves
    }
}

fn flatten(place: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| flatten(format!("{place} {index}"), item, leaves));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| flatten(format!("{place} {name}"), field, leaves));
        }
        leaf => drop(leaves.insert(place, leaf.clone())),
    }
}

/// Counts the stored items of each kind that nothing removes by itself. It leaves out former texts of codes, which stay
/// taken for good, and items that are spread over random shards.
async fn kept(api: &Api) -> BTreeMap<String, usize> {
    let mut kept = BTreeMap::new();
    for line in stored(&api.server.store, "demo").await {
        let item: Value = serde_json::from_str(&line).expect("an item");
        let kind = item["type"]["S"].as_str().unwrap_or("none");
        let spread = ["tally", "counter_shard", "point_day", "code", "code_text", "sequence"].contains(&kind);
        if item.get("ttl").is_none() && !spread {
            *kept.entry(kind.to_owned()).or_default() += 1;
        }
    }
    kept
}

/// Asserts that no work is due and that every sum equals its parts.
pub(super) async fn tie_out(api: &Api) {
    let store = &api.server.store;
    let now = chrono::Utc::now();
    assert_eq!(batches::due(store).await.expect("due"), []);
    assert_eq!(order_uses::due(store, now).await.expect("due"), []);
    assert_eq!(overlay::due_rules(store, now).await.expect("due"), []);
    for list in [ALL_CODES, BY_ID, CREATED, POINT_HISTORY] {
        let (rows, counted) = bulk::verify(store, &shop(), &list).await.expect("verified");
        assert_eq!(rows, counted, "{}", list.name);
    }
    is_clean(&audit(api, false).await);
}
