//! A shop with many codes. One coupon has half of them.

use crate::bench::{Bench, Call};
use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Value, json};
use shared::{
    domain::{coupon_code::CouponCode, customer::CustomerDraft, shop::ShopId},
    shop::{
        crm::customers,
        discounts::codes::{
            load::Load,
            rows::{CODES as LIST, OF_COUPON},
        },
    },
    store::{client::Store, pages::bulk},
};

use super::progress;

const CODES: &str = "/api/discounts/coupon_code/";
const COUPONS: &str = "/api/discounts/coupon/";
pub(super) const RULES: &str = "/api/discounts/price_rule/";
/// The number of customers. The codes belong to them in turn.
const CUSTOMERS: u64 = 1_000;
/// The number of coupons. Coupon 1 has half of the codes. The price rule of coupon 2 has ended, that of coupon 3 is
/// disabled, and that of coupon 4 has limits.
const COUPONS_IN_ALL: u64 = 21;

fn rule(changes: &Value) -> Value {
    let mut rule = json!({"title": "measured", "value": "-10.00", "value_type": "fixed_amount"});
    for (name, value) in changes.as_object().into_iter().flatten() {
        rule[name] = value.clone();
    }
    rule
}

/// Returns the ids of the rules that a round creates: one with a coupon, one without, and an automatic one.
pub(super) fn rules_of_round(round: u64) -> [u64; 3] {
    let first = COUPONS_IN_ALL + 3 * round + 1;
    [first, first + 1, first + 2]
}

/// Creates customers, rules and coupons by requests, and the codes through the bulk path. Half of the codes belong to
/// the first coupon.
pub(crate) async fn load(store: &Store, shop: &ShopId, size: u64) {
    prepare(store, shop).await;
    let coupon_of = |id: u64| if id.is_multiple_of(2) { 1 } else { id / 2 % (COUPONS_IN_ALL - 1) + 2 };
    load_codes(store, shop, size, |id| (coupon_of(id), id.is_multiple_of(5))).await;
    verify(store, shop, size, size / 2).await;
}

/// Fills a shop like [`load`], but every code is an unused code of the first coupon.
pub(crate) async fn load_unused(store: &Store, shop: &ShopId, size: u64) {
    prepare(store, shop).await;
    load_codes(store, shop, size, |_| (1, false)).await;
    verify(store, shop, size, size).await;
}

async fn prepare(store: &Store, shop: &ShopId) {
    let bench = Bench::new(store, shop).await;
    for id in 1..=CUSTOMERS {
        let draft = CustomerDraft { mobile: Some(format!("138{id:08}")), ..CustomerDraft::default() };
        store.carry_out(|| customers::put(store, shop, id, draft.clone(), now())).await.expect("a customer");
    }
    for id in 1..=COUPONS_IN_ALL {
        let changes = match id {
            2 => json!({"ends_at": "2025-01-01T00:00:00Z"}),
            3 => json!({"is_enabled": false}),
            4 => json!({"allocation_limit": 2_000_000_000, "usage_limit": 2_000_000_000}),
            _ => json!({}),
        };
        let mut price_rule = rule(&changes);
        price_rule["title"] = format!("measured {id}").into();
        let body = json!({"code_prefix": format!("coupon-{id}"), "price_rule": price_rule});
        bench.measure("POST", COUPONS, Some(body)).await;
    }
    expire_coupon_codes::run(store, Utc::now()).await.expect("settled");
}

/// Creates the codes. `of` returns the coupon of a code id, and whether the code is used.
async fn load_codes(store: &Store, shop: &ShopId, size: u64, of: impl Fn(u64) -> (u64, bool)) {
    let progress = progress(size, shop);
    let mut load = Load::new(store, shop);
    for id in 1..=size {
        let (coupon_id, used) = of(id);
        let code = CouponCode {
            id,
            coupon_id,
            price_rule_id: coupon_id,
            customer_id: id * 7 % CUSTOMERS + 1,
            code: format!("coupon-{coupon_id}{id:08}"),
            used_at: used.then_some(now()),
            order_id: None,
            claimed: false,
            created_at: now(),
        };
        load.push(&code, coupon_id == 2).await.expect("a code");
        progress.inc(1);
    }
    load.finish().await.expect("loaded");
    progress.finish_and_clear();
}

async fn verify(store: &Store, shop: &ShopId, all: u64, of_first: u64) {
    for (list, rows) in [(LIST, all), (OF_COUPON.of(1), of_first)] {
        let counted = bulk::verify(store, shop, &list).await.expect("verified");
        assert_eq!(counted, (rows, rows), "the tallies are wrong");
    }
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a time")
}

/// Returns a request that issues at most 1,000 codes of a coupon.
pub(crate) fn issue(name: &'static str, coupon: u64, codes: u64) -> Call {
    let body = (1..=codes).map(|customer| json!({"customer_id": customer, "coupon_id": coupon})).collect();
    (name, "POST", CODES.to_owned(), Some(body))
}

/// The names of three measured pages of a list: first, middle and last.
macro_rules! pages {
    ($what:literal) => {
        [
            concat!("coupon_code, ", $what, ", first page"),
            concat!("coupon_code, ", $what, ", middle page"),
            concat!("coupon_code, ", $what, ", last page"),
        ]
    };
}

/// Returns the calls of a round for the time when the stored status of every code is its effective status.
pub(super) fn operations(size: u64, round: u64) -> Vec<Call> {
    let list = |name, query: String| (name, "GET", format!("{CODES}?{query}"), None);
    // An unused code of the first coupon. Each round takes another one and deletes it.
    let one = format!("{CODES}{}/", size / 4 * 2 + 2 - 10 * round);
    let mut calls = vec![
        list("coupon_code, first page", String::new()),
        list("coupon_code, middle page", format!("page={}", size / 20)),
        list("coupon_code, last page", "page=last".to_owned()),
        list("coupon_code, page_size=100, middle", format!("page_size=100&page={}", size / 200)),
        list("coupon_code, walk from the middle by id__gt", format!("order_by=id&id__gt={}", size / 2)),
        list("coupon_code, id", format!("id={}", size / 2)),
    ];
    for (names, filter, rows) in [
        (pages!("status=unused"), "status=unused", size * 19 / 25),
        (pages!("status=used"), "status=used", size / 5),
        (pages!("status=expired"), "status=expired", size / 50),
        (pages!("coupon with half of all"), "coupon=1", size / 2),
        (pages!("another coupon"), "coupon=9", size / 40),
        (pages!("customer"), "customer=8", size / CUSTOMERS),
    ] {
        let places = ["1".to_owned(), (rows / 20).max(1).to_string(), "last".to_owned()];
        calls.extend(names.into_iter().zip(places).map(|(name, page)| list(name, format!("{filter}&page={page}"))));
    }
    calls.extend([
        list("coupon_code, status=available, first page", "status=available".to_owned()),
        list("coupon_code, status=available, last page", "status=available&page=last".to_owned()),
        list("coupon_code, customer, status=available", "customer=8&status=available".to_owned()),
        ("coupon_code, one code", "GET", one.clone(), None),
        issue("coupon_code, issue one", 1, 1),
    ]);
    if round == 0 {
        calls.push(issue("coupon_code, first issue under a limit", 4, 1));
    }
    calls.extend([
        issue("coupon_code, issue one under a limit", 4, 1),
        issue("coupon_code, issue 10", 1, 10),
        issue("coupon_code, issue 100", 1, 100),
        ("coupon_code, use", "PUT", one.clone(), Some(json!({"status": "used"}))),
        ("coupon_code, give back", "PUT", one.clone(), Some(json!({"status": "unused"}))),
        ("coupon_code, transfer", "PUT", one.clone(), Some(json!({"customer_id": 9}))),
        ("coupon_code, delete", "DELETE", one, None),
    ]);
    calls.extend(of_coupons(round));
    calls
}

fn of_coupons(round: u64) -> Vec<Call> {
    let list = |name, query: &str| (name, "GET", format!("{COUPONS}?{query}"), None);
    let coupon = json!({"code_prefix": format!("measured-{round}"), "price_rule": rule(&json!({}))});
    let on_rule = json!({"code_prefix": format!("measured-too-{round}"), "price_rule_id": 1});
    // The first of the two coupons of a round stays, with its rule.
    let deleted = format!("{COUPONS}{}/", COUPONS_IN_ALL + 2 * round + 2);
    let changed = format!("{RULES}{}/", rules_of_round(round)[1]);
    vec![
        list("coupon, first page", ""),
        list("coupon, can_redeem", "can_redeem=true"),
        list("coupon, code_prefix", "code_prefix=coupon-7"),
        list("coupon, price_rule__title", "price_rule__title=measured+7"),
        list("coupon, price_rule__title__icontains", "price_rule__title__icontains=EASUR"),
        list("coupon, price_rule__value_type", "price_rule__value_type=fixed_amount"),
        list("coupon, created_at__gte", "created_at__gte=2026-01-01T00:00:00Z"),
        ("coupon, one coupon", "GET", format!("{COUPONS}1/"), None),
        ("coupon, create", "POST", COUPONS.to_owned(), Some(coupon)),
        ("coupon, create on a rule that is there", "POST", COUPONS.to_owned(), Some(on_rule)),
        ("coupon, delete", "DELETE", deleted, None),
        ("price_rule, create", "POST", RULES.to_owned(), Some(rule(&json!({})))),
        ("price_rule, list", "GET", RULES.to_owned(), None),
        ("price_rule, by title", "GET", format!("{RULES}?title=measured"), None),
        ("price_rule, update", "PUT", changed.clone(), Some(rule(&json!({"title": "x"})))),
        ("price_rule, delete", "DELETE", changed, None),
    ]
}

/// Returns the calls for the time when half of the codes are expired, but are not stored as expired yet.
pub(super) fn unsettled(size: u64, round: u64) -> Vec<Call> {
    let list = |name, query: String| (name, "GET", format!("{CODES}?{query}"), None);
    let end = (round == 0).then(end_first_rule);
    let reads = [
        list("coupon_code unsettled, status=unused, first page", "status=unused".to_owned()),
        list("coupon_code unsettled, status=expired, middle page", format!("status=expired&page={}", size / 50)),
        list("coupon_code unsettled, coupon, status=expired", "coupon=1&status=expired".to_owned()),
        list("coupon_code unsettled, customer, status=expired", "customer=8&status=expired".to_owned()),
    ];
    end.into_iter().chain(reads).collect()
}

/// Returns the request that ends the rule of the first coupon.
pub(crate) fn end_first_rule() -> Call {
    let ended = rule(&json!({"ends_at": "2026-01-01T00:00:00Z"}));
    ("price_rule, end it", "PUT", format!("{RULES}1/"), Some(ended))
}
