//! Work of many transactions: issues, imports, and the removal of a deleted coupon's codes.

use serde_json::{Value, json};
use tests::Api;

use super::{
    Operation, Seen,
    deaths::{State, customers},
};
use crate::support::{
    CODES, COUPONS, CUSTOMERS, customer,
    discounts::{count, coupon, give, issue, issued, issued_ids, set_status, with},
    faults::again,
    one, over,
};

/// Returns the body of an issue of sixty codes of the coupon to customers 1 to 4.
pub(super) fn sixty(coupon: u64) -> Value {
    (0..60).map(|index| json!({"customer_id": index % 4 + 1, "coupon_id": coupon})).collect()
}

/// Creates a shop with customers 1 to 4 and a coupon with this limit of codes.
pub(super) async fn limited(limit: u64) -> State {
    State::of(async |api| {
        customers(api, 4).await;
        coupon(api, "A", &json!({"allocation_limit": limit})).await;
    })
    .await
}

#[tokio::test]
async fn an_issue_is_finished_or_undone() {
    let state = limited(70).await;
    let run = async |api: &Api| {
        let reply = again(api, "POST", CODES, "sixty", &sixty(1)).await;
        assert_eq!(issued(&reply).len(), 60);
    };
    let probe = async |api: &Api| {
        over(&give(api, 1, [1; 11]).await, Some(10));
        give(api, 1, [1; 10]).await.assert_status(201);
        over(&give(api, 1, [1]).await, Some(0));
    };
    Operation { paths: vec![format!("{CODES}?customer=1&page_size=100")], seen: Seen::InSteps, run, probe }
        .dies_anywhere(&state)
        .await;
}

#[tokio::test]
async fn an_issue_without_a_key_is_undone() {
    let state = limited(0).await;
    let run = async |api: &Api| {
        // The job undoes an issue that is not sent again. A later request is another issue.
        finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
        if count(api, CODES).await == 0 {
            assert_eq!(issued(&api.post(CODES, &sixty(1)).await).len(), 60);
        }
    };
    Operation { paths: Vec::new(), seen: Seen::InSteps, run, probe: async |_: &Api| () }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn an_import_of_customers_is_finished() {
    let state = State::of(async |api| customers(api, 20).await).await;
    let body: Value = (1..=60u64)
        .map(|id| with(customer(&format!("138{id:08}")), &json!({"id": id, "full_name": "李小红"})))
        .collect();
    let run = async |api: &Api| {
        again(api, "POST", CUSTOMERS, "import", &body).await.assert_status(201);
    };
    let mobiles = ["13900000007", "13800000007", "13800000057"].map(|mobile| format!("{CUSTOMERS}?mobile={mobile}"));
    Operation { paths: mobiles.to_vec(), seen: Seen::InSteps, run, probe: async |_: &Api| () }
        .dies_anywhere(&state)
        .await;
}

#[tokio::test]
async fn a_coupon_is_deleted_with_its_codes_or_not_at_all() {
    let state = State::of(async |api| {
        customers(api, 4).await;
        let (gone, kept) = (coupon(api, "A", &json!({})).await, coupon(api, "B", &json!({})).await);
        let pairs: Vec<_> =
            (0..40).map(|index| (index % 4 + 1, if index % 8 == 0 { kept.id } else { gone.id })).collect();
        let codes = issued_ids(&issue(api, &pairs).await);
        for code in &codes[1..3] {
            set_status(api, *code, "used").await.assert_status(200);
        }
    })
    .await;
    let run = async |api: &Api| {
        let status = api.delete(&one(COUPONS, 1)).await.status;
        assert!([204, 404].contains(&status), "{status}");
        let removed = finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
        assert_eq!(removed.failed, 0);
    };
    let probe = async |api: &Api| {
        coupon(api, "A", &json!({})).await;
        give(api, 1, [1]).await.assert_status(400);
    };
    let paths = vec![one(COUPONS, 1), format!("{CODES}?coupon=1&page_size=100")];
    Operation { paths, seen: Seen::Whole, run, probe }.dies_anywhere(&state).await;
}
