//! `POST .../coupon_code/use/` and `.../release/`: codes at the checkout.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Reply};

use crate::support::{
    CODES, COUPONS, EVALUATE, ORDERS, RELEASE, REQUIRED, RULES, USE, detail,
    discounts::{
        Coupon, FUTURE, PAST, change_rule, count, coupon, coupon_on, each_needs_its_scope, give, issued, rule,
        set_status, shop_of, unknown, with,
    },
    id, keys, one, refused,
};

/// Issues a code of the coupon to the customer and returns its text and id.
async fn code(api: &Api, coupon: u64, customer: u64) -> (String, u64) {
    let row = issued(&give(api, coupon, [customer]).await)[0].clone();
    (row["code"].as_str().expect("a text").to_owned(), row["id"].as_u64().expect("an id"))
}

async fn use_for(api: &Api, codes: &[&str], customer: u64, order: u64, more: &Value) -> Reply {
    let body = json!({"codes": codes, "customer_id": customer, "order_id": order});
    api.post(USE, &with(body, more)).await
}

async fn release(api: &Api, order: u64) -> Vec<Value> {
    let reply = api.post(RELEASE, &json!({"order_id": order})).await.assert_status(200);
    reply["results"].as_array().expect("rows").clone()
}

async fn status(api: &Api, code: u64) -> Value {
    api.get(&one(CODES, code)).await.assert_status(200)["status"].clone()
}

fn cart(price: &str) -> Value {
    json!({"lines": [{"id": 1, "product_id": 1, "quantity": 1, "price": price}], "shipping_price": "0.00"})
}

async fn used_count(api: &Api, coupon: u64) -> Value {
    api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"].clone()
}

#[tokio::test]
async fn a_use_answers_the_codes_in_full_shape_with_the_rule_as_it_was() {
    let api = shop_of(1).await;
    let one_off = coupon(&api, "one", &json!({})).await;
    let ((text, code_id), (other, _)) = (code(&api, one_off.id, 1).await, code(&api, one_off.id, 1).await);
    let shown = api.get(&one(CODES, code_id)).await.assert_status(200);
    let reply = use_for(&api, &[&other, &text], 1, 7, &json!({})).await.assert_status(200);
    assert_eq!(keys(&reply), ["count", "next", "previous", "results"]);
    assert_eq!((reply["count"].as_u64(), &reply["next"], &reply["previous"]), (Some(2), &Value::Null, &Value::Null));
    // The results have the order of the request.
    assert_eq!(reply["results"][0]["code"], other.as_str());
    let row = &reply["results"][1];
    let mut expected: Vec<_> = keys(&shown);
    expected.push("price_rule");
    assert_eq!(keys(row), expected);
    assert_eq!((&row["code"], &row["status"], &row["customer_id"]), (&json!(text), &json!("used"), &json!(1)));
    assert_eq!(row["price_rule"], api.get(&one(RULES, one_off.rule)).await.assert_status(200));
    let after = api.get(&one(CODES, code_id)).await.assert_status(200);
    assert_eq!((&after["status"], &after["used_at"]), (&json!("used"), &row["used_at"]));
    assert_eq!(used_count(&api, one_off.id).await, 2);
    for (filter, expected) in [("status=used", 2), ("status=unused", 0), ("customer=1&status=used", 2)] {
        assert_eq!(count(&api, &format!("{CODES}?{filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn release_gives_back_once() {
    let api = shop_of(1).await;
    let limited = coupon(&api, "limited", &json!({"usage_limit": 1, "once_per_customer": true})).await;
    let ((text, code_id), (other, _)) = (code(&api, limited.id, 1).await, code(&api, limited.id, 1).await);
    use_for(&api, &[&text], 1, 7, &json!({})).await.assert_status(200);
    use_for(&api, &[&other], 1, 8, &json!({})).await.assert_status(409);
    let released = release(&api, 7).await;
    assert_eq!(released.len(), 1);
    assert_eq!(
        (&released[0]["id"], &released[0]["status"], &released[0]["used_at"]),
        (&json!(code_id), &json!("unused"), &Value::Null)
    );
    assert_eq!(released[0], api.get(&one(CODES, code_id)).await.assert_status(200));
    assert_eq!(used_count(&api, limited.id).await, 0);
    assert_eq!(count(&api, &format!("{CODES}?status=available")).await, 2);
    for order in [7, 8, 99] {
        let reply = api.post(RELEASE, &json!({"order_id": order})).await.assert_status(200);
        assert_eq!(reply.to_string(), json!({"count": 0, "next": null, "previous": null, "results": []}).to_string());
    }
    // A released code can be used again, by the same order and by another.
    use_for(&api, &[&text], 1, 7, &json!({})).await.assert_status(200);
    assert_eq!(release(&api, 7).await.len(), 1);
    use_for(&api, &[&other], 1, 8, &json!({})).await.assert_status(200);
    // The limit still holds: the order counts as one use, not two.
    use_for(&api, &[&text], 1, 9, &json!({})).await.assert_status(409);
}

#[tokio::test]
async fn a_released_code_whose_rule_has_ended_is_expired() {
    let api = shop_of(1).await;
    let ending = coupon(&api, "ending", &json!({})).await;
    let (text, code_id) = code(&api, ending.id, 1).await;
    use_for(&api, &[&text], 1, 7, &json!({})).await.assert_status(200);
    change_rule(&api, ending.rule, &json!({"ends_at": PAST})).await;
    assert_eq!(status(&api, code_id).await, "used");
    assert_eq!(release(&api, 7).await[0]["status"], "expired");
    assert_eq!(status(&api, code_id).await, "expired");
    assert_eq!(count(&api, &format!("{CODES}?status=expired")).await, 1);
    detail(&use_for(&api, &[&text], 1, 8, &json!({})).await, 409, &format!("The code {text} has expired."));
}

#[tokio::test]
async fn what_cannot_be_right_is_a_400_under_its_field() {
    let api = shop_of(2).await;
    let coupon = coupon(&api, "a", &json!({})).await;
    let ((mine, _), (theirs, _)) = (code(&api, coupon.id, 1).await, code(&api, coupon.id, 2).await);
    let body = |changes: &Value| with(json!({"codes": [mine], "customer_id": 1, "order_id": 7}), changes);
    let eleven: Vec<_> = (0..11).map(|index| format!("code{index}")).collect();
    for (changes, expected) in [
        (json!({"codes": []}), json!({"codes": ["This list may not be empty."]})),
        (json!({"codes": [mine, "x", mine]}), json!({"codes": {"2": ["This code is sent twice."]}})),
        (json!({"codes": eleven}), json!({"codes": ["Ensure this field has no more than 10 elements."]})),
        (json!({"codes": [mine, "x"]}), json!({"codes": {"1": ["Object with code=x does not exist."]}})),
        (json!({"codes": [mine, theirs]}), json!({"codes": {"1": ["This code is another customer's."]}})),
        (json!({"customer_id": 999}), json!({"customer_id": [unknown(999)]})),
        (json!({"order_id": 0}), json!({"order_id": ["Ensure this value is greater than or equal to 1."]})),
        (json!({"hold_seconds": 0}), json!({"hold_seconds": ["Ensure this value is greater than or equal to 1."]})),
        (json!({"cart": {}}), json!({"cart": {"lines": [REQUIRED]}})),
    ] {
        let reply = api.post(USE, &body(&changes)).await;
        assert_eq!((reply.status, reply.json()), (400, expected), "{changes}");
    }
    let missing = json!({"codes": [REQUIRED], "customer_id": [REQUIRED], "order_id": [REQUIRED]});
    assert_eq!(api.post(USE, &json!({})).await.assert_status(400), missing);
    refused(&api.post(RELEASE, &json!({})).await, "order_id", REQUIRED, &"release");
    assert_eq!(used_count(&api, coupon.id).await, 0);
}

#[tokio::test]
async fn all_codes_are_used_or_none() {
    let api = shop_of(2).await;
    let plain = coupon(&api, "plain", &json!({})).await;
    let limited = coupon(&api, "limited", &json!({"usage_limit": 1})).await;
    let off = coupon(&api, "off", &json!({"is_enabled": false})).await;
    let later = coupon(&api, "later", &json!({"starts_at": FUTURE})).await;
    let once = coupon(&api, "once", &json!({"once_per_customer": true})).await;
    let (good, good_id) = code(&api, plain.id, 1).await;
    let (spent, spent_id) = code(&api, plain.id, 1).await;
    set_status(&api, spent_id, "used").await.assert_status(200);
    let [(first, _), (second, _)] = [code(&api, limited.id, 1).await, code(&api, limited.id, 1).await];
    let [(once_a, _), (once_b, _)] = [code(&api, once.id, 1).await, code(&api, once.id, 1).await];
    let (off, later) = (code(&api, off.id, 1).await.0, code(&api, later.id, 1).await.0);
    for codes in [
        vec![good.as_str(), &spent],
        vec![&good, &first, &second],
        vec![&good, &off],
        vec![&good, &later],
        vec![&good, &once_a, &once_b],
    ] {
        let reply = use_for(&api, &codes, 1, 7, &json!({})).await;
        assert_eq!((reply.status, keys(&reply.json())), (409, vec!["detail"]), "{codes:?}");
        assert_eq!(status(&api, good_id).await, "unused", "{codes:?}");
    }
    assert_eq!(release(&api, 7).await, Vec::<Value>::new());
    use_for(&api, &[&good, &first, &once_a], 1, 7, &json!({})).await.assert_status(200);
    assert_eq!(release(&api, 7).await.len(), 3);
}

#[tokio::test]
async fn with_a_cart_the_rules_must_apply_and_automatic_ones_count() {
    let api = shop_of(1).await;
    let automatic = rule(&json!({"automatic_discount": true, "usage_limit": 2, "priority": 9, "value": "-1.00"}));
    let automatic = id(&api.post(RULES, &automatic).await);
    let bulk = coupon(&api, "bulk", &json!({"prerequisite_subtotal_range": {"greater_than_or_equal_to": 100}})).await;
    let ((text, code_id), (second, _)) = (code(&api, bulk.id, 1).await, code(&api, bulk.id, 1).await);
    let short = use_for(&api, &[&text], 1, 7, &json!({"cart": cart("100.00")})).await.assert_status(400);
    assert_eq!(short, json!({"codes": {"0": ["This code does not apply to the cart: prerequisite_subtotal_range."]}}));
    let both = use_for(&api, &[&text, &second], 1, 7, &json!({"cart": cart("500.00")})).await;
    assert_eq!((both.status, status(&api, code_id).await), (409, json!("unused")));
    use_for(&api, &[&text], 1, 7, &json!({"cart": cart("101.00")})).await.assert_status(200);
    // Automatic rules count without codes. The second use of the same order does not count them again.
    use_for(&api, &[], 1, 7, &json!({"cart": cart("50.00")})).await.assert_status(200);
    use_for(&api, &[], 1, 8, &json!({"cart": cart("50.00")})).await.assert_status(200);
    let priced = api.post(EVALUATE, &cart("50.00")).await.assert_status(200);
    let failed = json!([{"predicate": "usage_limit", "needs": "2", "has": "2"}]);
    assert_eq!((&priced["rules"][0]["price_rule_id"], &priced["rules"][0]["failed"]), (&json!(automatic), &failed));
    // An exhausted rule no longer applies and does not refuse the order.
    use_for(&api, &[], 1, 9, &json!({"cart": cart("50.00")})).await.assert_status(200);
    assert_eq!(release(&api, 7).await.len(), 1);
    assert_eq!(api.post(EVALUATE, &cart("50.00")).await.assert_status(200)["rules"][0]["applied"], true);
    // A cart without anything to discount does not use up the code.
    let free = use_for(&api, &[&text], 1, 7, &json!({"cart": {"lines": []}})).await;
    assert_eq!((free.status, keys(&free.json())), (400, vec!["codes"]));
}

#[tokio::test]
async fn an_order_uses_at_most_ten_codes_and_fifteen_rules() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "a", &json!({})).await;
    let mut texts = Vec::new();
    for _ in 0..11 {
        texts.push(code(&api, coupon.id, 1).await.0);
    }
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    use_for(&api, &texts[..6], 1, 7, &json!({})).await.assert_status(200);
    refused(
        &use_for(&api, &texts[6..], 1, 7, &json!({})).await,
        "codes",
        "Ensure this order uses no more than 10 codes.",
        &"11",
    );
    use_for(&api, &texts[6..10], 1, 7, &json!({})).await.assert_status(200);
    assert_eq!(used_count(&api, coupon.id).await, 10);
    let released: Vec<_> = release(&api, 7).await.iter().map(|row| row["code"].clone()).collect();
    assert_eq!(json!(released), json!(texts[..10]));
    assert_eq!(used_count(&api, coupon.id).await, 0);
    for _ in 0..16 {
        api.post(RULES, &rule(&json!({"automatic_discount": true, "value": "-1.00"}))).await.assert_status(201);
    }
    let reply = use_for(&api, &[], 1, 8, &json!({"cart": cart("100.00")})).await;
    refused(&reply, "cart", "Ensure no more than 15 price rules apply to this order.", &"16 rules");
}

/// Creates ten codes of ten coupons with distant ids, so that a use writes the largest possible number of items.
pub(crate) async fn scattered(api: &Api) -> (Vec<Coupon>, Vec<String>, Vec<u64>) {
    let (mut coupons, mut texts, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let shop = "demo".parse().expect("a shop");
    for index in 0..10u64 {
        let made = coupon(api, &format!("far{index}"), &json!({"usage_limit": 1})).await;
        let next = index * 100_000 + 1;
        store::sequence::skip_to(&api.server.store, &shop, "coupon_code", next).await.expect("a sequence");
        let (text, code_id) = code(api, made.id, 1).await;
        coupons.push(made);
        texts.push(text);
        ids.push(code_id);
    }
    (coupons, texts, ids)
}

#[tokio::test]
async fn a_use_that_does_not_fit_into_one_transaction_is_still_all_or_none() {
    let api = shop_of(1).await;
    let (coupons, texts, ids) = scattered(&api).await;
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let reply = use_for(&api, &texts, 1, 7, &json!({"hold_seconds": 3600})).await.assert_status(200);
    assert_eq!(reply["count"], 10);
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 10);
    for (coupon, code_id) in coupons.iter().zip(&ids) {
        assert_eq!((status(&api, *code_id).await, used_count(&api, coupon.id).await), (json!("used"), json!(1)));
    }
    assert_eq!(release(&api, 7).await.len(), 10);
    for filter in ["status=unused", "status=available", "customer=1&status=unused"] {
        assert_eq!(count(&api, &format!("{CODES}?{filter}")).await, 10, "{filter}");
    }
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 0);
    set_status(&api, ids[9], "used").await.assert_status(200);
    assert_eq!(use_for(&api, &texts, 1, 8, &json!({})).await.status, 409);
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 1);
}

#[tokio::test]
async fn a_cancelled_order_uses_nothing() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "a", &json!({})).await;
    let (text, _) = code(&api, coupon.id, 1).await;
    for (order, body, expected) in [
        (1, json!({"id": 1, "order_status": "cancelled"}), 409),
        (2, json!({"id": 2, "order_status": "open", "cancelled_at": "2026-01-01T00:00:00+08:00"}), 409),
        (3, json!({"id": 3, "order_status": "open", "cancelled_at": null}), 200),
    ] {
        api.put(&one(ORDERS, order), &body).await.assert_status(201);
        assert_eq!(use_for(&api, &[&text], 1, order, &json!({})).await.status, expected, "{body}");
    }
}

#[tokio::test]
async fn an_order_is_one_customers() {
    let api = shop_of(2).await;
    let coupon = coupon(&api, "a", &json!({})).await;
    let ((mine, _), (theirs, _)) = (code(&api, coupon.id, 1).await, code(&api, coupon.id, 2).await);
    use_for(&api, &[&mine], 1, 7, &json!({})).await.assert_status(200);
    detail(&use_for(&api, &[&theirs], 2, 7, &json!({})).await, 409, "This order uses codes of another customer.");
    release(&api, 7).await;
    use_for(&api, &[&theirs], 2, 7, &json!({})).await.assert_status(200);
}

#[tokio::test]
async fn the_merchant_takes_a_code_back_from_its_order() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "a", &json!({"usage_limit": 2})).await;
    let ((text, code_id), (other, _)) = (code(&api, coupon.id, 1).await, code(&api, coupon.id, 1).await);
    use_for(&api, &[&text, &other], 1, 7, &json!({})).await.assert_status(200);
    set_status(&api, code_id, "unused").await.assert_status(200);
    assert_eq!(used_count(&api, coupon.id).await, 1);
    // Another order may use the code. The first order then releases only the codes that it still has.
    use_for(&api, &[&text], 1, 8, &json!({})).await.assert_status(200);
    assert_eq!(release(&api, 7).await.iter().map(|row| row["code"].clone()).collect::<Vec<_>>(), [other.as_str()]);
    assert_eq!((status(&api, code_id).await, used_count(&api, coupon.id).await), (json!("used"), json!(1)));
    assert_eq!(release(&api, 8).await.len(), 1);
}

#[tokio::test]
async fn a_deleted_code_and_a_deleted_coupon_are_released_too() {
    let api = shop_of(1).await;
    let (kept, dropped) =
        (coupon(&api, "kept", &json!({"usage_limit": 1})).await, coupon(&api, "dropped", &json!({})).await);
    let ((first, first_id), (second, second_id)) = (code(&api, kept.id, 1).await, code(&api, dropped.id, 1).await);
    use_for(&api, &[&first, &second], 1, 7, &json!({})).await.assert_status(200);
    api.delete(&one(CODES, first_id)).await.assert_status(204);
    api.delete(&one(COUPONS, dropped.id)).await.assert_status(204);
    assert_eq!(status(&api, second_id).await, "used");
    // Only used codes of a deleted coupon exist.
    assert_eq!(release(&api, 7).await, Vec::<Value>::new());
    assert_eq!(api.get(&one(CODES, second_id)).await.status, 404);
    assert_eq!(count(&api, CODES).await, 0);
    let (again, _) = code(&api, kept.id, 1).await;
    use_for(&api, &[&again], 1, 8, &json!({})).await.assert_status(200);
}

#[tokio::test]
async fn the_same_key_answers_the_first_reply_again() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "a", &json!({"usage_limit": 1})).await;
    let (text, _) = code(&api, coupon.id, 1).await;
    let body = json!({"codes": [text], "customer_id": 1, "order_id": 7});
    let replies = join_all((0..6).map(|_| api.keyed("POST", USE, "use-7", &body))).await;
    for reply in &replies {
        assert_eq!((reply.status, &reply.text), (200, &replies[0].text));
    }
    assert_eq!(replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty()).count(), 1);
    let order = json!({"order_id": 7});
    let first = api.keyed("POST", RELEASE, "release-7", &order).await;
    let again = api.keyed("POST", RELEASE, "release-7", &order).await;
    assert_eq!((first.assert_status(200)["count"].as_u64(), &again.text), (Some(1), &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let nothing = api.keyed("POST", RELEASE, "release-8", &json!({"order_id": 8})).await;
    assert_eq!(nothing.assert_status(200)["count"], 0);
}

#[tokio::test]
async fn limits_hold_under_any_race() {
    let api = shop_of(30).await;
    let limited = coupon(&api, "limited", &json!({"usage_limit": 7})).await;
    let second = coupon_on(&api, "second", limited.rule).await;
    let mut codes = Vec::new();
    for customer in 1..=30 {
        codes.push(code(&api, if customer % 2 == 0 { limited.id } else { second }, customer).await.0);
    }
    let each = codes
        .iter()
        .zip(1u64..)
        .map(async |(code, customer)| use_for(&api, &[code], customer, customer, &json!({})).await.status);
    let statuses = join_all(each).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    let released: usize =
        join_all((1..=30).map(async |order| release(&api, order).await.len())).await.into_iter().sum();
    assert_eq!(released, 7);
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 0);
}

#[tokio::test]
async fn one_code_is_used_by_one_order_and_released_once() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "a", &json!({})).await;
    let (text, _) = code(&api, coupon.id, 1).await;
    let race = (1..=12).map(async |order| use_for(&api, &[&text], 1, order, &json!({})).await.status);
    let statuses = join_all(race).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let order = 1 + statuses.iter().position(|status| *status == 200).expect("a winner") as u64;
    let released: usize = join_all((0..8).map(async |_| release(&api, order).await.len())).await.into_iter().sum();
    assert_eq!((released, used_count(&api, coupon.id).await), (1, json!(0)));
}

#[tokio::test]
async fn use_and_release_need_the_scope_to_write() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "a", &json!({})).await;
    let (text, _) = code(&api, coupon.id, 1).await;
    let body = json!({"codes": [text], "customer_id": 1, "order_id": 7});
    // The first use that may uses up the code. The first release that may gives it back.
    each_needs_its_scope(
        &api,
        &[
            ("POST", USE.to_owned(), Some(body), true, 200),
            ("POST", RELEASE.to_owned(), Some(json!({"order_id": 7})), true, 200),
        ],
    )
    .await;
}
