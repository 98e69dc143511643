//! Schemas as they are published: what the wire conventions say of every id, amount and reply.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::domain::id::MAX_ID;

/// What replies leave out where there is none; every other field of a reply is always there.
const LEFT_OUT: [&str; 1] = ["points_price"];
/// The name that the code gives to the schema of ids.
const CODE_ID: &str = "u64";
/// An amount in a reply.
const AMOUNT: &str = r"^-?[0-9]+\.[0-9]{2}$";
/// An amount in a request: 12 digits in all, two of them after the point.
const SENT_AMOUNT: &str = r"^-?[0-9]{1,10}(\.[0-9]{1,2})?$";

/// Finishes the schemas of components and parameters.
pub(super) fn finish(description: &mut Value) {
    rename_id(description);
    refer_from_envelopes(&mut description["components"]["schemas"]);
    let requested = reachable(description, "requestBody");
    let replied = reachable(description, "responses");
    if let Some(schemas) = description["components"]["schemas"].as_object_mut() {
        schemas.remove(CODE_ID);
        schemas.insert("Id".to_owned(), id());
        flatten(schemas);
        schemas.sort_keys();
        for (name, schema) in schemas {
            let sent = requested.contains(name);
            if replied.contains(name) && !sent {
                require(schema);
            }
            each_property(schema, &mut |name, property| {
                bound(name, property);
                amount(property, sent);
                if sent {
                    units(name, property);
                }
            });
        }
    }
    super::each_operation(description, |operation| {
        for parameter in operation.said.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            // utoipa reads `Option` as null too, which no query holds.
            if let Some(types) = parameter["schema"]["type"].as_array() {
                parameter["schema"]["type"] = types[0].clone();
            }
            bound(&name, &mut parameter["schema"]);
        }
    });
}

fn id() -> Value {
    json!({
        "type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID,
        "description": "An id: a positive integer up to 2^53-1, unique in the shop and for its resource.",
    })
}

/// utoipa writes the rows of an envelope out in full; they are components of their own.
fn refer_from_envelopes(schemas: &mut Value) {
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        if let Some(row) = name.strip_prefix("Envelope_") {
            let items = &mut schema["properties"]["results"]["items"];
            *items = json!({"$ref": format!("#/components/schemas/{row}")});
        }
    }
}

fn rename_id(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("$ref").is_some_and(|to| *to == format!("#/components/schemas/{CODE_ID}")) {
                object.insert("$ref".to_owned(), "#/components/schemas/Id".into());
            }
            object.values_mut().for_each(rename_id);
        }
        Value::Array(items) => items.iter_mut().for_each(rename_id),
        _ => {}
    }
}

/// The names of the schemas that a part of the operations leads to.
fn reachable(description: &Value, part: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let items = description["paths"].as_object().into_iter().flatten();
    for operation in items.filter_map(|(_, item)| item.as_object()).flatten() {
        follow(description, &operation.1[part], &mut found);
    }
    found
}

fn follow(description: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(|to| to.as_str()?.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                follow(description, &description["components"]["schemas"][name], found);
            }
            object.values().for_each(|value| follow(description, value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| follow(description, item, found)),
        _ => {}
    }
}

/// An object that the code makes of another one and more fields stands as one object.
fn flatten(schemas: &mut Map<String, Value>) {
    let known = schemas.clone();
    for schema in schemas.values_mut() {
        let Some(parts) = schema["allOf"].as_array() else { continue };
        let mut whole =
            json!({"type": "object", "description": schema["description"], "required": [], "properties": {}});
        for part in parts {
            let name = part["$ref"].as_str().and_then(|to| to.strip_prefix("#/components/schemas/"));
            let part = name.and_then(|name| known.get(name)).unwrap_or(part);
            for (name, property) in part["properties"].as_object().into_iter().flatten() {
                whole["properties"][name] = property.clone();
            }
        }
        *schema = whole;
    }
}

/// A reply has every field, if only as null.
fn require(schema: &mut Value) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let names: Vec<_> = properties.keys().filter(|name| !LEFT_OUT.contains(&name.as_str())).cloned().collect();
    schema["required"] = names.into();
}

fn each_property(schema: &mut Value, work: &mut impl FnMut(&str, &mut Value)) {
    for (name, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        work(name, property);
    }
    for part in schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        each_property(part, work);
    }
}

/// Ids are positive, up to 2^53-1; so are the items of lists of ids.
fn bound(name: &str, property: &mut Value) {
    let of = if name.ends_with("_ids") { property.get_mut("items") } else { Some(property) };
    let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
    let Some(schema) = of.filter(|schema| is_id && schema["format"] == "int64") else { return };
    schema["minimum"] = 1.into();
    schema["maximum"] = MAX_ID.into();
}

/// Amounts are texts with two decimals; a request may send a number too.
fn amount(property: &mut Value, sent: bool) {
    if property["format"] != "decimal" {
        return;
    }
    property["pattern"] = if sent { SENT_AMOUNT } else { AMOUNT }.into();
    if sent {
        let nullable = property["type"].is_array();
        property["type"] = if nullable { json!(["string", "number", "null"]) } else { json!(["string", "number"]) };
    }
}

/// The units of a range are a text in replies, and taken as one: what was read can be sent.
fn units(name: &str, property: &mut Value) {
    if name == "greater_than_or_equal_to" && property["type"] == "integer" {
        property["type"] = json!(["integer", "string"]);
        property["pattern"] = "^[0-9]+$".into();
    }
}
