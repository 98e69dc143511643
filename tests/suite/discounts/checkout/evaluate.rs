//! `POST /api/discounts/evaluate/` beyond the amounts of the vectors: codes, limits, times, stored rules and wrong
//! bodies.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, OTHER_TOKEN};

use crate::support::{
    BLANK, CODES, COUPONS, EVALUATE, NOT_A_NUMBER, NOT_AN_INTEGER, NULL, REQUIRED, RULES,
    discounts::{
        FUTURE, PAST, change_rule, coupon, coupon_on, each_needs_its_scope, give, issued, rule, set_status, shop_of,
        unknown, with,
    },
    id, keys, one, refused, store_customers,
};

/// Returns a cart with one line of 100.00.
fn cart() -> Value {
    json!({"lines": [{"id": 1, "product_id": 1, "quantity": 1, "price": "100.00"}], "shipping_price": "8.00"})
}

async fn priced(api: &Api, changes: &Value) -> Value {
    api.post(EVALUATE, &with(cart(), changes)).await.assert_status(200)
}

/// Issues a code of the coupon to the customer and returns its text.
async fn code(api: &Api, coupon: u64, customer: u64) -> String {
    issued(&give(api, coupon, [customer]).await)[0]["code"].as_str().expect("a text").to_owned()
}

fn reasons(reply: &Value) -> Vec<Value> {
    reply["codes"].as_array().expect("codes").iter().map(|code| json!([code["valid"], code["reason"]])).collect()
}

#[tokio::test]
async fn the_reply_has_its_shape() {
    let api = shop_of(1).await;
    let automatic = id(&api.post(RULES, &rule(&json!({"automatic_discount": true, "value": "-12.00"}))).await);
    let reply = priced(&api, &json!({})).await;
    assert_eq!(keys(&reply), ["lines", "shipping", "totals", "codes", "rules"]);
    assert_eq!(
        reply.to_string(),
        json!({
            "lines": [{
                "id": 1, "total_price": "100.00", "total_discount": "12.00", "final_price": "88.00",
                "allocations": [{"price_rule_id": automatic, "amount": "12.00"}],
            }],
            "shipping": {"price": "8.00", "discount": "0.00", "final_price": "8.00"},
            "totals": {"total_price": "100.00", "total_discount": "12.00", "final_price": "96.00"},
            "codes": [],
            "rules": [{"price_rule_id": automatic, "applied": true, "amount": "12.00", "failed": []}],
        })
        .to_string()
    );
    change_rule(&api, automatic, &json!({"prerequisite_quantity_range": {"greater_than_or_equal_to": 4}})).await;
    let failed = json!([{"predicate": "prerequisite_quantity_range", "needs": "4", "has": "1"}]);
    let rules = json!([{"price_rule_id": automatic, "applied": false, "amount": "0.00", "failed": failed}]);
    assert_eq!(priced(&api, &json!({})).await["rules"].to_string(), rules.to_string());
    let empty = api.post(EVALUATE, &json!({"lines": []})).await.assert_status(200);
    assert_eq!(empty["totals"], json!({"total_price": "0.00", "total_discount": "0.00", "final_price": "0.00"}));
}

#[tokio::test]
async fn prices_follow_every_change_of_the_rules_at_once() {
    let api = shop_of(1).await;
    let left = async || priced(&api, &json!({})).await["totals"]["final_price"].clone();
    assert_eq!(left().await, "108.00");
    let automatic = id(&api.post(RULES, &rule(&json!({"automatic_discount": true}))).await);
    assert_eq!(left().await, "98.00");
    for value in 1..20 {
        change_rule(&api, automatic, &json!({"value": format!("-{value}.00")})).await;
        assert_eq!(left().await, format!("{}.00", 108 - value));
    }
    change_rule(&api, automatic, &json!({"automatic_discount": false})).await;
    assert_eq!(left().await, "108.00");
    change_rule(&api, automatic, &json!({"automatic_discount": true, "value": "-2.00"})).await;
    assert_eq!(left().await, "106.00");
    // The rules of one shop do not apply in another.
    let elsewhere = api.call_as(OTHER_TOKEN, "POST", EVALUATE, Some(&cart())).await.assert_status(200);
    assert_eq!((&elsewhere["rules"], &elsewhere["totals"]["final_price"]), (&json!([]), &json!("108.00")));
    api.delete(&one(RULES, automatic)).await.assert_status(204);
    assert_eq!(left().await, "108.00");
}

#[tokio::test]
async fn rules_that_change_while_carts_are_priced_are_never_mixed_up_for_long() {
    let api = shop_of(1).await;
    let rules: Vec<_> = join_all(
        (0..8).map(async |_| id(&api.post(RULES, &rule(&json!({"automatic_discount": true, "value": "-1.00"}))).await)),
    )
    .await;
    let change = join_all(rules.iter().map(async |rule| {
        for value in ["-2.00", "-3.00"] {
            change_rule(&api, *rule, &json!({ "value": value })).await;
        }
    }));
    let price = join_all((0..8).map(async |_| {
        for _ in 0..4 {
            priced(&api, &json!({})).await;
        }
    }));
    futures_util::future::join(change, price).await;
    // 100.00 less 8 times 3.00.
    assert_eq!(priced(&api, &json!({})).await["lines"][0]["final_price"], "76.00");
}

#[tokio::test]
async fn a_code_that_does_not_count_is_reported_with_its_reason() {
    let api = shop_of(2).await;
    let [good, used, lapsed, deleted] = ["good", "used", "lapsed", "deleted"];
    let good = coupon(&api, good, &json!({})).await;
    let lapsed = coupon(&api, lapsed, &json!({"ends_at": PAST})).await;
    let deleted = coupon(&api, deleted, &json!({})).await;
    let used = coupon(&api, used, &json!({})).await;
    let [mine, also_mine, foreign] =
        [code(&api, good.id, 1).await, code(&api, good.id, 1).await, code(&api, good.id, 2).await];
    let [gone, over] = [code(&api, deleted.id, 1).await, code(&api, lapsed.id, 1).await];
    api.delete(&one(COUPONS, deleted.id)).await.assert_status(204);
    let spent = issued(&give(&api, used.id, [1]).await)[0].clone();
    set_status(&api, spent["id"].as_u64().expect("an id"), "used").await.assert_status(200);
    let codes = json!(["nothing", gone, spent["code"], over, foreign, mine, also_mine, mine]);
    let reply = priced(&api, &json!({"customer_id": 1, "codes": codes})).await;
    let texts: Vec<_> = reply["codes"].as_array().expect("codes").iter().map(|code| code["code"].clone()).collect();
    assert_eq!(json!(texts), codes);
    let expected = [
        json!([false, "unknown"]),
        json!([false, "unknown"]),
        json!([false, "used"]),
        json!([false, "lapsed"]),
        json!([false, "foreign"]),
        json!([true, null]),
        json!([false, "repeated"]),
        json!([false, "repeated"]),
    ];
    assert_eq!(reasons(&reply), expected);
    // The rule applies once. The reply gives a reason for the code whose rule has ended.
    assert_eq!(reply["lines"][0]["final_price"], "90.00");
    let rules = reply["rules"].as_array().expect("rules");
    assert_eq!(rules.iter().map(|rule| rule["price_rule_id"].clone()).collect::<Vec<_>>(), [good.rule, lapsed.rule]);
    assert_eq!(rules[1]["failed"][0]["predicate"], "ends_at");
    // Without a customer, a code is priced as for its owner.
    assert_eq!(reasons(&priced(&api, &json!({"codes": [foreign]})).await), [json!([true, null])]);
    // An expired code was valid before the end of its rule. A used code stays used.
    let earlier = json!({"customer_id": 1, "codes": [over, spent["code"]], "at": "2019-12-31T00:00:00+08:00"});
    assert_eq!(reasons(&priced(&api, &earlier).await), [json!([true, null]), json!([false, "used"])]);
    // The former text of a code is unknown.
    let row = issued(&give(&api, good.id, [1]).await)[0].clone();
    api.put(&one(CODES, row["id"].as_u64().expect("an id")), &json!({"code": "renamed"})).await.assert_status(200);
    let renamed = priced(&api, &json!({"codes": [row["code"], "renamed"]})).await;
    assert_eq!(reasons(&renamed), [json!([false, "unknown"]), json!([true, null])]);
}

#[tokio::test]
async fn a_valid_code_of_a_rule_that_is_off_or_begins_later_explains_it() {
    let api = shop_of(1).await;
    let off = coupon(&api, "off", &json!({"is_enabled": false})).await;
    let later = coupon(&api, "later", &json!({"starts_at": FUTURE})).await;
    let codes = json!([code(&api, off.id, 1).await, code(&api, later.id, 1).await]);
    let reply = priced(&api, &json!({"codes": codes})).await;
    assert_eq!(reasons(&reply), [json!([true, null]), json!([true, null])]);
    assert_eq!(reply["rules"][0]["failed"], json!([{"predicate": "is_enabled", "needs": "true", "has": "false"}]));
    assert_eq!(reply["rules"][1]["failed"][0]["predicate"], "starts_at");
    assert_eq!(reply["rules"][1]["failed"][0]["needs"], FUTURE);
    let then = priced(&api, &json!({"codes": [codes[1]], "at": FUTURE})).await;
    assert_eq!(then["rules"][0]["applied"], true);
}

#[tokio::test]
async fn a_rule_whose_limit_is_used_up_is_not_applied() {
    let api = shop_of(2).await;
    let limited = coupon(&api, "limited", &json!({"usage_limit": 1, "priority": 1})).await;
    let [first, second] = [1, 2];
    let spent = issued(&give(&api, limited.id, [first]).await)[0]["id"].as_u64().expect("an id");
    let text = code(&api, limited.id, second).await;
    assert_eq!(priced(&api, &json!({"codes": [text]})).await["rules"][0]["applied"], true);
    set_status(&api, spent, "used").await.assert_status(200);
    let reply = priced(&api, &json!({"codes": [text]})).await;
    assert_eq!(reply["rules"][0]["failed"], json!([{"predicate": "usage_limit", "needs": "1", "has": "1"}]));
    assert_eq!(reply["lines"][0]["final_price"], "100.00");
    // Without the limit the next rule applies to the full amount. A prerequisite that fails hides the limit.
    change_rule(&api, limited.rule, &json!({"usage_limit": 2})).await;
    assert_eq!(priced(&api, &json!({"codes": [text]})).await["rules"][0]["applied"], true);
}

#[tokio::test]
async fn a_rule_that_the_customer_has_used_is_not_applied() {
    let api = shop_of(2).await;
    let once = coupon(&api, "once", &json!({"once_per_customer": true})).await;
    let spent = issued(&give(&api, once.id, [1]).await)[0]["id"].as_u64().expect("an id");
    let [mine, theirs] = [code(&api, once.id, 1).await, code(&api, once.id, 2).await];
    set_status(&api, spent, "used").await.assert_status(200);
    for asked in [json!({"codes": [mine]}), json!({"codes": [mine], "customer_id": 1})] {
        let failed = priced(&api, &asked).await["rules"][0]["failed"].clone();
        assert_eq!(failed, json!([{"predicate": "once_per_customer", "needs": "1", "has": "1"}]));
    }
    assert_eq!(priced(&api, &json!({"codes": [theirs]})).await["rules"][0]["applied"], true);
    set_status(&api, spent, "unused").await.assert_status(200);
    assert_eq!(priced(&api, &json!({"codes": [mine]})).await["rules"][0]["applied"], true);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_stands_under_its_field() {
    let api = shop_of(1).await;
    let line = |changes: &Value| with(json!({"id": 1, "product_id": 1, "quantity": 1, "price": "1.00"}), changes);
    let body = |name: &str, value: Value| with(cart(), &json!({ name: value }));
    let of_line = |changes: Value| body("lines", json!([line(&changes)]));
    for (body, expected) in [
        (json!({}), json!({"lines": [REQUIRED]})),
        (body("lines", json!(null)), json!({"lines": [NULL]})),
        (
            body("lines", json!("x")),
            json!({"lines": {"non_field_errors": ["Expected a list of items but got type \"str\"."]}}),
        ),
        (
            body("lines", json!([{}])),
            json!({"lines": [{"id": [REQUIRED], "quantity": [REQUIRED], "price": [REQUIRED]}]}),
        ),
        (
            of_line(json!({"quantity": 0})),
            json!({"lines": [{"quantity": ["Ensure this value is greater than or equal to 1."]}]}),
        ),
        (
            of_line(json!({"quantity": 100_001})),
            json!({"lines": [{"quantity": ["Ensure this value is less than or equal to 100000."]}]}),
        ),
        (of_line(json!({"quantity": 1.5})), json!({"lines": [{"quantity": [NOT_AN_INTEGER]}]})),
        (
            of_line(json!({"price": "-0.01"})),
            json!({"lines": [{"price": ["Ensure this value is greater than or equal to 0."]}]}),
        ),
        (
            of_line(json!({"price": "1.001"})),
            json!({"lines": [{"price": ["Ensure that there are no more than 2 decimal places."]}]}),
        ),
        (of_line(json!({"price": "x"})), json!({"lines": [{"price": [NOT_A_NUMBER]}]})),
        (of_line(json!({"collection_ids": [1, "x"]})), json!({"lines": [{"collection_ids": {"1": [NOT_AN_INTEGER]}}]})),
        (of_line(json!({"id": 0})), json!({"lines": [{"id": ["Ensure this value is greater than or equal to 1."]}]})),
        (
            body("lines", json!([line(&json!({})), line(&json!({}))])),
            json!({"lines": [{}, {"id": ["Another line has this id."]}]}),
        ),
        (
            body("shipping_price", json!("-1.00")),
            json!({"shipping_price": ["Ensure this value is greater than or equal to 0."]}),
        ),
        (body("codes", json!([""])), json!({"codes": {"0": [BLANK]}})),
        (body("customer_id", json!(999)), json!({"customer_id": [unknown(999)]})),
    ] {
        let reply = api.post(EVALUATE, &body).await;
        assert_eq!((reply.status, reply.json()), (400, expected), "{body}");
    }
    refused(
        &api.post(EVALUATE, &json!([])).await,
        "non_field_errors",
        "Invalid data. Expected a dictionary, but got list.",
        &"a list",
    );
    assert_eq!(keys(&api.post(EVALUATE, &body("at", json!("soon"))).await.assert_status(400)), ["at"]);
    let hundred: Vec<_> = (1..=100).map(|index| format!("code{index}")).collect();
    let most = api.post(EVALUATE, &body("codes", json!(hundred))).await.assert_status(200);
    assert_eq!(most["codes"][99], json!({"code": "code100", "valid": false, "reason": "unknown"}));
    let more = body("codes", json!([hundred, vec!["x".to_owned()]].concat()));
    refused(
        &api.post(EVALUATE, &more).await,
        "codes",
        "Ensure this field has no more than 100 elements.",
        &"101 codes",
    );
    let many: Vec<_> = (1..=501).map(|id| line(&json!({ "id": id }))).collect();
    assert_eq!(keys(&api.post(EVALUATE, &body("lines", json!(many))).await.assert_status(400)), ["lines"]);
    let most = api.post(EVALUATE, &body("lines", json!(many[..500]))).await.assert_status(200);
    assert_eq!(most["totals"]["total_price"], "500.00");
    assert_eq!(api.get(EVALUATE).await.status, 405);
}

#[tokio::test]
async fn evaluating_needs_the_scope_to_read() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    each_needs_its_scope(&api, &[("POST", EVALUATE.to_owned(), Some(cart()), false, 200)]).await;
}

#[tokio::test]
async fn codes_of_a_rule_that_many_coupons_have_bring_it_once() {
    let api = shop_of(1).await;
    let first = coupon(&api, "first", &json!({})).await;
    let second = coupon_on(&api, "second", first.rule).await;
    let codes = json!([code(&api, second, 1).await, code(&api, first.id, 1).await]);
    let reply = priced(&api, &json!({"codes": codes})).await;
    assert_eq!(reasons(&reply), [json!([true, null]), json!([false, "repeated"])]);
    assert_eq!(
        (reply["rules"].as_array().expect("rules").len(), &reply["lines"][0]["final_price"]),
        (1, &json!("90.00"))
    );
}
