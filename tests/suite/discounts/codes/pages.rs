//! Pages over ten thousand codes, half of them of one coupon, against a plain list.

use crate::support::{
    CODES,
    discounts::{FUTURE, PAST, coupon, expire_codes, shop_of},
};
use chrono::{SubsecRound, Utc};
use domain::{coupon_code::CouponCode, shop::ShopId};
use serde_json::json;
use shop::discounts::codes::load::Load;
use tests::Api;

const CODES_IN_ALL: u64 = 10_000;
const CUSTOMERS: u64 = 40;

/// A code in the plain list.
struct Plain {
    id: u64,
    customer: u64,
    coupon: u64,
    status: &'static str,
    available: bool,
}

/// Creates a shop with coupons of a plain rule, an ended rule, a disabled rule and a future rule.
async fn world() -> (Api, Vec<Plain>) {
    let api = shop_of(CUSTOMERS).await;
    let mut coupons = Vec::new();
    for (prefix, rule, unused, available) in [
        ("half", json!({}), "unused", true),
        ("ended", json!({"ends_at": PAST}), "expired", false),
        ("off", json!({"is_enabled": false}), "unused", false),
        ("later", json!({"starts_at": FUTURE}), "unused", false),
    ] {
        coupons.push((coupon(&api, prefix, &rule).await, unused, available));
    }
    let shop: ShopId = "demo".parse().expect("a shop");
    let now = Utc::now().trunc_subsecs(6);
    let mut load = Load::new(&api.server.store, &shop);
    let mut plain = Vec::new();
    for id in (1..=CODES_IN_ALL + CODES_IN_ALL / 10).filter(|id| id % 11 != 0) {
        let (made, unused, available) = coupons[if id % 2 == 0 { 0 } else { (id % 3 + 1) as usize }];
        let customer = id * 31 % CUSTOMERS + 1;
        let used_at = id.is_multiple_of(7).then_some(now);
        let code = CouponCode {
            id,
            coupon_id: made.id,
            price_rule_id: made.rule,
            customer_id: customer,
            code: format!("code-{id}"),
            used_at,
            order_id: None,
            claimed: false,
            created_at: now,
        };
        load.push(&code, false).await.expect("a code");
        let (status, available) = if used_at.is_some() { ("used", false) } else { (unused, available) };
        plain.push(Plain { id, customer, coupon: made.id, status, available });
    }
    load.finish().await.expect("loaded");
    (api, plain)
}

/// Returns the page numbers to check in a list of this length.
fn pages(count: usize, size: usize) -> Vec<usize> {
    let last = count.div_ceil(size).max(1);
    let mut pages = vec![1, 2, last / 3, last / 2, last - 1, last];
    pages.retain(|page| (1..=last).contains(page));
    pages.dedup();
    pages
}

async fn check(api: &Api, plain: &[Plain]) {
    type Test = (&'static str, fn(&Plain) -> bool);
    let filters: [Test; 12] = [
        ("", |_| true),
        ("status=unused", |code| code.status == "unused"),
        ("status=used", |code| code.status == "used"),
        ("status=expired", |code| code.status == "expired"),
        ("status=available", |code| code.available),
        ("status__in=used,expired", |code| code.status != "unused"),
        ("coupon=1", |code| code.coupon == 1),
        ("coupon=2&status=expired", |code| code.coupon == 2 && code.status == "expired"),
        ("customer=7", |code| code.customer == 7),
        ("customer=7&status=available", |code| code.customer == 7 && code.available),
        ("customer=7&coupon=1", |code| code.customer == 7 && code.coupon == 1),
        ("id__gt=2500&id__lt=9000&status=unused", |code| (2501..9000).contains(&code.id) && code.status == "unused"),
    ];
    for (filter, wanted) in filters {
        for (order, size) in [("-id", 10), ("id", 100)] {
            let mut ids: Vec<_> = plain.iter().filter(|code| wanted(code)).map(|code| code.id).collect();
            if order == "-id" {
                ids.reverse();
            }
            for page in pages(ids.len(), size) {
                let path = format!("{CODES}?page={page}&page_size={size}&order_by={order}&{filter}");
                let reply = api.get(&path).await;
                let expected: Vec<_> = ids.iter().skip((page - 1) * size).take(size).copied().collect();
                assert_eq!((&reply.assert_status(200)["count"], reply.ids()), (&json!(ids.len()), expected), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn pages_of_ten_thousand_codes_are_those_of_a_plain_list() {
    let (api, plain) = world().await;
    check(&api, &plain).await;
    // The replies stay the same when the job stores the expired codes.
    let report = expire_codes(&api).await;
    assert_eq!(report.expired, plain.iter().filter(|code| code.status == "expired").count() as u64);
    check(&api, &plain).await;
}
