//! `PUT /api/discounts/coupon_code/[id]/`: the owner of a code, its text and its use.

use chrono::Utc;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Reply};

use crate::support::{
    BLANK, CODES, COUPONS, NOT_A_STRING, NULL,
    discounts::{FUTURE, PAST, change_rule, coupon, give, issued, issued_ids, set_status, shop_of, unknown},
    keys, one, refused, refused_somehow, same_text, taken_since,
};

/// Creates a shop with three customers and a coupon, and issues a code to each. Returns the ids of coupon, rule and
/// codes.
async fn three() -> (Api, u64, u64, [u64; 3]) {
    let api = shop_of(3).await;
    let made = coupon(&api, "A", &json!({"title": "规则"})).await;
    let codes = issued_ids(&give(&api, made.id, 1..=3).await);
    (api, made.id, made.rule, [codes[0], codes[1], codes[2]])
}

async fn put(api: &Api, code: u64, body: Value) -> Reply {
    api.put(&one(CODES, code), &body).await
}

async fn get(api: &Api, code: u64) -> Value {
    api.get(&one(CODES, code)).await.assert_status(200)
}

/// Asserts that the change is a 409 without an effect.
async fn conflicts(api: &Api, code: u64, body: Value) {
    let before = get(api, code).await;
    let reply = put(api, code, body.clone()).await;
    assert_eq!((reply.status, keys(&reply.json())), (409, vec!["detail"]), "{body}: {}", reply.text);
    same_text(&get(api, code).await, &before);
}

#[tokio::test]
async fn a_code_is_transferred_and_the_lists_of_both_customers_follow() {
    let (api, coupon, _, codes) = three().await;
    let of = async |customer: u64| api.get(&format!("{CODES}?customer={customer}&order_by=id")).await.ids();
    let before = get(&api, codes[0]).await;
    let shown = put(&api, codes[0], json!({"customer_id": 2})).await.assert_status(200);
    assert_eq!((&shown["customer_id"], &shown["customer"]["id"]), (&json!(2), &json!(2)));
    assert_eq!(shown["customer"]["mobile"], "13900000002");
    for field in ["id", "coupon", "code", "status", "used_at", "created_at", "title"] {
        assert_eq!(shown[field], before[field], "{field}");
    }
    same_text(&get(&api, codes[0]).await, &shown);
    assert_eq!((of(1).await, of(2).await), (vec![], vec![codes[0], codes[1]]));
    put(&api, codes[0], json!({"customer_id": 3})).await.assert_status(200);
    put(&api, codes[1], json!({"customer_id": 1})).await.assert_status(200);
    assert_eq!((of(1).await, of(2).await, of(3).await), (vec![codes[1]], vec![], vec![codes[0], codes[2]]));
    let company = format!("{CODES}?customer=3&coupon={coupon}&status=available");
    assert_eq!(api.get(&company).await.ids(), [codes[2], codes[0]]);
    same_text(
        &put(&api, codes[0], json!({"customer_id": 1})).await.assert_status(200)["customer"],
        &before["customer"],
    );
}

#[tokio::test]
async fn each_bad_field_is_named_and_nothing_changes() {
    let (api, _, _, codes) = three().await;
    let before = get(&api, codes[0]).await;
    for (field, value, message) in [
        ("customer_id", json!(999), unknown(999)),
        ("customer_id", Value::Null, NULL.to_owned()),
        ("customer_id", json!("abc"), "Incorrect type. Expected pk value, received str.".to_owned()),
        ("code", json!(""), BLANK.to_owned()),
        ("code", json!("  "), BLANK.to_owned()),
        ("code", Value::Null, NULL.to_owned()),
        ("code", json!([]), NOT_A_STRING.to_owned()),
        ("code", json!("x".repeat(65)), "Ensure this field has no more than 64 characters.".to_owned()),
        ("status", json!("foo"), "\"foo\" is not a valid choice.".to_owned()),
        ("status", json!(""), "\"\" is not a valid choice.".to_owned()),
        ("status", Value::Null, NULL.to_owned()),
    ] {
        refused(&put(&api, codes[0], json!({ field: value })).await, field, &message, &value);
    }
    for status in ["expired", "available"] {
        refused_somehow(&put(&api, codes[0], json!({"status": status, "customer_id": 2})).await, "status", &status);
    }
    let bad = json!({"customer_id": 999, "code": "", "status": "foo"});
    let errors = put(&api, codes[0], bad).await.assert_status(400);
    let mut named = keys(&errors);
    named.sort_unstable();
    assert_eq!(named, ["code", "customer_id", "status"]);
    same_text(&get(&api, codes[0]).await, &before);
}

#[tokio::test]
async fn the_text_of_a_code_is_free() {
    let (api, _, _, codes) = three().await;
    for text in ["x", "与众不同 的码", &"码".repeat(64), "A/b?c=1&d"] {
        let shown = put(&api, codes[0], json!({ "code": text })).await.assert_status(200);
        assert_eq!(shown["code"], text);
        // A code's own text is no conflict.
        same_text(&put(&api, codes[0], json!({ "code": text })).await.assert_status(200), &shown);
        same_text(&get(&api, codes[0]).await, &shown);
    }
    set_status(&api, codes[1], "used").await.assert_status(200);
    assert_eq!(put(&api, codes[1], json!({"code": "used-one"})).await.assert_status(200)["status"], "used");
}

#[tokio::test]
async fn a_text_that_was_ever_given_is_not_given_to_another() {
    let (api, coupon, _, codes) = three().await;
    let original = get(&api, codes[0]).await["code"].clone();
    for text in ["first", "second", "third"] {
        put(&api, codes[0], json!({ "code": text })).await.assert_status(200);
    }
    let before = get(&api, codes[1]).await;
    for text in [json!("third"), json!("second"), json!("first"), original, get(&api, codes[2]).await["code"].clone()] {
        let reply = put(&api, codes[1], json!({"code": text, "customer_id": 3, "status": "used"})).await;
        refused_somehow(&reply, "code", &text);
    }
    same_text(&get(&api, codes[1]).await, &before);
    api.delete(&one(CODES, codes[0])).await.assert_status(204);
    for text in ["third", "first"] {
        refused_somehow(&put(&api, codes[1], json!({ "code": text })).await, "code", &text);
    }
    put(&api, codes[2], json!({"code": "of a deleted coupon"})).await.assert_status(200);
    let kept = issued_ids(&give(&api, crate::support::discounts::coupon(&api, "B", &json!({})).await.id, [1]).await)[0];
    api.delete(&one(COUPONS, coupon)).await.assert_status(204);
    for text in [json!("of a deleted coupon"), before["code"].clone(), json!("second")] {
        refused_somehow(&put(&api, kept, json!({ "code": text })).await, "code", &text);
    }
}

#[tokio::test]
async fn a_text_that_ten_codes_want_at_once_is_given_to_one() {
    let api = shop_of(10).await;
    let coupon = coupon(&api, "A", &json!({})).await.id;
    let codes = issued_ids(&give(&api, coupon, 1..=10).await);
    let replies = join_all(codes.iter().map(|code| put(&api, *code, json!({"code": "wanted"})))).await;
    let (done, others): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(done.len(), 1, "{replies:?}");
    others.iter().for_each(|reply| refused_somehow(reply, "code", &"concurrent"));
    let listed = api.get(CODES).await.assert_status(200);
    let having = listed["results"].as_array().expect("rows").iter().filter(|row| row["code"] == "wanted");
    assert_eq!(having.collect::<Vec<_>>(), [&done[0].json()]);
}

#[tokio::test]
async fn a_code_is_used_and_given_back() {
    let (api, coupon, _, codes) = three().await;
    let unused = get(&api, codes[0]).await;
    let of = async |status: &str| api.get(&format!("{CODES}?status={status}&order_by=id")).await.ids();
    for _ in 0..2 {
        let before = Utc::now();
        let used = set_status(&api, codes[0], "used").await.assert_status(200);
        assert_eq!(used["status"], "used");
        taken_since(&used["used_at"], before);
        same_text(&get(&api, codes[0]).await, &used);
        // A second use changes nothing and does not count.
        same_text(&set_status(&api, codes[0], "used").await.assert_status(200), &used);
        assert_eq!(api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"], 1);
        assert_eq!((of("used").await, of("unused").await), (vec![codes[0]], codes[1..].to_vec()));
        for _ in 0..2 {
            same_text(&set_status(&api, codes[0], "unused").await.assert_status(200), &unused);
        }
        same_text(&get(&api, codes[0]).await, &unused);
        assert_eq!(api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"], 0);
        assert_eq!((of("used").await, of("available").await), (vec![], codes.to_vec()));
    }
}

#[tokio::test]
async fn a_used_code_is_not_transferred_until_it_is_given_back() {
    let (api, _, _, codes) = three().await;
    set_status(&api, codes[0], "used").await.assert_status(200);
    conflicts(&api, codes[0], json!({"customer_id": 2})).await;
    conflicts(&api, codes[0], json!({"customer_id": 2, "code": "x", "status": "used"})).await;
    assert_eq!(put(&api, codes[0], json!({"customer_id": 1})).await.assert_status(200)["status"], "used");
    set_status(&api, codes[0], "unused").await.assert_status(200);
    assert_eq!(put(&api, codes[0], json!({"customer_id": 2})).await.assert_status(200)["customer"]["id"], 2);
    assert_eq!(api.get(&format!("{CODES}?customer=2")).await.ids(), [codes[1], codes[0]]);
}

#[tokio::test]
async fn the_coupon_of_a_code_never_changes() {
    let (api, coupon, _, codes) = three().await;
    let other = crate::support::discounts::coupon(&api, "B", &json!({})).await.id;
    let before = get(&api, codes[0]).await;
    for foreign in [json!(27518), json!(other), json!("x"), Value::Null] {
        same_text(&put(&api, codes[0], json!({"coupon_id": foreign})).await.assert_status(200), &before);
    }
    assert_eq!(api.get(&format!("{CODES}?coupon={coupon}")).await.ids().len(), 3);
    assert_eq!(api.get(&format!("{CODES}?coupon={other}")).await.ids().len(), 0);
}

#[tokio::test]
async fn a_body_changes_what_it_names_and_nothing_else() {
    let (api, _, _, codes) = three().await;
    let mut shown = get(&api, codes[0]).await;
    same_text(&put(&api, codes[0], json!({})).await.assert_status(200), &shown);
    for (field, value) in [("code", json!("mine")), ("customer_id", json!(3)), ("status", json!("used"))] {
        let changed = put(&api, codes[0], json!({ field: value })).await.assert_status(200);
        assert_eq!(changed[field], value);
        let company: &[&str] = match field {
            "customer_id" => &["customer_id", "customer"],
            "status" => &["status", "used_at"],
            _ => &["code"],
        };
        for field in company {
            shown[field] = changed[field].clone();
        }
        same_text(&changed, &shown);
        // A row can be sent as it was read.
        same_text(&put(&api, codes[0], changed).await.assert_status(200), &shown);
        same_text(&put(&api, codes[0], json!({})).await.assert_status(200), &shown);
    }
    let text = "given back";
    let all = json!({"customer_id": 3, "coupon_id": 27518, "code": text, "status": "unused"});
    let changed = put(&api, codes[0], all).await.assert_status(200);
    assert_eq!(
        (&changed["code"], &changed["status"], &changed["used_at"]),
        (&json!(text), &json!("unused"), &Value::Null)
    );
}

#[tokio::test]
async fn a_code_whose_rule_has_ended_is_not_used() {
    let (api, coupon, rule, codes) = three().await;
    set_status(&api, codes[0], "used").await.assert_status(200);
    change_rule(&api, rule, &json!({"ends_at": PAST})).await;
    let ended = get(&api, codes[1]).await;
    assert_eq!((&ended["status"], &ended["ends_at"]), (&json!("expired"), &json!(PAST)));
    conflicts(&api, codes[1], json!({"status": "used"})).await;
    conflicts(&api, codes[1], json!({"status": "used", "code": "x", "customer_id": 3})).await;
    assert_eq!(get(&api, codes[0]).await["status"], "used");
    let given_back = set_status(&api, codes[0], "unused").await.assert_status(200);
    assert_eq!((&given_back["status"], &given_back["used_at"]), (&json!("expired"), &Value::Null));
    conflicts(&api, codes[0], json!({"status": "used"})).await;
    assert_eq!(api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"], 0);
    change_rule(&api, rule, &json!({"ends_at": FUTURE})).await;
    for code in codes {
        assert_eq!(get(&api, code).await["status"], "unused");
        assert_eq!(set_status(&api, code, "used").await.assert_status(200)["status"], "used");
    }
}

#[tokio::test]
async fn a_change_is_replayed_under_its_key_whatever_came_between() {
    let (api, coupon, _, codes) = three().await;
    let (path, body) = (one(CODES, codes[0]), json!({"status": "used"}));
    let first = api.keyed("PUT", &path, "k", &body).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, ""));
    set_status(&api, codes[0], "unused").await.assert_status(200);
    let again = api.keyed("PUT", &path, "k", &body).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.text), (200, "true", &first.text));
    assert_eq!(get(&api, codes[0]).await["status"], "unused");
    assert_eq!(api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"], 0);
    assert_eq!(api.keyed("PUT", &path, "k", &json!({"status": "unused"})).await.status, 422);
    assert_eq!(api.keyed("PUT", &one(CODES, codes[1]), "k", &body).await.status, 422);
}

#[tokio::test]
async fn a_code_that_is_used_ten_times_at_once_counts_once() {
    let api = shop_of(1).await;
    let made = coupon(&api, "A", &json!({"usage_limit": 2})).await;
    let code = issued(&give(&api, made.id, [1]).await)[0]["id"].as_u64().expect("an id");
    let used_count = async || api.get(&one(COUPONS, made.id)).await.assert_status(200)["used_count"].clone();
    for (status, count) in [("used", 1), ("unused", 0), ("used", 1)] {
        for reply in join_all((0..10).map(|_| set_status(&api, code, status))).await {
            assert_eq!(reply.assert_status(200)["status"], status);
        }
        assert_eq!(used_count().await, count, "{status}");
    }
}
