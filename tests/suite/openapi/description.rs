//! `/api/openapi.json`: the description covers every operation.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use tests::Api;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The operations of the API, with `{}` for each parameter.
const OPERATIONS: [(&str, &str); 36] = [
    ("/api/discounts/coupon/", "get"),
    ("/api/discounts/coupon/", "post"),
    ("/api/discounts/coupon/{}/", "get"),
    ("/api/discounts/coupon/{}/", "delete"),
    ("/api/discounts/coupon/{}/redeem/", "post"),
    ("/api/discounts/coupon_code/", "get"),
    ("/api/discounts/coupon_code/", "post"),
    ("/api/discounts/coupon_code/use/", "post"),
    ("/api/discounts/coupon_code/release/", "post"),
    ("/api/discounts/coupon_code/{}/", "get"),
    ("/api/discounts/coupon_code/{}/", "put"),
    ("/api/discounts/coupon_code/{}/", "delete"),
    ("/api/discounts/evaluate/", "post"),
    ("/api/discounts/price_rule/", "get"),
    ("/api/discounts/price_rule/", "post"),
    ("/api/discounts/price_rule/{}/", "get"),
    ("/api/discounts/price_rule/{}/", "put"),
    ("/api/discounts/price_rule/{}/", "delete"),
    ("/api/crm/customer/", "get"),
    ("/api/crm/customer/", "post"),
    ("/api/crm/customer/{}/", "get"),
    ("/api/crm/customer/{}/", "put"),
    ("/api/loyalty/account/{}/", "get"),
    ("/api/loyalty/level/", "get"),
    ("/api/loyalty/level/", "post"),
    ("/api/loyalty/level/{}/", "delete"),
    ("/api/loyalty/level/{}/", "get"),
    ("/api/loyalty/level/{}/", "put"),
    ("/api/loyalty/point_history/", "get"),
    ("/api/loyalty/point_history/adjust/", "post"),
    ("/api/loyalty/point_history/redeem/", "post"),
    ("/api/loyalty/point_history/refund/", "post"),
    ("/api/loyalty/point_history/sign/", "post"),
    ("/api/loyalty/point_history/{}/", "get"),
    ("/api/orders/order/{}/", "get"),
    ("/api/orders/order/{}/", "put"),
];

async fn description() -> Value {
    Api::start().await.get("/api/openapi.json").await.assert_status(200)
}

/// Returns the operations of a description: path, method and object.
fn operations(description: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = description["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().expect("an item").iter().map(move |(method, what)| (path, method, what))
        })
        .filter(|(_, method, _)| METHODS.contains(&method.as_str()))
        .map(|(path, method, what)| (path.as_str(), method.as_str(), what))
        .collect()
}

/// Replaces each parameter of a path by `{}`.
fn anonymous(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Resolves a reference.
fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(to) => {
            description.pointer(to.strip_prefix('#').expect("inside")).unwrap_or_else(|| panic!("{to} is missing"))
        }
        None => value,
    }
}

/// Returns the parameters of an operation and of its path.
fn parameters<'a>(description: &'a Value, path: &str, operation: &'a Value) -> Vec<&'a Value> {
    let lists = [&description["paths"][path]["parameters"], &operation["parameters"]];
    let parameters = lists.into_iter().filter_map(Value::as_array).flatten();
    parameters.map(|parameter| resolved(description, parameter)).collect()
}

#[tokio::test]
async fn it_is_openapi_3_1() {
    let description = description().await;
    assert!(description["openapi"].as_str().expect("a version").starts_with("3.1"), "{}", description["openapi"]);
    for key in ["title", "version"] {
        assert!(!description["info"][key].as_str().expect("a text").is_empty(), "{key}");
    }
}

#[tokio::test]
async fn it_describes_exactly_the_operations_that_there_are() {
    let description = description().await;
    let described: BTreeSet<_> =
        operations(&description).into_iter().map(|(path, method, _)| (anonymous(path), method.to_owned())).collect();
    let described: Vec<_> = described.into_iter().filter(|(path, _)| path != "/api/openapi.json").collect();
    let mut expected: Vec<_> = OPERATIONS.map(|(path, method)| (path.to_owned(), method.to_owned())).to_vec();
    expected.sort_unstable();
    assert_eq!(described, expected);
}

#[tokio::test]
async fn every_path_but_its_own_ends_with_a_slash() {
    let description = description().await;
    for path in description["paths"].as_object().expect("paths").keys() {
        assert!(path.ends_with('/') || path == "/api/openapi.json", "{path}");
    }
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own_and_replies() {
    let description = description().await;
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&description) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id"));
        assert!(!id.is_empty() && ids.insert(id), "{method} {path}: {id}");
        let replies = operation["responses"].as_object().expect("responses");
        assert!(replies.keys().any(|status| status.starts_with('2')), "{method} {path}");
    }
}

#[tokio::test]
async fn every_operation_names_the_status_that_it_answers_with() {
    let description = description().await;
    for (path, method, operation) in operations(&description) {
        let statuses: &[&str] = match (anonymous(path).as_str(), method) {
            (_, "get") => &["200"],
            (_, "delete") => &["204"],
            ("/api/crm/customer/{}/" | "/api/orders/order/{}/", "put") => &["200", "201"],
            (_, "put") => &["200"],
            ("/api/discounts/evaluate/", "post") => &["200"],
            ("/api/discounts/coupon_code/use/" | "/api/discounts/coupon_code/release/", "post") => &["200"],
            _ => &["201"],
        };
        for status in statuses {
            assert!(operation["responses"].get(status).is_some(), "{method} {path} has no {status}");
        }
    }
}

#[tokio::test]
async fn every_change_but_a_delete_lists_the_idempotency_key() {
    let description = description().await;
    for (path, method, operation) in operations(&description) {
        let listed = parameters(&description, path, operation)
            .iter()
            .any(|parameter| parameter["name"] == "Idempotency-Key" && parameter["in"] == "header");
        let changes = ["post", "put", "patch"].contains(&method) && path != "/api/discounts/evaluate/";
        assert_eq!(listed, changes, "{method} {path}");
    }
}

#[tokio::test]
async fn every_parameter_of_a_path_is_described_and_required() {
    let description = description().await;
    for (path, method, operation) in operations(&description) {
        let parameters = parameters(&description, path, operation);
        let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let described: BTreeSet<_> = of_path
            .inspect(|parameter| assert_eq!(parameter["required"], true, "{method} {path}"))
            .map(|parameter| parameter["name"].as_str().expect("a name"))
            .collect();
        let named: BTreeSet<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(described, named, "{method} {path}");
    }
}

#[tokio::test]
async fn every_list_describes_its_filters() {
    let description = description().await;
    let common = ["page", "page_size", "order_by", "id__gt", "id__lt"];
    for (path, filters) in [
        ("/api/loyalty/level/", &[][..]),
        ("/api/loyalty/point_history/", &["customer", "customer__in"]),
        ("/api/crm/customer/", &["id", "id__in", "mobile"]),
        (
            "/api/discounts/coupon/",
            &[
                "id",
                "id__in",
                "code_prefix",
                "code_prefix__in",
                "can_redeem",
                "price_rule__value_type",
                "price_rule__value_type__in",
                "price_rule__title",
                "price_rule__title__icontains",
                "created_at__lte",
                "created_at__gte",
            ],
        ),
        ("/api/discounts/coupon_code/", &["id", "id__in", "status", "status__in", "customer", "coupon"]),
    ] {
        let parameters = parameters(&description, path, &description["paths"][path]["get"]);
        let names: HashSet<_> = parameters.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
        for name in filters.iter().chain(&common) {
            assert!(names.contains(name), "{path} does not list {name}");
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let description = description().await;
    let mut open = vec![&description];
    let mut references = 0;
    while let Some(value) = open.pop() {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            references += 1;
            assert!(description.pointer(to.trim_start_matches('#')).is_some(), "{to}");
        }
        match value {
            Value::Object(object) => open.extend(object.values()),
            Value::Array(array) => open.extend(array),
            _ => {}
        }
    }
    assert!(references > 0);
}
