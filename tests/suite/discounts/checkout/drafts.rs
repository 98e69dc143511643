//! `draft_price_rules` of `POST /api/discounts/evaluate/`: a cart is priced with rules that are not stored yet.

use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    CODES, EVALUATE, REQUIRED, RULES,
    discounts::{PAST, change_rule, coupon, give, issued, rule, shop_of, with},
    id, one,
};

fn cart() -> Value {
    json!({"lines": [{"id": 1, "product_id": 1001, "quantity": 2, "price": "50.00"}], "shipping_price": "8.00"})
}

/// Prices a cart of 100.00 with these drafts of rules.
async fn priced(api: &Api, drafts: Value) -> Value {
    api.post(EVALUATE, &with(cart(), &json!({ "draft_price_rules": drafts }))).await.assert_status(200)
}

/// Returns a draft of a rule.
fn draft(id: u64, changes: &Value) -> Value {
    with(rule(changes), &json!({ "id": id }))
}

/// Returns the final price of the only line.
fn left(reply: &Value) -> &Value {
    &reply["lines"][0]["final_price"]
}

#[tokio::test]
async fn a_new_rule_applies_automatic_or_not_and_is_not_stored() {
    let api = Api::empty().await;
    for automatic in [false, true] {
        let reply = priced(&api, json!([draft(7, &json!({"automatic_discount": automatic}))])).await;
        assert_eq!(left(&reply), "90.00");
        assert_eq!(reply["rules"], json!([{"price_rule_id": 7, "applied": true, "amount": "10.00", "failed": []}]));
        assert_eq!(reply["lines"][0]["allocations"], json!([{"price_rule_id": 7, "amount": "10.00"}]));
        assert_eq!(reply["codes"], json!([]));
    }
    assert_eq!(api.get(RULES).await.assert_status(200)["count"], 0);
    assert_eq!(left(&api.post(EVALUATE, &cart()).await.assert_status(200)), "100.00");
}

#[tokio::test]
async fn a_draft_takes_its_place_among_the_stored_rules() {
    let api = Api::empty().await;
    let tenth = json!({"automatic_discount": true, "value": "-10.00", "value_type": "percentage"});
    let stored = id(&api.post(RULES, &rule(&tenth)).await);
    // With a higher priority the draft applies first: 10.00, then a tenth of 90.00. Otherwise it applies last, because
    // its id is larger.
    let before = priced(&api, json!([draft(stored + 1, &json!({"priority": 1}))])).await;
    assert_eq!(left(&before), "81.00");
    assert_eq!(left(&priced(&api, json!([draft(stored + 1, &json!({}))])).await), "80.00");
}

#[tokio::test]
async fn a_draft_with_a_stored_rules_id_stands_in_its_place() {
    let api = shop_of(1).await;
    let automatic = id(&api.post(RULES, &rule(&json!({"automatic_discount": true}))).await);
    let changed = draft(automatic, &json!({"automatic_discount": true, "value": "-30.00"}));
    assert_eq!(left(&priced(&api, json!([changed])).await), "70.00");
    let off = draft(automatic, &json!({"automatic_discount": true, "is_enabled": false}));
    let reply = priced(&api, json!([off])).await;
    assert_eq!(left(&reply), "100.00");
    assert_eq!(reply["rules"][0]["failed"], json!([{"predicate": "is_enabled", "needs": "true", "has": "false"}]));
    api.delete(&format!("{RULES}{automatic}/")).await.assert_status(204);

    // A code brings the draft once.
    let held = coupon(&api, "held", &json!({"ends_at": PAST})).await;
    let row = issued(&give(&api, held.id, [1]).await)[0].clone();
    let with_code = with(cart(), &json!({"codes": [row["code"]]}));
    let today = api.post(EVALUATE, &with_code).await.assert_status(200);
    assert_eq!(today["codes"][0]["reason"], "lapsed");
    let longer = json!({"draft_price_rules": [draft(held.rule, &json!({"value": "-25.00"}))]});
    let reply = api.post(EVALUATE, &with(with_code, &longer)).await.assert_status(200);
    assert_eq!((left(&reply), &reply["codes"][0]["valid"]), (&json!("75.00"), &json!(true)));
    assert_eq!(reply["rules"].as_array().expect("rules").len(), 1);
}

#[tokio::test]
async fn the_uses_of_a_stored_rule_count_for_its_draft() {
    let api = shop_of(1).await;
    let limited = coupon(&api, "limited", &json!({})).await;
    let spent = issued(&give(&api, limited.id, [1]).await)[0]["id"].clone();
    api.put(&format!("{CODES}{spent}/"), &json!({"status": "used"})).await.assert_status(200);
    let reply = priced(&api, json!([draft(limited.rule, &json!({"usage_limit": 1}))])).await;
    assert_eq!(reply["rules"][0]["failed"], json!([{"predicate": "usage_limit", "needs": "1", "has": "1"}]));
    let once = json!({"once_per_customer": true});
    let body = with(cart(), &json!({"customer_id": 1, "draft_price_rules": [draft(limited.rule, &once)]}));
    let reply = api.post(EVALUATE, &body).await.assert_status(200);
    assert_eq!(reply["rules"][0]["failed"][0]["predicate"], "once_per_customer");
    // A new rule has no uses.
    assert_eq!(left(&priced(&api, json!([draft(limited.rule + 1, &json!({"usage_limit": 1}))])).await), "90.00");
}

#[tokio::test]
async fn a_draft_says_what_priced_as_the_stored_rule_would_be() {
    let api = Api::empty().await;
    let changes = json!({
        "automatic_discount": true, "target_selection": "entitled", "entitled_product_ids": [1001], "value": "-50.00",
        "value_type": "percentage", "allocation_method": "each", "prerequisite_quantity_range":
        {"greater_than_or_equal_to": 3},
    });
    let stored = id(&api.post(RULES, &rule(&changes)).await);
    let as_stored = api.post(EVALUATE, &cart()).await.assert_status(200);
    api.delete(&one(RULES, stored)).await.assert_status(204);
    assert_eq!(priced(&api, json!([draft(stored, &changes)])).await, as_stored);
    assert_eq!(
        as_stored["rules"][0]["failed"][0],
        json!({
            "predicate": "prerequisite_quantity_range", "needs": "3", "has": "2",
        })
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_draft_stands_under_its_field() {
    let api = Api::empty().await;
    let good = draft(1, &json!({}));
    for (drafts, expected) in [
        (json!([{}]), json!([{"id": [REQUIRED], "title": [REQUIRED], "value": [REQUIRED], "value_type": [REQUIRED]}])),
        (json!([good, good]), json!([{}, {"id": ["Another rule has this id."]}])),
        (
            json!([draft(1, &json!({"value": "10.00", "target_selection": "entitled"})), good.clone()]),
            json!([{
                "value": ["Ensure this value is less than 0."],
                "target_selection": ["A rule that is entitled needs at least one entitled list that is not empty."],
            }, {}]),
        ),
        (json!({}), json!({"non_field_errors": ["Expected a list of items but got type \"dict\"."]})),
    ] {
        let reply = api.post(EVALUATE, &with(cart(), &json!({"draft_price_rules": drafts}))).await.assert_status(400);
        let said = &reply["draft_price_rules"];
        // The messages about a rule are those of `price_rule` itself.
        let shape = |value: &Value| match value {
            Value::Array(items) => {
                items.iter().map(|item| item.as_object().expect("fields").keys().cloned().collect()).collect()
            }
            other => vec![other.as_object().expect("fields").keys().cloned().collect::<Vec<_>>()],
        };
        assert_eq!(shape(said), shape(&expected), "{reply}");
    }
    let many: Vec<_> = (1..=21).map(|id| draft(id, &json!({}))).collect();
    api.post(EVALUATE, &with(cart(), &json!({"draft_price_rules": many}))).await.assert_status(400);
    let reply = priced(&api, json!(many[..10])).await;
    assert_eq!((left(&reply), reply["rules"].as_array().map(Vec::len)), (&json!("0.00"), Some(10)));
    for none in [json!(null), json!([])] {
        assert_eq!(left(&priced(&api, none).await), "100.00");
    }
    let refused = api.post(RULES, &rule(&json!({"value": "10.00"}))).await.assert_status(400);
    let draft = priced_400(&api, json!([draft(1, &json!({"value": "10.00"}))])).await;
    assert_eq!(draft, json!({"draft_price_rules": [refused]}));
}

async fn priced_400(api: &Api, drafts: Value) -> Value {
    api.post(EVALUATE, &with(cart(), &json!({ "draft_price_rules": drafts }))).await.assert_status(400)
}

#[tokio::test]
async fn a_changed_rule_is_priced_before_and_after_its_change_alike() {
    let api = Api::empty().await;
    let stored = id(&api.post(RULES, &rule(&json!({"automatic_discount": true}))).await);
    let changes = json!({"automatic_discount": true, "value": "-12.34"});
    let preview = priced(&api, json!([draft(stored, &changes)])).await;
    change_rule(&api, stored, &changes).await;
    assert_eq!(api.post(EVALUATE, &cart()).await.assert_status(200), preview);
}
