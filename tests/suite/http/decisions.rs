//! Rulings on the API's behaviour.

use crate::support::{CUSTOMERS, HISTORY};
use chrono::Utc;
use domain::{
    customer::CustomerDraft,
    points::Cause,
    shop::{Shop, ShopId},
};
use serde_json::{Value, json};
use shop::{
    crm::{customers, import as customer_import},
    loyalty::load::Load,
};
use tests::Api;

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

#[tokio::test]
async fn texts_of_customers_have_limits() {
    let api = Api::empty().await;
    for (field, most) in [("mobile", 32), ("full_name", 255), ("gender", 16), ("email", 254), ("note", 2000)] {
        let path = format!("{CUSTOMERS}1/");
        let fits = api.put(&path, &json!({ field: "汉".repeat(most) })).await;
        assert!([200, 201].contains(&fits.status), "{field}: {}", fits.text);
        let message = format!("Ensure this field has no more than {most} characters.");
        assert_eq!(
            api.put(&path, &json!({ field: "x".repeat(most + 1) })).await.assert_status(400),
            json!({ field: [message] })
        );
    }
}

#[tokio::test]
async fn both_prerequisites_stand_in_the_title() {
    let api = Api::empty().await;
    let rule = json!({
        "title": "x", "value": "-20", "value_type": "percentage",
        "prerequisite_quantity_range": {"greater_than_or_equal_to": 2},
        "prerequisite_subtotal_range": {"greater_than_or_equal_to": 100},
    });
    let created = api.post("/api/discounts/price_rule/", &rule).await.assert_status(201);
    assert_eq!(created["verbose_title"], "满2件满100元打8折");
}

/// Creates 2,001 customers with ids from 1 on.
async fn store_customers_to_page(api: &Api) {
    let drafts: Vec<customer_import::ImportedCustomer> = (1..=2001).map(|id| (id, CustomerDraft::default())).collect();
    let (store, now) = (&api.server.store, Utc::now());
    let mut done = 0;
    while done < drafts.len() {
        let planned = async || customer_import::plan(store, &shop(), &drafts[done..], now).await;
        done += store.carry_out(planned).await.expect("imported").len();
    }
    assert_eq!(customers::CREATED.count(store, &shop(), None).await.expect("a count"), 2001);
}

#[tokio::test]
async fn a_large_range_of_ids_wants_their_order() {
    let api = Api::empty().await;
    store_customers_to_page(&api).await;
    let message = "More than 2000 customers: narrow the range, or add order_by=id.";
    assert_eq!(api.get(&format!("{CUSTOMERS}?id__gt=0")).await.assert_status(400), json!({"id__gt": [message]}));
    assert_eq!(api.get(&format!("{CUSTOMERS}?id__gt=0&order_by=id")).await.assert_status(200)["count"], 2001);
    let narrow = api.get(&format!("{CUSTOMERS}?id__gt=1&page_size=2")).await;
    assert_eq!((&narrow.assert_status(200)["count"], narrow.ids()), (&json!(2000), vec![2001, 2000]));
}

#[tokio::test]
async fn pages_of_several_customers_reach_so_far_from_either_end() {
    let api = Api::empty().await;
    let (store, shop) = (&api.server.store, Shop::new(shop()));
    for id in [1, 2] {
        api.put(&format!("{CUSTOMERS}{id}/"), &json!({})).await.assert_status(201);
    }
    let mut load = Load::new(store, &shop);
    for id in 1..=4_400 {
        load.push((id, id % 2 + 1), Cause::Manual, 1, Utc::now()).await.expect("an entry");
    }
    load.finish().await.expect("loaded");
    let page = async |number: &str| api.get(&format!("{HISTORY}?customer__in=1,2&page_size=100&page={number}")).await;
    assert_eq!(page("21").await.ids(), (2301..=2400).rev().collect::<Vec<u64>>());
    assert_eq!(page("24").await.ids(), (2001..=2100).rev().collect::<Vec<u64>>());
    assert_eq!(page("last").await.ids(), (1..=100).rev().collect::<Vec<u64>>());
    let message = "More than 2000 entries away from both ends: name fewer customers.";
    assert_eq!(page("22").await.assert_status(400), json!({"page": [message]}));
}

#[tokio::test]
async fn local_times_of_a_clock_change() {
    let api = Api::empty().await;
    let berlin = serde_json::from_value(json!({"action": "put_shop", "shop": "berlin", "zone": "Europe/Berlin"}))
        .expect("a command");
    operator::run(&api.store_of("operator").await, berlin).await.expect("a shop");
    let token = api.token("berlin", "write").await;
    let put = async |at: &str| {
        let body: Value = json!({ "created_at": at });
        api.call_as(&token, "PUT", &format!("{CUSTOMERS}1/"), Some(&body)).await
    };
    assert_eq!(put("2026-10-25T02:30:00").await.assert_status(201)["created_at"], "2026-10-25T02:30:00+02:00");
    assert!(put("2026-03-29T02:30:00").await.assert_status(400)["created_at"].is_array());
}
