//! Imports that are batches. The same request or the job finishes the work of a process that died.

use chrono::Utc;
use domain::{customer::CustomerDraft, shop::ShopId};
use serde_json::{Value, json};
use shop::crm::{customers, import as customer_import};
use store::{batches, idempotency::Guard, pages::bulk};
use tests::Api;

fn import(count: u64) -> Value {
    (1..=count).map(|id| json!({"id": id * 7919, "mobile": format!("{}", 10_000 + id), "full_name": "顾客"})).collect()
}

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

#[tokio::test]
async fn a_thousand_customers_are_imported_in_one_request() {
    let api = Api::empty().await;
    let created = api.keyed("POST", "/api/crm/customer/", "import-1", &import(1000)).await;
    let page = created.assert_status(201);
    assert_eq!(page["count"], 1000);
    assert_eq!(page["results"][999]["id"], 7_919_000);
    assert_eq!(api.get("/api/crm/customer/").await.assert_status(200)["count"], 1000);
    let newest_first = api.get("/api/crm/customer/?page_size=3").await.ids();
    assert_eq!(newest_first, [7_919_000, 7_911_081, 7_903_162]);
    let by_id = api.get("/api/crm/customer/?order_by=id&id__gt=3959500&page_size=2").await;
    assert_eq!(by_id.assert_status(200)["count"], 500);
    assert_eq!(by_id.ids(), [3_967_419, 3_975_338]);
    let again = api.keyed("POST", "/api/crm/customer/", "import-1", &import(1000)).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &created.text));
    let (rows, count) = bulk::verify(&api.server.store, &shop(), &customers::CREATED).await.expect("verified");
    assert_eq!((rows, count), (1000, 1000));
}

#[tokio::test]
async fn one_bad_customer_and_nothing_is_imported() {
    let api = Api::empty().await;
    let mut body = import(40);
    body[17] = json!({"id": "x", "gender": {}});
    let errors = api.post("/api/crm/customer/", &body).await.assert_status(400);
    assert_eq!(errors.as_array().map(Vec::len), Some(40));
    assert_eq!(errors[0], json!({}));
    assert_eq!(errors[17], json!({"id": ["A valid integer is required."], "gender": ["Not a valid string."]}));
    assert_eq!(api.get("/api/crm/customer/").await.assert_status(200)["count"], 0);
}

/// Begins an import, carries out its first step and ends its lease, as if the process had died.
pub(crate) async fn abandoned(api: &Api, guard: Option<&Guard>) -> usize {
    let (store, shop) = (&api.server.store, shop());
    let drafts: Vec<customer_import::ImportedCustomer> = (1..=60)
        .map(|id| {
            (
                id,
                CustomerDraft {
                    full_name: Some(format!("{:032x}", rand::random::<u128>())),
                    email: Some(None),
                    ..CustomerDraft::default()
                },
            )
        })
        .collect();
    let now = Utc::now();
    let begun = batches::begin(store, &shop, customer_import::KIND, guard, &drafts, now).await.expect("begun");
    let mut batch = begun.expect("a batch");
    let (transaction, puts) = customer_import::plan(store, &shop, &drafts, now).await.expect("a plan");
    assert!(batch.step(store, transaction, puts.len()).await.expect("a step"));
    assert!(batch.done > 0 && batch.done < 60);
    batches::expire_lease(store, &batch).await.expect("expired");
    batch.done
}

#[tokio::test]
async fn the_job_finishes_what_a_dead_process_began() {
    let api = Api::empty().await;
    abandoned(&api, None).await;
    let store = &api.store_of("finish_batches").await;
    let (one, other) = tokio::join!(finish_batches::run(store), finish_batches::run(store));
    let (one, other) = (one.expect("a run"), other.expect("a run"));
    assert_eq!((one.finished + other.finished, one.failed + other.failed), (1, 0));
    assert_eq!(api.get("/api/crm/customer/").await.assert_status(200)["count"], 60);
    assert_eq!(finish_batches::run(store).await.expect("a run"), finish_batches::Report::default());
}

#[tokio::test]
async fn a_batch_belongs_to_one_process_at_a_time() {
    let api = Api::empty().await;
    let (store, shop) = (&api.server.store, shop());
    let drafts: Vec<customer_import::ImportedCustomer> = (1..=60).map(|id| (id, CustomerDraft::default())).collect();
    let now = Utc::now();
    let begun = batches::begin(store, &shop, customer_import::KIND, None, &drafts, now).await.expect("begun");
    let mut slow = begun.expect("a batch");
    let report = finish_batches::run(store).await.expect("a run");
    assert_eq!((report.finished, report.at_work), (0, 1));
    batches::expire_lease(store, &slow).await.expect("expired");
    let mut adopted = batches::adopt(store, &shop, &slow.id).await.expect("adopted");
    assert!(matches!(customer_import::carry_on(store, &mut slow).await, Err(shared::Error::AtWork { .. })));
    assert_eq!(customer_import::carry_on(store, &mut adopted).await.expect("done").len(), 60);
    assert_eq!(api.get("/api/crm/customer/").await.assert_status(200)["count"], 60);
}
