//! The conformance vectors of pricing (`tests/vectors`): carts and rules in, expected money out.

use serde_json::{Map, Value};

/// The files, by name.
const FILES: [(&str, &str); 3] = [
    ("examples", include_str!("../vectors/examples.json")),
    ("clauses", include_str!("../vectors/clauses.json")),
    ("pairs", include_str!("../vectors/pairs.json")),
];

/// A cart, the rules of its shop, and what must come out. See `tests/vectors/README.md`.
#[derive(Debug, Clone)]
pub struct Vector {
    /// File and name.
    pub name: String,
    /// The rules in order of creation: the name of each, whether a code brings it, and the body that creates it.
    pub rules: Vec<(String, bool, Value)>,
    /// The cart, with `at` where the vector names a moment.
    pub cart: Value,
    /// What must come out.
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

    /// What `reply` says in the words of a vector, given the name of each rule by its id: allocations by line, the
    /// discount on shipping, what is to pay, and for each rule its amount or the predicates that failed.
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

/// All vectors.
pub fn all() -> Vec<Vector> {
    let file = |(name, text): (&str, &str)| {
        let vectors: Vec<Value> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        vectors.iter().map(|vector| Vector::of(name, vector)).collect::<Vec<_>>()
    };
    FILES.into_iter().flat_map(file).collect()
}
