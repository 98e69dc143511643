//! The limits of rules and coupons under concurrent requests.

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Api, Reply};

use crate::support::{
    CODES, COUPONS, detail,
    discounts::{Coupon, change_rule, count, coupon, coupon_on, give, issued_ids, set_status, shop_of},
    one, over,
};

/// Counts the successful replies. Asserts that the others were refused by the limit.
#[track_caller]
fn done(replies: &[Reply], status: u16) -> usize {
    let (done, others): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == status);
    others.iter().for_each(|reply| over(reply, None));
    done.len()
}

/// Creates a shop and a coupon with a code for each of its customers.
async fn with_codes(customers: u64, changes: serde_json::Value) -> (Api, Coupon, Vec<u64>) {
    let api = shop_of(customers).await;
    let made = coupon(&api, "A", &changes).await;
    let codes = issued_ids(&give(&api, made.id, 1..=customers).await);
    (api, made, codes)
}

async fn use_all(api: &Api, codes: &[u64]) -> Vec<Reply> {
    join_all(codes.iter().map(|code| set_status(api, *code, "used"))).await
}

/// Returns the codes of a coupon with this status, at most a hundred. Asserts that the coupon counts the same.
async fn listed(api: &Api, coupon: u64, status: &str) -> Vec<u64> {
    let page = api.get(&format!("{CODES}?coupon={coupon}&status={status}&page_size=100")).await;
    let ids = page.ids();
    assert_eq!(page.json()["count"], ids.len());
    if status == "used" {
        assert_eq!(api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"], ids.len());
    }
    ids
}

#[tokio::test]
async fn fifty_issues_at_once_fill_a_quota_of_ten() {
    let api = shop_of(51).await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 10})).await;
    let replies = join_all((1..=50).map(|customer| give(&api, made.id, [customer]))).await;
    assert_eq!(done(&replies, 201), 10);
    assert_eq!(listed(&api, made.id, "unused").await.len(), 10);
    over(&give(&api, made.id, [51]).await, Some(0));
}

#[tokio::test]
async fn lists_of_thirty_at_once_fit_a_quota_of_a_hundred_three_times() {
    let api = shop_of(260).await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 100})).await;
    let lists = (0..8).map(|list| give(&api, made.id, list * 30 + 1..=list * 30 + 30));
    assert_eq!(done(&join_all(lists).await, 201), 3);
    assert_eq!(count(&api, &format!("{CODES}?coupon={}", made.id)).await, 90);
    over(&give(&api, made.id, 241..=251).await, Some(10));
    give(&api, made.id, 241..=250).await.assert_status(201);
    over(&give(&api, made.id, [251]).await, Some(0));
}

#[tokio::test]
async fn places_that_come_free_are_taken_once() {
    let api = shop_of(110).await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 60})).await;
    let codes = issued_ids(&give(&api, made.id, 1..=60).await);
    let deletes = codes[..10].iter().map(async |code| api.delete(&one(CODES, code)).await.assert_status(204));
    let issues = (61..=90).map(|customer| give(&api, made.id, [customer]));
    let (_, replies) = join(join_all(deletes), join_all(issues)).await;
    let taken = done(&replies, 201);
    assert!(taken <= 10, "{taken} codes in ten places");
    assert_eq!(count(&api, CODES).await, 50 + taken as u64);
    let rest = join_all((91..=110).map(|customer| give(&api, made.id, [customer]))).await;
    assert_eq!(done(&rest, 201), 10 - taken);
}

#[tokio::test]
async fn fifty_uses_at_once_fill_a_limit_of_ten() {
    let (api, made, codes) = with_codes(50, json!({"usage_limit": 10})).await;
    assert_eq!(done(&use_all(&api, &codes).await, 200), 10);
    let used = listed(&api, made.id, "used").await;
    assert_eq!((used.len(), listed(&api, made.id, "unused").await.len()), (10, 40));
    let unused: Vec<_> = codes.iter().copied().filter(|code| !used.contains(code)).collect();
    for code in &used[..4] {
        set_status(&api, *code, "unused").await.assert_status(200);
    }
    assert_eq!(done(&use_all(&api, &unused).await, 200), 4);
    assert_eq!(listed(&api, made.id, "used").await.len(), 10);
}

#[tokio::test]
async fn of_two_codes_at_once_a_limit_of_one_takes_one() {
    let api = shop_of(2).await;
    let mut pairs = Vec::new();
    for number in 0..6 {
        let made = coupon(&api, &format!("A{number}"), &json!({"usage_limit": 1})).await;
        let other = coupon_on(&api, &format!("B{number}"), made.rule).await;
        let (one, other) = (give(&api, made.id, [1]).await, give(&api, other, [2]).await);
        pairs.push([issued_ids(&one)[0], issued_ids(&other)[0]]);
    }
    for replies in join_all(pairs.iter().map(|pair| use_all(&api, pair))).await {
        assert_eq!(done(&replies, 200), 1);
    }
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 6);
}

#[tokio::test]
async fn of_two_codes_of_a_customer_at_once_one_is_used() {
    let (api, made, first) = with_codes(6, json!({"once_per_customer": true})).await;
    let other = coupon_on(&api, "B", made.rule).await;
    let second = issued_ids(&give(&api, other, 1..=6).await);
    let pairs: Vec<_> = first.into_iter().zip(second).collect();
    for replies in join_all(pairs.iter().map(async |(one, other)| use_all(&api, &[*one, *other]).await)).await {
        assert_eq!(done(&replies, 200), 1);
    }
    for customer in 1..=6 {
        assert_eq!(count(&api, &format!("{CODES}?status=used&customer={customer}")).await, 1);
    }
}

#[tokio::test]
async fn uses_against_givings_back_leave_the_count_and_the_limit_exact() {
    let (api, made, codes) = with_codes(20, json!({"usage_limit": 8})).await;
    let turns = codes.iter().map(async |code| {
        let using = async {
            for _ in 0..3 {
                done(&[set_status(&api, *code, "used").await], 200);
            }
        };
        let giving_back = async {
            for _ in 0..3 {
                set_status(&api, *code, "unused").await.assert_status(200);
            }
        };
        join(using, giving_back).await;
    });
    join_all(turns).await;
    let used = listed(&api, made.id, "used").await.len();
    assert!(used <= 8, "{used} uses of 8");
    let rest = listed(&api, made.id, "unused").await;
    assert_eq!(used + rest.len(), 20);
    assert_eq!(done(&use_all(&api, &rest).await, 200), 8 - used);
    assert_eq!(listed(&api, made.id, "used").await.len(), 8);
}

#[tokio::test]
async fn a_limit_that_is_set_while_codes_are_used_is_exact_afterwards() {
    let (api, made, codes) = with_codes(40, json!({})).await;
    let limit = json!({"usage_limit": 12});
    let (first, second) = codes[..20].split_at(8);
    let set = async {
        let replies = use_all(&api, first).await;
        assert_eq!(done(&replies, 200), 8);
        join(change_rule(&api, made.rule, &limit), use_all(&api, second)).await.1
    };
    done(&set.await, 200);
    let used = listed(&api, made.id, "used").await;
    assert!((8..=20).contains(&used.len()), "{} uses", used.len());
    assert_eq!(done(&use_all(&api, &codes[20..]).await, 200), 12_usize.saturating_sub(used.len()));
    let used = listed(&api, made.id, "used").await;
    assert!(used.len() >= 12, "{} uses of 12", used.len());
    for code in &used[..used.len() - 11] {
        set_status(&api, *code, "unused").await.assert_status(200);
    }
    let rest: Vec<_> = codes.iter().copied().filter(|code| !used.contains(code)).collect();
    assert_eq!(done(&use_all(&api, &rest).await, 200), 1);
    assert_eq!(listed(&api, made.id, "used").await.len(), 12);
}

#[tokio::test]
async fn a_quota_that_is_set_while_codes_are_issued_is_exact_afterwards() {
    let api = shop_of(60).await;
    let made = coupon(&api, "A", &json!({})).await;
    let quota = json!({"allocation_limit": 15});
    let issues = (1..=20).map(|customer| give(&api, made.id, [customer]));
    let (_, replies) = join(change_rule(&api, made.rule, &quota), join_all(issues)).await;
    let before = done(&replies, 201);
    let later = join_all((21..=50).map(|customer| give(&api, made.id, [customer]))).await;
    let after = done(&later, 201);
    assert_eq!(after, 15_usize.saturating_sub(before));
    assert_eq!(listed(&api, made.id, "unused").await.len(), before + after);
}

#[tokio::test]
async fn no_code_outlives_a_coupon_that_is_deleted_while_codes_are_issued() {
    let api = shop_of(120).await;
    let made = coupon(&api, "A", &json!({})).await;
    let path = one(COUPONS, made.id);
    let issues = (0..12).map(|list| give(&api, made.id, list * 10 + 1..=list * 10 + 10));
    let (replies, deleted) = join(join_all(issues), api.delete(&path)).await;
    deleted.assert_status(204);
    let mut codes = Vec::new();
    for reply in &replies {
        match reply.status {
            201 => codes.extend(issued_ids(reply)),
            status => assert!([400, 409].contains(&status), "{}", reply.text),
        }
    }
    for reply in join_all(codes.iter().map(async |code| api.get(&one(CODES, code)).await)).await {
        detail(&reply, 404, "Not found.");
    }
    for query in ["", "?status=unused", "?status=available", "?customer=1", &format!("?coupon={}", made.id)] {
        assert_eq!(count(&api, &format!("{CODES}{query}")).await, 0, "{query}");
    }
    assert_eq!(give(&api, made.id, [1]).await.status, 400);
    detail(&api.get(&path).await, 404, "Not found.");
}

#[tokio::test]
async fn a_code_that_is_used_while_its_coupon_is_deleted_is_history_or_gone() {
    let (api, made, codes) = with_codes(16, json!({"usage_limit": 100})).await;
    let path = one(COUPONS, made.id);
    let (replies, deleted) = join(use_all(&api, &codes), api.delete(&path)).await;
    deleted.assert_status(204);
    let mut used = Vec::new();
    for (code, reply) in codes.iter().zip(&replies) {
        let (shown, expected) = (api.get(&one(CODES, code)).await, if reply.status == 200 { 200 } else { 404 });
        assert!([200, 404, 409].contains(&reply.status), "{}", reply.text);
        assert_eq!(shown.status, expected, "{}", shown.text);
        used.extend((reply.status == 200).then_some(*code));
    }
    let ids: Vec<_> = used.into_iter().rev().collect();
    for query in ["?page_size=100", "?page_size=100&status=used"] {
        assert_eq!(api.get(&format!("{CODES}{query}")).await.ids(), ids, "{query}");
    }
}
