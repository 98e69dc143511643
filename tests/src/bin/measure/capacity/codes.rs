//! A shop with many codes, of which one coupon holds half.

use chrono::{TimeZone, Utc};
use serde_json::{Value, json};
use shared::{
    domain::{coupon_code::CouponCode, customer::CustomerDraft, shop::ShopId},
    table::{
        coupon_code_load::Load,
        coupon_codes::{CODES as LIST, OF_COUPON},
        customers,
        pages::bulk,
        store::Store,
    },
};

use super::{Bench, Call, progress};

const CODES: &str = "/api/discounts/coupon_code/";
const COUPONS: &str = "/api/discounts/coupon/";
const RULES: &str = "/api/discounts/price_rule/";
/// Codes go round them.
const CUSTOMERS: u64 = 1_000;
/// The first has half of the codes; the rule of the second has ended, that of the third is off, that of the fourth is
/// limited.
const COUPONS_IN_ALL: u64 = 21;

fn rule(changes: &Value) -> Value {
    let mut rule = json!({"title": "measured", "value": "-10.00", "value_type": "fixed_amount"});
    for (name, value) in changes.as_object().into_iter().flatten() {
        rule[name] = value.clone();
    }
    rule
}

/// Makes rules and coupons by requests, and the codes through the bulk path.
pub(super) async fn load(store: &Store, shop: &ShopId, bench: &Bench, size: u64) {
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a time");
    for id in 1..=CUSTOMERS {
        let draft = CustomerDraft { mobile: Some(format!("138{id:08}")), ..CustomerDraft::default() };
        store.carry_out(|| customers::put(store, shop, id, draft.clone(), now)).await.expect("a customer");
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
    expire_coupon_codes::run(store).await.expect("settled");
    let progress = progress(size, shop);
    let mut load = Load::new(store, shop);
    for id in 1..=size {
        let coupon_id = if id % 2 == 0 { 1 } else { id / 2 % (COUPONS_IN_ALL - 1) + 2 };
        let code = CouponCode {
            id,
            coupon_id,
            price_rule_id: coupon_id,
            customer_id: id * 7 % CUSTOMERS + 1,
            code: format!("coupon-{coupon_id}{id:08}"),
            used_at: id.is_multiple_of(5).then_some(now),
            order_id: None,
            claimed: false,
            created_at: now,
        };
        load.push(&code, coupon_id == 2).await.expect("a code");
        progress.inc(1);
    }
    load.finish().await.expect("loaded");
    progress.finish_and_clear();
    for (list, rows) in [(LIST, size), (OF_COUPON.of(1), size / 2)] {
        let counted = bulk::verify(store, shop, &list).await.expect("verified");
        assert_eq!(counted, (rows, rows), "the tallies are wrong");
    }
}

/// What is measured of it while every code is stored as it is seen.
pub(super) fn operations(size: u64) -> Vec<Call> {
    let list = |name, query: String| (name, "GET", format!("{CODES}?{query}"), None);
    let one = format!("{CODES}{}/", size / 4 * 2 + 2);
    let issue = |coupon: u64, codes: u64| {
        Some((1..=codes).map(|customer| json!({"customer_id": customer, "coupon_id": coupon})).collect())
    };
    let mut calls = vec![
        list("coupon_code, first page", String::new()),
        list("coupon_code, middle page", format!("page={}", size / 20)),
        list("coupon_code, last page", "page=last".to_owned()),
        list("coupon_code, page_size=100, middle", format!("page_size=100&page={}", size / 200)),
        list("coupon_code, walk from the middle by id__gt", format!("order_by=id&id__gt={}", size / 2)),
        list("coupon_code, id", format!("id={}", size / 2)),
    ];
    for (name, filter, rows) in [
        ("coupon_code, status=unused", "status=unused", size * 19 / 25),
        ("coupon_code, status=used", "status=used", size / 5),
        ("coupon_code, status=expired", "status=expired", size / 50),
        ("coupon_code, coupon with half of all", "coupon=1", size / 2),
        ("coupon_code, another coupon", "coupon=9", size / 40),
        ("coupon_code, customer", "customer=8", size / CUSTOMERS),
    ] {
        for page in [1, (rows / 20).max(1)] {
            calls.push(list(name, format!("{filter}&page={page}")));
        }
        calls.push(list(name, format!("{filter}&page=last")));
    }
    calls.extend([
        list("coupon_code, status=available, first page", "status=available".to_owned()),
        list("coupon_code, status=available, last page", "status=available&page=last".to_owned()),
        list("coupon_code, customer, status=available", "customer=8&status=available".to_owned()),
        ("coupon_code, one code", "GET", one.clone(), None),
        ("coupon_code, issue one", "POST", CODES.to_owned(), issue(1, 1)),
        ("coupon_code, first issue under a limit", "POST", CODES.to_owned(), issue(4, 1)),
        ("coupon_code, issue one under a limit", "POST", CODES.to_owned(), issue(4, 1)),
        ("coupon_code, issue 10", "POST", CODES.to_owned(), issue(1, 10)),
        ("coupon_code, issue 100", "POST", CODES.to_owned(), issue(1, 100)),
        ("coupon_code, use", "PUT", one.clone(), Some(json!({"status": "used"}))),
        ("coupon_code, give back", "PUT", one.clone(), Some(json!({"status": "unused"}))),
        ("coupon_code, transfer", "PUT", one.clone(), Some(json!({"customer_id": 9}))),
        ("coupon_code, delete", "DELETE", one, None),
    ]);
    calls.extend(of_coupons());
    calls
}

fn of_coupons() -> Vec<Call> {
    let list = |name, query: &str| (name, "GET", format!("{COUPONS}?{query}"), None);
    let coupon = json!({"code_prefix": "measured", "price_rule": rule(&json!({}))});
    let on_rule = json!({"code_prefix": "measured-too", "price_rule_id": 1});
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
        ("coupon, delete", "DELETE", format!("{COUPONS}23/"), None),
        ("price_rule, create", "POST", RULES.to_owned(), Some(rule(&json!({})))),
        ("price_rule, list", "GET", RULES.to_owned(), None),
        ("price_rule, by title", "GET", format!("{RULES}?title=measured"), None),
        ("price_rule, update", "PUT", format!("{RULES}23/"), Some(rule(&json!({"title": "x"})))),
        ("price_rule, delete", "DELETE", format!("{RULES}23/"), None),
    ]
}

/// What is measured while the half that one coupon has is to be seen as expired and is not stored so.
pub(super) fn unsettled(size: u64) -> Vec<Call> {
    let list = |name, query: String| (name, "GET", format!("{CODES}?{query}"), None);
    let ended = rule(&json!({"ends_at": "2026-01-01T00:00:00Z"}));
    vec![
        ("price_rule, end it", "PUT", format!("{RULES}1/"), Some(ended)),
        list("coupon_code unsettled, status=unused, first page", "status=unused".to_owned()),
        list("coupon_code unsettled, status=expired, middle page", format!("status=expired&page={}", size / 50)),
        list("coupon_code unsettled, coupon, status=expired", "coupon=1&status=expired".to_owned()),
        list("coupon_code unsettled, customer, status=expired", "customer=8&status=expired".to_owned()),
    ]
}
