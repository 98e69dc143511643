//! `/api/discounts/coupon/`: creating and reading coupons.

use chrono::Utc;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, OTHER_TOKEN};

use crate::support::{
    BLANK, CODES, COUPONS, NOT_A_BOOLEAN, NOT_A_NUMBER, NOT_A_STRING, NULL, REQUIRED, RULES, detail,
    discounts::{
        FUTURE, PAST, change_rule, count, coupon, coupon_on, each_needs_its_scope, give, issued_ids, nested, rule,
        set_status, shop_of, unknown, with,
    },
    id, keys, one, refused, refused_somehow, same_text, taken_since,
};

const TAKEN: &str = "coupon with this code prefix already exists.";

/// Returns the number of coupons and of rules.
async fn counts(api: &Api) -> (u64, u64) {
    (count(api, COUPONS).await, count(api, RULES).await)
}

#[tokio::test]
async fn a_coupon_brings_its_rule_along() {
    let api = Api::empty().await;
    let before = Utc::now();
    let made = api.post(COUPONS, &nested("A", &json!({"usage_limit": 3}))).await.assert_status(201);
    taken_since(&made["created_at"], before);
    assert_eq!(made["price_rule_id"], made["price_rule"]["id"]);
    assert_eq!((&made["code_prefix"], &made["can_redeem"]), (&json!("A"), &json!(true)));
    assert_eq!((&made["used_count"], &made["redeem_count"]), (&json!(0), &json!(0)));
    assert_eq!((&made["price_rule"]["usage_limit"], &made["legacy_fields"]), (&json!(3), &json!({})));
    same_text(&api.get(&one(COUPONS, &made["id"])).await.assert_status(200), &made);
    same_text(&api.get(COUPONS).await.assert_status(200)["results"], &json!([made]));
    same_text(&api.get(RULES).await.assert_status(200)["results"], &json!([made["price_rule"]]));
}

#[tokio::test]
async fn several_coupons_share_a_rule_and_show_it_as_it_is_now() {
    let api = Api::empty().await;
    let stored = api.post(RULES, &rule(&json!({"title": "旧", "ends_at": PAST}))).await.assert_status(201);
    let shared = json!({"code_prefix": "A", "price_rule_id": stored["id"], "can_redeem": false});
    let made = api.post(COUPONS, &shared).await.assert_status(201);
    same_text(&made["price_rule"], &stored);
    assert_eq!((&made["price_rule_id"], &made["can_redeem"]), (&stored["id"], &json!(false)));
    let rule = stored["id"].as_u64().expect("an id");
    let other = coupon_on(&api, "B", rule).await;
    assert_eq!(counts(&api).await, (2, 1));
    let changed = change_rule(&api, rule, &json!({"title": "新", "ends_at": null, "priority": -7})).await;
    for path in [one(COUPONS, &made["id"]), one(COUPONS, other)] {
        same_text(&api.get(&path).await.assert_status(200)["price_rule"], &changed);
    }
    for row in api.get(COUPONS).await.assert_status(200)["results"].as_array().expect("rows") {
        same_text(&row["price_rule"], &changed);
    }
}

#[tokio::test]
async fn the_title_of_a_coupon_names_its_codes_and_without_one_its_rule_does() {
    let api = shop_of(1).await;
    let rule = id(&api.post(RULES, &rule(&json!({"title": "规则", "starts_at": PAST}))).await);
    let titled = json!({"code_prefix": "A", "price_rule_id": rule, "title": "优惠"});
    let titled = id(&api.post(COUPONS, &titled).await);
    let untitled = coupon_on(&api, "B", rule).await;
    let codes = [titled, untitled].map(async |coupon| issued_ids(&give(&api, coupon, [1]).await)[0]);
    let codes = join_all(codes).await;
    let shown = async || {
        let rows = join_all(codes.iter().map(async |code| api.get(&one(CODES, code)).await.assert_status(200))).await;
        rows.into_iter().map(|row| ["title", "verbose_title", "starts_at", "ends_at"].map(|field| row[field].clone()))
    };
    let expected = |title: &str, verbose: &str, end: Value| [json!(title), json!(verbose), json!(PAST), end];
    let before = [expected("优惠", "减10元", Value::Null), expected("规则", "减10元", Value::Null)];
    assert_eq!(shown().await.collect::<Vec<_>>(), before);
    change_rule(&api, rule, &json!({"title": "新规则", "value": "-20", "ends_at": FUTURE})).await;
    let after = [expected("优惠", "减20元", json!(FUTURE)), expected("新规则", "减20元", json!(FUTURE))];
    assert_eq!(shown().await.collect::<Vec<_>>(), after);
}

#[tokio::test]
async fn a_minimum_amount_fills_an_absent_range_of_the_subtotal() {
    let api = Api::empty().await;
    let range = |bound: &str| json!({"greater_than_or_equal_to": bound});
    for (prefix, amount, changes, filled, verbose) in [
        ("A", json!(100), json!({}), range("100.00"), "满100元减10元"),
        ("B", json!("0.50"), json!({}), range("0.50"), "满0.5元减10元"),
        ("C", json!(0), json!({}), Value::Null, "减10元"),
        ("D", json!(100), json!({"prerequisite_subtotal_range": range("7")}), range("7.00"), "满7元减10元"),
        ("E", json!(0), json!({"prerequisite_subtotal_range": range("7")}), range("7.00"), "满7元减10元"),
    ] {
        let body = with(nested(prefix, &changes), &json!({ "minimum_amount": amount }));
        let made = api.post(COUPONS, &body).await.assert_status(201);
        let rule = &made["price_rule"];
        assert_eq!((&rule["prerequisite_subtotal_range"], &rule["verbose_title"]), (&filled, &json!(verbose)));
        same_text(&api.get(&one(RULES, &rule["id"])).await.assert_status(200), rule);
    }
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let api = Api::empty().await;
    for (field, value, message) in [
        ("code_prefix", json!(""), BLANK),
        ("code_prefix", json!("  "), BLANK),
        ("code_prefix", Value::Null, NULL),
        ("code_prefix", json!([]), NOT_A_STRING),
        ("code_prefix", json!("x".repeat(33)), "Ensure this field has no more than 32 characters."),
        ("can_redeem", json!("maybe"), NOT_A_BOOLEAN),
        ("can_redeem", Value::Null, NULL),
        ("title", json!("x".repeat(256)), "Ensure this field has no more than 255 characters."),
        ("title", json!({}), NOT_A_STRING),
        ("minimum_amount", json!("x"), NOT_A_NUMBER),
        ("minimum_amount", json!("1.005"), "Ensure that there are no more than 2 decimal places."),
        ("minimum_amount", json!("-1"), "Ensure this value is greater than or equal to 0."),
    ] {
        let body = with(nested("A", &json!({})), &json!({ field: value }));
        refused(&api.post(COUPONS, &body).await, field, message, &value);
    }
    let without = json!({"price_rule": rule(&json!({}))});
    refused(&api.post(COUPONS, &without).await, "code_prefix", REQUIRED, &"none");
    assert_eq!(counts(&api).await, (0, 0));
}

#[tokio::test]
async fn a_prefix_is_made_of_letters_digits_dashes_and_underscores() {
    let api = Api::empty().await;
    for prefix in ["a b", "a/b", "a.b", "a+b", "a%", "优惠", "é"] {
        refused_somehow(&api.post(COUPONS, &nested(prefix, &json!({}))).await, "code_prefix", &prefix);
    }
    assert_eq!(counts(&api).await, (0, 0));
    for prefix in ["0", "-", "_", "Az09-_", &"x".repeat(32)] {
        let made = api.post(COUPONS, &nested(prefix, &json!({}))).await.assert_status(201);
        assert_eq!(made["code_prefix"], prefix);
    }
}

#[tokio::test]
async fn a_prefix_is_unique_and_its_case_counts() {
    let api = Api::empty().await;
    let rule = coupon(&api, "Abc", &json!({})).await.rule;
    for body in [nested("Abc", &json!({})), json!({"code_prefix": "Abc", "price_rule_id": rule})] {
        refused(&api.post(COUPONS, &body).await, "code_prefix", TAKEN, &body);
    }
    // All errors are reported at once.
    let reply = api.post(COUPONS, &nested("Abc", &json!({"value": "x"}))).await.assert_status(400);
    assert_eq!(reply, json!({"code_prefix": [TAKEN], "price_rule": {"value": [NOT_A_NUMBER]}}));
    let reply = api.post(COUPONS, &json!({"code_prefix": "a b", "price_rule_id": 999})).await.assert_status(400);
    assert_eq!((keys(&reply).len(), &reply["price_rule_id"]), (2, &json!([unknown(999)])));
    assert_eq!(counts(&api).await, (1, 1));
    for prefix in ["abc", "ABC", "Abcd", "Ab"] {
        coupon(&api, prefix, &json!({})).await;
    }
    assert_eq!(counts(&api).await, (5, 5));
}

#[tokio::test]
async fn a_prefix_that_is_asked_for_ten_times_at_once_is_given_once() {
    let api = Api::empty().await;
    let body = nested("A", &json!({}));
    let replies = join_all((0..10).map(|_| api.post(COUPONS, &body))).await;
    let (made, others): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    others.iter().for_each(|reply| refused(reply, "code_prefix", TAKEN, &"concurrent"));
    assert_eq!((made.len(), counts(&api).await), (1, (1, 1)));
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_stands_under_its_name() {
    let api = Api::empty().await;
    let expected = "Invalid data. Expected a dictionary, but got list.";
    for (rule, errors) in [
        (json!({}), json!({"title": [REQUIRED], "value": [REQUIRED], "value_type": [REQUIRED]})),
        (rule(&json!({"value": "x"})), json!({"value": [NOT_A_NUMBER]})),
        (rule(&json!({"value": "1"})), json!({"value": ["Ensure this value is less than 0."]})),
        (rule(&json!({"value_type": "free"})), json!({"value_type": ["\"free\" is not a valid choice."]})),
        (json!([]), json!({"non_field_errors": [expected]})),
    ] {
        let reply = api.post(COUPONS, &json!({"code_prefix": "A", "price_rule": rule})).await.assert_status(400);
        assert_eq!(reply, json!({"price_rule": errors}));
        let reply = api.post(COUPONS, &json!({"code_prefix": "", "price_rule": rule})).await.assert_status(400);
        assert_eq!(reply, json!({"code_prefix": [BLANK], "price_rule": errors}));
    }
    assert_eq!(counts(&api).await, (0, 0));
}

#[tokio::test]
async fn a_coupon_has_exactly_one_rule_that_is_there_and_is_not_automatic() {
    let api = Api::empty().await;
    let automatic = json!({"automatic_discount": true});
    let plain = id(&api.post(RULES, &rule(&json!({}))).await);
    let by_itself = id(&api.post(RULES, &rule(&automatic)).await);
    for body in [
        json!({"code_prefix": "A"}),
        with(nested("A", &json!({})), &json!({"price_rule_id": plain})),
        nested("A", &automatic),
        json!({"code_prefix": "A", "price_rule_id": by_itself}),
    ] {
        assert_eq!(api.post(COUPONS, &body).await.status, 400, "{body}");
    }
    for (value, message) in [
        (json!(999), unknown(999)),
        (json!("abc"), "Incorrect type. Expected pk value, received str.".to_owned()),
        (json!([plain]), "Incorrect type. Expected pk value, received list.".to_owned()),
    ] {
        let body = json!({"code_prefix": "A", "price_rule_id": value});
        refused(&api.post(COUPONS, &body).await, "price_rule_id", &message, &value);
    }
    let body = json!({"code_prefix": "A", "price_rule_id": ""});
    refused(&api.post(COUPONS, &body).await, "price_rule", "This field is required.", &body);
    assert_eq!(counts(&api).await, (0, 2));
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found_and_a_coupon_is_never_changed() {
    let api = Api::start().await;
    for unknown in ["999", "0", "-1", "abc", "987.0", "99999999999999999999"] {
        detail(&api.get(&one(COUPONS, unknown)).await, 404, "Not found.");
        detail(&api.delete(&one(COUPONS, unknown)).await, 404, "Not found.");
    }
    for method in ["GET", "POST", "PUT", "OPTIONS"] {
        let nameless = format!("{COUPONS}/redeem/");
        detail(&api.call(method, &nameless, Some(&json!({"customer_id": 1}))).await, 404, "Not found.");
    }
    for (method, path) in [("PUT", one(COUPONS, 987)), ("PATCH", one(COUPONS, 987)), ("DELETE", COUPONS.to_owned())] {
        detail(&api.call(method, &path, None).await, 405, &format!("Method \"{method}\" not allowed."));
    }
}

#[tokio::test]
async fn used_count_counts_the_used_codes_of_the_coupon() {
    let api = shop_of(3).await;
    let one_of_them = coupon(&api, "A", &json!({})).await;
    let other = coupon_on(&api, "B", one_of_them.rule).await;
    let codes = issued_ids(&give(&api, one_of_them.id, 1..=3).await);
    give(&api, other, 1..=3).await.assert_status(201);
    for (code, status, used) in [(0, "used", 1), (1, "used", 2), (1, "used", 2), (0, "unused", 1), (1, "unused", 0)] {
        set_status(&api, codes[code], status).await.assert_status(200);
        let shown = api.get(&one(COUPONS, one_of_them.id)).await.assert_status(200);
        // A code that the merchant issued is no claim.
        assert_eq!((&shown["used_count"], &shown["redeem_count"]), (&json!(used), &json!(0)));
        let listed = api.get(COUPONS).await.assert_status(200);
        assert_eq!((&listed["results"][1], &listed["results"][0]["used_count"]), (&shown, &json!(0)));
    }
}

#[tokio::test]
async fn a_creation_is_replayed_under_its_key() {
    let api = Api::empty().await;
    let first = api.keyed("POST", COUPONS, "k", &nested("A", &json!({}))).await;
    first.assert_status(201);
    let again = api.keyed("POST", COUPONS, "k", &nested("A", &json!({}))).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.text), (201, "true", &first.text));
    let other = api.keyed("POST", COUPONS, "k", &nested("B", &json!({}))).await;
    assert_eq!(keys(&other.assert_status(422)), ["detail"]);
    assert_eq!(counts(&api).await, (1, 1));
}

#[tokio::test]
async fn nothing_of_a_shop_is_reachable_with_anothers_token() {
    let api = Api::start().await;
    let before = api.get(COUPONS).await.text;
    for query in [
        "",
        "?id=3077",
        "?id__in=987,3077",
        "?code_prefix=JxxxxY",
        "?code_prefix__in=JxxxxY,jB7nNJPb",
        "?can_redeem=true",
        "?price_rule__value_type=percentage",
        "?price_rule__value_type__in=percentage",
        "?price_rule__title=showroom61满4件8折",
        "?price_rule__title__icontains=ROOM",
        "?created_at__gte=2000-01-01T00:00:00Z",
        "?created_at__lte=2999-01-01T00:00:00Z",
        "?id__gt=1",
    ] {
        let path = format!("{COUPONS}{query}");
        assert_eq!(api.call_as(OTHER_TOKEN, "GET", &path, None).await.assert_status(200)["count"], 0, "{query}");
        assert_ne!(count(&api, &path).await, 0, "{query}");
    }
    for method in ["GET", "DELETE"] {
        detail(&api.call_as(OTHER_TOKEN, method, &one(COUPONS, 3077), None).await, 404, "Not found.");
    }
    let foreign = json!({"code_prefix": "A", "price_rule_id": 5527});
    let reply = api.call_as(OTHER_TOKEN, "POST", COUPONS, Some(&foreign)).await;
    refused(&reply, "price_rule_id", &unknown(5527), &foreign);
    api.call_as(OTHER_TOKEN, "POST", COUPONS, Some(&nested("JxxxxY", &json!({})))).await.assert_status(201);
    assert_eq!(api.get(COUPONS).await.text, before);
}

#[tokio::test]
async fn each_operation_needs_its_scope() {
    let api = Api::start().await;
    let operations = [
        ("GET", COUPONS.to_owned(), None, false, 200),
        ("GET", one(COUPONS, 987), None, false, 200),
        ("POST", COUPONS.to_owned(), Some(json!({})), true, 400),
        ("DELETE", one(COUPONS, 999), None, true, 404),
    ];
    each_needs_its_scope(&api, &operations).await;
}
