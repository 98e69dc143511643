//! Schemas as they are published: the names of components, and the wire conventions of replies. Bodies of requests are
//! complete as [`shared::body!`] states them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The fields that a reply leaves out if they have no value; every other field of a reply is always there.
const LEFT_OUT: [&str; 1] = ["points_price"];
/// The name that the code gives to the schema of ids.
const CODE_ID: &str = "u64";
/// An amount in a reply.
const AMOUNT: &str = r"^-?[0-9]+\.[0-9]{2}$";

/// Finishes the schemas of components and parameters.
pub(super) fn finish(description: &mut Value) {
    rename_id(description);
    refer_from_envelopes(&mut description["components"]["schemas"]);
    let requested = reachable(description, "requestBody");
    let replied = reachable(description, "responses");
    if let Some(schemas) = description["components"]["schemas"].as_object_mut() {
        schemas.remove(CODE_ID);
        flatten(schemas);
        schemas.sort_keys();
        let replies = schemas.iter_mut().filter(|(name, _)| replied.contains(*name) && !requested.contains(*name));
        for (_, schema) in replies {
            require(schema);
            for (_, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
                amount(property);
            }
        }
    }
    super::each_operation(description, |operation| {
        for parameter in operation.said.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            // utoipa reads `Option` as null too, which no query holds.
            if let Some(types) = parameter["schema"]["type"].as_array() {
                parameter["schema"]["type"] = types[0].clone();
            }
        }
    });
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

/// A reply has every field, if only as null. An open one has what was sent.
fn require(schema: &mut Value) {
    if schema["additionalProperties"] == true {
        return;
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let names: Vec<_> = properties.keys().filter(|name| !LEFT_OUT.contains(&name.as_str())).cloned().collect();
    schema["required"] = names.into();
}

/// Amounts are texts with two decimals.
fn amount(property: &mut Value) {
    if property["format"] == "decimal" {
        property["pattern"] = AMOUNT.into();
    }
}
