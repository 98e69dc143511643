//! Bodies of requests as the description states them: what `body!` makes of a statement, updates without defaults, and bounds
//! that schema and reader share.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{CUSTOMERS, LEVELS, ORDERS, id, one};
use chrono_tz::Tz;
use serde_json::{Value, json};
use shared::{
    body,
    error::FieldErrors,
    http::{
        body::{Body, Described},
        checked::Checked,
        fields::{nullable, optional, required},
        kinds::{integer, list, text},
    },
};
use tests::Api;

mod bounds;

const RULES: &str = "/api/discounts/price_rule/";

fn description() -> Value {
    serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("the description")
}

#[derive(Debug, Default, PartialEq)]
struct Level {
    title: String,
    points: u32,
    redeem: u32,
    tags: Option<Vec<String>>,
}

body! {
    /// A new level.
    struct LevelInput into Level, then check_redeem {
        /// The name of the level: 1 to 64 characters.
        #[example("Gold")]
        title: required(text(1..=64)),
        /// The points that a customer must have earned.
        #[default(0)]
        #[example(1000)]
        points: optional(integer(0..=1_000_000u32)),
        /// The points that buy one yuan.
        #[default(0)]
        redeem: optional(integer(0..=100u32)),
        /// At most two tags; null is none.
        tags: nullable(list(2, text(1..=8))),
    }
}

body! {
    /// A change of a level. A field that is omitted stays as it is.
    struct LevelUpdate updates LevelInput;
}

fn check_redeem(level: Level) -> Checked<Level> {
    let breaks = level.points == 0 && level.redeem > 0;
    if breaks { Err(FieldErrors::field("redeem", "The first level redeems nothing.")) } else { Ok(level) }
}

fn gold() -> Level {
    Level { title: "Gold".to_owned(), points: 5, redeem: 2, tags: Some(vec!["old".to_owned()]) }
}

#[test]
fn a_body_takes_defaults_and_its_update_keeps_what_is_omitted() {
    let created = LevelInput::parse(&json!({"title": " Gold "}), Tz::UTC).expect("a level");
    assert_eq!(created, Level { title: "Gold".to_owned(), points: 0, redeem: 0, tags: None });
    let updated = LevelUpdate::parse_over(&json!({"title": "Silver"}), gold(), Tz::UTC).expect("a level");
    assert_eq!(updated, Level { title: "Silver".to_owned(), ..gold() });
    let cleared = LevelUpdate::parse_over(&json!({"title": "Gold", "tags": null}), gold(), Tz::UTC).expect("a level");
    assert_eq!(cleared, Level { tags: None, ..gold() });
}

#[test]
fn a_body_reports_every_error_at_once_and_what_fields_break_together_last() {
    let errors = |body| json!(LevelInput::parse(&body, Tz::UTC).expect_err("errors"));
    assert_eq!(
        errors(json!({"points": -1, "redeem": "x", "tags": ["a", ""]})).to_string(),
        json!({
            "title": ["This field is required."],
            "points": ["Ensure this value is greater than or equal to 0."],
            "redeem": ["A valid integer is required."],
            "tags": {"1": ["This field may not be blank."]},
        })
        .to_string()
    );
    assert_eq!(errors(json!({"title": "Gold", "redeem": 1})), json!({"redeem": ["The first level redeems nothing."]}));
    let mixed = json!({"title": null, "points": 0, "redeem": 1});
    assert_eq!(errors(mixed), json!({"title": ["This field may not be null."]}));
    assert_eq!(errors(json!([])), json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}));
}

#[test]
fn a_body_describes_itself_and_its_update_has_no_default() {
    let mut expected = json!({
        "type": "object",
        "description": "A new level.",
        "required": ["title"],
        "properties": {
            "title": {
                "type": "string", "description": "The name of the level: 1 to 64 characters.",
                "example": "Gold", "minLength": 1, "maxLength": 64,
            },
            "points": {
                "type": "integer", "format": "int32", "description": "The points that a customer must have earned.",
                "default": 0, "example": 1000, "minimum": 0, "maximum": 1_000_000,
            },
            "redeem": {
                "type": "integer", "format": "int32", "description": "The points that buy one yuan.",
                "default": 0, "minimum": 0, "maximum": 100,
            },
            "tags": {
                "type": ["array", "null"], "description": "At most two tags; null is none.",
                "items": {"type": "string", "minLength": 1, "maxLength": 8}, "maxItems": 2,
            },
        },
    });
    assert_eq!(json!(Described::of::<LevelInput>().schema()), expected);
    expected["description"] = "A change of a level. A field that is omitted stays as it is.".into();
    for field in ["points", "redeem"] {
        expected["properties"][field].as_object_mut().expect("a field").shift_remove("default");
    }
    assert_eq!(json!(Described::of::<LevelUpdate>().schema()), expected);
}

/// Adds every schema that a value leads to, by its place.
fn reach<'a>(description: &'a Value, place: &str, value: &'a Value, found: &mut BTreeMap<String, &'a Value>) {
    let to = value["$ref"].as_str().filter(|to| !found.contains_key(*to));
    if let Some(to) = to {
        let schema = description.pointer(to.trim_start_matches('#')).expect("a component");
        found.insert(to.to_owned(), schema);
        reach(description, to, schema, found);
    }
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter().filter(|(name, _)| *name != "example") {
                let place = format!("{place}/{name}");
                found.insert(place.clone(), value);
                reach(description, &place, value, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                reach(description, &format!("{place}/{index}"), item, found);
            }
        }
        _ => {}
    }
}

fn reached<'a>(description: &'a Value, method: Option<&str>, part: &str) -> BTreeMap<String, &'a Value> {
    let mut found = BTreeMap::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        let operations = item.as_object().expect("operations").iter();
        for (name, operation) in operations.filter(|(name, _)| method.is_none_or(|method| *name == method)) {
            reach(description, &format!("{name} {path}"), &operation[part], &mut found);
        }
    }
    found
}

#[test]
fn no_body_of_a_put_has_a_default_at_any_depth() {
    let description = description();
    let found = reached(&description, Some("put"), "requestBody");
    assert!(found.len() > 100, "{}", found.len());
    let defaults: Vec<_> = found.keys().filter(|place| place.ends_with("/default")).collect();
    assert!(defaults.is_empty(), "{defaults:#?}");
    let of_posts = reached(&description, Some("post"), "requestBody");
    assert!(of_posts.keys().any(|place| place.ends_with("PriceRuleInput/properties/is_enabled/default")));
}

/// The required fields of the body of a PUT.
fn required_in_put(path: &str) -> BTreeSet<String> {
    let description = description();
    let schema = &description["paths"][path]["put"]["requestBody"]["content"]["application/json"]["schema"];
    let schema = description.pointer(schema["$ref"].as_str().expect("a component").trim_start_matches('#'));
    let required = schema.expect("a schema")["required"].as_array().into_iter().flatten();
    required.map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// The fields of a row that differ, without the time of the last change.
fn changed(before: &Value, after: &Value) -> Vec<String> {
    let fields = before.as_object().expect("an object").iter();
    let differ = fields.filter(|(name, value)| *name != "updated_at" && after[name.as_str()] != **value);
    differ.map(|(name, _)| name.clone()).collect()
}

#[tokio::test]
async fn a_put_of_the_required_fields_of_a_rule_changes_nothing_else() {
    let api = Api::empty().await;
    let rule = json!({
        "title": "old", "value": "-10.00", "value_type": "percentage", "is_enabled": false, "usage_limit": 7,
        "once_per_customer": true, "priority": -3, "starts_at": "2020-01-01T00:00:00Z", "target_selection": "entitled",
        "entitled_product_ids": [5], "allocation_method": "each", "prerequisite_quantity_range":
        {"greater_than_or_equal_to": 2}, "allocation_limit": 9,
    });
    let created = api.post(RULES, &rule).await;
    let (id, before) = (id(&created), created.assert_status(201));
    let update = json!({"title": "new", "value": "-20.00", "value_type": "percentage"});
    let sent: BTreeSet<_> = update.as_object().expect("fields").keys().cloned().collect();
    assert_eq!(sent, required_in_put("/api/discounts/price_rule/{id}/"));
    api.put(&one(RULES, id), &update).await.assert_status(200);
    let after = api.get(&one(RULES, id)).await.assert_status(200);
    assert_eq!(changed(&before, &after), ["title", "verbose_title", "value"], "{after}");
}

#[tokio::test]
async fn a_put_of_the_required_fields_of_a_level_changes_nothing_else() {
    let api = Api::empty().await;
    let level = json!({
        "title": "old", "condition_points": 1, "sign_points": 2, "gain_points": 0.5, "redeem_points": 3,
        "redeem_limitation": 4, "redeem_limitation_monthly": 5,
    });
    let created = api.post(LEVELS, &level).await;
    let (id, before) = (id(&created), created.assert_status(201));
    assert_eq!(required_in_put("/api/loyalty/level/{id}/"), BTreeSet::from(["title".to_owned()]));
    api.put(&one(LEVELS, id), &json!({"title": "new"})).await.assert_status(200);
    let after = api.get(&one(LEVELS, id)).await.assert_status(200);
    assert_eq!(changed(&before, &after), ["title"], "{after}");
}

#[tokio::test]
async fn a_put_of_one_field_of_a_customer_changes_nothing_else() {
    let api = Api::empty().await;
    let customer = json!({
        "mobile": "1390", "full_name": "name", "gender": "female", "email": "a@example.com", "birthday": "1990-01-31",
        "note": "note", "accepts_marketing": true, "created_at": "2018-09-03T13:56:15Z",
    });
    let before = api.put(&one(CUSTOMERS, 7), &customer).await.assert_status(201);
    assert_eq!(required_in_put("/api/crm/customer/{id}/"), BTreeSet::new());
    for (update, fields) in [(json!({}), &[][..]), (json!({"mobile": "1391"}), &["mobile"])] {
        api.put(&one(CUSTOMERS, 7), &update).await.assert_status(200);
        let after = api.get(&one(CUSTOMERS, 7)).await.assert_status(200);
        assert_eq!(changed(&before, &after), fields, "{after}");
    }
}

#[test]
fn every_field_of_a_reply_has_its_type() {
    let description = description();
    let found = reached(&description, None, "responses");
    let mut fields = 0;
    for (place, schema) in found.iter().filter(|(place, _)| place.contains("schema")) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            fields += 1;
            let is_typed = ["type", "$ref", "oneOf", "anyOf", "enum"].iter().any(|key| !property[*key].is_null());
            let is_object = property["type"] == "object" && property["maxProperties"] != 0;
            assert!(is_typed && !is_object, "{place}/{name}: {property}");
        }
    }
    assert!(fields > 150, "{fields}");
}

#[tokio::test]
async fn an_order_is_open_as_it_is_sent_and_as_it_is_answered() {
    let description = description();
    for (name, required) in [("OrderInput", json!(null)), ("Order", json!(["id"]))] {
        let schema = &description["components"]["schemas"][name];
        assert_eq!((&schema["additionalProperties"], &schema["required"]), (&json!(true), &required), "{name}");
    }
    let api = Api::empty().await;
    // The notation that was sent stays, whatever its type; the reply is held to the description.
    let order = json!({"financial_status": 5, "paid_price": 1.5, "updated_at": "2018-09-04 13:55", "note": [{"x": 1}]});
    let sent = api.put(&one(ORDERS, 1), &order).await.assert_status(201);
    assert_eq!(
        (&sent["financial_status"], &sent["paid_price"], &sent["customer"]),
        (&json!(5), &json!(1.5), &json!(null))
    );
    assert!(sent.get("customer").is_none(), "a guest's order has what was sent: {sent}");
    api.put(&one(CUSTOMERS, 7), &json!({"mobile": "1390"})).await.assert_status(201);
    let of_customer = api.put(&one(ORDERS, 2), &json!({"customer_id": 7})).await.assert_status(201);
    assert_eq!(of_customer["customer"]["mobile"], "1390");
}

#[test]
fn a_page_is_a_number_or_the_last() {
    let description = description();
    let mut pages = 0;
    for item in description["paths"].as_object().expect("paths").values() {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            if parameter["name"] == "page" {
                pages += 1;
                let kinds = json!([{"type": "integer", "minimum": 1}, {"type": "string", "enum": ["last"]}]);
                assert_eq!(parameter["schema"]["oneOf"], kinds, "{parameter}");
            }
        }
    }
    assert_eq!(pages, 6);
}
