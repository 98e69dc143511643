//! Deleting coupons: their dependents, the rows that stay, and the deletions that they prevent.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    CODES, COUPONS, RULES, detail,
    discounts::{
        FUTURE, PAST, change_rule, count, coupon, coupon_on, give, issue, issued, issued_ids, nested, rule, set_status,
        shop_of, unknown,
    },
    id, keys, one, refused_somehow, same_text,
};

#[tokio::test]
async fn a_deleted_coupon_is_gone_at_once_and_its_prefix_is_free() {
    let api = Api::empty().await;
    let made = coupon(&api, "A", &json!({"title": "gone"})).await;
    let kept = coupon(&api, "B", &json!({"title": "kept"})).await;
    let path = one(COUPONS, made.id);
    let deleted = api.delete(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for method in ["GET", "DELETE"] {
        detail(&api.call(method, &path, None).await, 404, "Not found.");
    }
    for query in [
        format!("?id={}", made.id),
        format!("?id__in={},{}", made.id, kept.id),
        "?code_prefix=A".to_owned(),
        "?code_prefix__in=A,B".to_owned(),
        "?can_redeem=true".to_owned(),
        "?price_rule__value_type=fixed_amount".to_owned(),
        "?price_rule__title=gone".to_owned(),
        "?price_rule__title__icontains=e".to_owned(),
        format!("?id__gt={}", made.id - 1),
        String::new(),
    ] {
        let listed = api.get(&format!("{COUPONS}{query}")).await;
        let ids = listed.ids();
        assert!(ids.iter().all(|id| *id == kept.id), "{query}: {ids:?}");
        assert_eq!(listed.json()["count"], ids.len(), "{query}");
    }
    let again = coupon(&api, "A", &json!({})).await;
    assert!(again.id > kept.id, "an id was used again");
    assert_eq!(api.get(&format!("{COUPONS}?code_prefix=A")).await.ids(), [again.id]);
}

/// Returns every list that could contain a code of this customer and coupon.
fn lists(customer: u64, coupon: u64, codes: &[u64]) -> Vec<String> {
    let few: Vec<_> = codes.iter().take(100).map(u64::to_string).collect();
    let queries = [
        String::new(),
        format!("id={}", codes[0]),
        format!("id__in={}", few.join(",")),
        "status=unused".to_owned(),
        "status=available".to_owned(),
        "status__in=unused,used,expired".to_owned(),
        format!("customer={customer}"),
        format!("coupon={coupon}"),
        format!("customer={customer}&coupon={coupon}&status=unused"),
        format!("id__gt={}", codes[0] - 1),
    ];
    queries.into_iter().map(|query| format!("{CODES}?page_size=100&{query}")).collect()
}

#[tokio::test]
async fn unused_codes_go_with_their_coupon() {
    let api = shop_of(130).await;
    let (doomed, kept) = (coupon(&api, "A", &json!({})).await, coupon(&api, "B", &json!({})).await);
    let rows = issued(&give(&api, doomed.id, 1..=130).await);
    let gone: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().expect("an id")).collect();
    let stays = issued_ids(&give(&api, kept.id, [1]).await)[0];
    api.delete(&one(COUPONS, doomed.id)).await.assert_status(204);
    for path in lists(1, doomed.id, &gone) {
        let listed = api.get(&path).await;
        let ids = listed.ids();
        assert!(ids.iter().all(|id| *id == stays), "{path}: {ids:?}");
        assert_eq!(listed.json()["count"], ids.len(), "{path}");
    }
    for code in [gone[0], gone[64], gone[129]] {
        for (method, body) in [("GET", None), ("PUT", Some(json!({"status": "used"}))), ("DELETE", None)] {
            detail(&api.call(method, &one(CODES, code), body.as_ref()).await, 404, "Not found.");
        }
    }
    let errors = issue(&api, &[(1, kept.id), (2, doomed.id)]).await.assert_status(400);
    same_text(&errors, &json!([{}, {"coupon_id": [unknown(doomed.id)]}]));
    let text = json!({"code": rows[7]["code"]});
    refused_somehow(&api.put(&one(CODES, stays), &text).await, "code", &text);
    assert_eq!(api.get(CODES).await.ids(), [stays]);
}

#[tokio::test]
async fn used_codes_stay_as_they_were_whatever_becomes_of_the_rule() {
    let api = shop_of(3).await;
    let made = json!({"code_prefix": "A", "title": "优惠", "can_redeem": false,
        "price_rule": rule(&json!({"starts_at": PAST, "ends_at": FUTURE}))});
    let made = api.post(COUPONS, &made).await.assert_status(201);
    let (coupon, rule) = (made["id"].as_u64().expect("an id"), made["price_rule_id"].as_u64().expect("an id"));
    let untitled = coupon_on(&api, "B", rule).await;
    let codes = issued_ids(&issue(&api, &[(1, coupon), (2, coupon), (3, untitled)]).await);
    for code in [codes[0], codes[2]] {
        set_status(&api, code, "used").await.assert_status(200);
    }
    let paths = [one(CODES, codes[0]), one(CODES, codes[2])];
    let shown =
        async || join_all(paths.iter().map(async |path| api.get(path).await.assert_status(200).to_string())).await;
    let before = shown().await;
    for coupon in [coupon, untitled] {
        api.delete(&one(COUPONS, coupon)).await.assert_status(204);
    }
    assert_eq!(shown().await, before);
    change_rule(&api, rule, &json!({"title": "新", "value": "-1", "starts_at": null, "ends_at": PAST})).await;
    assert_eq!(shown().await, before);
    api.delete(&one(RULES, rule)).await.assert_status(204);
    assert_eq!(shown().await, before);
    let used = [codes[2], codes[0]];
    let coupon_of_first = format!("{CODES}?coupon={coupon}");
    for (path, expected) in [
        (CODES.to_owned(), &used[..]),
        (format!("{CODES}?status=used"), &used[..]),
        (format!("{CODES}?status__in=used,expired"), &used[..]),
        (format!("{CODES}?status=expired"), &[]),
        (format!("{CODES}?status=available"), &[]),
        (format!("{CODES}?customer=1"), &used[1..]),
        (coupon_of_first, &used[1..]),
    ] {
        let listed = api.get(&path).await;
        assert_eq!((listed.ids(), &listed.json()["count"]), (expected.to_vec(), &json!(expected.len())), "{path}");
    }
}

#[tokio::test]
async fn a_rule_is_kept_while_a_coupon_uses_it() {
    let api = Api::empty().await;
    let first = coupon(&api, "A", &json!({})).await;
    let second = coupon_on(&api, "B", first.rule).await;
    let path = one(RULES, first.rule);
    let before = api.get(&path).await.assert_status(200);
    let automatic = rule(&json!({"title": "changed", "automatic_discount": true}));
    for coupon in [first.id, second] {
        let refused = api.delete(&path).await;
        assert_eq!((refused.status, keys(&refused.json())), (409, vec!["detail"]), "{}", refused.text);
        refused_somehow(&api.put(&path, &automatic).await, "automatic_discount", &automatic);
        same_text(&api.get(&path).await.assert_status(200), &before);
        api.delete(&one(COUPONS, coupon)).await.assert_status(204);
    }
    same_text(&api.get(&path).await.assert_status(200), &before);
    assert_eq!(api.put(&path, &automatic).await.assert_status(200)["automatic_discount"], true);
    api.delete(&path).await.assert_status(204);
    assert_eq!(count(&api, RULES).await, 0);
}

#[tokio::test]
async fn a_coupon_that_is_deleted_five_times_at_once_is_deleted_once() {
    let api = shop_of(2).await;
    let made = coupon(&api, "A", &json!({})).await;
    give(&api, made.id, 1..=2).await.assert_status(201);
    let path = one(COUPONS, made.id);
    let mut statuses: Vec<_> =
        join_all((0..5).map(|_| api.delete(&path))).await.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404, 404, 404, 404]);
    assert_eq!((count(&api, COUPONS).await, count(&api, CODES).await), (0, 0));
    api.delete(&one(RULES, made.rule)).await.assert_status(204);
}

/// Races the creation of a coupon on a rule against a change that would forbid it. Exactly one of the two succeeds.
async fn against_creation(method: &str, body: Option<Value>, done: u16, refused: u16) {
    let api = Api::empty().await;
    let mut rules = Vec::new();
    for _ in 0..6 {
        rules.push(id(&api.post(RULES, &rule(&json!({}))).await));
    }
    let both = rules.iter().map(async |rule| {
        let (prefix, path) = (format!("P{rule}"), one(RULES, rule));
        let coupon = json!({"code_prefix": prefix, "price_rule_id": rule});
        let (made, taken) = join(api.post(COUPONS, &coupon), api.call(method, &path, body.as_ref())).await;
        (made.status, taken.status)
    });
    let mut made = 0;
    for statuses in join_all(both).await {
        assert!([(201, refused), (400, done)].contains(&statuses), "{statuses:?}");
        made += u64::from(statuses.0 == 201);
    }
    assert_eq!(count(&api, COUPONS).await, made);
}

#[tokio::test]
async fn a_coupon_is_never_left_on_a_rule_that_is_deleted_meanwhile() {
    against_creation("DELETE", None, 204, 409).await;
}

#[tokio::test]
async fn a_coupon_is_never_left_on_a_rule_that_becomes_automatic_meanwhile() {
    against_creation("PUT", Some(rule(&json!({"automatic_discount": true}))), 200, 400).await;
}

#[tokio::test]
async fn a_prefix_of_a_deleted_coupon_has_new_codes() {
    let api = shop_of(1).await;
    let first = coupon(&api, "A", &json!({})).await;
    let old = issued(&give(&api, first.id, [1]).await)[0]["code"].clone();
    api.delete(&one(COUPONS, first.id)).await.assert_status(204);
    let second = api.post(COUPONS, &nested("A", &json!({}))).await;
    let row = issued(&give(&api, id(&second), [1]).await)[0].clone();
    assert_ne!(row["code"], old);
    assert_eq!(count(&api, &format!("{CODES}?coupon={}", first.id)).await, 0);
    assert_eq!(api.get(CODES).await.assert_status(200)["results"], json!([row]));
}
