//! `Idempotency-Key`: replays, conflicts and limits.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Reply, TOKEN};

use crate::support::{
    ADJUST, CUSTOMERS, HISTORY, LEVELS, customer, id, keys, level, one, points::adjust, refused_somehow,
};

const REPLAYED: &str = "idempotent-replayed";

/// Returns every operation that takes a key, with a body and its status on the demo data.
fn operations() -> Vec<(&'static str, &'static str, Value, u16)> {
    vec![
        ("POST", LEVELS, json!({"title": "x", "gain_points": 0.5}), 201),
        ("PUT", "/api/loyalty/level/5/", json!({"title": "x", "sign_points": 3}), 200),
        ("POST", ADJUST, json!({"customer_id": 123, "points": 5}), 201),
        ("PUT", "/api/crm/customer/777/", customer("13700000000"), 201),
        ("PUT", "/api/crm/customer/123/", customer("13700000000"), 200),
    ]
}

async fn count(api: &Api, list: &str) -> Value {
    api.get(list).await.assert_status(200)["count"].clone()
}

async fn everything(api: &Api) -> Vec<String> {
    let paths = [LEVELS, HISTORY, CUSTOMERS];
    join_all(paths.map(|path| api.get(path))).await.into_iter().map(|reply| reply.text).collect()
}

/// Returns the number of levels, entries and customers.
async fn counts(api: &Api) -> [u64; 3] {
    let mut counts = [0; 3];
    for (count_of, list) in counts.iter_mut().zip([LEVELS, HISTORY, CUSTOMERS]) {
        *count_of = count(api, list).await.as_u64().expect("a count");
    }
    counts
}

/// Sends an unchanged body under a key.
async fn raw(api: &Api, method: &str, path: &str, key: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
    api.send(method, path, &headers, Some(body.as_bytes().to_vec())).await
}

#[track_caller]
fn is_first(reply: &Reply, status: u16) {
    assert_eq!((reply.status, reply.header(REPLAYED)), (status, ""), "{}", reply.text);
}

#[track_caller]
fn is_replay_of(reply: &Reply, first: &Reply) {
    assert_eq!((reply.status, &reply.text), (first.status, &first.text));
    assert_eq!(reply.header(REPLAYED), "true");
    assert_eq!(reply.header("content-type"), "application/json");
}

#[track_caller]
fn is_conflict(reply: &Reply) {
    assert_eq!(reply.status, 422, "{}", reply.text);
    assert_eq!(keys(&reply.json()), ["detail"], "{}", reply.text);
}

#[tokio::test]
async fn every_operation_is_replayed_and_has_one_effect() {
    let api = Api::start().await;
    for ((method, path, body, status), key) in operations().into_iter().zip(["a", "b", "c", "d", "e"]) {
        let first = api.keyed(method, path, key, &body).await;
        is_first(&first, status);
        let after = everything(&api).await;
        for _ in 0..2 {
            is_replay_of(&api.keyed(method, path, key, &body).await, &first);
        }
        assert_eq!(everything(&api).await, after, "{method} {path}");
    }
}

#[tokio::test]
async fn without_a_key_or_with_another_one_there_are_two_effects() {
    let api = Api::start().await;
    let body = json!({"customer_id": 123, "points": 5});
    for key in ["a", "A", "b"] {
        is_first(&api.keyed("POST", ADJUST, key, &body).await, 201);
    }
    is_first(&api.post(ADJUST, &body).await, 201);
    is_first(&api.post(ADJUST, &body).await, 201);
    assert_eq!(count(&api, HISTORY).await, 6);
}

#[tokio::test]
async fn another_body_under_the_key_is_refused_and_changes_nothing() {
    let api = Api::start().await;
    for ((method, path, body, status), key) in operations().into_iter().zip(["a", "b", "c", "d", "e"]) {
        let first = api.keyed(method, path, key, &body).await;
        is_first(&first, status);
        let after = everything(&api).await;
        let mut more = body.clone();
        more["more"] = json!(1);
        let mut less = body.clone();
        less.as_object_mut().expect("an object").pop_first_key();
        for other in [more, less, json!({}), json!([]), json!({"title": ["bad"]})] {
            is_conflict(&api.keyed(method, path, key, &other).await);
        }
        assert_eq!(everything(&api).await, after, "{method} {path}");
        is_replay_of(&api.keyed(method, path, key, &body).await, &first);
    }
}

/// An extension of `BTreeMap` that removes its first key.
trait PopFirst {
    fn pop_first_key(&mut self);
}

impl PopFirst for serde_json::Map<String, Value> {
    fn pop_first_key(&mut self) {
        let first = self.keys().next().expect("a key").clone();
        self.remove(&first);
    }
}

#[tokio::test]
async fn another_path_or_method_under_the_key_is_refused() {
    let api = Api::start().await;
    let body = json!({"title": "x", "customer_id": 123, "points": 5, "mobile": "1", "full_name": "y"});
    is_first(&api.keyed("POST", LEVELS, "k", &body).await, 201);
    let after = everything(&api).await;
    for (method, path) in [
        ("PUT", one(LEVELS, 5)),
        ("PUT", one(LEVELS, 27)),
        ("POST", ADJUST.to_owned()),
        ("PUT", one(CUSTOMERS, 123)),
        ("PUT", one(CUSTOMERS, 124)),
    ] {
        is_conflict(&api.keyed(method, &path, "k", &body).await);
    }
    assert_eq!(everything(&api).await, after);
    is_first(&api.keyed("PUT", &one(LEVELS, 5), "l", &body).await, 200);
    is_conflict(&api.keyed("PUT", &one(LEVELS, 8), "l", &body).await);
}

#[tokio::test]
async fn bodies_are_compared_parsed() {
    let api = Api::start().await;
    let first = raw(&api, "POST", ADJUST, "k", r#"{"customer_id":123,"points":5,"x":{"a":[1,"é"],"b":null}}"#).await;
    is_first(&first, 201);
    for same in [
        r#"{"points":5,"x":{"b":null,"a":[1,"é"]},"customer_id":123}"#,
        "\n{ \"customer_id\" : 123,\t\"points\" : 5, \"x\" : { \"a\" : [ 1 , \"\\u00e9\" ], \"b\" : null } }\r\n",
        r#"{"customer_id":123,"points":5.0,"x":{"a":[1.0,"é"],"b":null}}"#,
    ] {
        is_replay_of(&raw(&api, "POST", ADJUST, "k", same).await, &first);
    }
    for other in [
        r#"{"customer_id":123,"points":"5","x":{"a":[1,"é"],"b":null}}"#,
        r#"{"customer_id":123,"points":5,"x":{"a":["é",1],"b":null}}"#,
        r#"{"customer_id":123,"points":5,"x":{"a":[1,"é"]}}"#,
    ] {
        is_conflict(&raw(&api, "POST", ADJUST, "k", other).await);
    }
    assert_eq!(count(&api, HISTORY).await, 2);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let api = Api::start().await;
    let good = json!({"title": "x"});
    assert_eq!(api.keyed("POST", LEVELS, "a", &json!({})).await.status, 400);
    assert_eq!(raw(&api, "POST", LEVELS, "a", "{").await.status, 400);
    assert_eq!(api.keyed("PUT", &one(LEVELS, 999), "a", &good).await.status, 404);
    assert_eq!(api.keyed("PATCH", LEVELS, "a", &good).await.status, 405);
    is_first(&api.keyed("POST", LEVELS, "a", &good).await, 201);
    assert_eq!(count(&api, LEVELS).await, 4);
}

#[tokio::test]
async fn a_refusal_for_want_of_points_is_tried_again_under_its_key() {
    let api = Api::start().await;
    let take = json!({"customer_id": 123, "points": -5});
    refused_somehow(&api.keyed("POST", ADJUST, "k", &take).await, "points", &take);
    adjust(&api, 123, 5).await.assert_status(201);
    let first = api.keyed("POST", ADJUST, "k", &take).await;
    is_first(&first, 201);
    is_replay_of(&api.keyed("POST", ADJUST, "k", &take).await, &first);
    refused_somehow(&adjust(&api, 123, -1).await, "points", &-1);
}

#[tokio::test]
async fn a_replay_answers_as_it_was_whatever_came_between() {
    let api = Api::start().await;
    let body = json!({"title": "旧"});
    let first = api.keyed("POST", LEVELS, "k", &body).await;
    let path = one(LEVELS, id(&first));
    api.put(&path, &json!({"title": "新"})).await.assert_status(200);
    is_replay_of(&api.keyed("POST", LEVELS, "k", &body).await, &first);
    assert_eq!(api.get(&path).await.assert_status(200)["title"], "新");
    let second = api.keyed("PUT", &path, "l", &body).await;
    is_first(&second, 200);
    api.delete(&path).await.assert_status(204);
    is_replay_of(&api.keyed("POST", LEVELS, "k", &body).await, &first);
    is_replay_of(&api.keyed("PUT", &path, "l", &body).await, &second);
    assert_eq!(api.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_key_has_one_to_255_visible_characters() {
    let api = Api::start().await;
    let body = json!({"title": "x"});
    let long = "k".repeat(256);
    for key in ["", " ", "a b", "a\tb", "ключ", "a\u{a0}b", &long] {
        let reply = api.keyed("POST", LEVELS, key, &body).await;
        assert_eq!(reply.status, 400, "{key:?}: {}", reply.text);
    }
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
    for key in ["k", &"k".repeat(255), "!~#/\\\"'%00&?=", "550e8400-e29b-41d4-a716-446655440000"] {
        let first = api.keyed("POST", LEVELS, key, &body).await;
        is_first(&first, 201);
        is_replay_of(&api.keyed("POST", LEVELS, key, &body).await, &first);
    }
    assert_eq!(count(&api, LEVELS).await, 7);
}

#[tokio::test]
async fn two_long_keys_that_differ_at_their_end_are_two() {
    let api = Api::empty().await;
    for end in ["a", "b"] {
        let key = format!("{}{end}", "k".repeat(254));
        is_first(&api.keyed("POST", LEVELS, &key, &json!({ "title": end })).await, 201);
    }
    assert_eq!(count(&api, LEVELS).await, 2);
}

#[tokio::test]
async fn a_replay_is_shown_only_to_who_may_write() {
    let api = Api::start().await;
    let body = json!({"customer_id": 123, "points": 5});
    is_first(&api.keyed("POST", ADJUST, "k", &body).await, 201);
    for (scopes, status) in [("read", 403), ("crm:write", 403), ("loyalty:write", 201)] {
        let token = api.token("demo", scopes).await;
        let bearer = format!("Bearer {token}");
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "k")];
        let reply = api.send("POST", ADJUST, &headers, Some(body.to_string().into_bytes())).await;
        assert_eq!(reply.status, status, "{scopes}: {}", reply.text);
        assert_eq!(reply.header(REPLAYED), if status == 201 { "true" } else { "" }, "{scopes}");
    }
    assert_eq!(count(&api, HISTORY).await, 2);
}

#[tokio::test]
async fn ten_at_once_under_one_key_have_one_effect_and_one_reply() {
    let api = Api::start().await;
    for ((method, path, body, status), key) in operations().into_iter().zip(["a", "b", "c", "d", "e"]) {
        let before = counts(&api).await;
        let replies = join_all((0..10).map(|_| api.keyed(method, path, key, &body))).await;
        let (done, busy): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == status);
        assert!(busy.iter().all(|reply| reply.status == 409 && !reply.header("retry-after").is_empty()), "{busy:?}");
        assert_eq!(done.iter().filter(|reply| reply.header(REPLAYED).is_empty()).count(), 1, "{method} {path}");
        assert!(done.iter().all(|reply| reply.text == done[0].text), "{done:?}");
        is_replay_of(&api.keyed(method, path, key, &body).await, done[0]);
        let created = u64::from(status == 201);
        let added = [LEVELS, ADJUST, CUSTOMERS].map(|list| if path.starts_with(list) { created } else { 0 });
        let after = counts(&api).await;
        assert_eq!(after, [before[0] + added[0], before[1] + added[1], before[2] + added[2]], "{method} {path}");
    }
}

#[tokio::test]
async fn two_bodies_at_once_under_one_key_have_one_effect() {
    let api = Api::start().await;
    let bodies: Vec<_> = (1..=10).map(|points| json!({"customer_id": 123, "points": points})).collect();
    let replies = join_all(bodies.iter().map(|body| api.keyed("POST", ADJUST, "k", body))).await;
    let done: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(done.len(), 1, "{replies:?}");
    let refused = replies.iter().filter(|reply| reply.status != 201);
    assert!(refused.clone().all(|reply| [409, 422].contains(&reply.status)), "{replies:?}");
    let listed = api.get(&format!("{HISTORY}?customer=123")).await.assert_status(200);
    assert_eq!((&listed["count"], &listed["results"][0]["points"]), (&json!(1), &done[0].json()["points"]));
}

#[tokio::test]
async fn reads_and_deletes_take_no_notice_of_a_key_that_was_used() {
    let api = Api::start().await;
    is_first(&api.keyed("POST", LEVELS, "k", &json!({"title": "x"})).await, 201);
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "k")];
    assert_eq!(api.send("GET", LEVELS, &headers, None).await.ids(), [5, 8, 9, 27]);
    let second = level(&api, "y").await;
    assert_eq!(api.send("GET", LEVELS, &headers, None).await.ids(), [5, 8, 9, 27, second]);
    assert_eq!(api.send("DELETE", &one(LEVELS, 27), &headers, None).await.status, 204);
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9, second]);
}

#[tokio::test]
async fn a_large_reply_is_replayed() {
    let api = Api::start().await;
    let mut body = customer("13700000000");
    // Letters of 20,000 kinds in random order, which do not compress well.
    let letters =
        (0..2_000_u32).map(|n| char::from_u32(0x4e00 + n.wrapping_mul(2_654_435_761) % 20_000).expect("a letter"));
    body["note"] = json!(letters.collect::<String>());
    let first = api.keyed("PUT", &one(CUSTOMERS, 777), "k", &body).await;
    is_first(&first, 201);
    assert_eq!(first.json()["note"], body["note"]);
    is_replay_of(&api.keyed("PUT", &one(CUSTOMERS, 777), "k", &body).await, &first);
}
