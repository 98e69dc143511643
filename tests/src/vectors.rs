//! The conformance vectors of pricing (`tests/vectors`): carts and rules as input, expected money as output.

use serde_json::{Map, Value};

/// The names and texts of the files.
const FILES: [(&str, &str); 3] = [
    ("examples", include_str!("../vectors/examples.json")),
    ("clauses", include_str!("../vectors/clauses.json")),
    ("pairs", include_str!("../vectors/pairs.json")),
];

/// A cart, the rules of its shop, and the expected result. See `tests/vectors/README.md`.
#[derive(Debug, Clone)]
pub struct Vector {
    /// The file and the name of the vector.
    pub name: String,
    /// The rules in order of creation. Each has a name, a flag that is true if a code brings it, and the body that
    /// creates it.
    pub rules: Vec<(String, bool, Value)>,
    /// The cart, with `at` if the vector sets a time.
    pub cart: Value,
    /// The expected result.
    pub expected: Value,
}

impl Vector {
    fn of(file: &str, vector: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let rule = |rule: &Value| {
            let mut body = rule.as_object().expect("a rule").clone();
            let name = text(&body.remove("name").expect("a name"));
            let by_code = body.remove("code").is_some_and(|code| code == true);
            body.insert("title".to_owned(), name.clone().into());
            body.insert("automatic_discount".to_owned(), (!by_code).into());
            (name, by_code, Value::Object(body))
        };
        let mut cart = vector["cart"].clone();
        if let Some(at) = vector.get("at") {
            cart["at"] = at.clone();
        }
        Self {
            name: format!("{file}: {}", text(&vector["name"])),
            rules: vector["rules"].as_array().expect("rules").iter().map(rule).collect(),
            cart,
            expected: vector["expect"].clone(),
        }
    }

    /// Converts `reply` to the format of a vector. `name` maps a rule's id to its name. The result holds the
    /// allocations of each line, the discount on shipping, the amount to pay, and for each rule its amount or the
    /// predicates that failed.
    pub fn observed(&self, reply: &Value, name: impl Fn(u64) -> String) -> Value {
        let rows = |value: &Value| value.as_array().expect("rows").clone();
        let id = |row: &Value| name(row["price_rule_id"].as_u64().expect("an id"));
        let line = |line: &Value| {
            let shares = rows(&line["allocations"]).into_iter().map(|share| (id(&share), share["amount"].clone()));
            Value::Object(shares.collect())
        };
        let mut rules = Map::new();
        for rule in rows(&reply["rules"]) {
            let applied = rule["applied"] == true;
            let failed = rows(&rule["failed"]).into_iter().map(|failure| {
                Value::Array(["predicate", "needs", "has"].map(|field| failure[field].clone()).to_vec())
            });
            let said = if applied { rule["amount"].clone() } else { Value::Array(failed.collect()) };
            rules.insert(id(&rule), said);
        }
        serde_json::json!({
            "lines": rows(&reply["lines"]).iter().map(line).collect::<Vec<_>>(),
            "shipping_discount": reply["shipping"]["discount"],
            "final_price": reply["totals"]["final_price"],
            "rules": rules,
        })
    }
}

/// Returns all vectors.
pub fn all() -> Vec<Vector> {
    let file = |(name, text): (&str, &str)| {
        let vectors: Vec<Value> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        vectors.iter().map(|vector| Vector::of(name, vector)).collect::<Vec<_>>()
    };
    FILES.into_iter().flat_map(file).collect()
}
