//! Faults of the store over HTTP: a 500 for those that an operator must remove, a 503 for those that pass, and changes
//! that happen once.

use std::time::{Duration, SystemTime};

use crate::support::{
    ACCOUNTS, ADJUST, CODES, CUSTOMERS, LEVELS, log_lines::Lines, one, points::adjust, store_customers,
};
use aws_sdk_dynamodb::{config::SharedHttpClient, types::AttributeValue};
use devserver::server::Options;
use serde_json::{Value, json};
use store::{connect::Connection, request_token::RequestToken};
use tests::{
    Api, Reply,
    scripted::{Fate, Scripted},
};

/// Starts a shop with a customer, over a scripted store.
async fn scripted() -> (Api, Scripted) {
    let scripted = Scripted::over_http();
    let http_client = Some(SharedHttpClient::new(scripted.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    store_customers(&api, &[1]).await;
    (api, scripted)
}

#[track_caller]
fn is_fault(reply: &Reply, status: u16, detail: &str) {
    let told = reply.assert_status(status)["detail"].as_str().expect("a text").to_owned();
    assert!(told.starts_with(&format!("{detail} Request id: ")), "{told}");
    assert_eq!(reply.header("retry-after"), if status == 503 { "1" } else { "" });
}

/// Sends a request that calls this operation of DynamoDB.
async fn calling(api: &Api, operation: &str) -> Reply {
    match operation {
        "GetItem" => api.get(&one(CUSTOMERS, 1)).await,
        "Query" => api.get(&format!("{CODES}?status=unused")).await,
        "BatchGetItem" => api.get(&format!("{CUSTOMERS}?id__in=1,2")).await,
        "BatchWriteItem" => {
            let customers: Value = (1..=60).map(|id| json!({ "id": id })).collect();
            api.keyed("POST", CUSTOMERS, "import", &customers).await
        }
        _ => api.post(LEVELS, &json!({"title": "gold"})).await,
    }
}

const OPERATIONS: [&str; 6] =
    ["GetItem", "Query", "BatchGetItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems"];

#[tokio::test]
async fn a_call_that_cannot_succeed_is_a_500_whose_cause_is_logged() {
    let (api, scripted) = scripted().await;
    let (lines, _guard) = Lines::kept();
    let codes = [
        "AccessDeniedException",
        "ValidationException",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ResourceNotFoundException",
    ];
    for operation in OPERATIONS {
        for code in codes {
            let before = lines.text().len();
            scripted.always(Some((operation, Fate::Refused(400, code))));
            is_fault(&calling(&api, operation).await, 500, "A server error occurred.");
            assert!(scripted.met() > 0, "{operation} was not called");
            let line = lines.text()[before..].to_owned();
            for said in ["status=500", "faults=1", "fault=", code] {
                assert!(line.contains(said), "{operation}, {said}: {line}");
            }
        }
    }
    scripted.always(None);
    calling(&api, "UpdateItem").await.assert_status(201);
    api.stop().await;
}

#[tokio::test]
async fn a_fault_that_passes_is_a_503() {
    let (api, scripted) = scripted().await;
    let fates = [
        Fate::Refused(400, "ThrottlingException"),
        Fate::Refused(400, "ProvisionedThroughputExceededException"),
        Fate::Refused(500, "InternalServerError"),
        Fate::Refused(503, "ServiceUnavailable"),
        Fate::TimedOut,
        Fate::BrokenOff,
    ];
    for operation in ["GetItem", "UpdateItem"] {
        for fate in fates {
            scripted.always(Some((operation, fate)));
            is_fault(&calling(&api, operation).await, 503, "The service is busy. Please try again.");
        }
    }
    api.stop().await;
}

#[tokio::test]
async fn a_table_that_is_missing_is_a_500() {
    let (api, _) = scripted().await;
    let (lines, _guard) = Lines::kept();
    let store = &api.server.store;
    store.client().delete_table().table_name(store.table()).send().await.expect("no table");
    for reply in [api.get(LEVELS).await, calling(&api, "UpdateItem").await] {
        is_fault(&reply, 500, "A server error occurred.");
    }
    assert!(lines.text().contains("ResourceNotFoundException"), "{}", lines.text());
    api.stop().await;
}

#[tokio::test]
async fn a_single_write_that_meets_a_transaction_is_made_after_it() {
    let (api, scripted) = scripted().await;
    let conflict = Fate::Refused(400, "TransactionConflictException");
    scripted.next("UpdateItem", [conflict; 3]);
    let first = calling(&api, "UpdateItem").await.assert_status(201)["id"].as_u64().expect("an id");
    assert_eq!(scripted.met(), 3);
    let second = calling(&api, "UpdateItem").await.assert_status(201)["id"].as_u64();
    assert_eq!(second, Some(first + 1), "an id was left out");

    scripted.next("BatchWriteItem", [conflict; 2]);
    let key = store::keys::row(&"batches".parse().expect("a shop"), "part", 0, 1);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let item = [("PK".to_owned(), text(&key.pk)), ("SK".to_owned(), text(&key.sk))].into();
    api.server.store.batch_put(vec![item]).await.expect("written");
    assert_eq!(scripted.met(), 2);
    assert!(api.server.store.get(&key).await.expect("a read").is_some());
    api.stop().await;
}

async fn points(api: &Api) -> Value {
    api.get(&one(ACCOUNTS, 1)).await.assert_status(200)["points"].clone()
}

#[tokio::test]
async fn a_change_whose_reply_is_lost_is_answered_by_its_token() {
    let (api, scripted) = scripted().await;
    scripted.next("TransactWriteItems", [Fate::Unheard, Fate::TimedOut, Fate::Unheard]);
    adjust(&api, 1, 7).await.assert_status(201);
    assert_eq!((scripted.met(), points(&api).await), (3, json!(7)));
    api.stop().await;
}

#[tokio::test]
async fn a_refusal_that_may_be_our_own_change_is_not_believed() {
    let busy = "The service is busy. Please try again.";
    let (api, scripted) = scripted().await;
    let mismatch = Fate::Refused(400, "IdempotentParameterMismatchException");
    for (number, fates) in [(1, vec![Fate::Restarted]), (2, vec![Fate::Unheard, mismatch])] {
        scripted.next("TransactWriteItems", fates.clone());
        is_fault(&adjust(&api, 1, 7).await, 503, busy);
        assert_eq!(points(&api).await, 14 * number - 7, "once, without a key");

        let (key, body) = (format!("adjust-{number}"), json!({"customer_id": 1, "points": 7}));
        scripted.next("TransactWriteItems", fates);
        is_fault(&api.keyed("POST", ADJUST, &key, &body).await, 503, busy);
        let again = api.keyed("POST", ADJUST, &key, &body).await;
        again.assert_status(201);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(points(&api).await, 14 * number, "once, with a key");
    }
    api.stop().await;
}

#[test]
fn a_refusal_is_proof_as_long_as_the_store_remembers_the_token() {
    let sent = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let (soon, late) = (sent + Duration::from_secs(20), sent + Duration::from_mins(10));
    let mut token = RequestToken::new(sent);
    assert_eq!(token.text().len(), 32);
    assert_ne!(token.text(), RequestToken::new(sent).text());
    // Nothing was sent before whose outcome is unknown.
    assert!(token.proves_refusal(late) && !token.is_unheard());
    token.unheard(false);
    assert!(token.is_unheard() && token.proves_refusal(soon) && token.is_remembered(soon));
    // A machine that slept has outlived the token. A clock that was set back says nothing.
    assert!(!token.proves_refusal(late) && !token.is_remembered(late));
    assert!(token.proves_refusal(sent - Duration::from_secs(5)));
    // The process of the store may have ended, and its memory with it.
    token.unheard(true);
    token.unheard(false);
    assert!(!token.proves_refusal(soon) && token.is_remembered(soon));
}
