//! Operators' commands: importing a shop and changing its settings.

use crate::support::{
    CUSTOMERS, RULES, customer,
    discounts::{FUTURE, rule},
    id,
    whole_shops::{exported, import, shop, stored},
};
use devserver::hostile::Death;
use futures_util::{StreamExt, stream};
use serde_json::json;
use shop::operators::shops;
use tests::{Api, OTHER_TOKEN};

use super::{
    AT_ONCE, Operation, Seen,
    deaths::{Process, State, customers, deaths, seed},
};

#[tokio::test]
async fn an_import_of_a_shop_goes_on_and_opens_it_when_it_is_whole() {
    let source = Api::empty().await;
    let body = (1..=60)
        .map(|id| crate::support::discounts::with(customer(&format!("137{id:08}")), &json!({ "id": id })))
        .collect();
    source.call_as(OTHER_TOKEN, "POST", CUSTOMERS, Some(&body)).await.assert_status(201);
    let ended = rule(&json!({"ends_at": FUTURE}));
    id(&source.call_as(OTHER_TOKEN, "POST", RULES, Some(&ended)).await);
    let expected = stored(&source.server.store, "other").await;
    let (_folder, file, _) = exported(&source.server.store, "other", "shop.jsonl.gz").await;
    let state = State::of(async |_| ()).await;
    let run = async |api: &Api| drop(import(&api.server.store, &file).await.expect("an import"));
    let each = deaths(state.life_of(&run).await).into_iter().map(async |death| {
        let embedded = state.copy();
        let died = Process::start(&embedded, death).await.dies_in(&run).await;
        let Process { api, .. } = &Process::start(&embedded, Death::NEVER).await;
        let what = format!("{death:?} YOUHUI_KILL_SEED={}", seed());
        let opened = api.call_as(OTHER_TOKEN, "GET", CUSTOMERS, None).await.status == 200;
        let registered = shops::get(&api.server.store, &shop("other")).await.expect("read").is_some();
        assert_eq!(opened, registered, "{what}");
        assert!(died || opened, "{what}: it was done");
        // A complete import is refused a second time. A partial one is not visible.
        let again = import(&api.server.store, &file).await;
        assert_eq!(again.is_err(), opened, "{what}: {again:?}");
        assert_eq!(stored(&api.server.store, "other").await, expected, "{what}");
        let page = api.call_as(OTHER_TOKEN, "GET", CUSTOMERS, None).await.assert_status(200);
        assert_eq!(page["count"], 60, "{what}");
    });
    stream::iter(each).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn the_settings_of_a_shop_are_changed_or_not() {
    let state = State::of(async |api| {
        customers(api, 1).await;
        api.post(RULES, &rule(&json!({"ends_at": FUTURE}))).await.assert_status(201);
    })
    .await;
    let run = async |api: &Api| {
        let command = json!({
            "action": "put_shop", "shop": "demo", "zone": "Asia/Tokyo", "points_expire_after_months": 12,
        });
        let command = serde_json::from_value(command).expect("a command");
        operator::run(&api.store_of("operator").await, command).await.expect("a shop");
    };
    let probe = async |api: &Api| {
        let stored = shops::get(&api.server.store, &shop("demo")).await.expect("read").expect("a shop");
        assert_eq!((stored.zone.name(), stored.points_expire_after_months), ("Asia/Tokyo", 12));
    };
    Operation { paths: Vec::new(), seen: Seen::InSteps, run, probe }.dies_anywhere(&state).await;
}
