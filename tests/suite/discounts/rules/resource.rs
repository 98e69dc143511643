//! `/api/discounts/price_rule/`: creating, reading, changing and listing rules.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    Api, OTHER_TOKEN,
    documents::{DISCOUNTS, example},
};

use crate::support::{
    REQUIRED, RULES,
    discounts::{each_needs_its_scope, rule},
    one, refused, same_text,
};

fn without(value: &Value, names: &[&str]) -> Value {
    let fields = value.as_object().expect("an object").iter();
    fields
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[tokio::test]
async fn the_documented_creation_and_update() {
    let api = Api::empty().await;
    // The document answers with other dates and another `automatic_discount` than it sends. The service echoes the sent
    // values.
    let odd = ["id", "starts_at", "ends_at", "automatic_discount"];
    for (heading, method, status) in [("创建优惠券价格规则", "POST", 201), ("更新优惠券价格规则", "PUT", 200)]
    {
        let (sent, shown) = (example(DISCOUNTS, heading, 0), example(DISCOUNTS, heading, 1));
        let path = if method == "POST" { RULES.to_owned() } else { format!("{RULES}1/") };
        let reply = api.call(method, &path, Some(&sent)).await.assert_status(status);
        same_text(&without(&reply, &odd), &without(&shown, &odd));
        assert_eq!(
            reply.as_object().map(|fields| fields.keys().collect::<Vec<_>>()),
            shown.as_object().map(|f| f.keys().collect())
        );
        assert_eq!(reply["starts_at"], "2017-10-10T16:51:30+08:00");
        assert_eq!(reply["ends_at"], "2019-10-10T16:51:30+08:00");
        assert_eq!(reply["automatic_discount"], false);
        same_text(&api.get(&format!("{RULES}1/")).await.assert_status(200), &reply);
    }
    api.delete(&format!("{RULES}1/")).await.assert_status(204);
    assert_eq!(api.get(&format!("{RULES}1/")).await.status, 404);
    assert_eq!(api.delete(&format!("{RULES}1/")).await.status, 404);
}

#[tokio::test]
async fn verbose_titles_are_computed() {
    let api = Api::empty().await;
    let quantity = json!({"greater_than_or_equal_to": 4});
    let subtotal = json!({"greater_than_or_equal_to": "100.50"});
    for (changes, expected) in [
        (json!({}), "减10元"),
        (json!({"value": "-0.50"}), "减0.5元"),
        (json!({"value_type": "percentage", "value": "-20.00"}), "打8折"),
        (json!({"value_type": "percentage", "value": "-4.00"}), "打9.6折"),
        (json!({"value_type": "percentage", "value": "-12.34"}), "打8.766折"),
        (json!({"value_type": "percentage", "value": -50}), "打5折"),
        (json!({"value_type": "percentage", "value": "-20", "prerequisite_quantity_range": quantity}), "满4件打8折"),
        (json!({"prerequisite_subtotal_range": subtotal}), "满100.5元减10元"),
        (
            json!({"target_type": "shipping_line", "value_type": "percentage", "value": "-100.00", "allocation_method": "each"}),
            "免运费",
        ),
        (json!({"verbose_title": "mine"}), "减10元"),
    ] {
        let created = api.post(RULES, &rule(&changes)).await.assert_status(201);
        assert_eq!(created["verbose_title"], expected, "{changes}");
    }
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let api = Api::empty().await;
    let errors = api.post(RULES, &json!({})).await.assert_status(400);
    assert_eq!(errors, json!({"title": [REQUIRED], "value": [REQUIRED], "value_type": [REQUIRED]}));
    let max = "Ensure this value is less than or equal to 2147483647.";
    for (field, value, message) in [
        ("title", json!(""), "This field may not be blank."),
        ("title", json!("x".repeat(256)), "Ensure this field has no more than 255 characters."),
        ("value", json!("x"), "A valid number is required."),
        ("value", json!("1_0"), "A valid number is required."),
        ("value", json!("-1.005"), "Ensure that there are no more than 2 decimal places."),
        ("value", json!("-12345678901.00"), "Ensure that there are no more than 12 digits in total."),
        ("value", json!("-12345678901"), "Ensure that there are no more than 10 digits before the decimal point."),
        ("value", json!("0.00"), "Ensure this value is less than 0."),
        ("value_type", json!("free"), "\"free\" is not a valid choice."),
        ("target_type", json!("cart"), "\"cart\" is not a valid choice."),
        ("target_selection", json!("some"), "\"some\" is not a valid choice."),
        ("allocation_method", json!("any"), "\"any\" is not a valid choice."),
        ("is_enabled", json!("maybe"), "Must be a valid boolean."),
        ("is_enabled", json!(null), "This field may not be null."),
        ("priority", json!("high"), "A valid integer is required."),
        ("priority", json!(1i64 << 31), max),
        ("usage_limit", json!(1i64 << 31), max),
        ("usage_limit", json!(-1), "Ensure this value is greater than or equal to 0."),
        ("allocation_limit", json!(1.5), "A valid integer is required."),
        ("entitled_product_ids", json!({}), "Expected a list of items but got type \"dict\"."),
        (
            "starts_at",
            json!("soon"),
            "Datetime has wrong format. Use one of these formats instead: \
             YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
        ),
    ] {
        refused(&api.post(RULES, &rule(&json!({ field: value }))).await, field, message, &value);
    }
    let nested = api.post(RULES, &rule(&json!({"entitled_product_ids": [1, "x"]}))).await.assert_status(400);
    assert_eq!(nested, json!({"entitled_product_ids": {"1": ["A valid integer is required."]}}));
    let range = json!({"prerequisite_quantity_range": {"less_than": 1}, "prerequisite_subtotal_range": 5});
    let expected = json!({
        "prerequisite_quantity_range": {"greater_than_or_equal_to": [REQUIRED]},
        "prerequisite_subtotal_range": {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]},
    });
    assert_eq!(api.post(RULES, &rule(&range)).await.assert_status(400), expected);
    assert_eq!(api.get(RULES).await.assert_status(200)["count"], 0);
}

#[tokio::test]
async fn fields_that_break_a_rule_together_are_refused() {
    let api = Api::empty().await;
    let at_least = |bound: Value| json!({"greater_than_or_equal_to": bound});
    let ratio = json!({"prerequisite_quantity": 2, "entitled_quantity": 1});
    let ratio_field = "prerequisite_to_entitlement_quantity_ratio";
    let many: Vec<u64> = (1..=200).collect();
    for (changes, field) in [
        (json!({"value_type": "percentage", "value": "-100.01"}), "value"),
        (
            json!({"target_type": "shipping_line", "value_type": "percentage", "value": "-50", "allocation_method": "each"}),
            "value",
        ),
        (json!({"target_type": "shipping_line", "value_type": "percentage", "value": "-100"}), "allocation_method"),
        (json!({"target_type": "shipping_line", "allocation_method": "each"}), "value_type"),
        (json!({"target_selection": "entitled"}), "target_selection"),
        (json!({"target_selection": "entitled", "entitled_product_ids": []}), "target_selection"),
        (
            json!({"target_selection": "entitled", "entitled_product_ids": many, "entitled_collection_ids": many}),
            "target_selection",
        ),
        (json!({"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-01-01T00:00:00Z"}), "ends_at"),
        (
            json!({"prerequisite_shipping_price_range": {"less_than_or_equal_to": 10}}),
            "prerequisite_shipping_price_range",
        ),
        (json!({"accumulate": true, "prerequisite_subtotal_range": at_least(json!(0))}), "prerequisite_subtotal_range"),
        (
            json!({ratio_field: ratio, "target_selection": "entitled", "entitled_product_ids": [1], "allocation_method": "each"}),
            ratio_field,
        ),
        (json!({ratio_field: ratio, "value_type": "percentage", "allocation_method": "each"}), ratio_field),
        (
            json!({ratio_field: ratio, "value_type": "percentage", "allocation_method": "each",
                "target_selection": "entitled", "entitled_product_ids": [1], "prerequisite_quantity_range": at_least(json!("2"))}),
            ratio_field,
        ),
    ] {
        let errors = api.post(RULES, &rule(&changes)).await.assert_status(400);
        let named: Vec<_> = errors.as_object().expect("errors").keys().cloned().collect();
        assert_eq!(named, [field], "{changes}: {errors}");
    }
    let good = json!({ratio_field: ratio, "value_type": "percentage", "value": "-100", "allocation_method": "each",
        "target_selection": "entitled", "entitled_product_ids": [1, 2], "allocation_limit": 3});
    let created = api.post(RULES, &rule(&good)).await.assert_status(201);
    assert_eq!(created[ratio_field], ratio);
}

#[tokio::test]
async fn an_update_keeps_what_it_omits_and_clears_what_is_null() {
    let api = Api::empty().await;
    let full = json!({"priority": -3, "usage_limit": 9, "starts_at": "2026-01-01T00:00:00Z", "is_enabled": false,
        "prerequisite_subtotal_range": {"greater_than_or_equal_to": 100}, "target_selection": "entitled",
        "entitled_vendor_titles": ["甲"]});
    let created = api.post(RULES, &rule(&full)).await.assert_status(201);
    assert_eq!(created["prerequisite_subtotal_range"], json!({"greater_than_or_equal_to": "100.00"}));
    same_text(&api.put(&format!("{RULES}1/"), &rule(&json!({}))).await.assert_status(200), &created);
    let cleared = api
        .put(
            &format!("{RULES}1/"),
            &rule(&json!({"starts_at": null, "prerequisite_subtotal_range": null,
        "target_selection": "all"})),
        )
        .await;
    let cleared = cleared.assert_status(200);
    for field in ["starts_at", "prerequisite_subtotal_range", "entitled_vendor_titles"] {
        assert_eq!(cleared[field], Value::Null, "{field}");
    }
    assert_eq!((&cleared["priority"], &cleared["is_enabled"]), (&json!(-3), &json!(false)));
    assert_eq!(api.put(&format!("{RULES}2/"), &json!({})).await.status, 404);
}

/// Returns a rule whose filterable fields depend on the id.
fn varied(id: u64) -> Value {
    let instant = |hour: u64| format!("2026-01-01T{hour:02}:00:00+08:00");
    rule(&json!({
        "title": format!("title {}", id % 3),
        "automatic_discount": id.is_multiple_of(2),
        "starts_at": if id.is_multiple_of(4) { Value::Null } else { json!(instant(id % 4)) },
        "ends_at": if id.is_multiple_of(5) { json!(instant(10 + id % 3)) } else { Value::Null },
    }))
}

#[tokio::test]
async fn every_filter_alone_and_in_pairs_selects_what_a_plain_list_does() {
    let api = Api::empty().await;
    let mut model = Vec::new();
    for n in 1..=40 {
        // Every seventh rule is changed after its creation, and every ninth is deleted.
        let created = api.post(RULES, &varied(if n % 7 == 0 { n + 1 } else { n })).await.assert_status(201);
        let path = format!("{RULES}{}/", created["id"]);
        let shown = if n % 7 == 0 { api.put(&path, &varied(n)).await.assert_status(200) } else { created };
        if n % 9 == 0 {
            api.delete(&path).await.assert_status(204);
        } else {
            model.push(shown);
        }
    }
    type Test = (&'static str, fn(&Value) -> bool);
    let filters: [Test; 9] = [
        ("id=8", |rule| rule["id"] == 8),
        ("id__in=1,2,3,14,15,18,28", |rule| [1, 2, 3, 14, 15, 18, 28].iter().any(|id| rule["id"] == *id)),
        ("automatic_discount=true", |rule| rule["automatic_discount"] == true),
        ("automatic_discount=False", |rule| rule["automatic_discount"] == false),
        ("title=title+1", |rule| rule["title"] == "title 1"),
        ("starts_at=2026-01-01T02:00:00+08:00", |rule| rule["starts_at"] == "2026-01-01T02:00:00+08:00"),
        ("ends_at=2026-01-01T03:00:00Z", |rule| rule["ends_at"] == "2026-01-01T11:00:00+08:00"),
        ("id__gt=20", |rule| rule["id"].as_u64() > Some(20)),
        ("id__lt=30", |rule| rule["id"].as_u64() < Some(30)),
    ];
    for (one, wanted) in filters {
        for (other, also) in filters {
            let mut expected: Vec<_> = model.iter().filter(|rule| wanted(rule) && also(rule)).cloned().collect();
            if one.split('=').next() == other.split('=').next() && one != other {
                continue;
            }
            expected.reverse();
            let page = api.get(&format!("{RULES}?page_size=100&{one}&{other}")).await.assert_status(200);
            assert_eq!(page["results"], json!(expected), "{one}&{other}");
            assert_eq!(page["count"], expected.len());
        }
    }
    assert_eq!(
        api.get(&format!("{RULES}?starts_at=soon")).await.assert_status(400),
        json!({"starts_at": ["Enter a valid date/time."]})
    );
    assert_eq!(api.get(&format!("{RULES}?automatic_discount=perhaps")).await.assert_status(200)["count"], model.len());
}

#[tokio::test]
async fn nothing_of_a_shop_is_reachable_with_anothers_token() {
    let api = Api::start().await;
    let path = format!("{RULES}5527/");
    let before = api.get(&path).await.assert_status(200);
    for (method, body) in [("GET", None), ("PUT", Some(rule(&json!({})))), ("DELETE", None)] {
        assert_eq!(api.call_as(OTHER_TOKEN, method, &path, body.as_ref()).await.status, 404, "{method}");
    }
    for query in ["", "?id=5527", "?id__in=5389,5527", "?title=test1", "?automatic_discount=false", "?id__gt=1"] {
        let page = api.call_as(OTHER_TOKEN, "GET", &format!("{RULES}{query}"), None).await.assert_status(200);
        assert_eq!(page["count"], 0, "{query}");
    }
    let own = api.call_as(OTHER_TOKEN, "POST", RULES, Some(&rule(&json!({})))).await.assert_status(201);
    assert_eq!(own["id"], 1);
    same_text(&api.get(&path).await.assert_status(200), &before);
    assert_eq!(api.get(RULES).await.assert_status(200)["count"], 3);
}

#[tokio::test]
async fn each_operation_needs_its_scope() {
    let api = Api::start().await;
    let operations = [
        ("GET", RULES.to_owned(), None, false, 200),
        ("GET", one(RULES, 5527), None, false, 200),
        ("POST", RULES.to_owned(), Some(rule(&json!({}))), true, 201),
        ("PUT", one(RULES, 5527), Some(rule(&json!({}))), true, 200),
        ("DELETE", one(RULES, 999), None, true, 404),
    ];
    each_needs_its_scope(&api, &operations).await;
}

#[tokio::test]
async fn concurrent_changes_leave_the_filters_equal_to_the_rules() {
    let api = Api::empty().await;
    for id in 1..=4 {
        api.post(RULES, &varied(id)).await.assert_status(201);
    }
    let changes = (0..32u64).map(|turn| {
        let (api, id) = (&api, turn % 4 + 1);
        async move {
            match turn {
                29 => api.delete(&format!("{RULES}{id}/")).await.status,
                _ => api.put(&format!("{RULES}{id}/"), &varied(turn)).await.status,
            }
        }
    });
    let statuses = join_all(changes).await;
    assert!(statuses.iter().all(|status| [200, 204, 404].contains(status)), "{statuses:?}");
    let rules = api.get(&format!("{RULES}?page_size=100")).await.assert_status(200);
    let rules = rules["results"].as_array().expect("rules").clone();
    assert_eq!(rules.len(), 3);
    for title in 0..3 {
        let expected = rules.iter().filter(|rule| rule["title"] == format!("title {title}")).count();
        let found = api.get(&format!("{RULES}?title=title+{title}")).await.assert_status(200);
        assert_eq!((&found["count"], found["results"].as_array().map(Vec::len)), (&json!(expected), Some(expected)));
    }
    for automatic in [true, false] {
        let expected = rules.iter().filter(|rule| rule["automatic_discount"] == automatic).count();
        let found = api.get(&format!("{RULES}?automatic_discount={automatic}")).await.assert_status(200);
        assert_eq!(found["count"], expected, "automatic_discount={automatic}");
    }
}
