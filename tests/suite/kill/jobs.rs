//! Deaths of the scheduled jobs: the next run continues their work.

use crate::support::{
    ACCOUNTS, CODES, CUSTOMERS, LEVELS, SIGN,
    discounts::{
        FUTURE, PAST, change_rule, count, coupon, coupon_on, expire_codes, give, issue, issued_ids, set_status,
    },
    faults::again,
    one, over,
    points::adjust,
};
use chrono::{Duration, Utc};
use devserver::hostile::{Counted, Death, LastCall};
use serde_json::json;
use tests::Api;

use super::{
    Operation, Seen,
    batches::{limited, sixty},
    deaths::{State, customers, end_leases},
};

/// Runs the job that stores the expiry of codes and asserts that nothing fails.
pub(super) async fn expire(api: &Api) {
    let report = expire_codes(api).await;
    assert_eq!(report.failed, 0, "{report:?}");
}

/// Creates a rule of two coupons with codes for several steps of the job, some of them used.
pub(super) async fn many_codes(api: &Api) {
    customers(api, 4).await;
    let first = coupon(api, "A", &json!({})).await;
    let second = coupon_on(api, "B", first.rule).await;
    let pairs: Vec<_> = (0..36).map(|index| (index % 4 + 1, if index % 3 == 0 { second } else { first.id })).collect();
    let codes = issued_ids(&issue(api, &pairs).await);
    set_status(api, codes[0], "used").await.assert_status(200);
}

pub(super) fn of_coupons() -> Vec<String> {
    let both =
        [1, 2].map(|coupon| ["unused", "expired"].map(|status| format!("{CODES}?coupon={coupon}&status={status}")));
    both.into_iter().flatten().map(|path| format!("{path}&page_size=100")).collect()
}

#[tokio::test]
async fn codes_expire_with_their_rule() {
    let state = State::of(async |api| {
        many_codes(api).await;
        change_rule(api, 1, &json!({"ends_at": PAST})).await;
    })
    .await;
    let probe = async |api: &Api| {
        give(api, 1, [1]).await.assert_status(201);
        assert_eq!(count(api, &format!("{CODES}?status=unused")).await, 0);
    };
    Operation { paths: of_coupons(), seen: Seen::Whole, run: expire, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn codes_of_a_rule_that_goes_on_are_revived() {
    let state = State::of(async |api| {
        many_codes(api).await;
        change_rule(api, 1, &json!({"ends_at": PAST})).await;
        expire(api).await;
        change_rule(api, 1, &json!({"ends_at": FUTURE})).await;
    })
    .await;
    let probe = async |api: &Api| {
        give(api, 2, [1]).await.assert_status(201);
        assert_eq!(count(api, &format!("{CODES}?status=expired")).await, 0);
    };
    Operation { paths: of_coupons(), seen: Seen::Whole, run: expire, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn points_expire_once() {
    let state = State::of(async |api| {
        let command = json!({"action": "put_shop", "shop": "demo", "points_expire_after_months": 12});
        let command = serde_json::from_value(command).expect("a command");
        operator::run(&api.server.store, command).await.expect("a shop");
        api.post(LEVELS, &json!({"title": "x", "sign_points": 3})).await.assert_status(201);
        customers(api, 6).await;
        api.server.clock.advance(-Duration::days(500));
        for customer in 1..=6 {
            adjust(api, customer, 10 * i64::try_from(customer).expect("a number")).await.assert_status(201);
        }
        api.server.clock.advance(Duration::days(400));
        for customer in 1..=3 {
            api.post(SIGN, &json!({"customer_id": customer})).await.assert_status(201);
        }
    })
    .await;
    let run = async |api: &Api| {
        let report = expire_points::run(&api.store_of("expire_points").await, Utc::now()).await.expect("a run");
        assert_eq!(report.failed, 0, "{report:?}");
    };
    let probe = async |api: &Api| {
        let over = expire_points::run(&api.store_of("expire_points").await, Utc::now()).await.expect("a run");
        assert_eq!(over, expire_points::Report::default());
        assert_eq!(api.get(&one(ACCOUNTS, 2)).await.assert_status(200)["points"], 3);
    };
    let paths = (1..=6).map(|customer| one(ACCOUNTS, customer)).collect();
    Operation { paths, seen: Seen::InSteps, run, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn what_dead_processes_left_is_finished_by_a_job_that_dies_itself() {
    // Two steps of an issue and two steps of an import were written. The job undoes the issue and finishes the import.
    let state = limited(70).await;
    let issue = async |api: &Api| drop(again(api, "POST", CODES, "sixty", &sixty(1)).await);
    let state = state.left_by(Death { after: 6, counted: Counted::Writes, last: LastCall::Unanswered }, issue).await;
    let body = (1..=60u64).map(|id| json!({"id": id, "full_name": "李小红"})).collect();
    let import = async |api: &Api| drop(again(api, "POST", CUSTOMERS, "import", &body).await);
    let state = state.left_by(Death { after: 5, counted: Counted::Writes, last: LastCall::NotSent }, import).await;
    let run = async |api: &Api| {
        end_leases(&api.server.store).await;
        let report = finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
        assert_eq!(report.failed, 0, "{report:?}");
    };
    let probe = async |api: &Api| {
        assert_eq!(count(api, CUSTOMERS).await, 60);
        assert_eq!(count(api, CODES).await, 0);
        give(api, 1, [1; 13]).await.assert_status(201);
        let sixty = again(api, "POST", CODES, "sixty", &sixty(1)).await;
        over(&sixty, Some(57));
    };
    Operation { paths: Vec::new(), seen: Seen::InSteps, run, probe }.dies_anywhere(&state).await;
}
