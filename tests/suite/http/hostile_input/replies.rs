//! The size of replies: they stay within Lambda's 6 MB with escaped quotes, whatever the request.

use serde_json::{Value, json};
use tests::Api;

use super::decent;
use crate::support::{CODES, CUSTOMERS, RULES, discounts::rule, one, refused};

const TOO_MANY: &str = "The reply to this list would be larger than 5 MB. Send fewer customers.";

/// Returns customers whose notes take twice as much space in a reply as in a request.
fn quoted(ids: std::ops::RangeInclusive<u64>) -> Value {
    ids.map(|id| json!({ "id": id, "note": "\"".repeat(2_000) })).collect()
}

#[tokio::test]
async fn an_import_that_could_not_be_answered_is_refused_before_it_is_done() {
    let api = Api::empty().await;
    let reply = api.post(CUSTOMERS, &quoted(1..=1_000)).await;
    refused(&reply, "non_field_errors", TOO_MANY, &"all at once");
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 0);
    for ids in [1..=400, 401..=800] {
        assert_eq!(api.post(CUSTOMERS, &quoted(ids)).await.assert_status(201)["count"], 400);
    }
    // The body is small, but the stored notes stay.
    let bare = |ids: std::ops::RangeInclusive<u64>| ids.map(|id| json!({ "id": id, "full_name": "x" })).collect();
    let reply = api.post(CUSTOMERS, &bare(1..=800)).await;
    refused(&reply, "non_field_errors", TOO_MANY, &"what is stored");
    assert_eq!(api.get(&one(CUSTOMERS, 1)).await.assert_status(200)["full_name"], "");
    assert_eq!(api.post(CUSTOMERS, &bare(401..=1_200)).await.assert_status(201)["count"], 800);
    assert_eq!(api.get(&one(CUSTOMERS, 401)).await.assert_status(200)["full_name"], "x");
}

#[tokio::test]
async fn an_error_shows_only_the_start_of_what_was_sent() {
    let api = Api::start().await;
    let quotes = "\"".repeat(1_000_000);
    for value in [json!(quotes), json!(vec!["x"; 500_000]), json!("码".repeat(700_000))] {
        let reply = api.post(RULES, &rule(&json!({ "value_type": value, "target_type": value }))).await;
        decent(&reply, "a rule");
        assert!(reply.status == 400 && reply.text.len() < 4_000, "{} bytes", reply.text.len());
        let reply = api.put(&one(CODES, 27_518), &json!({ "status": value })).await;
        decent(&reply, "a code");
        assert!(reply.status == 400 && reply.text.len() < 2_000, "{} bytes", reply.text.len());
    }
    for (length, shown) in [(255, "x".repeat(255)), (256, format!("{}...", "x".repeat(255)))] {
        let reply = api.post(RULES, &rule(&json!({ "value_type": "x".repeat(length) }))).await;
        refused(&reply, "value_type", &format!("\"{shown}\" is not a valid choice."), &length);
    }
}
