//! Changes of a rule that has codes: setting and removing a limit, and moving the end.

use serde_json::{Value, json};
use tests::Api;

use super::{
    Operation, Seen,
    deaths::{State, customers},
    jobs::{expire, many_codes, of_coupons},
};
use crate::support::{
    CODES, RULES,
    discounts::{FUTURE, PAST, change_rule, count, coupon, give, issued_ids, rule, set_status},
    faults::again,
    one, over,
};

/// Updates rule 1 under a key.
async fn put(api: &Api, key: &str, changes: &Value) {
    again(api, "PUT", &one(RULES, 1), key, &rule(changes)).await.assert_status(200);
}

/// Creates twelve codes of the coupon of a rule with these limits, and uses three of them.
async fn twelve(limits: &Value) -> State {
    State::of(async |api| {
        customers(api, 4).await;
        let made = coupon(api, "A", limits).await;
        for code in issued_ids(&give(api, made.id, (0..12).map(|index| index % 4 + 1)).await).iter().take(3) {
            set_status(api, *code, "used").await.assert_status(200);
        }
    })
    .await
}

/// Issues a code and uses it once. The first write under a new limit sets up its shards.
async fn issue_and_use(api: &Api) {
    let issued = again(api, "POST", CODES, "first", &json!([{"customer_id": 1, "coupon_id": 1}])).await;
    let code = issued_ids(&issued)[0];
    again(api, "PUT", &one(CODES, code), "used", &json!({"status": "used"})).await.assert_status(200);
}

#[tokio::test]
async fn a_limit_that_is_set_is_exact() {
    let state = twelve(&json!({})).await;
    let run = async |api: &Api| {
        put(api, "limits", &json!({"allocation_limit": 15, "usage_limit": 5})).await;
        issue_and_use(api).await;
    };
    let probe = async |api: &Api| {
        over(&give(api, 1, [1; 3]).await, Some(2));
        let codes = issued_ids(&give(api, 1, [1; 2]).await);
        over(&give(api, 1, [1]).await, Some(0));
        set_status(api, codes[0], "used").await.assert_status(200);
        over(&set_status(api, codes[1], "used").await, None);
    };
    Operation { paths: vec![one(RULES, 1)], seen: Seen::InRequests, run, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn a_limit_that_is_taken_away_is_gone() {
    let state = twelve(&json!({"allocation_limit": 12, "usage_limit": 3})).await;
    let run = async |api: &Api| {
        put(api, "limits", &json!({"allocation_limit": 0, "usage_limit": 0})).await;
        issue_and_use(api).await;
    };
    let probe = async |api: &Api| {
        let codes = issued_ids(&give(api, 1, [1; 2]).await);
        set_status(api, codes[0], "used").await.assert_status(200);
        change_rule(api, 1, &json!({"allocation_limit": 16, "usage_limit": 5})).await;
        give(api, 1, [1]).await.assert_status(201);
        over(&give(api, 1, [1]).await, Some(0));
        over(&set_status(api, codes[1], "used").await, None);
    };
    Operation { paths: vec![one(RULES, 1)], seen: Seen::InRequests, run, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn an_end_that_is_moved_is_seen_at_once_and_stored_in_the_end() {
    let state = State::of(many_codes_to_end).await;
    let run = async |api: &Api| {
        put(api, "end", &json!({"ends_at": PAST})).await;
        expire(api).await;
    };
    let probe = async |api: &Api| {
        change_rule(api, 1, &json!({"ends_at": FUTURE})).await;
        assert_eq!(count(api, &format!("{CODES}?status=unused")).await, 35);
        super::after_restart(api).await;
        assert_eq!(count(api, &format!("{CODES}?status=unused")).await, 35);
    };
    let paths = of_coupons().into_iter().chain([format!("{RULES}?ends_at=2020-01-01T00:00:00%2B08:00")]).collect();
    Operation { paths, seen: Seen::Whole, run, probe }.dies_anywhere(&state).await;
}

async fn many_codes_to_end(api: &Api) {
    many_codes(api).await;
    change_rule(api, 1, &json!({"ends_at": FUTURE})).await;
}
