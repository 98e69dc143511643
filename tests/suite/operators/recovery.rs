//! A shop that is exported and imported elsewhere: every reply is the same, and all work continues.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::support::{
    ACCOUNTS, ADJUST, CODES, COUPONS, CUSTOMERS, HISTORY, LEVELS, ORDERS, RULES,
    audits::{audit, busy_shop, is_clean},
    customer,
    discounts::{FUTURE, PAST, change_rule, coupon, expire_codes, give, issued_ids, nested, set_status},
    id, one,
    points::adjust,
    whole_shops::{Elsewhere, export, exported, import, shop, stored},
};
use chrono::Utc;
use devserver::{hostile::Profile, server::Options};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shared::{Error, FieldErrors};
use shop::{
    discounts::codes::issue::{self, Pair},
    keys,
    operators::{
        shop_import::{self, Import},
        tokens,
    },
};
use store::{batches, client::Store, connect::Connection};
use tests::{Api, OTHER_TOKEN, TOKEN, own_store};
use youhui::recovery::RecoveryError;

/// Returns all pages of a list by their address.
async fn walk(api: &Api, first: String) -> Vec<(String, String)> {
    let (mut pages, mut next) = (Vec::new(), Some(first));
    while let Some(path) = next {
        let reply = api.get(&path).await;
        let page = reply.assert_status(200);
        next = page["next"].as_str().map(|link| link.replace(&api.server.url(), ""));
        pages.push((path, reply.text.replace(&api.server.url(), "")));
    }
    pages
}

/// The lists, each with queries that filter and order it.
const LISTS: [(&str, &[&str]); 6] = [
    (LEVELS, &["", "?page_size=2", "?id__gt=5"]),
    (CUSTOMERS, &["", "?order_by=id&page_size=3", "?mobile=13400000000", "?id__in=1,123", "?id__gt=50000"]),
    (HISTORY, &["?page_size=3", "?order_by=id&page_size=100", "?customer=1", "?customer__in=1,50784", "?id__lt=92922"]),
    (
        RULES,
        &[
            "?page_size=2",
            "?title=rule",
            "?title__icontains=TEST",
            "?value_type=percentage",
            "?ends_at=2020-06-01T00:00:00%2B08:00",
        ],
    ),
    (COUPONS, &["?page_size=2", "?code_prefix=many", "?can_redeem=true", "?order_by=id"]),
    (
        CODES,
        &[
            "?page_size=100",
            "?page_size=100&status=unused",
            "?status=used",
            "?page_size=100&status=expired",
            "?page_size=100&status=available",
            "?status__in=used,expired&page_size=100",
            "?page_size=100&coupon=987",
            "?customer=1&page_size=100",
            "?order_by=id&page_size=100",
            "?page=last&page_size=7",
        ],
    ),
];

/// Returns every reply of the API: all pages of all lists, every row, every account and every order.
async fn everything(api: &Api) -> BTreeMap<String, String> {
    let lists = LISTS.iter().flat_map(|(list, queries)| queries.iter().map(move |query| format!("{list}{query}")));
    let pages: Vec<_> = stream::iter(lists).map(|first| walk(api, first)).buffered(4).concat().await;
    let mut replies: BTreeMap<_, _> = pages.into_iter().collect();
    let mut rows: BTreeSet<String> = [5, 2_528_283, 404].map(|order| one(ORDERS, order)).into();
    for (path, text) in &replies {
        let list = path.split('?').next().expect("a path");
        let page: Value = serde_json::from_str(text).expect("JSON");
        let ids = page["results"].as_array().expect("results").iter().map(|row| row["id"].clone());
        for id in ids {
            if list == CUSTOMERS {
                rows.insert(one(ACCOUNTS, &id));
            }
            rows.insert(one(list, id));
        }
    }
    let details: Vec<_> =
        stream::iter(rows).map(async |path| (path.clone(), api.get(&path).await)).buffered(8).collect().await;
    for (path, reply) in details {
        assert_eq!(reply.status == 404, path == one(ORDERS, 404), "{path}");
        replies.insert(path, reply.text);
    }
    replies
}

/// Creates a batch whose process died before its first step.
async fn left_over(api: &Api, coupon: u64) {
    let (store, shop) = (&api.server.store, shop("demo"));
    let pair = |customer| Pair { customer_id: Some(customer), coupon_id: Some(coupon), errors: FieldErrors::NONE };
    let pairs: Vec<_> = [1, 2].repeat(30).into_iter().map(pair).collect();
    let drafts = issue::prepare(store, &shop, &pairs).await.expect("prepared").drafts;
    let batch = batches::begin(store, &shop, issue::KIND, None, &drafts, Utc::now()).await.expect("begun");
    batches::expire_lease(store, &batch.expect("a batch")).await.expect("expired");
}

/// Creates a shop with data of every kind and unfinished work: hundreds of codes, an ended rule, a deleted coupon and
/// an abandoned batch. No job has run.
async fn shop_at_work() -> Api {
    let api = busy_shop().await;
    let customers: Value = (1000..1060u64)
        .map(|id| {
            let mut one = customer(&format!("138{id:08}"));
            one["id"] = id.into();
            one
        })
        .collect();
    api.post(CUSTOMERS, &customers).await.assert_status(201);
    let many = coupon(&api, "many", &json!({"title": "满减", "ends_at": FUTURE})).await;
    for first in [1, 2] {
        give(&api, many.id, (0..300).map(|number| if number % 50 == 0 { first } else { 1000 + number % 60 }))
            .await
            .assert_status(201);
    }
    let ended = coupon(&api, "ended", &json!({"ends_at": FUTURE})).await;
    give(&api, ended.id, [1, 2, 1000]).await.assert_status(201);
    change_rule(&api, ended.rule, &json!({"starts_at": PAST, "ends_at": "2020-06-01T00:00:00+08:00"})).await;
    let deleted = coupon(&api, "deleted", &json!({"allocation_limit": 9})).await;
    let codes = issued_ids(&give(&api, deleted.id, [1, 2]).await);
    set_status(&api, codes[0], "used").await.assert_status(200);
    api.delete(&one(COUPONS, deleted.id)).await.assert_status(204);
    left_over(&api, many.id).await;
    api.keyed("POST", ADJUST, "a-key", &json!({"customer_id": 2, "points": 7})).await.assert_status(201);
    api
}

#[tokio::test]
async fn every_reply_is_the_same_elsewhere() {
    let api = shop_at_work().await;
    let (_folder, path, moved) = exported(&api.server.store, "demo", "demo.jsonl.gz").await;
    let before = stored(&api.server.store, "demo").await;
    let elsewhere = Elsewhere::new().await;
    assert_eq!(import(&elsewhere.store, &path).await.expect("an import"), moved);
    assert_eq!(stored(&elsewhere.store, "demo").await, before);
    assert_eq!(moved.items, before.len() as u64);
    let twin = elsewhere.serve().await;
    loop {
        let day = Utc::now().date_naive();
        let (here, there) = (everything(&api).await, everything(&twin).await);
        // The fields of an account that depend on the day change at midnight.
        if day == Utc::now().date_naive() {
            assert!(here.len() > 800, "{}", here.len());
            for (path, text) in &here {
                assert_eq!(there.get(path), Some(text), "{path}");
            }
            assert_eq!(here.len(), there.len());
            break;
        }
    }
    assert_eq!(audit(&twin, false).await, audit(&api, false).await);
    is_clean(&audit(&twin, false).await);
}

#[tokio::test]
async fn an_imported_shop_goes_on() {
    let api = shop_at_work().await;
    let (_folder, path, _) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let elsewhere = Elsewhere::new().await;
    import(&elsewhere.store, &path).await.expect("an import");
    let twin = elsewhere.serve().await;
    // A request that is sent again to the other store is a replay there.
    let adjustment = json!({"customer_id": 2, "points": 7});
    let (first, again) =
        (api.keyed("POST", ADJUST, "a-key", &adjustment).await, twin.keyed("POST", ADJUST, "a-key", &adjustment).await);
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
    // The jobs find the due work.
    let finished = finish_batches::run(&twin.store_of("finish_batches").await).await.expect("a run");
    assert_eq!((finished.finished, finished.coupons, finished.codes, finished.failed), (1, 1, 1, 0));
    let expired = expire_codes(&twin).await;
    assert_eq!((expired.expired, expired.failed), (3, 0));
    is_clean(&audit(&twin, false).await);
    // Ids, sums and limits continue.
    let newest = api.get(HISTORY).await.ids()[0];
    let entry = id(&adjust(&twin, 1, 5).await);
    assert!(entry > newest);
    assert_eq!(twin.get(HISTORY).await.ids()[..2], [entry, newest]);
    let many = api.get(&format!("{COUPONS}?code_prefix=many")).await.ids()[0];
    let newest = api.get(CODES).await.ids()[0];
    assert!(issued_ids(&give(&twin, many, [1]).await)[0] > newest);
    let taken = twin.post(COUPONS, &nested("many", &json!({}))).await;
    assert_eq!(taken.json(), json!({"code_prefix": ["coupon with this code prefix already exists."]}));
    is_clean(&audit(&twin, false).await);
    is_clean(&audit(&api, false).await);
}

/// Returns the progress of the demo shop's import.
async fn marker(store: &Store) -> Option<Import> {
    store.read(&keys::import(&shop("demo"))).await.expect("read")
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on() {
    let api = shop_at_work().await;
    let (_folder, path, moved) = exported(&api.server.store, "demo", "demo.jsonl").await;
    adjust(&api, 1, 1).await.assert_status(201);
    let (_other_folder, other_path, _) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let elsewhere = Elsewhere::new().await;
    let far = elsewhere.hostile(Profile { latency: Duration::from_millis(10), ..Profile::default() }).await;
    let (to, from) = (far.clone(), path.clone());
    let dying = tokio::spawn(async move { import(&to, &from).await });
    while marker(&elsewhere.store).await.is_none_or(|import| import.done == 0) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    dying.abort();
    assert!(dying.await.is_err_and(|error| error.is_cancelled()), "it was not killed in the middle");
    let left = marker(&elsewhere.store).await.expect("a marker").done;
    assert!(left > 0 && left < moved.items, "{left} of {}", moved.items);
    // The shop is not there yet, and no other import may begin.
    assert!(tokens::find(&elsewhere.store, TOKEN, Utc::now()).await.expect("read").is_none());
    let nothing = export(&elsewhere.store, "demo", &path.with_extension("x.jsonl")).await;
    assert!(matches!(nothing, Err(RecoveryError::NoShop(_))));
    let refused = import(&elsewhere.store, &other_path).await;
    assert!(matches!(refused, Err(RecoveryError::Store(Error::Conflict(_)))), "{refused:?}");
    // The import is killed at any step, again and again, until it is given enough time.
    let mut patience = Duration::from_millis(20);
    while tokio::time::timeout(patience, import(&far, &path)).await.is_err() {
        patience += patience / 4;
    }
    assert_eq!(marker(&elsewhere.store).await, None);
    let again = Elsewhere::new().await;
    import(&again.store, &path).await.expect("an import");
    let at_once = stored(&again.store, "demo").await;
    assert_eq!(at_once.len() as u64, moved.items);
    assert_eq!(stored(&elsewhere.store, "demo").await, at_once);
    is_clean(&audit(&elsewhere.serve().await, false).await);
}

#[tokio::test]
async fn an_import_that_another_process_took_over_writes_no_more() {
    let api = busy_shop().await;
    let (_folder, path, moved) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let elsewhere = Elsewhere::new().await;
    let (store, demo) = (&elsewhere.store, shop("demo"));
    let mut first = shop_import::begin(store, &demo, &moved.sha256).await.expect("begun");
    let mut second = shop_import::begin(store, &demo, &moved.sha256).await.expect("taken over");
    let refused = first.put(store, Vec::new(), 1).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    second.put(store, Vec::new(), 0).await.expect("its own");
    import(store, &path).await.expect("an import");
    for overtaken in [&mut first, &mut second] {
        let refused = overtaken.put_entry_points(store, Vec::new(), 1).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    assert_eq!(stored(store, "demo").await, stored(&api.server.store, "demo").await);
    assert_eq!(marker(store).await, None);
}

#[tokio::test]
async fn a_failing_store_loses_and_doubles_nothing() {
    let api = busy_shop().await;
    let (_folder, path, _) = exported(&api.server.store, "demo", "demo.jsonl").await;
    let elsewhere = Elsewhere::new().await;
    let hostile = elsewhere.hostile(Profile::MILD).await;
    // The reply to the last step may be lost. The next attempt then reports that the shop exists.
    let mut result = import(&hostile, &path).await;
    while matches!(result, Err(RecoveryError::Store(Error::Unavailable(_)))) {
        result = import(&hostile, &path).await;
    }
    assert!(matches!(result, Ok(_) | Err(RecoveryError::Store(Error::Conflict(_)))), "{result:?}");
    assert_eq!(stored(&elsewhere.store, "demo").await, stored(&api.server.store, "demo").await);
}

#[tokio::test]
async fn another_shop_in_either_table_is_untouched() {
    let api = busy_shop().await;
    let body = json!({"title": "theirs"});
    api.call_as(OTHER_TOKEN, "POST", LEVELS, Some(&body)).await.assert_status(201);
    api.call_as(OTHER_TOKEN, "PUT", &one(CUSTOMERS, 1), Some(&customer("13900000001"))).await.assert_status(201);
    let (_folder, path, _) = exported(&api.server.store, "other", "other.jsonl").await;
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.contains("theirs") && !text.contains("demo"));
    let (mut connection, options) = (Connection::default(), Options::default());
    let embedded = own_store(&mut connection);
    let twin = Api::over(
        embedded,
        connection,
        Options { grants: vec![format!("{TOKEN}=read,write").parse().expect("a grant")], ..options },
    )
    .await;
    let store = &twin.server.store;
    let (demo, theirs) = (stored(store, "demo").await, stored(&api.server.store, "other").await);
    import(store, &path).await.expect("an import");
    assert_eq!((stored(store, "demo").await, stored(store, "other").await), (demo.clone(), theirs.clone()));
    for path in [LEVELS.to_owned(), CUSTOMERS.to_owned(), one(CUSTOMERS, 1)] {
        let here = api.call_as(OTHER_TOKEN, "GET", &path, None).await;
        assert_eq!((here.status, twin.call_as(OTHER_TOKEN, "GET", &path, None).await.text), (200, here.text));
    }
    // Another import is refused and changes nothing.
    let again = import(store, &path).await;
    assert!(
        matches!(&again, Err(RecoveryError::Store(Error::Conflict(reason))) if reason.contains("other")),
        "{again:?}"
    );
    assert_eq!((stored(store, "demo").await, stored(store, "other").await, marker(store).await), (demo, theirs, None));
}
