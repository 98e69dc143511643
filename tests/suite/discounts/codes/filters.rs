//! `GET /api/discounts/coupon_code/` against a plain list of issued, used, transferred and deleted codes.

use std::collections::BTreeMap;

use chrono::Utc;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    CODES, COUPONS, ENTER_A_NUMBER, RULES, detail,
    discounts::{Coupon, FUTURE, PAST, change_rule, coupon, give, issue, issued_ids, set_status, shop_of},
    one, refused, refused_somehow, time,
};

/// A code in the model.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Code {
    customer: u64,
    coupon: u64,
    used: bool,
}

/// A shop with six coupons and their codes. `ids` holds every code that was ever issued.
struct World {
    api: Api,
    coupons: Vec<Coupon>,
    codes: BTreeMap<u64, Code>,
    ids: Vec<u64>,
}

/// A row of the unfiltered list and the state of its rule.
struct Row {
    id: u64,
    code: Code,
    status: &'static str,
    available: bool,
    shown: Value,
}

type Filter = (String, Box<dyn Fn(&Row) -> bool>);

fn filter(query: impl Into<String>, wants: impl Fn(&Row) -> bool + 'static) -> Filter {
    (query.into(), Box::new(wants))
}

/// The coupons by the state of their rules.
const PLAIN: usize = 0;
const ENDED: usize = 1;
const DISABLED: usize = 2;
const EARLY: usize = 3;
const REVIVED: usize = 4;
const LAPSED: usize = 5;

impl World {
    /// Issues sixty codes, ten of each coupon, to eleven customers. Uses three codes of each coupon that can be used.
    /// Then changes the rules.
    async fn new() -> Self {
        let api = shop_of(11).await;
        let mut coupons = Vec::new();
        for (prefix, changes) in [
            ("plain", json!({})),
            ("ended", json!({"ends_at": PAST})),
            ("disabled", json!({})),
            ("early", json!({"starts_at": FUTURE})),
            ("revived", json!({"starts_at": PAST})),
            ("lapsed", json!({})),
        ] {
            coupons.push(coupon(&api, prefix, &changes).await);
        }
        let pairs: Vec<_> = (0..60).map(|number| (number % 11 + 1, coupons[number as usize % 6].id)).collect();
        let ids = issued_ids(&issue(&api, &pairs).await);
        let code = |(customer, coupon): (u64, u64)| Code { customer, coupon, used: false };
        let codes = ids.iter().copied().zip(pairs.into_iter().map(code)).collect();
        let mut world = Self { api, coupons, codes, ids };
        for coupon in [PLAIN, DISABLED, REVIVED, LAPSED] {
            world.set([0, 3, 7].map(|turn| (turn, coupon)), "used").await;
        }
        world.change(DISABLED, json!({"is_enabled": false})).await;
        world.change(REVIVED, json!({"ends_at": "2020-01-02T00:00:00Z"})).await;
        world.change(LAPSED, json!({"ends_at": PAST})).await;
        world.agrees_alone().await;
        world.change(REVIVED, json!({"ends_at": FUTURE})).await;
        world
    }

    /// Returns the id of a coupon's code.
    fn of(&self, (turn, coupon): (usize, usize)) -> u64 {
        self.ids[turn * 6 + coupon]
    }

    async fn set<const N: usize>(&mut self, codes: [(usize, usize); N], status: &str) {
        let ids = codes.map(|code| self.of(code));
        for reply in join_all(ids.map(|id| set_status(&self.api, id, status))).await {
            reply.assert_status(200);
        }
        for id in ids {
            self.codes.get_mut(&id).expect("a code").used = status == "used";
        }
    }

    async fn change(&self, coupon: usize, changes: Value) {
        change_rule(&self.api, self.coupons[coupon].rule, &changes).await;
    }

    async fn transfer(&mut self, code: (usize, usize), customer: u64) {
        let id = self.of(code);
        self.api.put(&one(CODES, id), &json!({ "customer_id": customer })).await.assert_status(200);
        self.codes.get_mut(&id).expect("a code").customer = customer;
    }

    async fn delete(&mut self, code: (usize, usize)) {
        let id = self.of(code);
        self.api.delete(&one(CODES, id)).await.assert_status(204);
        self.codes.remove(&id);
    }

    async fn delete_coupon(&mut self, coupon: usize) {
        let id = self.coupons[coupon].id;
        self.api.delete(&one(COUPONS, id)).await.assert_status(204);
        self.codes.retain(|_, code| code.coupon != id || code.used);
    }

    /// Returns the rows of the unfiltered list with the state of their rules, oldest first. Asserts that they are the
    /// codes of the model.
    async fn rows(&self) -> Vec<Row> {
        let mut rules = BTreeMap::new();
        for coupon in &self.coupons {
            rules.insert(coupon.id, self.api.get(&one(RULES, coupon.rule)).await.assert_status(200));
        }
        let listed = self.api.get(&format!("{CODES}?page_size=100")).await.assert_status(200);
        assert_eq!(listed["count"], self.codes.len());
        let newest_first = listed["results"].as_array().expect("rows");
        let mut rows: Vec<Row> = newest_first.iter().map(|shown| row(shown, &rules)).collect();
        rows.reverse();
        assert!(rows.is_sorted_by(|a, b| a.id < b.id), "the newest is not the first");
        assert_eq!(rows.iter().map(|row| (row.id, row.code)).collect::<BTreeMap<_, _>>(), self.codes);
        rows
    }

    /// Returns the parameters of the list, with ids of all codes that ever existed.
    fn filters(&self) -> Vec<Filter> {
        let ids = &self.ids;
        let (one, some) = (ids[8], [ids[0], ids[5], ids[13], ids[18], ids[24], ids[59]]);
        let (above, below) = (ids[20], ids[50]);
        let many = some.map(|id| id.to_string()).join(",%20,");
        let mut filters = vec![
            filter(format!("id={one}"), move |row| row.id == one),
            filter(format!("id__in={many},999999"), move |row| some.contains(&row.id)),
            filter("status__in=used, unused", |row| row.status != "expired"),
            filter("status__in=used,expired,", |row| row.status != "unused"),
            filter("status__in=available", |row| row.available),
            filter("status__in=available,expired", |row| row.available || row.status == "expired"),
            filter("status=available", |row| row.available),
            filter("customer=3", |row| row.code.customer == 3),
            filter("customer=7", |row| row.code.customer == 7),
            filter("customer=999", |_| false),
            filter("coupon=9999", |_| false),
            filter(format!("id__gt={above}"), move |row| row.id > above),
            filter(format!("id__lt={below}"), move |row| row.id < below),
        ];
        for status in ["unused", "used", "expired"] {
            filters.push(filter(format!("status={status}"), move |row| row.status == status));
        }
        for coupon in &self.coupons {
            let id = coupon.id;
            filters.push(filter(format!("coupon={id}"), move |row| row.code.coupon == id));
        }
        filters
    }

    async fn agrees_alone(&self) {
        let rows = self.rows().await;
        for (query, wants) in self.filters() {
            self.shows(&rows, &query, wants).await;
        }
    }

    async fn agrees_in_pairs(&self) {
        let (rows, filters) = (self.rows().await, self.filters());
        for (index, (query, wants)) in filters.iter().enumerate() {
            let others = filters[index + 1..].iter().filter(|(other, _)| name(other) != name(query));
            for (other, also) in others {
                self.shows(&rows, &format!("{query}&{other}"), |row| wants(row) && also(row)).await;
            }
        }
    }

    /// Asserts that the list under a query shows the matching rows, newest first.
    async fn shows(&self, rows: &[Row], query: &str, wants: impl Fn(&Row) -> bool) {
        let expected = rows.iter().rev().filter(|row| wants(row));
        let expected: Vec<_> = expected.map(|row| &row.shown).collect();
        let page = self.api.get(&format!("{CODES}?page_size=100&{query}")).await.assert_status(200);
        assert_eq!(page["results"], json!(expected), "{query}");
        assert_eq!(page["count"], expected.len(), "{query}");
    }
}

fn name(query: &str) -> &str {
    query.split('=').next().expect("a name")
}

/// Converts a row of a reply and asserts that it shows the effective status.
fn row(shown: &Value, rules: &BTreeMap<u64, Value>) -> Row {
    let number = |field: &str| shown[field].as_u64().expect("an id");
    let code = Code { customer: number("customer_id"), coupon: number("coupon_id"), used: !shown["used_at"].is_null() };
    assert_eq!((&shown["customer"]["id"], &shown["coupon"]["id"]), (&json!(code.customer), &json!(code.coupon)));
    let (rule, now) = (&rules[&code.coupon], Utc::now());
    let reached = |field: &str| !rule[field].is_null() && time(&rule[field]) <= now;
    let status = match (code.used, reached("ends_at")) {
        (true, _) => "used",
        (false, true) => "expired",
        (false, false) => "unused",
    };
    assert_eq!(shown["status"], status, "{shown} under {rule}");
    let started = rule["starts_at"].is_null() || reached("starts_at");
    let available = status == "unused" && started && rule["is_enabled"] == true;
    Row { id: number("id"), code, status, available, shown: shown.clone() }
}

#[tokio::test]
async fn every_filter_alone_and_in_pairs_selects_what_a_plain_list_does() {
    let world = World::new().await;
    world.agrees_alone().await;
    world.agrees_in_pairs().await;
}

#[tokio::test]
async fn filters_follow_the_codes() {
    let mut world = World::new().await;
    world.set([(1, PLAIN), (2, PLAIN), (4, REVIVED), (9, PLAIN)], "used").await;
    world.agrees_alone().await;
    world.set([(0, PLAIN), (1, PLAIN), (3, LAPSED), (3, DISABLED), (7, REVIVED)], "unused").await;
    world.agrees_alone().await;
    for (code, customer) in [((1, PLAIN), 3), ((5, EARLY), 7), ((5, REVIVED), 3), ((5, DISABLED), 7)] {
        world.transfer(code, customer).await;
    }
    world.agrees_alone().await;
    for coupon in [PLAIN, ENDED, DISABLED, EARLY, REVIVED, LAPSED] {
        world.delete((8, coupon)).await;
    }
    world.agrees_alone().await;
    world.delete_coupon(REVIVED).await;
    world.agrees_alone().await;
    world.delete_coupon(EARLY).await;
    world.agrees_in_pairs().await;
}

#[tokio::test]
async fn filters_follow_the_rules() {
    let world = World::new().await;
    for (coupon, changes) in [
        (DISABLED, json!({"is_enabled": true})),
        (LAPSED, json!({"ends_at": null})),
        (ENDED, json!({"ends_at": FUTURE, "starts_at": "2998-01-01T00:00:00Z"})),
        (EARLY, json!({"starts_at": PAST})),
        (PLAIN, json!({"is_enabled": false})),
        (REVIVED, json!({"ends_at": "2020-01-02T00:00:00Z", "is_enabled": false})),
    ] {
        world.change(coupon, changes).await;
        world.agrees_alone().await;
    }
    world.agrees_in_pairs().await;
}

#[tokio::test]
async fn codes_of_coupons_of_one_rule_change_together() {
    let mut world = World::new().await;
    let rule = world.coupons[PLAIN].rule;
    let id = crate::support::discounts::coupon_on(&world.api, "second", rule).await;
    let more = issued_ids(&issue(&world.api, &[(3, id), (4, id)]).await);
    world.coupons.push(Coupon { id, rule });
    for (code, customer) in more.into_iter().zip([3, 4]) {
        world.codes.insert(code, Code { customer, coupon: id, used: false });
    }
    for changes in [json!({"ends_at": PAST}), json!({"ends_at": FUTURE}), json!({"is_enabled": false})] {
        world.change(PLAIN, changes).await;
        world.agrees_alone().await;
    }
}

#[tokio::test]
async fn pages_and_orders_are_those_of_the_filtered_list() {
    let world = World::new().await;
    let rows = world.rows().await;
    for (query, wants) in world.filters() {
        let oldest: Vec<u64> = rows.iter().filter(|row| wants(row)).map(|row| row.id).collect();
        for (order, size) in [("id", 7), ("-id", 4), ("created_at", 10), ("-created_at", 7)] {
            let mut expected = oldest.clone();
            if order.starts_with('-') {
                expected.reverse();
            }
            let path = format!("{CODES}?{query}&order_by={order}&page_size={size}");
            for (page, ids) in (1..).zip(expected.chunks(size)) {
                let listed = world.api.get(&format!("{path}&page={page}")).await;
                assert_eq!(listed.ids(), ids, "{path} {page}");
                assert_eq!(listed.json()["count"], expected.len(), "{path} {page}");
            }
            let last = world.api.get(&format!("{path}&page=last")).await;
            assert_eq!(last.ids(), expected.chunks(size).last().unwrap_or_default(), "{path}");
            let beyond = expected.len().div_ceil(size).max(1) + 1;
            detail(&world.api.get(&format!("{path}&page={beyond}")).await, 404, "Invalid page.");
        }
    }
}

#[tokio::test]
async fn a_walk_by_the_last_id_sees_every_code_of_a_filter() {
    let world = World::new().await;
    let rows = world.rows().await;
    for (query, wants) in world.filters().into_iter().filter(|(query, _)| !query.starts_with("id")) {
        let (mut seen, mut last) = (Vec::new(), 0);
        loop {
            let path = format!("{CODES}?{query}&order_by=id&id__gt={last}&page_size=9");
            let ids = world.api.get(&path).await.ids();
            let Some(end) = ids.last() else { break };
            last = *end;
            seen.extend(ids);
        }
        assert_eq!(seen, rows.iter().filter(|row| wants(row)).map(|row| row.id).collect::<Vec<_>>(), "{query}");
    }
}

#[tokio::test]
async fn codes_are_found_by_the_texts_that_they_have() {
    let api = Api::start().await;
    let id = issued_ids(&give(&api, 987, [123]).await)[0];
    let set = async |text: &str| api.put(&one(CODES, id), &json!({"code": text})).await.assert_status(200);
    set("first").await;
    set("小明,a").await;
    set("second").await;
    let found = async |query: &str| api.get(&format!("{CODES}?{query}")).await.ids();
    assert_eq!(found("code__in=second").await, [id]);
    assert_eq!(found("code__in=%20second%20,jB7nNJPbf16adc,").await, [id, 27518]);
    assert_eq!(found("code__in=first,second").await, [id], "a text that it once had leads to it once");
    assert_eq!(found("code__in=first").await, [0; 0], "it is called otherwise");
    assert_eq!(found(&format!("code__in=Second,none,{}", "x".repeat(2_000))).await, [0; 0]);
    assert_eq!(found(&format!("code__in=second&id={id}")).await, [id]);
    for other in ["id=27519", "status=used", "customer=22750", "coupon=1335", &format!("id__gt={id}")] {
        assert_eq!(found(&format!("code__in=second&{other}")).await, [0; 0], "{other}");
    }
    let page = api.get(&format!("{CODES}?code__in=second,jB7nNJPbf16adc&page_size=1")).await.assert_status(200);
    assert_eq!((&page["count"], &page["results"][0]["id"]), (&json!(2), &json!(id)));
    api.delete(&one(CODES, id)).await.assert_status(204);
    assert_eq!(found("code__in=second").await, [0; 0]);
}

#[tokio::test]
async fn a_value_that_no_filter_takes_is_refused() {
    let api = Api::start().await;
    let choice = |value: &str| format!("Select a valid choice. {value} is not one of the available choices.");
    for (name, value, message) in [
        ("status", "foo", choice("foo")),
        ("status", "used,unused", choice("used,unused")),
        ("status__in", "foo", choice("foo")),
        ("status__in", "used,foo", choice("foo")),
        ("customer", "abc", ENTER_A_NUMBER.to_owned()),
        ("customer", "1,2", ENTER_A_NUMBER.to_owned()),
        ("coupon", "abc", ENTER_A_NUMBER.to_owned()),
        ("id", "abc", ENTER_A_NUMBER.to_owned()),
        ("id__in", "1,x", ENTER_A_NUMBER.to_owned()),
        ("id__gt", "x", ENTER_A_NUMBER.to_owned()),
        ("id__lt", "x", ENTER_A_NUMBER.to_owned()),
        ("order_by", "status", choice("status")),
    ] {
        refused(&api.get(&format!("{CODES}?{name}={value}")).await, name, &message, &value);
    }
    let listed = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(api.get(&format!("{CODES}?id__in={}", listed(100))).await.status, 200);
    refused_somehow(&api.get(&format!("{CODES}?id__in={}", listed(101))).await, "id__in", &101);
    refused_somehow(&api.get(&format!("{CODES}?code__in={}", listed(101))).await, "code__in", &101);
}

#[tokio::test]
async fn what_says_nothing_is_ignored_and_what_is_unknown_selects_nothing() {
    let api = Api::start().await;
    let all = api.get(CODES).await.ids();
    assert!(all.contains(&27518));
    for query in ["id=&id__in=&status=&status__in=,%20,&customer=&coupon=", "code=x&customer__in=1&coupon_id=7"] {
        assert_eq!(api.get(&format!("{CODES}?{query}")).await.ids(), all, "{query}");
    }
    for query in ["customer=999", "coupon=999", "customer=0", "id=999", "coupon=987&customer=100000", "coupon=5389"] {
        let page = api.get(&format!("{CODES}?{query}")).await.assert_status(200);
        assert_eq!(page.to_string(), r#"{"count":0,"next":null,"previous":null,"results":[]}"#, "{query}");
    }
}
