//! The examples for coupons and codes in `tests/documents/discounts.txt`, replayed: keys, values and the order of the
//! keys.

use chrono::Utc;
use serde_json::{Value, json};
use tests::{
    Api,
    documents::{DISCOUNTS, example},
};

use crate::support::{CODES, COUPONS, RULES, discounts::unknown, keys, one, same_text, taken_since};

/// Completes the documented coupon with the products that the document leaves out.
fn whole(mut coupon: Value) -> Value {
    coupon["price_rule"]["entitled_product_ids"] = json!([1001, 1002]);
    coupon
}

/// Removes the fields that the server chooses anew.
fn masked(mut row: Value, fields: &[&str]) -> Value {
    for field in fields {
        row[field] = Value::Null;
    }
    row
}

fn documented_code() -> Value {
    example(DISCOUNTS, "更新优惠码", 1)
}

#[tokio::test]
async fn the_list_of_coupons() {
    let api = Api::start().await;
    let listed = api.get(&format!("{COUPONS}?id=3077&code_prefix= JxxxxY&can_redeem=true")).await.assert_status(200);
    let mut documented = example(DISCOUNTS, "查询全部优惠券", 0);
    documented["results"][0] = whole(documented["results"][0].clone());
    same_text(&listed, &documented);
}

#[tokio::test]
async fn one_coupon() {
    let api = Api::start().await;
    let coupon = api.get(&one(COUPONS, 3077)).await.assert_status(200);
    same_text(&coupon, &whole(example(DISCOUNTS, "查询指定优惠券", 0)));
    same_text(&api.get(&one(RULES, 5527)).await.assert_status(200), &coupon["price_rule"]);
}

#[tokio::test]
async fn a_coupon_is_created_with_its_rule_and_deleted() {
    let api = Api::start().await;
    let before = Utc::now();
    let created = api.post(COUPONS, &example(DISCOUNTS, "创建优惠券", 0)).await.assert_status(201);
    taken_since(&created["created_at"], before);
    let documented = example(DISCOUNTS, "创建优惠券", 1);
    same_text(&masked(created.clone(), &["created_at"]), &masked(documented, &["created_at"]));
    same_text(&api.get(&one(COUPONS, 3097)).await.assert_status(200), &created);
    same_text(&api.get(&one(RULES, 5547)).await.assert_status(200), &created["price_rule"]);
    let deleted = api.delete(&one(COUPONS, 3097)).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(api.get(&one(COUPONS, 3097)).await.status, 404);
}

#[tokio::test]
async fn the_list_of_codes_shows_them_whole() {
    let api = Api::start().await;
    let listed = api.get(&format!("{CODES}?status=available")).await.assert_status(200);
    assert_eq!(keys(&listed), ["count", "next", "previous", "results"]);
    let rows = listed["results"].as_array().expect("rows");
    same_text(rows.iter().find(|row| row["id"] == 27518).expect("the documented code"), &documented_code());
}

#[tokio::test]
async fn one_code() {
    let api = Api::start().await;
    same_text(&api.get(&one(CODES, 27518)).await.assert_status(200), &documented_code());
}

#[tokio::test]
async fn codes_are_issued() {
    let api = Api::start().await;
    let before = Utc::now();
    let mut pairs = json!([{"customer_id": 123, "coupon_id": 27518}, {"customer_id": 22750, "coupon_id": 1335}]);
    // The document names a code where it means a coupon.
    let errors = api.post(CODES, &pairs).await.assert_status(400);
    same_text(&errors, &json!([{"coupon_id": [unknown(27518)]}, {}]));
    pairs[0]["coupon_id"] = json!(987);
    let issued = api.post(CODES, &pairs).await.assert_status(201);
    let documented = example(DISCOUNTS, "将优惠码发放给指定用户", 0);
    assert_eq!(keys(&issued), keys(&documented));
    assert_eq!((&issued["count"], &issued["next"], &issued["previous"]), (&json!(2), &Value::Null, &Value::Null));
    let (row, shown) = (&issued["results"][0], &documented["results"][0]);
    let chosen = ["id", "code", "created_at"];
    same_text(&masked(row.clone(), &chosen), &masked(shown.clone(), &chosen));
    taken_since(&row["created_at"], before);
    let text = row["code"].as_str().expect("a text");
    assert!(text.strip_prefix("jB7nNJPb").is_some_and(|rest| rest.chars().count() >= 6), "{text}");
    let second = &issued["results"][1];
    assert_eq!((keys(second), keys(&second["customer"])), (keys(shown), keys(&shown["customer"])));
    assert_eq!(keys(&second["coupon"]), keys(&shown["coupon"]));
    assert_eq!((&second["customer"]["id"], &second["coupon"]["id"]), (&json!(22750), &json!(1335)));
    assert_eq!((&second["customer_id"], &second["coupon_id"]), (&json!(22750), &json!(1335)));
}

#[tokio::test]
async fn a_code_is_updated_and_the_coupon_that_the_body_names_is_ignored() {
    let api = Api::start().await;
    let sent = example(DISCOUNTS, "更新优惠码", 0);
    assert_eq!(sent["coupon_id"], 27518);
    same_text(&api.put(&one(CODES, 27518), &sent).await.assert_status(200), &documented_code());
    same_text(&api.get(&one(CODES, 27518)).await.assert_status(200), &documented_code());
}

#[tokio::test]
async fn a_code_is_deleted() {
    let api = Api::start().await;
    let deleted = api.delete(&one(CODES, 27518)).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(api.get(&one(CODES, 27518)).await.status, 404);
}
