//! `POST /api/crm/customer/`: the import of a list.

use serde_json::{Value, json};
use tests::Api;

use crate::support::{CUSTOMERS, NOT_A_STRING, REQUIRED, customer, keys, one, same_text, store_customers};

/// Returns a customer with an id.
fn with_id(id: u64) -> Value {
    let mut body = customer(&format!("137{id:08}"));
    body["id"] = json!(id);
    body
}

fn many(ids: impl IntoIterator<Item = u64>) -> Value {
    ids.into_iter().map(with_id).collect()
}

async fn count(api: &Api) -> Value {
    api.get(CUSTOMERS).await.assert_status(200)["count"].clone()
}

#[tokio::test]
async fn an_import_answers_the_envelope_in_the_order_of_the_list() {
    let api = Api::empty().await;
    let imported = api.post(CUSTOMERS, &many([30, 10, 20])).await.assert_status(201);
    assert_eq!(keys(&imported), ["count", "next", "previous", "results"]);
    assert_eq!((&imported["count"], &imported["next"], &imported["previous"]), (&json!(3), &Value::Null, &Value::Null));
    for (row, id) in imported["results"].as_array().expect("rows").iter().zip([30, 10, 20]) {
        assert_eq!(row["id"], id);
        same_text(&api.get(&one(CUSTOMERS, id)).await.assert_status(200), row);
        assert_eq!(api.get(&format!("{CUSTOMERS}?mobile=137{id:08}")).await.ids(), [id]);
    }
}

#[tokio::test]
async fn an_import_updates_those_who_exist() {
    let api = Api::empty().await;
    store_customers(&api, &[1, 2]).await;
    let imported = api.post(CUSTOMERS, &many([2, 3])).await.assert_status(201);
    assert_eq!(imported["count"], 2);
    assert_eq!(count(&api).await, 3);
    assert_eq!(api.get(&one(CUSTOMERS, 2)).await.assert_status(200)["mobile"], "13700000002");
    assert_eq!(api.get(&one(CUSTOMERS, 1)).await.assert_status(200)["mobile"], "13900000001");
    assert_eq!(api.get(&format!("{CUSTOMERS}?mobile=13900000002")).await.ids(), Vec::<u64>::new());
}

#[tokio::test]
async fn created_at_is_taken_as_sent() {
    let api = Api::empty().await;
    let mut body = with_id(1);
    body["created_at"] = json!("2018-09-03T05:56:15Z");
    let imported = api.post(CUSTOMERS, &json!([body])).await.assert_status(201);
    assert_eq!(imported["results"][0]["created_at"], "2018-09-03T13:56:15+08:00");
}

#[tokio::test]
async fn one_bad_row_refuses_all_with_errors_aligned() {
    let api = Api::empty().await;
    let mut rows = many([1, 2, 3, 4]);
    rows[1]["mobile"] = json!([]);
    rows[3].as_object_mut().expect("an object").remove("id");
    let errors = api.post(CUSTOMERS, &rows).await.assert_status(400);
    same_text(&errors, &json!([{}, {"mobile": [NOT_A_STRING]}, {}, {"id": [REQUIRED]}]));
    assert_eq!(count(&api).await, 0);
}

#[tokio::test]
async fn a_row_that_is_no_object_is_refused() {
    let api = Api::empty().await;
    let errors = api.post(CUSTOMERS, &json!([with_id(1), 5])).await.assert_status(400);
    let expected = json!([{}, {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}]);
    same_text(&errors, &expected);
    assert_eq!(count(&api).await, 0);
}

#[tokio::test]
async fn the_list_has_one_to_a_thousand_rows() {
    let api = Api::empty().await;
    let cases = [
        (json!([]), "This list may not be empty."),
        (many(1..=1001), "Ensure this field has no more than 1000 elements."),
        (with_id(1), "Expected a list of items but got type \"dict\"."),
    ];
    for (body, message) in cases {
        assert_eq!(api.post(CUSTOMERS, &body).await.assert_status(400), json!({"non_field_errors": [message]}));
        assert_eq!(count(&api).await, 0);
    }
}

#[tokio::test]
async fn a_thousand_are_imported_and_the_large_reply_is_replayed() {
    let api = Api::empty().await;
    let mut rows = many(1..=1000);
    for (row, number) in rows.as_array_mut().expect("rows").iter_mut().zip(0_u64..) {
        row["note"] = json!((0..8).map(|part| format!("{:016x}", tests_noise(number * 8 + part))).collect::<String>());
    }
    let first = api.keyed("POST", CUSTOMERS, "large", &rows).await;
    assert_eq!(first.assert_status(201)["count"], 1000);
    assert_eq!(count(&api).await, 1000);
    let again = api.keyed("POST", CUSTOMERS, "large", &rows).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(api.get(&format!("{CUSTOMERS}?order_by=id&id__gt=995")).await.ids(), [996, 997, 998, 999, 1000]);
}

/// Returns bits that do not compress (splitmix64).
fn tests_noise(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
