//! Failures and retries of the Rust client: which requests it retries, that a change happens once, and the texts of its
//! errors.

use std::time::Duration;

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tests::{
    Api, TOKEN,
    between::{Act, Between},
};
use youhui_client::{
    Client, CodeIssue, CouponInput, CustomerInput, Error, IdempotencyKey, LevelInput, Order, PointKind, PriceRuleInput,
    RetryPolicy,
};

use crate::client::calls::{client_of, yuan};

/// A retry policy with short waits.
const QUICK: RetryPolicy = RetryPolicy {
    attempts: 3,
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(5),
    most_asked: Duration::from_secs(2),
};

/// Starts an API and a gateway in front of it, and creates a client of the gateway and a customer.
async fn behind() -> (Api, Between, Client) {
    let api = Api::empty().await;
    let between = Between::new(api.server.url()).await;
    let client = Client::builder(between.url.clone(), TOKEN).retry(QUICK).build().expect("a client");
    client.customer_put(7, &CustomerInput::new(7, "1390")).await.expect("a customer");
    between.sent();
    (api, between, client)
}

fn busy(status: u16, retry_after: Option<u32>) -> Act {
    let headers = retry_after.map(|seconds| ("retry-after", seconds.to_string()));
    let headers = headers.into_iter().chain([("x-request-id", "abc".to_owned())]).collect();
    Act::Answer(status, headers, json!({"detail": "busy"}).to_string())
}

#[tokio::test]
async fn a_change_whose_reply_is_lost_happens_once() {
    let (_api, between, client) = behind().await;
    between.next([Act::LoseReply, busy(503, None)]);
    let reply = client.point_history_adjust(7, 10).send().await.expect("a reply");
    assert!(reply.replayed && reply.status == 201 && reply.request_id.is_some(), "{reply:?}");
    assert_eq!(client.account_get(7).await.expect("an account").points, 10);
    let sent = between.sent();
    let keys: Vec<_> = sent[..3].iter().map(|sent| sent.header("idempotency-key")).collect();
    assert!(keys[0].len() == 32 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert!(!client.point_history_adjust(7, 10).send().await.expect("a reply").replayed, "another change, another key");
}

#[tokio::test]
async fn a_key_of_the_caller_outlives_the_client() {
    let (_api, between, client) = behind().await;
    let key = IdempotencyKey::new("job-17").expect("a key");
    client.point_history_adjust(7, 10).key(key.clone()).await.expect("an entry");
    let other = Client::new(&between.url, TOKEN).expect("a client");
    let again = other.point_history_adjust(7, 10).key(key.clone()).send().await.expect("a reply");
    assert!(again.replayed);
    let reused = other.point_history_adjust(7, 11).key(key).await;
    assert!(matches!(reused, Err(Error::KeyReused { .. })), "{reused:?}");
    for text in ["", "a b", "é", &"x".repeat(256)] {
        assert!(IdempotencyKey::new(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn what_is_busy_is_asked_again_and_what_is_refused_is_not() {
    let (_api, between, client) = behind().await;
    for status in [429, 502, 503, 504] {
        between.next([busy(status, None), busy(status, Some(0))]);
        client.customer_get(7).await.unwrap_or_else(|error| panic!("{status}: {error}"));
        assert_eq!(between.sent().len(), 3, "{status}");
    }
    between.next([busy(409, Some(0))]);
    client.point_history_adjust(7, 1).await.expect("its first sending was at work");
    assert_eq!(between.sent().len(), 2);
    for status in [400, 401, 403, 404, 405, 409, 413, 415, 422, 500] {
        between.next([busy(status, None)]);
        assert!(client.point_history_adjust(7, 1).await.is_err(), "{status}");
        assert_eq!(between.sent().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn retries_end() {
    let (_api, between, client) = behind().await;
    between.next(vec![busy(503, Some(0)); 3]);
    let error = client.customer_list().await.expect_err("busy");
    assert!(matches!(&error, Error::Unavailable { status: 503, request_id: Some(id), .. } if id == "abc"), "{error:?}");
    assert!(error.is_transient());
    assert_eq!(between.sent().len(), 3);
    between.next([busy(429, Some(600))]);
    let error = client.customer_get(7).await.expect_err("throttled for too long");
    assert!(matches!(error, Error::Throttled { retry_after: Some(after), .. } if after.as_secs() == 600), "{error:?}");
    assert_eq!(between.sent().len(), 1);
    between.next(vec![Act::LoseReply; 3]);
    assert!(matches!(client.customer_get(7).await, Err(Error::NoReply(_))));
    let nobody = Client::builder("http://127.0.0.1:1", TOKEN).retry(QUICK).build().expect("a client");
    assert!(matches!(nobody.customer_get(7).await, Err(Error::NoReply(_))));
}

#[tokio::test]
async fn a_deletion_whose_reply_is_lost_is_done() {
    let (_api, between, client) = behind().await;
    let level = client.level_create(&LevelInput::new("x")).await.expect("a level");
    between.next([Act::LoseReply]);
    client.level_delete(level.id).await.expect("gone");
    between.next([busy(429, None)]);
    let unknown = client.level_delete(level.id).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "a throttled call had no effect: {unknown:?}");
}

#[tokio::test]
async fn errors_say_what_is_wrong_where() {
    let (_api, _between, client) = behind().await;
    let coupon =
        client.coupon_create(&CouponInput::with_rule("a", PriceRuleInput::amount_off("r", 1))).await.expect("it");
    let pair = |customer_id| CodeIssue { customer_id, coupon_id: coupon.id };
    let error = client.coupon_code_issue(&[pair(7), pair(999), pair(7)]).await.expect_err("an unknown customer");
    let errors = error.field_errors().expect("a 400");
    let message = "Invalid pk \"999\" - object does not exist.";
    assert_eq!(errors.messages("1.customer_id"), [message]);
    assert_eq!(errors.items().map(|(index, _)| index).collect::<Vec<_>>(), [1]);
    assert_eq!(errors.flatten(), [("1.customer_id".to_owned(), message)]);
    assert_eq!(error.to_string(), format!("invalid: 1.customer_id: {message}"));
    assert!(errors.at("0").expect("the first pair").is_empty() && errors.at("3").is_none() && !errors.is_empty());

    let positive = CouponInput::with_rule("b", PriceRuleInput::amount_off("r", -1));
    let error = client.coupon_create(&positive).await.expect_err("a positive value");
    assert!(!error.field_errors().expect("a 400").messages("price_rule.value").is_empty(), "{error}");
    let error = client.point_history_redeem(7, 5, None).await.expect_err("no points");
    assert!(!error.field_errors().expect("a 400").messages("points").is_empty(), "{error}");
    assert!(matches!(client.level_get(999).await, Err(Error::NotFound { .. })));
    assert!(matches!(client.point_history_sign(7).await, Err(Error::Conflict { retry_after: None, .. })));
    assert!(matches!(client.level_list().page(9).await, Err(Error::NotFound { .. })));
    let stranger = Client::new(client_url(&client).as_str(), "another").expect("a client");
    assert!(matches!(stranger.level_list().await, Err(Error::Unauthenticated { .. })));
}

/// Returns the address in a client's `Debug` output.
fn client_url(client: &Client) -> String {
    format!("{client:?}").split('"').nth(1).expect("an address").to_owned()
}

#[tokio::test]
async fn the_scope_of_a_token_is_an_error_of_its_own() {
    let (api, _between, _) = behind().await;
    let reader = Client::new(&api.server.url(), &api.token("demo", "crm:read").await).expect("a client");
    assert!(reader.customer_list().await.is_ok());
    let refused = reader.level_list().await.expect_err("another scope");
    assert!(matches!(&refused, Error::Forbidden { scope: Some(scope), .. } if scope == "loyalty:read"), "{refused}");
}

#[tokio::test]
async fn neither_the_token_nor_a_customer_shows() {
    let (_api, between, client) = behind().await;
    let builder = Client::builder(between.url.clone(), TOKEN);
    let nobody = Client::builder("http://127.0.0.1:1", TOKEN).retry(RetryPolicy::NEVER).build().expect("a client");
    let unreachable = nobody.customer_list().mobile("13912345678").await.expect_err("nobody is there");
    let customer = client.customer_get(7).await.expect("a customer");
    let unsendable = Client::new(&between.url, "a\nb").expect_err("no header takes it");
    let (adjust, list) = (client.point_history_adjust(7, 1), client.customer_list().mobile("13912345678"));
    for text in [
        format!("{client:?} {builder:?} {adjust:?} {list:?} {:?}", list.clone().walk()),
        format!("{unreachable:?} {unreachable}"),
        format!("{customer:?} {unsendable:?} {unsendable}"),
    ] {
        for secret in [TOKEN, "13912345678", "1390", "a\nb"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let agent = between.sent().remove(0).header("user-agent").to_owned();
    assert!(agent.starts_with("youhui-client/"), "{agent}");
}

#[tokio::test]
async fn what_answers_otherwise_than_the_api_is_an_error() {
    let (_api, between, client) = behind().await;
    let elsewhere = vec![("location", "http://127.0.0.1:1/".to_owned())];
    between.next([Act::Answer(307, elsewhere, String::new())]);
    assert!(matches!(client.level_list().await, Err(Error::Unexpected { status: 307, .. })), "no redirect is followed");
    between.next([Act::Answer(200, vec![], "<html>".to_owned())]);
    assert!(matches!(client.level_list().await, Err(Error::Unreadable(_))));
    let page = |ids: [u64; 2]| {
        let rows: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        let page = json!({"count": 2, "next": null, "previous": null, "results": rows});
        Act::Answer(200, vec![], page.to_string())
    };
    for ids in [[3, 3], [4, 3], [1, 0]] {
        between.next([page(ids)]);
        let mut walk = client.level_list().raw().walk();
        assert!(matches!(walk.next_page().await, Err(Error::OutOfOrder { .. })), "{ids:?}");
        assert_eq!(walk.position(), 0);
    }
}

#[test]
fn an_address_is_one_of_http_and_ends_before_the_paths_of_the_api() {
    for url in ["nowhere", "127.0.0.1:19080", "localhost:8080", "ftp://example.com", "mailto:a@example.com"] {
        let error = Client::new(url, TOKEN).expect_err(url).to_string();
        assert!(error.contains("must begin with http:// or https://, such as http://127.0.0.1:8080"), "{url}: {error}");
    }
    for url in ["http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api/", "https://example.com/prod/api/?x=1"] {
        let error = Client::new(url, TOKEN).expect_err(url).to_string();
        assert!(error.contains("must be without /api/, such as http://127.0.0.1:8080"), "{url}: {error}");
    }
    assert!(matches!(Client::new("http://example.com:99999", TOKEN), Err(Error::Unsendable(_))));
    for url in ["http://127.0.0.1:8080/", "HTTPS://api.example.com", "https://example.com/prod", "http://a/my-api/"] {
        Client::new(url, TOKEN).expect(url);
    }
}

#[tokio::test]
async fn what_a_later_server_adds_does_no_harm() {
    let (_api, between, client) = behind().await;
    let entry = json!({
        "id": 1, "customer": null, "points": 3, "kind": "birthday", "order": null, "order_id": null, "new": {"a": 1},
        "created_at": "2026-11-24T10:00:00.123456+08:00",
    });
    between.next([Act::Answer(200, vec![], entry.to_string())]);
    let read = client.point_history_get(1).await.expect("an entry");
    assert_eq!(read.kind, PointKind::Other("birthday".to_owned()));
    assert_eq!(serde_json::to_value(&read).expect("JSON")["kind"], "birthday");
    let page = json!({"count": 1, "next": null, "previous": null, "results": [entry], "facets": []});
    between.next([Act::Answer(200, vec![], page.to_string())]);
    assert_eq!(Value::from(client.point_history_list().raw().await.expect("a page").results.remove(0)), entry);
}

#[tokio::test]
async fn an_order_is_kept_as_it_was_made() {
    let api = Api::empty().await;
    let client = client_of(&api);
    let at = chrono::DateTime::parse_from_rfc3339("2026-11-24T10:00:00+08:00").expect("an instant");
    let order = Order::new(9).with("paid_price", 12.5).with("financial_status", "paid").as_of(at).with("x", json!([1]));
    let reply = client.order_put(&order).send().await.expect("stored");
    assert_eq!((reply.status, &reply.value), (201, &order));
    assert_eq!(client.order_put(&order.clone().cancelled()).send().await.expect("stored").status, 200);
    let stored = client.order_get(9).await.expect("an order");
    assert_eq!((stored.paid_price(), stored.updated_at()), (Some(yuan("12.5")), Some(at)));
    assert_eq!(
        (stored.order_status(), stored.financial_status(), stored.cancelled_at()),
        (Some("cancelled"), Some("paid"), None)
    );
    let refunded = client.order_put(&order.refunded(yuan("2.00"))).await.expect("stored");
    assert_eq!(refunded.refunded_price(), Some(yuan("2.00")));
}

proptest! {
    #[test]
    fn waits_grow_up_to_their_bound_and_honour_what_is_asked(
        seed: u64, sent in 1u32..12, asked in proptest::option::of(0u64..60),
    ) {
        let policy = RetryPolicy::default();
        let asked = asked.map(Duration::from_secs);
        match policy.wait(sent, asked, &mut StdRng::seed_from_u64(seed)) {
            Some(wait) => {
                prop_assert!(sent < policy.attempts);
                let asked = asked.unwrap_or_default();
                prop_assert!(wait >= asked && asked <= policy.most_asked);
                let most = policy.first_wait * 2u32.pow(sent - 1);
                prop_assert!(wait - asked <= most.min(policy.longest_wait));
            }
            None => prop_assert!(sent >= policy.attempts || asked.is_some_and(|asked| asked > policy.most_asked)),
        }
    }
}
