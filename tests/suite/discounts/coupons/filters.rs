//! `GET /api/discounts/coupon/` against a plain list.

use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    COUPONS, ENTER_A_NUMBER, RULES, detail,
    discounts::{change_rule, count, coupon, nested, with},
    one, refused, refused_somehow, time,
};

const TITLES: [&str; 6] = ["test", "Test two", "西瓜 TESt", "best", "满减", "x%_y"];

/// A query parameter and the predicate of the coupons that it selects.
type Filter = (String, Box<dyn Fn(&Value) -> bool>);

fn filter(query: impl Into<String>, wants: impl Fn(&Value) -> bool + 'static) -> Filter {
    (query.into(), Box::new(wants))
}

/// Returns fields of a rule that differ from coupon to coupon.
fn varied(number: usize) -> Value {
    let value_type = if number.is_multiple_of(2) { "percentage" } else { "fixed_amount" };
    json!({"title": TITLES[number % TITLES.len()], "value_type": value_type})
}

/// Creates a shop with forty coupons and returns them, oldest first. Every fifth coupon uses the rule of the coupon
/// before.
async fn filled() -> (Api, Vec<Value>) {
    let api = Api::empty().await;
    let mut model: Vec<Value> = Vec::new();
    for number in 0..40_usize {
        let (prefix, can_redeem) = (format!("P-{number}"), !number.is_multiple_of(3));
        let mut body = with(nested(&prefix, &varied(number)), &json!({ "can_redeem": can_redeem }));
        if number % 5 == 4 {
            body = json!({"code_prefix": prefix, "can_redeem": can_redeem,
                "price_rule_id": model[number - 1]["price_rule_id"]});
        }
        model.push(api.post(COUPONS, &body).await.assert_status(201));
    }
    (api, model)
}

fn id(coupon: &Value) -> u64 {
    coupon["id"].as_u64().expect("an id")
}

/// Returns the title of the coupon's rule in lower case.
fn small(coupon: &Value) -> String {
    coupon["price_rule"]["title"].as_str().expect("a title").to_lowercase()
}

/// Returns every documented filter, with bounds taken from the created coupons.
fn filters(model: &[Value]) -> Vec<Filter> {
    let ids: Vec<u64> = model.iter().map(id).collect();
    let (seventh, some) = (ids[7], [ids[1], ids[7], ids[8], ids[21], ids[39]]);
    let (above, below) = (ids[11], ids[33]);
    let (first, last) = (model[9]["created_at"].clone(), model[31]["created_at"].clone());
    // The documents write a raw `+`, which arrives as a space.
    let since = format!("created_at__gte={}", first.as_str().expect("an instant"));
    let until = format!("created_at__lte={}", last.as_str().expect("an instant").replace('+', "%2B"));
    let (first, last) = (time(&first), time(&last));
    let kind = |coupon: &Value, kind: &str| coupon["price_rule"]["value_type"] == kind;
    let many = some.map(|id| id.to_string()).join(",%20,");
    vec![
        filter(format!("id={seventh}"), move |coupon| id(coupon) == seventh),
        filter(format!("id__in={many},9999"), move |coupon| some.contains(&id(coupon))),
        filter("code_prefix=P-12", |coupon| coupon["code_prefix"] == "P-12"),
        filter("code_prefix__in=P-1, P-12,,P-20,p-3,P", |coupon| {
            ["P-1", "P-12", "P-20"].iter().any(|prefix| coupon["code_prefix"] == *prefix)
        }),
        filter("can_redeem=true", |coupon| coupon["can_redeem"] == true),
        filter("can_redeem=False", |coupon| coupon["can_redeem"] == false),
        filter("price_rule__value_type=percentage", move |coupon| kind(coupon, "percentage")),
        filter("price_rule__value_type=fixed_amount", move |coupon| kind(coupon, "fixed_amount")),
        filter("price_rule__value_type__in=fixed_amount", move |coupon| kind(coupon, "fixed_amount")),
        filter("price_rule__value_type__in=fixed_amount, percentage", |_| true),
        filter("price_rule__title=test", |coupon| coupon["price_rule"]["title"] == "test"),
        filter("price_rule__title__icontains=ES", |coupon| small(coupon).contains("es")),
        filter("price_rule__title__icontains=瓜%20test", |coupon| small(coupon).contains("瓜 test")),
        filter("price_rule__title__icontains=%25_", |coupon| small(coupon).contains("%_")),
        filter(since, move |coupon| time(&coupon["created_at"]) >= first),
        filter(until, move |coupon| time(&coupon["created_at"]) <= last),
        filter(format!("id__gt={above}"), move |coupon| id(coupon) > above),
        filter(format!("id__lt={below}"), move |coupon| id(coupon) < below),
    ]
}

fn name(query: &str) -> &str {
    query.split('=').next().expect("a name")
}

/// Asserts that the list under a query shows the matching coupons of the model, newest first.
async fn agrees(api: &Api, model: &[Value], query: &str, wants: impl Fn(&Value) -> bool) {
    let mut expected: Vec<_> = model.iter().filter(|coupon| wants(coupon)).cloned().collect();
    expected.reverse();
    let page = api.get(&format!("{COUPONS}?page_size=100&{query}")).await.assert_status(200);
    assert_eq!(page["results"], json!(expected), "{query}");
    assert_eq!(page["count"], expected.len(), "{query}");
}

async fn each_agrees(api: &Api, model: &[Value], filters: &[Filter]) {
    for (query, wants) in filters {
        agrees(api, model, query, wants).await;
    }
}

async fn pairs_agree(api: &Api, model: &[Value], filters: &[Filter]) {
    for (index, (query, wants)) in filters.iter().enumerate() {
        let others = filters[index + 1..].iter().filter(|(other, _)| name(other) != name(query));
        for (other, also) in others {
            agrees(api, model, &format!("{query}&{other}"), |coupon| wants(coupon) && also(coupon)).await;
        }
    }
}

/// Changes titles and values of rules in the API and in the model.
async fn change(api: &Api, model: &mut [Value]) {
    for number in (3..40).step_by(4) {
        let rule = model[number]["price_rule_id"].as_u64().expect("an id");
        let changed = change_rule(api, rule, &with(varied(number + 1), &json!({"usage_limit": number}))).await;
        for coupon in model.iter_mut().filter(|coupon| coupon["price_rule_id"] == rule) {
            coupon["price_rule"] = changed.clone();
        }
    }
}

/// Deletes every seventh coupon.
async fn delete(api: &Api, model: &mut Vec<Value>) {
    for coupon in model.iter().step_by(7) {
        api.delete(&one(COUPONS, id(coupon))).await.assert_status(204);
    }
    let mut number = 0..;
    model.retain(|_| number.next().is_some_and(|number| number % 7 != 0));
}

#[tokio::test]
async fn every_filter_alone_and_in_pairs_selects_what_a_plain_list_does() {
    let (api, model) = filled().await;
    let filters = filters(&model);
    agrees(&api, &model, "", |_| true).await;
    each_agrees(&api, &model, &filters).await;
    pairs_agree(&api, &model, &filters).await;
}

#[tokio::test]
async fn filters_follow_the_rules_and_the_deletions() {
    let (api, mut model) = filled().await;
    let filters = filters(&model);
    change(&api, &mut model).await;
    each_agrees(&api, &model, &filters).await;
    delete(&api, &mut model).await;
    each_agrees(&api, &model, &filters).await;
    pairs_agree(&api, &model, &filters).await;
    agrees(&api, &model, "", |_| true).await;
    // A rule that lost its only coupon, and a rule that never had one.
    let unused = api.post(RULES, &crate::support::discounts::rule(&json!({"title": "test"}))).await;
    unused.assert_status(201);
    each_agrees(&api, &model, &filters).await;
}

#[tokio::test]
async fn pages_and_orders_are_those_of_the_filtered_list() {
    let (api, model) = filled().await;
    for (query, wants) in filters(&model) {
        let oldest: Vec<u64> = model.iter().filter(|coupon| wants(coupon)).map(id).collect();
        for order in ["id", "-id", "created_at", "-created_at"] {
            let mut expected = oldest.clone();
            if order.starts_with('-') {
                expected.reverse();
            }
            let path = format!("{COUPONS}?{query}&order_by={order}&page_size=7");
            for (page, ids) in (1..).zip(expected.chunks(7)) {
                let listed = api.get(&format!("{path}&page={page}")).await;
                assert_eq!(listed.ids(), ids, "{path} {page}");
                assert_eq!(listed.json()["count"], expected.len(), "{path} {page}");
            }
            let last = api.get(&format!("{path}&page=last")).await;
            assert_eq!(last.ids(), expected.chunks(7).last().unwrap_or_default(), "{path}");
            let beyond = expected.len().div_ceil(7).max(1) + 1;
            detail(&api.get(&format!("{path}&page={beyond}")).await, 404, "Invalid page.");
        }
    }
}

#[tokio::test]
async fn a_walk_by_the_last_id_sees_every_coupon_of_a_filter() {
    let (api, model) = filled().await;
    let expected: Vec<u64> = model.iter().filter(|coupon| coupon["can_redeem"] == true).map(id).collect();
    let (mut seen, mut last) = (Vec::new(), 0);
    loop {
        let path = format!("{COUPONS}?can_redeem=1&order_by=id&id__gt={last}&page_size=5");
        let ids = api.get(&path).await.ids();
        let Some(end) = ids.last() else { break };
        last = *end;
        seen.extend(ids);
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_value_that_no_filter_takes_is_refused() {
    let api = Api::start().await;
    let choice = |value: &str| format!("Select a valid choice. {value} is not one of the available choices.");
    for (name, value, message) in [
        ("price_rule__value_type", "foo", choice("foo")),
        ("price_rule__value_type__in", "foo", choice("foo")),
        ("price_rule__value_type__in", "percentage,foo", choice("foo")),
        ("created_at__lte", "soon", "Enter a valid date/time.".to_owned()),
        ("created_at__gte", "2019-02-30T00:00:00Z", "Enter a valid date/time.".to_owned()),
        ("id", "abc", ENTER_A_NUMBER.to_owned()),
        ("id__in", "1,x", ENTER_A_NUMBER.to_owned()),
        ("id__gt", "x", ENTER_A_NUMBER.to_owned()),
        ("id__lt", "1,2", ENTER_A_NUMBER.to_owned()),
        ("order_by", "code_prefix", choice("code_prefix")),
    ] {
        refused(&api.get(&format!("{COUPONS}?{name}={value}")).await, name, &message, &value);
    }
    let listed = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    for name in ["id__in", "code_prefix__in"] {
        assert_eq!(api.get(&format!("{COUPONS}?{name}={}", listed(100))).await.status, 200, "{name}");
        refused_somehow(&api.get(&format!("{COUPONS}?{name}={}", listed(101))).await, name, &101);
    }
}

#[tokio::test]
async fn what_says_nothing_is_ignored() {
    let api = Api::start().await;
    let all = api.get(COUPONS).await.ids();
    assert_eq!(all.len(), 3);
    for query in [
        "id=&id__in=&code_prefix=&code_prefix__in=",
        "code_prefix__in=,%20,&price_rule__value_type=&price_rule__value_type__in=",
        "price_rule__title=&price_rule__title__icontains=&created_at__gte=&created_at__lte=",
        "can_redeem=perhaps",
        "title=test2&minimum_amount=3&price_rule=5527&used_count=9",
    ] {
        assert_eq!(api.get(&format!("{COUPONS}?{query}")).await.ids(), all, "{query}");
    }
    assert_eq!(api.get(&format!("{COUPONS}?id=99999999999999999999")).await.ids(), Vec::<u64>::new());
}

#[tokio::test]
async fn what_is_too_long_for_a_key_matches_nothing() {
    let api = Api::empty().await;
    coupon(&api, "A", &json!({})).await;
    let long = "x".repeat(3_000);
    for filter in ["code_prefix", "code_prefix__in", "price_rule__title", "price_rule__title__icontains"] {
        assert_eq!(count(&api, &format!("{COUPONS}?{filter}={long}")).await, 0, "{filter}");
    }
    assert_eq!(count(&api, &format!("{RULES}?title={long}")).await, 0);
    assert_eq!(count(&api, &format!("{COUPONS}?code_prefix=a%23b%2F")).await, 0);
}
