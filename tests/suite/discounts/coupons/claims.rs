//! `POST /api/discounts/coupon/{code_prefix}/redeem/`: claims with the passphrase, and guesses.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Reply};

use crate::support::{
    CODES, COUPONS, REQUIRED, detail,
    discounts::{FUTURE, PAST, count, coupon, each_needs_its_scope, give, issued, nested, shop_of, unknown, with},
    keys, one, refused,
};

async fn claim(api: &Api, prefix: &str, customer: u64) -> Reply {
    api.post(&format!("{COUPONS}{prefix}/redeem/"), &json!({"customer_id": customer})).await
}

async fn redeem_count(api: &Api, coupon: u64) -> Value {
    api.get(&one(COUPONS, coupon)).await.assert_status(200)["redeem_count"].clone()
}

#[tokio::test]
async fn a_claim_answers_a_code_of_the_customer() {
    let api = shop_of(2).await;
    let spring = coupon(&api, "Spring-1", &json!({})).await;
    let claimed = claim(&api, "Spring-1", 1).await.assert_status(201);
    let code_id = claimed["id"].as_u64().expect("an id");
    assert_eq!(claimed, api.get(&one(CODES, code_id)).await.assert_status(200));
    assert_eq!(
        (&claimed["customer_id"], &claimed["coupon_id"], &claimed["status"]),
        (&json!(1), &json!(spring.id), &json!("unused"))
    );
    let text = claimed["code"].as_str().expect("a text");
    assert!(text.starts_with("Spring-1") && text.len() >= "Spring-1".len() + 6, "{text}");
    assert_eq!(redeem_count(&api, spring.id).await, 1);
    let again = claim(&api, "Spring-1", 1).await;
    detail(&again, 409, "The customer has claimed this coupon already.");
    claim(&api, "Spring-1", 2).await.assert_status(201);
    assert_eq!((redeem_count(&api, spring.id).await, count(&api, CODES).await), (json!(2), 2));
    // Passphrases are case-sensitive.
    assert_eq!(claim(&api, "spring-1", 2).await.status, 404);
}

#[tokio::test]
async fn a_claim_needs_a_coupon_that_can_be_claimed_now() {
    let api = shop_of(1).await;
    let closed = with(nested("closed", &json!({})), &json!({"can_redeem": false}));
    api.post(COUPONS, &closed).await.assert_status(201);
    coupon(&api, "off", &json!({"is_enabled": false})).await;
    coupon(&api, "over", &json!({"ends_at": PAST})).await;
    coupon(&api, "later", &json!({"starts_at": FUTURE})).await;
    let gone = coupon(&api, "gone", &json!({})).await;
    for (prefix, reason) in [
        ("closed", "This coupon cannot be claimed with its passphrase."),
        ("off", "This coupon is not enabled."),
        ("over", "This coupon has expired."),
        ("later", "This coupon cannot be claimed yet."),
    ] {
        detail(&claim(&api, prefix, 1).await, 409, reason);
    }
    api.delete(&one(COUPONS, gone.id)).await.assert_status(204);
    for prefix in ["gone", "nothing", "not%20a%20prefix", &"x".repeat(200)] {
        detail(&claim(&api, prefix, 1).await, 404, "Not found.");
    }
    assert_eq!(count(&api, CODES).await, 0);
}

#[tokio::test]
async fn what_is_wrong_with_the_body_does_not_tell_whether_the_passphrase_is_right() {
    let api = shop_of(1).await;
    coupon(&api, "right", &json!({})).await;
    for prefix in ["right", "wrong"] {
        let path = format!("{COUPONS}{prefix}/redeem/");
        refused(&api.post(&path, &json!({})).await, "customer_id", REQUIRED, &prefix);
        refused(&api.post(&path, &json!({"customer_id": 999})).await, "customer_id", &unknown(999), &prefix);
    }
}

#[tokio::test]
async fn what_the_merchant_issues_does_not_stand_in_the_way() {
    let api = shop_of(1).await;
    let spring = coupon(&api, "spring", &json!({"allocation_limit": 3})).await;
    assert_eq!(issued(&give(&api, spring.id, [1, 1]).await).len(), 2);
    claim(&api, "spring", 1).await.assert_status(201);
    assert_eq!(redeem_count(&api, spring.id).await, 1);
    // Issues and the claim have used up the limit together.
    assert_eq!(give(&api, spring.id, [1]).await.status, 409);
}

#[tokio::test]
async fn a_deleted_claim_stays_claimed() {
    let api = shop_of(1).await;
    coupon(&api, "spring", &json!({})).await;
    let code_id = claim(&api, "spring", 1).await.assert_status(201)["id"].as_u64().expect("an id");
    api.delete(&one(CODES, code_id)).await.assert_status(204);
    assert_eq!(claim(&api, "spring", 1).await.status, 409);
}

#[tokio::test]
async fn the_quota_and_one_for_each_customer_hold_under_any_race() {
    let api = shop_of(24).await;
    let spring = coupon(&api, "spring", &json!({"allocation_limit": 5})).await;
    let race = (1..=24)
        .flat_map(|customer| [customer, customer])
        .map(async |customer| claim(&api, "spring", customer).await.status);
    let statuses = join_all(race).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 5, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!((redeem_count(&api, spring.id).await, count(&api, CODES).await), (json!(5), 5));
    for customer in 1..=24 {
        assert!(count(&api, &format!("{CODES}?customer={customer}")).await <= 1);
    }
}

#[tokio::test]
async fn the_same_key_answers_the_first_claim_again() {
    let api = shop_of(1).await;
    coupon(&api, "spring", &json!({})).await;
    let path = format!("{COUPONS}spring/redeem/");
    let body = json!({"customer_id": 1});
    let replies = join_all((0..5).map(|_| api.keyed("POST", &path, "claim", &body))).await;
    for reply in &replies {
        assert_eq!((reply.status, &reply.text), (201, &replies[0].text));
    }
    assert_eq!(count(&api, CODES).await, 1);
}

#[tokio::test]
async fn guesses_of_a_customer_are_throttled_and_right_passphrases_are_no_guesses() {
    let api = shop_of(2).await;
    for index in 0..12 {
        coupon(&api, &format!("right{index}"), &json!({})).await;
    }
    // Concurrent right claims, more than wrong ones are allowed. A repeated claim is no guess either.
    let right = join_all((0..12).map(|index| {
        let api = &api;
        async move { claim(api, &format!("right{index}"), 1).await.status }
    }))
    .await;
    assert!(right.iter().all(|status| *status == 201), "{right:?}");
    let again = join_all((0..30).map(|_| claim(&api, "right0", 1))).await;
    assert!(again.iter().all(|reply| reply.status == 409), "{again:?}");
    let wrong = join_all((0..30).map(|index| {
        let api = &api;
        async move { claim(api, &format!("wrong{index}"), 2).await }
    }))
    .await;
    let missed = wrong.iter().filter(|reply| reply.status == 404).count();
    let throttled: Vec<_> = wrong.iter().filter(|reply| reply.status == 429).collect();
    assert!(missed <= 20 && missed + throttled.len() == 30, "{missed}");
    let reply = throttled.first().expect("a throttled guess");
    let seconds: u32 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=600).contains(&seconds));
    detail(reply, 429, &format!("Request was throttled. Expected available in {seconds} seconds."));
    assert_eq!(keys(&reply.json()), ["detail"]);
}

#[tokio::test]
async fn a_throttled_customer_cannot_claim_and_another_can() {
    let api = shop_of(2).await;
    coupon(&api, "right", &json!({})).await;
    // A window of ten minutes may end meanwhile, and two windows allow twice as many guesses.
    let mut throttled = false;
    for index in 0..22 {
        throttled |= claim(&api, &format!("wrong{index}"), 1).await.status == 429;
    }
    assert!(throttled);
    claim(&api, "right", 2).await.assert_status(201);
}

#[tokio::test]
async fn guesses_of_a_whole_shop_are_throttled() {
    let api = shop_of(70).await;
    coupon(&api, "right", &json!({})).await;
    let of_customer = (1..=69).map(|customer| {
        let api = &api;
        async move {
            let mut statuses = Vec::new();
            for index in 0..10 {
                statuses.push(claim(api, &format!("wrong{index}"), customer).await.status);
            }
            statuses
        }
    });
    let statuses: Vec<_> = join_all(of_customer).await.into_iter().flatten().collect();
    assert!(statuses.iter().all(|status| [404, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&429));
    // Another shop is not throttled.
    let elsewhere = api.call_as(tests::OTHER_TOKEN, "GET", COUPONS, None).await;
    assert_eq!(elsewhere.status, 200);
}

#[tokio::test]
async fn claiming_needs_the_scope_to_write() {
    let api = shop_of(1).await;
    coupon(&api, "spring", &json!({})).await;
    let body = json!({"customer_id": 1});
    claim(&api, "spring", 1).await.assert_status(201);
    each_needs_its_scope(&api, &[("POST", format!("{COUPONS}spring/redeem/"), Some(body), true, 409)]).await;
}
