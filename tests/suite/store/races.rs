//! Concurrent requests: balances, lists and walks.

use std::collections::HashSet;

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Api, Reply};

use crate::support::{
    CUSTOMERS, HISTORY, LEVELS, customer, detail, id, level, one, points::adjust, refused_somehow, store_customers,
};

/// Creates an empty shop with customer 1.
async fn with_customer() -> Api {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    api
}

/// Returns the sum of the customer's entries, of which there are at most a hundred.
async fn sum(api: &Api, customer: u64) -> i64 {
    let listed = api.get(&format!("{HISTORY}?customer={customer}&page_size=100")).await.assert_status(200);
    let rows = listed["results"].as_array().expect("rows");
    assert_eq!(listed["count"], rows.len());
    rows.iter().map(|row| row["points"].as_i64().expect("points")).sum()
}

/// Asserts the exact balance: all of it can be taken, and then nothing.
async fn has_balance(api: &Api, customer: u64, balance: i64) {
    assert_eq!(sum(api, customer).await, balance);
    refused_somehow(&adjust(api, customer, -balance - 1).await, "points", &balance);
    if balance > 0 {
        adjust(api, customer, -balance).await.assert_status(201);
    }
    refused_somehow(&adjust(api, customer, -1).await, "points", &-1);
}

/// Returns the number of successful replies. The others must be refusals on `points`.
#[track_caller]
fn done(replies: &[Reply]) -> usize {
    let (done, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    refused.iter().for_each(|reply| refused_somehow(reply, "points", &"concurrent"));
    done.len()
}

#[tokio::test]
async fn forty_adjustments_at_once_sum_exactly() {
    let api = with_customer().await;
    let replies = join_all((0..40).map(|_| adjust(&api, 1, 1))).await;
    let ids: HashSet<_> = replies.iter().map(id).collect();
    assert_eq!(ids.len(), 40);
    assert_eq!(api.get(&format!("{HISTORY}?page_size=100")).await.ids().len(), 40);
    has_balance(&api, 1, 40).await;
}

#[tokio::test]
async fn the_whole_balance_is_taken_once() {
    let api = with_customer().await;
    adjust(&api, 1, 100).await.assert_status(201);
    let replies = join_all((0..20).map(|_| adjust(&api, 1, -100))).await;
    assert_eq!(done(&replies), 1);
    assert_eq!(api.get(HISTORY).await.assert_status(200)["count"], 2);
    has_balance(&api, 1, 0).await;
}

#[tokio::test]
async fn parts_of_a_balance_are_taken_as_often_as_they_fit() {
    let api = with_customer().await;
    adjust(&api, 1, 10).await.assert_status(201);
    let replies = join_all((0..16).map(|_| adjust(&api, 1, -3))).await;
    assert_eq!(done(&replies), 3);
    assert_eq!(api.get(HISTORY).await.assert_status(200)["count"], 4);
    has_balance(&api, 1, 1).await;
}

#[tokio::test]
async fn gains_and_takings_at_once_end_at_their_sum() {
    let api = with_customer().await;
    let all = (0..20).map(|number| adjust(&api, 1, if number % 2 == 0 { 2 } else { -1 }));
    let replies = join_all(all).await;
    assert!(replies.iter().step_by(2).all(|reply| reply.status == 201), "{replies:?}");
    let takings: Vec<_> = replies.iter().skip(1).step_by(2).cloned().collect();
    let taken = i64::try_from(done(&takings)).expect("few");
    has_balance(&api, 1, 20 - taken).await;
}

#[tokio::test]
async fn customers_at_once_do_not_disturb_one_another() {
    let api = Api::empty().await;
    store_customers(&api, &[1, 2, 3, 4]).await;
    let replies = join_all((0..20).map(|number| adjust(&api, number % 4 + 1, 1))).await;
    assert_eq!(replies.iter().map(id).collect::<HashSet<_>>().len(), 20);
    for customer in 1..=4 {
        has_balance(&api, customer, 5).await;
    }
}

#[tokio::test]
async fn levels_created_at_once_have_ids_of_their_own() {
    let api = Api::empty().await;
    let mut ids = join_all((0..20).map(|_| level(&api, "x"))).await;
    ids.sort_unstable();
    let listed = api.get(&format!("{LEVELS}?page_size=100")).await.ids();
    assert_eq!(listed, ids);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 20);
    assert!(level(&api, "y").await > ids[19]);
}

#[tokio::test]
async fn updates_at_once_leave_one_of_them_whole() {
    let api = Api::empty().await;
    let path = one(LEVELS, level(&api, "x").await);
    let body = |number: u64| json!({"title": format!("级{number}"), "sign_points": number, "gain_points": number});
    let bodies: Vec<_> = (1..=12).map(body).collect();
    for reply in join_all(bodies.iter().map(|body| api.put(&path, body))).await {
        let shown = reply.assert_status(200);
        assert_eq!(shown["title"], format!("级{}", shown["sign_points"]));
    }
    let stored = api.get(&path).await.assert_status(200);
    assert_eq!(stored["title"], format!("级{}", stored["sign_points"]));
    assert_eq!(stored["sign_points"].to_string(), stored["gain_points"].to_string());
    assert_eq!(api.get(LEVELS).await.assert_status(200)["results"], json!([stored]));
}

#[tokio::test]
async fn a_level_deleted_among_updates_stays_deleted() {
    let api = Api::start().await;
    let path = one(LEVELS, level(&api, "x").await);
    let body = json!({"title": "y"});
    let all = (0..15).map(async |number| match number % 3 {
        0 => (true, api.delete(&path).await),
        _ => (false, api.put(&path, &body).await),
    });
    let replies = join_all(all).await;
    let (deletes, puts): (Vec<_>, Vec<_>) = replies.iter().partition(|(delete, _)| *delete);
    assert_eq!(deletes.iter().filter(|(_, reply)| reply.status == 204).count(), 1, "{deletes:?}");
    assert!(deletes.iter().all(|(_, reply)| [204, 404].contains(&reply.status)), "{deletes:?}");
    assert!(puts.iter().all(|(_, reply)| [200, 404].contains(&reply.status)), "{puts:?}");
    detail(&api.get(&path).await, 404, "Not found.");
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
    assert_eq!(api.get(LEVELS).await.assert_status(200)["count"], 3);
}

#[tokio::test]
async fn a_customer_put_at_once_is_created_once() {
    let api = Api::empty().await;
    let bodies: Vec<_> = (0..10).map(|number| customer(&format!("1390000000{number}"))).collect();
    let path = one(CUSTOMERS, 7);
    let replies = join_all(bodies.iter().map(|body| api.put(&path, body))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1, "{replies:?}");
    assert!(replies.iter().all(|reply| [200, 201].contains(&reply.status)), "{replies:?}");
    let listed = api.get(CUSTOMERS).await;
    assert_eq!((listed.ids(), &listed.json()["count"]), (vec![7], &json!(1)));
    let mobile = listed.json()["results"][0]["mobile"].as_str().expect("a mobile").to_owned();
    for number in 0..10 {
        let asked = format!("1390000000{number}");
        let found = api.get(&format!("{CUSTOMERS}?mobile={asked}")).await.ids();
        assert_eq!(found, if asked == mobile { vec![7] } else { vec![] }, "{asked}");
    }
}

#[tokio::test]
async fn different_customers_put_at_once_are_all_there() {
    let api = Api::empty().await;
    let body = customer("13900000000");
    let paths: Vec<_> = (1..=20).map(|id| one(CUSTOMERS, id)).collect();
    for reply in join_all(paths.iter().map(|path| api.put(path, &body))).await {
        reply.assert_status(201);
    }
    for query in ["order_by=id", "order_by=id&mobile=13900000000"] {
        let listed = api.get(&format!("{CUSTOMERS}?page_size=50&{query}")).await;
        assert_eq!((listed.ids(), &listed.json()["count"]), ((1..=20).collect(), &json!(20)), "{query}");
    }
}

#[tokio::test]
async fn after_its_reply_every_entry_is_shown_though_others_are_written() {
    let api = with_customer().await;
    let writer = async |_| {
        for _ in 0..3 {
            let entry = id(&adjust(&api, 1, 1).await);
            assert_eq!(api.get(&one(HISTORY, entry)).await.status, 200);
            for filter in ["customer=1", "customer__in=1,2", "order_by=id"] {
                let ids = api.get(&format!("{HISTORY}?{filter}&page_size=100")).await.ids();
                assert!(ids.contains(&entry), "{filter}: {entry} is not in {ids:?}");
            }
        }
    };
    join_all((0..4).map(writer)).await;
    has_balance(&api, 1, 12).await;
}

#[tokio::test]
async fn pages_stay_sorted_and_free_of_doubles_while_writers_insert() {
    let api = with_customer().await;
    for _ in 0..12 {
        adjust(&api, 1, 1).await.assert_status(201);
    }
    let writers = join_all((0..3).map(async |_| {
        for _ in 0..10 {
            adjust(&api, 1, 1).await.assert_status(201);
        }
    }));
    let reader = async {
        for number in (1..=3).cycle().take(18) {
            let ids = api.get(&format!("{HISTORY}?page_size=4&page={number}")).await.ids();
            assert_eq!(ids.len(), 4);
            assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
        }
    };
    join(writers, reader).await;
    has_balance(&api, 1, 42).await;
}

/// Walks over all rows by the last id. Rows that appear meanwhile may be seen or not.
async fn walk(api: &Api, list: &str) -> Vec<u64> {
    let (mut seen, mut last) = (Vec::new(), 0);
    loop {
        let ids = api.get(&format!("{list}?order_by=id&id__gt={last}&page_size=3")).await.ids();
        let Some(end) = ids.last() else { return seen };
        last = *end;
        seen.extend(ids);
    }
}

#[tokio::test]
async fn a_walk_misses_no_entry_while_others_are_written() {
    let api = with_customer().await;
    let mut there = Vec::new();
    for _ in 0..12 {
        there.push(id(&adjust(&api, 1, 1).await));
    }
    let writer = async {
        for _ in 0..12 {
            adjust(&api, 1, 1).await.assert_status(201);
        }
    };
    let (seen, ()) = join(walk(&api, HISTORY), writer).await;
    assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
    assert_eq!(seen[..12], there);
}

#[tokio::test]
async fn a_walk_misses_no_level_while_others_are_deleted() {
    let api = Api::empty().await;
    let ids: Vec<_> = join_all((0..24).map(|_| level(&api, "x"))).await;
    let (kept, doomed): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| id % 2 == 0);
    let deleter = async {
        for id in &doomed {
            api.delete(&one(LEVELS, id)).await.assert_status(204);
        }
    };
    let (seen, ()) = join(walk(&api, LEVELS), deleter).await;
    assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
    assert!(kept.iter().all(|id| seen.contains(id)), "{kept:?} {seen:?}");
    assert_eq!(walk(&api, LEVELS).await.len(), kept.len());
}
