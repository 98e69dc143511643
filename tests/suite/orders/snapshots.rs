//! `/api/orders/order/`: the stored and the shown snapshot.

use serde_json::{Value, json};
use tests::{
    Api, Reply, TOKEN,
    documents::{LOYALTY, example},
};

use crate::support::{
    CUSTOMERS, EVALUATE, HISTORY, ORDERS, customer, detail, keys, one, refused, same_text, store_customers,
};

/// Returns the order of the documents.
fn documented() -> Value {
    example(LOYALTY, "查询积分历史", 0)["results"][0]["order"].clone()
}

async fn put_text(api: &Api, path: &str, text: &str) -> Reply {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    api.send("PUT", path, &headers, Some(text.as_bytes().to_vec())).await
}

#[tokio::test]
async fn the_documented_order_is_stored_and_shown_as_it_was_sent() {
    let api = Api::start().await;
    same_text(&api.get(&one(ORDERS, 2_528_283)).await.assert_status(200), &documented());
    let mut order = documented();
    order["id"] = json!(7);
    let created = api.put(&one(ORDERS, 7), &order).await;
    same_text(&created.assert_status(201), &order);
    same_text(&api.get(&one(ORDERS, 7)).await.assert_status(200), &order);
    order["note"] = json!("改");
    same_text(&api.put(&one(ORDERS, 7), &order).await.assert_status(200), &order);
    same_text(&api.get(&one(ORDERS, 7)).await.assert_status(200), &order);
}

#[tokio::test]
async fn unknown_fields_numbers_and_their_order_come_back_as_they_came() {
    let api = Api::empty().await;
    let text = "{ \"z\" : 1.10, \"a\":[ 1e5 ,\t-0.0, 12345678901234567890123 ],\n \"t\": \"a  \\\" b: , \\\\\" }";
    let stored = r#"{"id":5,"z":1.10,"a":[1e5,-0.0,12345678901234567890123],"t":"a  \" b: , \\"}"#;
    assert_eq!(put_text(&api, &one(ORDERS, 5), text).await.text, stored);
    assert_eq!(api.get(&one(ORDERS, 5)).await.text, stored);
}

#[tokio::test]
async fn the_same_order_again_writes_nothing_and_another_one_does() {
    let api = Api::start().await;
    let shop = "demo".parse().expect("a shop");
    let versions = async || {
        let effects = shop::orders::effects::effects(&api.server.store, &shop, 7).await;
        effects.expect("read").expect("stored")
    };
    let mut order = documented();
    order["id"] = json!(7);
    api.put(&one(ORDERS, 7), &order).await.assert_status(201);
    let first = versions().await;
    for _ in 0..2 {
        same_text(&api.put(&one(ORDERS, 7), &order).await.assert_status(200), &order);
        assert_eq!(versions().await, first);
    }
    order["note"] = json!("改");
    api.put(&one(ORDERS, 7), &order).await.assert_status(200);
    assert_ne!(versions().await, first);
    same_text(&api.get(&one(ORDERS, 7)).await.assert_status(200), &order);
}

#[tokio::test]
async fn the_id_of_the_path_wins() {
    let api = Api::empty().await;
    let shown = api.put(&one(ORDERS, 5), &json!({"note": "x", "id": 6})).await.assert_status(201);
    same_text(&shown, &json!({"note": "x", "id": 5}));
    detail(&api.get(&one(ORDERS, 6)).await, 404, "Not found.");
}

#[tokio::test]
async fn the_stored_customer_wins_over_the_one_in_the_order() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    let stored = api.get(&one(CUSTOMERS, 1)).await.assert_status(200);
    let body = json!({"customer": {"id": 1, "full_name": "他人"}, "financial_status": "paid", "paid_price": "3.00"});
    assert_eq!(api.put(&one(ORDERS, 5), &body).await.assert_status(201)["customer"], stored);
    let mut changed = customer("13900000009");
    changed["full_name"] = json!("李雷");
    let changed = api.put(&one(CUSTOMERS, 1), &changed).await.assert_status(200);
    assert_eq!(api.get(&one(ORDERS, 5)).await.assert_status(200)["customer"], changed);
    let entry = &api.get(HISTORY).await.assert_status(200)["results"][0];
    assert_eq!((&entry["order"]["customer"], &entry["order"]["id"]), (&changed, &json!(5)));
    let of_entry = api.get(&one(HISTORY, entry["id"].as_u64().expect("id"))).await.assert_status(200);
    assert_eq!(keys(&of_entry), ["id", "customer", "points", "kind", "order_id", "created_at"]);
    assert_eq!(of_entry["order_id"], 5);
}

#[tokio::test]
async fn the_customer_is_the_object_or_its_id() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    let paid = |body: Value| {
        let mut body = body;
        body["financial_status"] = json!("paid");
        body["paid_price"] = json!("1.00");
        body
    };
    let forms = [json!({"customer": {"id": 1}}), json!({"customer": 1}), json!({"customer_id": 1})];
    for (form, id) in forms.into_iter().zip(1..) {
        api.put(&one(ORDERS, id), &paid(form)).await.assert_status(201);
        assert_eq!(api.get(&format!("{HISTORY}?customer=1")).await.assert_status(200)["count"], id);
    }
    let none = [json!({"customer": null}), json!({}), json!({"customer_id": null})];
    for (form, id) in none.into_iter().zip(11..) {
        api.put(&one(ORDERS, id), &paid(form)).await.assert_status(201);
    }
    assert_eq!(api.get(HISTORY).await.assert_status(200)["count"], 3);
}

#[tokio::test]
async fn an_unknown_customer_is_refused_with_the_relations_message_and_nothing_is_written() {
    let api = Api::empty().await;
    let missing = r#"Invalid pk "9" - object does not exist."#;
    for body in [json!({"customer": {"id": 9}}), json!({"customer": 9})] {
        refused(&api.put(&one(ORDERS, 5), &body).await, "customer", missing, &body);
    }
    let reply = api.put(&one(ORDERS, 5), &json!({"customer": {}})).await;
    assert_eq!(reply.assert_status(400), json!({"customer": {"id": ["This field is required."]}}));
    let wrong = "Incorrect type. Expected pk value, received str.";
    refused(&api.put(&one(ORDERS, 5), &json!({"customer": "x"})).await, "customer", wrong, &"x");
    detail(&api.get(&one(ORDERS, 5)).await, 404, "Not found.");
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_written() {
    let api = Api::empty().await;
    let number = "A valid number is required.";
    let places = "Ensure that there are no more than 2 decimal places.";
    let negative = "Ensure this value is greater than or equal to 0.";
    for (field, value, message) in [
        ("paid_price", json!("x"), number),
        ("paid_price", json!("1.001"), places),
        ("paid_price", json!("-1.00"), negative),
        ("refunded_price", json!([]), number),
        ("refunded_price", json!(-0.01), negative),
        ("refunded_price", json!("0.005"), places),
        ("financial_status", json!([]), "Not a valid string."),
        ("order_status", json!(true), "Not a valid string."),
        ("financial_status", json!("x".repeat(65)), "Ensure this field has no more than 64 characters."),
    ] {
        let body = json!({ field: value });
        refused(&api.put(&one(ORDERS, 5), &body).await, field, message, &value);
    }
    for field in ["updated_at", "cancelled_at"] {
        for value in [json!("yesterday"), json!(5), json!("")] {
            let errors = api.put(&one(ORDERS, 5), &json!({ field: value })).await.assert_status(400);
            assert!(errors[field][0].as_str().expect("a text").starts_with("Datetime has wrong format."), "{errors}");
        }
    }
    let unpriced = api.put(&one(ORDERS, 5), &json!({"financial_status": "paid"})).await;
    refused(&unpriced, "paid_price", "This field is required.", &"none");
    let null = api.put(&one(ORDERS, 5), &json!({"financial_status": "paid", "paid_price": null})).await;
    refused(&null, "paid_price", "This field may not be null.", &"null");
    detail(&api.get(&one(ORDERS, 5)).await, 404, "Not found.");
}

#[tokio::test]
async fn an_order_of_256_kilobytes_is_stored_and_a_larger_one_refused() {
    let api = Api::empty().await;
    let most = 256 * 1024;
    let of_size = |size: usize| {
        let frame = json!({"id": 5, "note": ""}).to_string().len();
        json!({"id": 5, "note": "x".repeat(size - frame)})
    };
    let stored = api.put(&one(ORDERS, 5), &of_size(most)).await;
    assert_eq!(stored.assert_status(201), of_size(most));
    let message = "Ensure this order has no more than 262144 bytes.";
    refused(&api.put(&one(ORDERS, 5), &of_size(most + 1)).await, "non_field_errors", message, &"large");
    assert_eq!(api.get(&one(ORDERS, 5)).await.assert_status(200), of_size(most));
}

#[tokio::test]
async fn paths_that_name_no_order_are_not_found() {
    let api = Api::start().await;
    for path in ["/api/orders/order/", "/api/orders/order/x/", "/api/orders/order/0/", "/api/orders/order/5/lines/"] {
        detail(&api.get(path).await, 404, "Not found.");
    }
    detail(&api.put("/api/orders/order/0/", &json!({})).await, 404, "Not found.");
}

#[tokio::test]
async fn an_empty_body_is_an_empty_order() {
    let api = Api::empty().await;
    let stored = api.call("PUT", &one(ORDERS, 95_001), None).await;
    assert_eq!((stored.status, stored.text.as_str()), (201, r#"{"id":95001}"#));
}

#[tokio::test]
async fn an_unknown_customer_is_told_with_all_that_is_wrong_under_the_field_that_was_sent() {
    let api = Api::empty().await;
    let missing = json!(["Invalid pk \"9\" - object does not exist."]);
    let required = json!(["This field is required."]);
    for (sent, field) in [(json!({"customer": {"id": 9}}), "customer"), (json!({"customer_id": 9}), "customer_id")] {
        assert_eq!(api.put(&one(ORDERS, 7), &sent).await.assert_status(400), json!({field: missing}));
        let mut order = sent;
        order["financial_status"] = json!("paid");
        let errors = api.put(&one(ORDERS, 7), &order).await.assert_status(400);
        assert_eq!(errors, json!({field: missing, "paid_price": required}));
    }
    let errors = api.post(EVALUATE, &json!({"customer_id": 9})).await.assert_status(400);
    assert_eq!(errors, json!({"customer_id": missing, "lines": required}));
}
