//! `/api/discounts/coupon_code/`: issuing, reading and deleting codes.

use std::collections::HashSet;

use chrono::Utc;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, OTHER_TOKEN};

use crate::support::{
    CODES, COUPONS, CUSTOMERS, NULL, REQUIRED, customer, detail,
    discounts::{
        FUTURE, PAST, count, coupon, coupon_on, each_needs_its_scope, give, issue, issued, issued_ids, nested, shop_of,
        unknown, with,
    },
    id, keys, one, refused_somehow, same_text, taken_since,
};

/// Asserts that each text is the prefix and at least six characters, and that all texts differ.
#[track_caller]
fn texts_are_distinct(rows: &[Value]) {
    let mut texts = HashSet::new();
    for row in rows {
        let (text, prefix) = (row["code"].as_str().expect("a text"), row["coupon"]["code_prefix"].as_str());
        let rest = text.strip_prefix(prefix.expect("a prefix"));
        assert!(rest.is_some_and(|rest| rest.chars().count() >= 6), "{text}");
        assert!(texts.insert(text), "{text} is there twice");
    }
}

#[tokio::test]
async fn codes_are_issued_in_the_order_of_the_list() {
    let api = shop_of(3).await;
    let window = json!({"title": "规则", "value": "-50", "value_type": "percentage", "starts_at": PAST,
        "ends_at": FUTURE});
    let (one_of_them, other) = (coupon(&api, "Aa", &window).await.id, coupon(&api, "B", &json!({})).await.id);
    let pairs = [(2, other), (3, one_of_them), (1, one_of_them), (1, other)];
    let before = Utc::now();
    let reply = issue(&api, &pairs).await.assert_status(201);
    assert_eq!(keys(&reply), ["count", "next", "previous", "results"]);
    assert_eq!((&reply["count"], &reply["next"], &reply["previous"]), (&json!(4), &Value::Null, &Value::Null));
    let rows = reply["results"].as_array().expect("rows");
    for (row, (customer, coupon)) in rows.iter().zip(pairs) {
        assert_eq!((&row["customer_id"], &row["customer"]["id"]), (&json!(customer), &json!(customer)));
        assert_eq!((&row["coupon_id"], &row["coupon"]["id"]), (&json!(coupon), &json!(coupon)));
        assert_eq!((&row["status"], &row["used_at"]), (&json!("unused"), &Value::Null));
        assert_eq!(row["customer"]["mobile"], format!("139{customer:08}"));
        taken_since(&row["created_at"], before);
        same_text(&api.get(&one(CODES, &row["id"])).await.assert_status(200), row);
    }
    texts_are_distinct(rows);
    let shown = ["title", "verbose_title", "starts_at", "ends_at"].map(|field| &rows[1][field]);
    assert_eq!(shown, [&json!("规则"), &json!("打5折"), &json!(PAST), &json!(FUTURE)]);
    let mut newest_first = rows.clone();
    newest_first.sort_by_key(|row| std::cmp::Reverse(row["id"].as_u64()));
    same_text(&api.get(CODES).await.assert_status(200)["results"], &json!(newest_first));
}

/// Creates twenty-one coupons on one rule.
async fn coupons(api: &Api) -> Vec<u64> {
    let first = coupon(api, "P0", &json!({})).await;
    let more = join_all((1..=20).map(async |number| coupon_on(api, &format!("P{number}"), first.rule).await)).await;
    [vec![first.id], more].concat()
}

#[tokio::test]
async fn a_thousand_codes_of_twenty_coupons_are_issued_at_once_and_replayed() {
    let api = shop_of(51).await;
    let coupons = coupons(&api).await;
    let pair = |number: usize| json!({"customer_id": number / 20 + 1, "coupon_id": coupons[number % 20]});
    let pairs: Vec<_> = (0..1000).map(pair).collect();
    let too_many: Value = (0..1001).map(pair).collect();
    let message = "Ensure this field has no more than 1000 elements.";
    assert_eq!(api.post(CODES, &too_many).await.assert_status(400), json!({"non_field_errors": [message]}));
    let of_21: Vec<_> = coupons.iter().map(|coupon| (1, *coupon)).collect();
    assert_eq!(issue(&api, &of_21).await.status, 400);
    assert_eq!(count(&api, CODES).await, 0);
    let first = api.keyed("POST", CODES, "k", &json!(pairs)).await;
    let rows = issued(&first);
    assert_eq!((&first.json()["count"], rows.len()), (&json!(1000), 1000));
    for (row, pair) in rows.iter().zip(&pairs) {
        assert_eq!((&row["customer_id"], &row["coupon_id"]), (&pair["customer_id"], &pair["coupon_id"]));
    }
    texts_are_distinct(&rows);
    assert!(rows.iter().map(|row| row["id"].as_u64()).is_sorted_by(|a, b| a < b), "ids do not grow");
    let again = api.keyed("POST", CODES, "k", &json!(pairs)).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.text), (201, "true", &first.text));
    assert_eq!(keys(&api.keyed("POST", CODES, "k", &json!(pairs[1..])).await.assert_status(422)), ["detail"]);
    for (query, expected) in [
        (String::new(), 1000),
        (format!("?coupon={}", coupons[3]), 50),
        ("?customer=50".to_owned(), 20),
        ("?status=available".to_owned(), 1000),
        (format!("?id__gt={}", rows[989]["id"]), 10),
    ] {
        assert_eq!(count(&api, &format!("{CODES}{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_list_of_pairs_is_refused() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "A", &json!({})).await.id;
    let pair = json!({"customer_id": 1, "coupon_id": coupon});
    for (body, message) in [
        (pair.clone(), "Expected a list of items but got type \"dict\"."),
        (json!("x"), "Expected a list of items but got type \"str\"."),
        (json!([]), "This list may not be empty."),
    ] {
        assert_eq!(api.post(CODES, &body).await.assert_status(400), json!({"non_field_errors": [message]}));
    }
    let message = "Invalid data. Expected a dictionary, but got int.";
    same_text(
        &api.post(CODES, &json!([pair, 5])).await.assert_status(400),
        &json!([{}, {"non_field_errors": [message]}]),
    );
    assert_eq!(count(&api, CODES).await, 0);
}

#[tokio::test]
async fn each_bad_pair_is_named_in_its_place_and_nothing_is_issued() {
    let api = shop_of(1).await;
    let coupon = coupon(&api, "A", &json!({})).await.id;
    let good = json!({"customer_id": 1, "coupon_id": coupon});
    for field in ["customer_id", "coupon_id"] {
        for (value, message) in [
            (Value::Null, NULL.to_owned()),
            (json!(999), unknown(999)),
            (json!(0), unknown(0)),
            (json!("abc"), "Incorrect type. Expected pk value, received str.".to_owned()),
            (json!({}), "Incorrect type. Expected pk value, received dict.".to_owned()),
        ] {
            let bad = with(good.clone(), &json!({ field: value }));
            let errors = api.post(CODES, &json!([good, bad, good])).await.assert_status(400);
            same_text(&errors, &json!([{}, { field: [message] }, {}]));
        }
    }
    let without = |field: &str| {
        let mut pair = good.clone();
        pair.as_object_mut().expect("an object").remove(field);
        pair
    };
    let bodies = json!([without("customer_id"), good, without("coupon_id"), {}]);
    let (customer, coupon) = (json!({"customer_id": [REQUIRED]}), json!({"coupon_id": [REQUIRED]}));
    let both = json!({"customer_id": [REQUIRED], "coupon_id": [REQUIRED]});
    assert_eq!(api.post(CODES, &bodies).await.assert_status(400), json!([customer, {}, coupon, both]));
    let both = json!({"customer_id": [unknown(7)], "coupon_id": [unknown(8)]});
    let errors = api.post(CODES, &json!([{"customer_id": 7, "coupon_id": 8}, good])).await.assert_status(400);
    assert_eq!(errors, json!([both, {}]));
    assert_eq!(count(&api, CODES).await, 0);
}

#[tokio::test]
async fn the_last_of_a_hundred_and_fifty_pairs_refuses_them_all() {
    let api = shop_of(149).await;
    let coupon = coupon(&api, "A", &json!({})).await.id;
    let errors = give(&api, coupon, 1..=150).await.assert_status(400);
    let errors = errors.as_array().expect("a list");
    assert!(errors[..149].iter().all(|error| *error == json!({})), "{errors:?}");
    assert_eq!((errors.len(), &errors[149]), (150, &json!({"customer_id": [unknown(150)]})));
    assert_eq!(count(&api, CODES).await, 0);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let api = Api::start().await;
    for unknown in ["999", "0", "-1", "abc", "27518.0", "99999999999999999999"] {
        detail(&api.get(&one(CODES, unknown)).await, 404, "Not found.");
        detail(&api.delete(&one(CODES, unknown)).await, 404, "Not found.");
        for body in [json!({}), json!({"status": "foo"})] {
            detail(&api.put(&one(CODES, unknown), &body).await, 404, "Not found.");
        }
    }
    for (method, path) in [
        ("PATCH", one(CODES, 27518)),
        ("POST", one(CODES, 27518)),
        ("PUT", CODES.to_owned()),
        ("DELETE", CODES.to_owned()),
    ] {
        detail(&api.call(method, &path, None).await, 405, &format!("Method \"{method}\" not allowed."));
    }
}

#[tokio::test]
async fn a_deleted_code_is_gone_and_its_text_is_never_given_again() {
    let api = shop_of(2).await;
    let coupon = coupon(&api, "A", &json!({})).await.id;
    let rows = issued(&give(&api, coupon, 1..=2).await);
    let (gone, kept) = (one(CODES, &rows[0]["id"]), one(CODES, &rows[1]["id"]));
    let deleted = api.delete(&gone).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for (method, body) in [("GET", None), ("DELETE", None), ("PUT", Some(json!({"status": "used"})))] {
        detail(&api.call(method, &gone, body.as_ref()).await, 404, "Not found.");
    }
    for query in ["", "?customer=1", "?status=unused", "?status=available", &format!("?id={}", rows[0]["id"])] {
        let ids = api.get(&format!("{CODES}{query}")).await.ids();
        assert!(ids.iter().all(|id| *id == rows[1]["id"]), "{query}: {ids:?}");
    }
    let text = json!({"code": rows[0]["code"]});
    refused_somehow(&api.put(&kept, &text).await, "code", &text);
    same_text(&api.get(CODES).await.assert_status(200)["results"], &json!([rows[1]]));
}

#[tokio::test]
async fn a_code_that_is_deleted_five_times_at_once_is_deleted_once() {
    let api = shop_of(2).await;
    let coupon = coupon(&api, "A", &json!({})).await.id;
    let codes = issued_ids(&give(&api, coupon, 1..=2).await);
    let path = one(CODES, codes[0]);
    let replies = join_all((0..5).map(|_| api.delete(&path))).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404, 404, 404, 404]);
    for query in ["", "?status=unused", &format!("?coupon={coupon}")] {
        assert_eq!(count(&api, &format!("{CODES}{query}")).await, 1, "{query}");
    }
    assert_eq!(count(&api, &format!("{CODES}?customer=1")).await, 0);
}

#[tokio::test]
async fn nothing_of_a_shop_is_reachable_with_anothers_token() {
    let api = Api::start().await;
    let before = api.get(CODES).await.text;
    for query in [
        "",
        "?id=27518",
        "?id__in=27518,1",
        "?status=unused",
        "?status=available",
        "?status__in=unused,used,expired",
        "?customer=123",
        "?coupon=987",
        "?coupon=987&customer=123",
        "?id__gt=1",
    ] {
        let path = format!("{CODES}{query}");
        assert_eq!(api.call_as(OTHER_TOKEN, "GET", &path, None).await.assert_status(200)["count"], 0, "{query}");
        assert_ne!(count(&api, &path).await, 0, "{query}");
    }
    for (method, body) in [("GET", None), ("PUT", Some(json!({"status": "used"}))), ("DELETE", None)] {
        detail(&api.call_as(OTHER_TOKEN, method, &one(CODES, 27518), body.as_ref()).await, 404, "Not found.");
    }
    let other = async |method: &str, path: &str, body: Value| api.call_as(OTHER_TOKEN, method, path, Some(&body)).await;
    let pairs = json!([{"customer_id": 123, "coupon_id": 987}]);
    let both = json!({"customer_id": [unknown(123)], "coupon_id": [unknown(987)]});
    assert_eq!(other("POST", CODES, pairs).await.assert_status(400), json!([both]));
    // Uniqueness holds within a shop.
    other("PUT", &one(CUSTOMERS, 123), customer("1")).await.assert_status(201);
    let coupon = id(&other("POST", COUPONS, nested("jB7nNJPb", &json!({}))).await);
    let own = other("POST", CODES, json!([{"customer_id": 123, "coupon_id": coupon}])).await;
    let path = one(CODES, issued_ids(&own)[0]);
    let changed = other("PUT", &path, json!({"code": "jB7nNJPbf16adc", "status": "used"})).await.assert_status(200);
    assert_eq!((&changed["code"], &changed["status"]), (&json!("jB7nNJPbf16adc"), &json!("used")));
    assert_eq!(api.get(CODES).await.text, before);
}

#[tokio::test]
async fn each_operation_needs_its_scope() {
    let api = Api::start().await;
    let operations = [
        ("GET", CODES.to_owned(), None, false, 200),
        ("GET", one(CODES, 27518), None, false, 200),
        ("POST", CODES.to_owned(), Some(json!([])), true, 400),
        ("PUT", one(CODES, 27518), Some(json!({})), true, 200),
        ("DELETE", one(CODES, 999), None, true, 404),
    ];
    each_needs_its_scope(&api, &operations).await;
}
