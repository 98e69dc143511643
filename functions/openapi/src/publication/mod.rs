//! From what the code says of itself to the description that is published: `docs/openapi.json`, and `docs/openapi.zh.json`
//! in Chinese. Both are checked in and served as they are; a test holds them equal to what this module makes, and
//! `YOUHUI_BLESS=1 cargo nextest run -p tests openapi` writes them. No function does this work when it runs.
//!
//! What stands in the code is what only the code knows: operations, fields, bounds, meanings. What every operation has in
//! common is added here, once, by what an operation is.

use serde_json::{Value, json};

mod examples;
mod languages;
mod replies;
mod schemas;

pub use examples::{EXAMPLES, Example, examples};
pub use languages::{Language, texts, translations};

/// The methods that are operations.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The tags of operations and what each is about.
const TAGS: [(&str, &str); 5] = [
    ("loyalty", "Points of the VIP members: levels, the point history, accounts."),
    ("crm", "The shop's customers, whom points and codes belong to."),
    ("orders", "The shop's orders, which earn points."),
    ("discounts", "Coupons, coupon codes and price rules; pricing a cart, and codes at the checkout."),
    ("openapi", "This description."),
];

/// The whole description of the API in a language.
///
/// # Errors
/// The texts that have no translation.
pub fn published(language: Language) -> Result<Value, Vec<String>> {
    let mut description = serde_json::to_value(crate::description()).unwrap_or_default();
    languages::unwrap_lines(&mut description);
    head(&mut description);
    schemas::finish(&mut description);
    replies::add(&mut description);
    examples::add(&mut description);
    languages::translate(&mut description, language)?;
    Ok(description)
}

/// What stands before the paths.
fn head(description: &mut Value) {
    let paths = description["paths"].take();
    let components = description["components"].take();
    let tag = |(name, text)| json!({"name": name, "description": text});
    *description = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Youhui",
            "summary": "Coupons and loyalty points of a shop.",
            "description": languages::INFO,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": "/", "description": "The server that this description came from."}],
        "security": [{replies::BEARER: []}],
        "tags": TAGS.map(tag),
        "paths": paths,
        "components": components,
    });
}

/// An operation of a description.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    said: &'a mut Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        self.said["operationId"].as_str().unwrap_or_default()
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.said["parameters"].as_array().into_iter().flatten()
    }

    fn takes(&self, parameter: &str) -> bool {
        self.parameters().any(|known| known["name"] == parameter)
    }
}

/// Does something to each operation.
fn each_operation(description: &mut Value, mut work: impl FnMut(Operation<'_>)) {
    let paths = description["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, said) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                work(Operation { path, method, said });
            }
        }
    }
}
