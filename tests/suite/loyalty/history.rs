//! `GET /api/loyalty/point_history/` against a plain list.

use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;
use tests::Api;

use crate::support::{ENTER_A_NUMBER, HISTORY, detail, id, keys, link, one, points::adjust, refused, refused_somehow};

const CUSTOMERS: [u64; 5] = [3, 11, 500, 70_000, 2_000_000_000];
const NOBODY: u64 = 999;
const ORDERS: [&str; 4] = ["id", "-id", "created_at", "-created_at"];

/// An entry in the model.
#[derive(Clone, Copy)]
struct Entry {
    id: u64,
    customer: u64,
}

/// A query in the model.
#[derive(Default)]
struct Query {
    customer: Option<u64>,
    customer_in: Vec<u64>,
    after: Option<u64>,
    before: Option<u64>,
    order_by: Option<&'static str>,
}

impl Query {
    fn any(random: &mut StdRng, entries: &[Entry]) -> Self {
        let who: Vec<_> = CUSTOMERS.into_iter().chain([NOBODY]).collect();
        let some_id = |random: &mut StdRng| entries.choose(random).expect("an entry").id;
        let many = random.random_range(1..4);
        Self {
            customer: random.random_bool(0.3).then(|| *who.choose(random).expect("one")),
            customer_in: if random.random_bool(0.5) {
                who.choose_multiple(random, many).copied().collect()
            } else {
                vec![]
            },
            after: random.random_bool(0.3).then(|| some_id(random)),
            before: random.random_bool(0.3).then(|| some_id(random)),
            order_by: random.random_bool(0.6).then(|| *ORDERS.choose(random).expect("one")),
        }
    }

    fn text(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.customer.map(|id| format!("customer={id}")));
        if !self.customer_in.is_empty() {
            let ids: Vec<_> = self.customer_in.iter().map(u64::to_string).collect();
            parts.push(format!("customer__in={}", ids.join(",")));
        }
        parts.extend(self.after.map(|id| format!("id__gt={id}")));
        parts.extend(self.before.map(|id| format!("id__lt={id}")));
        parts.extend(self.order_by.map(|order| format!("order_by={order}")));
        parts.join("&")
    }

    fn of(&self, entries: &[Entry]) -> Vec<u64> {
        let wanted = |entry: &&Entry| {
            self.customer.is_none_or(|id| id == entry.customer)
                && (self.customer_in.is_empty() || self.customer_in.contains(&entry.customer))
                && self.after.is_none_or(|id| entry.id > id)
                && self.before.is_none_or(|id| entry.id < id)
        };
        let mut ids: Vec<_> = entries.iter().filter(wanted).map(|entry| entry.id).collect();
        ids.sort_unstable();
        if !matches!(self.order_by, Some("id" | "created_at")) {
            ids.reverse();
        }
        ids
    }
}

/// Creates an empty shop with five customers and this number of entries. Returns the model of the entries.
async fn filled(count: usize) -> (Api, Vec<Entry>) {
    let api = Api::empty().await;
    crate::support::store_customers(&api, &CUSTOMERS).await;
    let mut random = StdRng::seed_from_u64(60);
    let mut entries = Vec::new();
    for _ in 0..count {
        let customer = *CUSTOMERS.choose(&mut random).expect("a customer");
        let id = id(&adjust(&api, customer, random.random_range(1..50)).await);
        entries.push(Entry { id, customer });
    }
    (api, entries)
}

/// Asserts that a page and its links agree with the model.
#[track_caller]
fn is_page(page: &Value, ids: &[u64], number: usize, size: usize, what: &str) {
    let got: Vec<_> =
        page["results"].as_array().expect("rows").iter().map(|row| row["id"].as_u64().expect("id")).collect();
    let start = (number - 1) * size;
    let end = ids.len().min(start + size);
    assert_eq!(got, ids[start..end], "{what}");
    assert_eq!(page["count"], ids.len(), "{what}");
    assert_eq!(!page["next"].is_null(), end < ids.len(), "{what}: {}", page["next"]);
    assert_eq!(!page["previous"].is_null(), number > 1, "{what}: {}", page["previous"]);
}

#[tokio::test]
async fn every_filter_alone_and_in_company_agrees_with_the_model() {
    let (api, entries) = filled(60).await;
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..100 {
        let query = Query::any(&mut random, &entries);
        let ids = query.of(&entries);
        let size = random.random_range(1..=70);
        let number = random.random_range(1..=ids.len().div_ceil(size).max(1));
        let path = format!("{HISTORY}?{}&page_size={size}&page={number}", query.text());
        is_page(&api.get(&path).await.assert_status(200), &ids, number, size, &path);
    }
}

#[tokio::test]
async fn every_page_of_every_size_agrees_with_the_model() {
    let (api, entries) = filled(60).await;
    let both = || [Query::default(), Query { customer: Some(entries[0].customer), ..Query::default() }];
    for (query, size) in both().iter().flat_map(|query| [1, 7, 10, 59, 60, 61, 100].map(|size| (query, size))) {
        let ids = query.of(&entries);
        let pages = ids.len().div_ceil(size);
        for number in (1..=pages).filter(|number| size > 1 || number % 6 == 1 || *number == pages) {
            let path = format!("{HISTORY}?{}&page_size={size}&page={number}", query.text());
            is_page(&api.get(&path).await.assert_status(200), &ids, number, size, &path);
        }
        let path = format!("{HISTORY}?{}&page_size={size}&page=last", query.text());
        is_page(&api.get(&path).await.assert_status(200), &ids, pages, size, &path);
        let path = format!("{HISTORY}?{}&page_size={size}&page={}", query.text(), pages + 1);
        detail(&api.get(&path).await, 404, "Invalid page.");
    }
}

#[tokio::test]
async fn the_links_lead_from_page_to_page_and_back_under_filters() {
    let (api, entries) = filled(20).await;
    let query = Query { customer_in: CUSTOMERS[..3].to_vec(), order_by: Some("id"), ..Query::default() };
    let mut path = format!("{HISTORY}?{}&page_size=3", query.text());
    let (mut seen, mut number) = (Vec::new(), 1);
    loop {
        let page = api.get(&path).await;
        seen.extend(page.ids());
        let page = page.json();
        if number == 2 {
            assert!(link(&page["previous"]).1.iter().all(|(name, _)| name != "page"), "{}", page["previous"]);
        }
        let Some(next) = page["next"].as_str() else { break };
        path = next.strip_prefix(&api.server.url()).expect("the same host").to_owned();
        number += 1;
    }
    assert_eq!(seen, query.of(&entries));
}

/// Walks in pages of this size, each starting after the last id of the page before, and returns all ids.
async fn walk(api: &Api, query: &str, mut last: u64, size: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    loop {
        let ids = api.get(&format!("{HISTORY}?{query}={last}&page_size={size}")).await.ids();
        let Some(end) = ids.last() else { return seen };
        last = *end;
        seen.extend(ids);
    }
}

#[tokio::test]
async fn a_walk_by_the_last_id_misses_none_in_either_direction() {
    let (api, entries) = filled(20).await;
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(walk(&api, "order_by=id&id__gt", 0, 9).await, ids);
    assert_eq!(walk(&api, "order_by=id&id__gt", 0, 5).await, ids);
    ids.reverse();
    assert_eq!(walk(&api, "order_by=-id&id__lt", 9_007_199_254_740_991, 3).await, ids);
    assert_eq!(walk(&api, "id__lt", 9_007_199_254_740_991, 20).await, ids);
}

#[tokio::test]
async fn an_unknown_customer_has_an_empty_history() {
    let api = Api::start().await;
    for query in ["customer=999", "customer__in=998,999", "customer=0", "customer=123&customer__in=50784"] {
        let page = api.get(&format!("{HISTORY}?{query}")).await.assert_status(200);
        assert_eq!(page.to_string(), r#"{"count":0,"next":null,"previous":null,"results":[]}"#, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_is_no_number_is_refused() {
    let api = Api::start().await;
    for name in ["customer", "id__gt", "id__lt"] {
        for value in ["abc", "1,2", "--1", "1x"] {
            refused(&api.get(&format!("{HISTORY}?{name}={value}")).await, name, ENTER_A_NUMBER, &value);
        }
    }
    for value in ["x", "1,x", "50784,,abc"] {
        refused(&api.get(&format!("{HISTORY}?customer__in={value}")).await, "customer__in", ENTER_A_NUMBER, &value);
    }
    for order in ["foo", "points", "--id", "ID"] {
        let message = format!("Select a valid choice. {order} is not one of the available choices.");
        refused(&api.get(&format!("{HISTORY}?order_by={order}")).await, "order_by", &message, &order);
    }
}

#[tokio::test]
async fn a_list_of_customers_skips_blanks_trims_spaces_and_counts_none_twice() {
    let api = Api::start().await;
    let other = id(&adjust(&api, 123, 1).await);
    for (value, ids) in [
        ("50784", vec![11742]),
        ("%20123%20,%2050784", vec![other, 11742]),
        ("123,,50784,", vec![other, 11742]),
        ("50784,50784,50784", vec![11742]),
        ("999,123", vec![other]),
        ("", vec![other, 11742]),
    ] {
        let listed = api.get(&format!("{HISTORY}?customer__in={value}")).await;
        assert_eq!(listed.ids(), ids, "{value}");
        assert_eq!(listed.json()["count"], ids.len(), "{value}");
    }
}

#[tokio::test]
async fn a_list_of_customers_takes_a_hundred_and_no_more() {
    let api = Api::start().await;
    let ids = |n: u64| (50785 - n..50785).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(api.get(&format!("{HISTORY}?customer__in={}", ids(100))).await.ids(), [11742]);
    let reply = api.get(&format!("{HISTORY}?customer__in={}", ids(101))).await;
    refused_somehow(&reply, "customer__in", &101);
}

#[tokio::test]
async fn an_empty_or_unknown_filter_is_ignored() {
    let api = Api::start().await;
    for query in ["customer=", "customer__in=", "id__gt=", "id__lt=&order_by=", "points=7", "kind=manual&x=1"] {
        assert_eq!(api.get(&format!("{HISTORY}?{query}")).await.ids(), [11742], "{query}");
    }
}

#[tokio::test]
async fn an_entry_that_is_none_is_not_found() {
    let api = Api::start().await;
    let paths = ["11741", "0", "-1", "abc", "11742.0", "99999999999999999999"].map(|id| one(HISTORY, id));
    for reply in join_all(paths.iter().map(|path| api.get(path))).await {
        detail(&reply, 404, "Not found.");
    }
}

#[tokio::test]
async fn the_detail_of_every_entry_agrees_with_its_row() {
    let (api, entries) = filled(20).await;
    let listed = api.get(&format!("{HISTORY}?page_size=100&order_by=id")).await.assert_status(200);
    for (row, entry) in listed["results"].as_array().expect("rows").iter().zip(&entries).step_by(3) {
        let one = api.get(&one(HISTORY, entry.id)).await.assert_status(200);
        assert_eq!(keys(row), ["id", "customer", "points", "kind", "order", "created_at"]);
        assert_eq!(row["customer"]["id"], entry.customer);
        for key in ["id", "customer", "points", "kind", "created_at"] {
            assert_eq!(row[key], one[key]);
        }
    }
}
