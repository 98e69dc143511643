//! Another client works on the same coupon, rule or order while a dead process has left half-done work. Its replies
//! still hold when the work is finished or undone.

use crate::support::{
    ACCOUNTS, CODES, COUPONS, CUSTOMERS, RELEASE, USE,
    discounts::{FUTURE, PAST, change_rule, count, give, issued_ids, nested, set_status},
    faults::again,
    id, one,
    points::adjust,
};
use devserver::hostile::Death;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tests::Api;

use super::{
    AT_ONCE, after_restart,
    batches::{limited, sixty},
    books::tie_out,
    deaths::{Process, State, customers, deaths, end_leases, seed},
    jobs::{expire, many_codes},
    orders::{ORDER, cancel, ten_codes, texts, use_all, used},
};

/// Dies everywhere in `run`, then lets another client do `other`, then runs the jobs, and finally checks the client's
/// result by `holds`.
async fn meanwhile<T>(
    state: &State,
    run: impl AsyncFn(&Api),
    other: impl AsyncFn(&Api) -> T,
    holds: impl AsyncFn(&Api, T, &str),
) {
    let each = deaths(state.life_of(&run).await).into_iter().map(async |death| {
        let embedded = state.copy();
        Process::start(&embedded, death).await.dies_in(&run).await;
        let another = Process::start(&embedded, Death::NEVER).await;
        let told = other(&another.api).await;
        let process = Process::start(&embedded, Death::NEVER).await;
        after_restart(&process.api).await;
        holds(&process.api, told, &format!("{death:?} YOUHUI_KILL_SEED={}", seed())).await;
        end_leases(&process.api.server.store).await;
        after_restart(&process.api).await;
        tie_out(&process.api).await;
    });
    stream::iter(each).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn places_that_a_dead_issue_holds_are_nobody_elses_and_come_back() {
    let state = limited(70).await;
    let run = async |api: &Api| drop(again(api, "POST", CODES, "sixty", &sixty(1)).await);
    let other = async |api: &Api| {
        give(api, 1, [2; 10]).await.assert_status(201);
        let more = again(api, "POST", CODES, "more", &sixty(1)).await.status;
        assert!([201, 409].contains(&more), "{more}");
        more == 201
    };
    let holds = async |api: &Api, took_all: bool, what: &str| {
        let sixty = again(api, "POST", CODES, "sixty", &sixty(1)).await.status;
        assert_eq!(sixty, if took_all { 409 } else { 201 }, "{what}");
        assert_eq!(count(api, CODES).await, 70, "{what}");
        give(api, 1, [2]).await.assert_status(409);
    };
    meanwhile(&state, run, other, holds).await;
}

#[tokio::test]
async fn a_code_of_a_dead_issue_that_was_used_stays_used() {
    let state = limited(70).await;
    let run = async |api: &Api| drop(again(api, "POST", CODES, "sixty", &sixty(1)).await);
    let other = async |api: &Api| {
        let code = api.get(&format!("{CODES}?order_by=id&page_size=1")).await.ids().first().copied()?;
        set_status(api, code, "used").await.assert_status(200);
        Some(code)
    };
    let holds = async |api: &Api, used: Option<u64>, what: &str| {
        if let Some(code) = used {
            assert_eq!(api.get(&one(CODES, code)).await.assert_status(200)["status"], "used", "{what}");
        }
        let there = count(api, CODES).await;
        assert!([0, 1, 60].contains(&there), "{what}: {there}");
        let left = 70 - there;
        give(api, 1, (0..=left).map(|_| 1)).await.assert_status(409);
        for _ in 0..left / 10 {
            give(api, 1, [1; 10]).await.assert_status(201);
        }
    };
    meanwhile(&state, run, other, holds).await;
}

/// Uses all ten codes for an order without a key. Returns true if that is allowed.
async fn takes_all(api: &Api, order: u64) -> bool {
    let body = json!({"codes": texts(api).await, "customer_id": 1, "order_id": order});
    let status = api.post(USE, &body).await.status;
    assert!([200, 409].contains(&status), "{status}");
    status == 200
}

async fn released(api: &Api, order: u64) -> u64 {
    let released = api.post(RELEASE, &json!({"order_id": order})).await.assert_status(200);
    released["count"].as_u64().expect("a count")
}

#[tokio::test]
async fn codes_of_a_half_settled_order_are_used_again_for_good() {
    let state = used().await;
    let other = async |api: &Api| takes_all(api, ORDER + 1).await;
    let holds = async |api: &Api, taken: bool, what: &str| {
        cancel(api).await;
        assert_eq!(count(api, &format!("{CODES}?status=used")).await, if taken { 10 } else { 0 }, "{what}");
        assert_eq!(released(api, ORDER).await, 0, "{what}");
        assert_eq!(released(api, ORDER + 1).await, if taken { 10 } else { 0 }, "{what}");
        // 30 points were adjusted. The earned and spent points of the order cancel out.
        assert_eq!(api.get(&one(ACCOUNTS, 1)).await.assert_status(200)["points"], 30, "{what}");
    };
    meanwhile(&state, cancel, other, holds).await;
}

#[tokio::test]
async fn a_use_that_died_half_stored_can_be_released_and_is_not_done_again() {
    let state = State::of(async |api| drop(ten_codes(api).await)).await;
    let run = async |api: &Api| use_all(api, ORDER).await;
    let other = async |api: &Api| released(api, ORDER).await;
    let holds = async |api: &Api, gave_back: u64, what: &str| {
        assert!([0, 10].contains(&gave_back), "{what}: {gave_back}");
        // The key stands for a use that was carried out and released.
        use_all(api, ORDER).await;
        assert_eq!(count(api, &format!("{CODES}?status=used")).await, 10 - gave_back, "{what}");
        assert!(takes_all(api, ORDER + 1).await == (gave_back == 10), "{what}");
    };
    meanwhile(&state, run, other, holds).await;
}

#[tokio::test]
async fn the_prefix_of_a_coupon_that_is_half_removed_is_free() {
    let state = State::of(many_codes).await;
    let run = async |api: &Api| {
        let status = api.delete(&one(COUPONS, 1)).await.status;
        assert!([204, 404].contains(&status), "{status}");
        finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
    };
    let other = async |api: &Api| {
        let made = api.post(COUPONS, &nested("A", &json!({}))).await;
        if made.status == 400 {
            return None;
        }
        Some((id(&made), issued_ids(&give(api, id(&made), [1, 2, 3]).await)))
    };
    let holds = async |api: &Api, made: Option<(u64, Vec<u64>)>, what: &str| {
        run(api).await;
        api.get(&one(COUPONS, 1)).await.assert_status(404);
        if let Some((coupon, mut codes)) = made {
            codes.reverse();
            assert_eq!(api.get(&format!("{CODES}?coupon={coupon}")).await.ids(), codes, "{what}");
        }
    };
    meanwhile(&state, &run, other, holds).await;
}

#[tokio::test]
async fn a_rule_that_is_half_expired_goes_on_when_its_end_is_moved() {
    let state = State::of(async |api| {
        many_codes(api).await;
        change_rule(api, 1, &json!({"ends_at": PAST})).await;
    })
    .await;
    let other = async |api: &Api| {
        change_rule(api, 1, &json!({"ends_at": FUTURE})).await;
        let code = api.get(&format!("{CODES}?status=available&order_by=id")).await.ids()[0];
        set_status(api, code, "used").await.assert_status(200);
        assert_eq!(count(api, &format!("{CODES}?status=unused")).await, 34);
        code
    };
    let holds = async |api: &Api, code: u64, what: &str| {
        assert_eq!(api.get(&one(CODES, code)).await.assert_status(200)["status"], "used", "{what}");
        let counts = async |status: &str| count(api, &format!("{CODES}?status={status}")).await;
        assert_eq!((counts("unused").await, counts("used").await, counts("expired").await), (34, 2, 0), "{what}");
    };
    meanwhile(&state, expire, other, holds).await;
}

#[tokio::test]
async fn points_of_customers_whose_import_died_stay_theirs() {
    let state = State::of(async |api| customers(api, 4).await).await;
    let body = (1..=60u64).map(|id| json!({"id": id, "full_name": "李小红"})).collect();
    let run = async |api: &Api| drop(again(api, "POST", CUSTOMERS, "import", &body).await);
    let other = async |api: &Api| {
        let mut given = Vec::new();
        for customer in [2, 9, 31, 60] {
            let status = adjust(api, customer, 5).await.status;
            assert!([201, 400].contains(&status), "{status}");
            given.extend((status == 201).then_some(customer));
        }
        given
    };
    let holds = async |api: &Api, given: Vec<u64>, what: &str| {
        run(api).await;
        for customer in [2, 9, 31, 60] {
            let points = if given.contains(&customer) { 5 } else { 0 };
            assert_eq!(api.get(&one(ACCOUNTS, customer)).await.assert_status(200)["points"], points, "{what}");
        }
    };
    meanwhile(&state, &run, other, holds).await;
}
