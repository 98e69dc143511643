//! The bounds of every body of the description against the service: a value at a bound is accepted, one past it is refused
//! under its field, in the words of the conventions.

use std::collections::BTreeSet;

use openapi::publication::{Example, examples};
use serde_json::{Map, Value, json};
use tests::Api;

use super::description;
use crate::openapi::examples::method as method_of;

/// Fields that other fields make necessary, which a schema does not say.
const NEEDED_BY_OTHERS: [&str; 2] = ["paid_price", "price_rule"];

/// Fields of an operation that are described and not read: the id of the path counts, and the field `customer`.
const IGNORED: [(&str, &str); 3] =
    [("coupon_code_update", "coupon_id"), ("order_put", "id"), ("order_put", "customer_id")];

/// A change of a body, and the messages of which the service gives one, or none.
#[derive(Debug)]
struct Probe {
    /// The way to the field.
    place: Vec<String>,
    /// The value; nothing leaves the field out.
    value: Option<Value>,
    messages: Vec<String>,
    is_refused: bool,
}

struct Prober<'a> {
    description: &'a Value,
    probes: Vec<Probe>,
}

impl<'a> Prober<'a> {
    /// The schema without references and null, and whether it takes null. None where it has several alternatives.
    fn resolve(&self, schema: &'a Value) -> (Option<&'a Value>, bool) {
        if let Some(to) = schema["$ref"].as_str() {
            return self.resolve(self.description.pointer(to.trim_start_matches('#')).expect("a component"));
        }
        let Some(parts) = schema["oneOf"].as_array() else {
            return (Some(schema), has_type(schema, "null"));
        };
        let others: Vec<_> = parts.iter().filter(|part| part["type"] != "null").collect();
        let takes_null = others.len() < parts.len();
        match others[..] {
            [one] => (self.resolve(one).0, takes_null),
            _ => (None, takes_null),
        }
    }

    /// A value that fits a schema.
    fn sample(&self, schema: &'a Value) -> Value {
        let known = ["example", "default"].iter().map(|key| &schema[*key]).find(|value| !value.is_null());
        if let Some(value) = known {
            return value.clone();
        }
        let (Some(schema), _) = self.resolve(schema) else { return Value::Null };
        if let Some(choices) = schema["enum"].as_array() {
            return choices[0].clone();
        }
        let required = || schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        match schema["format"].as_str().or(first_type(schema)) {
            Some("int32" | "int64" | "integer") => schema["minimum"].clone(),
            Some("double" | "number") => json!(0),
            Some("decimal") => json!("1.00"),
            Some("date-time") => json!("2020-01-01T00:00:00+08:00"),
            Some("date") => json!("2020-01-01"),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("object") => {
                let field = |name: &str| (name.to_owned(), self.sample(&schema["properties"][name]));
                required().map(field).collect::<Map<_, _>>().into()
            }
            _ => json!("a"),
        }
    }

    fn probe(&mut self, place: &[String], value: impl Into<Option<Value>>, is_refused: bool, messages: &[&str]) {
        let messages = messages.iter().map(|message| (*message).to_owned()).collect();
        self.probes.push(Probe { place: place.to_vec(), value: value.into(), messages, is_refused });
    }

    /// Probes the fields of an object.
    fn object(&mut self, place: &[String], schema: &'a Value) {
        let required: BTreeSet<_> = schema["required"].as_array().into_iter().flatten().map(Value::to_string).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place: Vec<_> = place.iter().chain([name]).cloned().collect();
            let is_free = !NEEDED_BY_OTHERS.contains(&name.as_str());
            let is_required = required.contains(&json!(name).to_string());
            let (resolved, takes_null) = self.resolve(property);
            if is_free {
                self.probe(&place, None, is_required, &["This field is required."]);
                self.probe(&place, Value::Null, !takes_null, &["This field may not be null."]);
            }
            if let Some(schema) = resolved {
                self.values(&place, schema);
            }
            if !property["default"].is_null() {
                self.probe(&place, property["default"].clone(), false, &["valid", "Ensure", "This field"]);
            }
        }
    }

    /// Probes the values of a field.
    fn values(&mut self, place: &[String], schema: &'a Value) {
        let pasts = ["Ensure this value is", "Invalid pk", "Ensure that there are no more"];
        if let Some(choices) = schema["enum"].as_array() {
            for choice in choices {
                self.probe(place, choice.clone(), false, &["is not a valid choice."]);
            }
            self.probe(place, json!("none of them"), true, &["is not a valid choice."]);
            return;
        }
        match schema["format"].as_str().or(first_type(schema)) {
            Some("int32" | "int64" | "integer") => {
                for (bound, past) in [("minimum", -1), ("maximum", 1)] {
                    let at = schema[bound].as_i64().expect(bound);
                    self.probe(place, json!(at), false, &["Ensure this value is", "valid integer"]);
                    self.probe(place, json!(at + past), true, &pasts);
                }
                self.probe(place, json!(1.5), true, &["A valid integer is required.", "Incorrect type."]);
                let digits = has_type(schema, "string").then(|| schema["minimum"].to_string());
                digits.into_iter().for_each(|text| self.probe(place, json!(text), false, &["valid integer"]));
            }
            Some("double" | "number") => {
                for (bound, past) in [("minimum", -0.5), ("maximum", 0.5)] {
                    let at = schema[bound].as_f64().expect(bound);
                    self.probe(place, json!(at), false, &["Ensure this value is", "valid number"]);
                    self.probe(place, json!(at + past), true, &pasts);
                }
                self.probe(place, json!("x"), true, &["A valid number is required."]);
            }
            Some("decimal") => self.amounts(place, schema),
            Some("boolean") => {
                self.probe(place, json!(true), false, &["Must be a valid boolean."]);
                self.probe(place, json!("maybe"), true, &["Must be a valid boolean."]);
            }
            Some(format @ ("date-time" | "date")) => {
                let wrong = if format == "date" { "Date has wrong format." } else { "Datetime has wrong format." };
                let right = self.sample(schema);
                self.probe(place, right, false, &[wrong]);
                self.probe(place, json!("yesterday"), true, &[wrong]);
            }
            Some("string") => {
                let most = schema["maxLength"].as_u64().expect("maxLength") as usize;
                let too_long = "Ensure this field has no more than";
                self.probe(place, json!("a".repeat(most)), false, &[too_long, "slug"]);
                self.probe(place, json!("长".repeat(most + 1)), true, &[too_long]);
                let may_be_blank = schema["minLength"].is_null();
                self.probe(place, json!(""), !may_be_blank, &["This field may not be blank."]);
                if !schema["pattern"].is_null() {
                    self.probe(place, json!("a b"), true, &["slug"]);
                }
            }
            Some("array") => self.list(place, &schema["items"], schema["maxItems"].as_u64().expect("maxItems")),
            Some("object") => {
                let sample = self.sample(schema);
                self.probe(place, sample, false, &["Invalid data."]);
                self.probe(place, json!(5), true, &["Invalid data."]);
                self.object(place, schema);
            }
            other => panic!("{place:?}: {other:?}"),
        }
    }

    fn amounts(&mut self, place: &[String], schema: &'a Value) {
        let wrong = ["A valid number is required.", "Ensure that", "greater than or equal to 0."];
        let least = schema["minimum"].as_f64().expect("minimum");
        for right in [json!("0.01"), json!(0.5), schema["maximum"].clone(), schema["minimum"].clone()] {
            self.probe(place, right.clone(), false, &wrong);
            if !right.is_string() {
                self.probe(place, json!(format!("{:.2}", right.as_f64().expect("a number"))), false, &wrong);
            }
        }
        for past in ["10000000000.00", "0.001", "x"] {
            self.probe(place, json!(past), true, &wrong[..2]);
        }
        let below = if least == 0.0 { "-0.01" } else { "-10000000000.00" };
        self.probe(place, json!(below), true, &wrong[1..]);
    }

    fn list(&mut self, place: &[String], items: &'a Value, most: u64) {
        let item = self.sample(items);
        let of = |count: u64| Value::Array((0..count).map(|_| item.clone()).collect());
        self.probe(place, of(most), false, &["no more than"]);
        self.probe(place, of(most + 1), true, &["no more than"]);
        let first: Vec<_> = place.iter().cloned().chain(["0".to_owned()]).collect();
        match self.resolve(items) {
            (Some(schema), _) if first_type(schema) == Some("object") => self.object(&first, schema),
            (Some(schema), _) => self.values(&first, schema),
            (None, _) => {}
        }
    }

    /// Sets a value in a body, and on the way to it what is not there.
    fn set(&self, body: &mut Value, schema: &'a Value, place: &[String], value: Option<Value>) {
        let Some((name, rest)) = place.split_first() else { return };
        let schema = self.resolve(schema).0.expect("a schema");
        let (slot, schema) = match name.parse::<usize>() {
            Ok(index) => {
                let items = &schema["items"];
                if body.get(index).is_none() {
                    *body = json!([self.sample(items)]);
                }
                (&mut body[index], items)
            }
            Err(_) => {
                if rest.is_empty() && value.is_none() {
                    body.as_object_mut().expect("an object").shift_remove(name);
                    return;
                }
                (&mut body[name.as_str()], &schema["properties"][name.as_str()])
            }
        };
        match value {
            Some(value) if rest.is_empty() => *slot = value,
            value => {
                if slot.is_null() {
                    *slot = self.sample(schema);
                }
                self.set(slot, schema, rest, value);
            }
        }
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    schema["type"] == name || schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == name))
}

fn first_type(schema: &Value) -> Option<&str> {
    schema["type"].as_str().or(schema["type"][0].as_str())
}

/// The messages of a reply under a field.
fn messages(errors: &Value, place: &[String]) -> Vec<String> {
    let under = place.iter().fold(errors, |errors, name| match (errors, name.parse::<usize>()) {
        (Value::Array(items), Ok(index)) => items.get(index).unwrap_or(&Value::Null),
        (errors, _) => &errors[name.as_str()],
    });
    let whole = if under.is_object() { &under["non_field_errors"] } else { under };
    whole.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_body_takes_what_its_schema_takes_and_refuses_what_is_past_its_bounds() {
    let description = description();
    let (mut bodies, mut probed) = (BTreeSet::new(), 0);
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let content = &operation["requestBody"]["content"]["application/json"];
            let schema = &content["schema"];
            if schema.is_null() {
                continue;
            }
            // The row that the example changes is one of the demo data, or of an example before it.
            let api = Api::start().await;
            let is_own = |example: &Example| operation["operationId"] == example.operation;
            let known = examples();
            let own = known.iter().position(is_own).expect("an example");
            for example in &known[..own] {
                api.call(method_of(&example.operation), &example.path, example.request.as_ref()).await;
            }
            let place = &known[own].path;
            let id = operation["operationId"].as_str().expect("an id");
            bodies.insert(id);
            let mut prober = Prober { description: &description, probes: Vec::new() };
            if schema["type"] == "array" {
                prober.object(&["0".to_owned()], prober.resolve(&schema["items"]).0.expect("an item"));
            } else {
                prober.object(&[], prober.resolve(schema).0.expect("a body"));
            }
            prober.probes.retain(|probe| !IGNORED.contains(&(id, probe.place[0].as_str())));
            for probe in std::mem::take(&mut prober.probes) {
                let mut body = content["example"].clone();
                prober.set(&mut body, schema, &probe.place, probe.value.clone());
                let reply = api.call(&method.to_uppercase(), place, Some(&body)).await;
                let found = if reply.status == 400 { messages(&reply.json(), &probe.place) } else { Vec::new() };
                let is_refused =
                    found.iter().any(|found| probe.messages.iter().any(|message| found.contains(message.as_str())));
                assert!([200, 201, 400, 409, 429].contains(&reply.status), "{method} {place}: {}", reply.text);
                assert_eq!(is_refused, probe.is_refused, "{method} {path} {probe:?}\n{body}\n{}", reply.text);
                probed += 1;
            }
        }
    }
    assert_eq!(bodies.len(), 18, "{bodies:?}");
    assert!(probed > 1000, "{probed}");
}
