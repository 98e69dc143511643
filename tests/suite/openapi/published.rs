//! The published description: checked in, complete, in both languages, and served.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use openapi::publication::{Language, published, texts, translations};
use serde_json::Value;
use tests::{Api, described};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

fn english() -> Value {
    published(Language::English).expect("English needs no translation")
}

#[test]
fn the_files_are_what_the_code_says() {
    for (name, language) in [("openapi.json", Language::English), ("openapi.zh.json", Language::Chinese)] {
        let description = published(language).unwrap_or_else(|missing| panic!("without Chinese: {missing:#?}"));
        let text = serde_json::to_string_pretty(&description).expect("JSON") + "\n";
        let path = file(name);
        if env::var_os("YOUHUI_BLESS").is_some() {
            fs::write(&path, text).expect("a file");
            continue;
        }
        let kept = fs::read_to_string(&path).expect("a file");
        assert!(kept == text, "{name} is not what the code says: YOUHUI_BLESS=1 writes it");
    }
}

#[test]
fn every_text_has_its_chinese_and_every_chinese_its_text() {
    let described: BTreeSet<_> = texts(&english()).into_iter().collect();
    let translated = translations();
    let missing: Vec<_> = described.iter().filter(|text| !translated.contains_key(*text)).collect();
    assert!(missing.is_empty(), "without Chinese: {missing:#?}");
    let left_over: Vec<_> = translated.keys().filter(|text| !described.contains(*text)).collect();
    assert!(left_over.is_empty(), "Chinese of nothing: {left_over:#?}");
    let same: Vec<_> =
        translated.iter().filter(|(english, chinese)| english == chinese || chinese.is_empty()).collect();
    assert!(same.is_empty(), "{same:#?}");
}

/// A Chinese text and its English original contain the same code.
#[test]
fn both_languages_name_the_same_things() {
    let named = |text: &str| -> BTreeSet<_> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    for (english, chinese) in translations().iter().filter(|(english, _)| !english.contains("\n## ")) {
        assert_eq!(named(english), named(chinese), "{english}\n{chinese}");
    }
}

/// Collects every schema of a description with its place.
fn schemas<'a>(place: &str, schema: &'a Value, found: &mut BTreeMap<String, &'a Value>) {
    found.insert(place.to_owned(), schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        schemas(&format!("{place}.{name}"), property, found);
    }
    for part in ["oneOf", "anyOf"].iter().filter_map(|key| schema[*key].as_array()).flatten() {
        for (name, property) in part["properties"].as_object().into_iter().flatten() {
            schemas(&format!("{place}.{name}"), property, found);
        }
    }
}

fn is_told(value: &Value) -> bool {
    value["description"].as_str().is_some_and(|text| text.ends_with(['.', '?']))
}

#[test]
fn everything_has_a_meaning() {
    let description = english();
    let mut found = BTreeMap::new();
    for (name, schema) in description["components"]["schemas"].as_object().expect("schemas") {
        schemas(name, schema, &mut found);
    }
    assert!(found.len() > 200, "{}", found.len());
    let in_parts = |schema: &Value| schema["oneOf"].as_array().is_some_and(|parts| parts.iter().any(is_told));
    let untold: Vec<_> =
        found.iter().filter(|(_, schema)| !is_told(schema) && !in_parts(schema)).map(|(name, _)| name).collect();
    assert!(untold.is_empty(), "{untold:#?}");
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(is_told(parameter), "{method} {path}: {parameter}");
            }
            for (status, reply) in operation["responses"].as_object().expect("replies") {
                assert!(reply["$ref"].is_string() || is_told(reply), "{method} {path} {status}");
            }
        }
    }
}

#[test]
fn every_operation_with_a_body_or_a_reply_shows_one() {
    for (path, item) in english()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["operationId"] == "openapi" {
                continue;
            }
            let request = &operation["requestBody"]["content"]["application/json"];
            assert!(request.is_null() || !request["example"].is_null(), "{method} {path}");
            for (status, reply) in operation["responses"].as_object().expect("replies") {
                let content = &reply["content"]["application/json"];
                let shows = !content["example"].is_null() || !content["examples"].is_null();
                assert!(!status.starts_with('2') || content.is_null() || shows, "{method} {path} {status}");
            }
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    let examples = described::examples();
    assert!(examples.len() > 250, "{}", examples.len());
    let wrong: Vec<_> = examples.into_iter().filter(|(_, errors)| !errors.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn both_languages_are_served_as_they_are_kept() {
    let api = Api::empty().await;
    for (query, name) in [
        ("", "openapi.json"),
        ("?lang=en", "openapi.json"),
        ("?lang=fr", "openapi.json"),
        ("?lang=zh", "openapi.zh.json"),
    ] {
        let reply = api.send("GET", &format!("/api/openapi.json{query}"), &[], None).await;
        let kept: Value = serde_json::from_str(&fs::read_to_string(file(name)).expect("a file")).expect("JSON");
        assert_eq!(reply.assert_status(200).to_string(), kept.to_string(), "{query}");
        assert_eq!(reply.text, kept.to_string(), "compact");
        let tag = reply.header("etag").to_owned();
        let again = api.send("GET", &format!("/api/openapi.json{query}"), &[("If-None-Match", &tag)], None).await;
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", tag.as_str()));
    }
}

/// Returns the scopes of an operation from its security requirements.
fn scopes(operation: &Value) -> BTreeSet<String> {
    let needs = operation["security"].as_array().expect("security");
    needs.iter().map(|need| need["bearer"][0].as_str().expect("a scope").to_owned()).collect()
}

#[tokio::test]
async fn each_operation_is_allowed_to_its_scopes_and_to_no_other() {
    let api = Api::empty().await;
    let all = ["loyalty", "discounts", "crm", "orders"]
        .iter()
        .flat_map(|area| ["read", "write"].map(|to| format!("{area}:{to}")));
    let mut tokens = BTreeMap::new();
    for scope in all.chain(["read".to_owned(), "write".to_owned()]) {
        tokens.insert(scope.clone(), api.token("demo", &scope).await);
    }
    let mut asked = 0;
    for (path, item) in english()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["operationId"] == "openapi" {
                continue;
            }
            let (scopes, place) = (scopes(operation), path.replace(['{', '}'], ""));
            let told = operation["description"].as_str().expect("a text");
            assert!(scopes.len() == 2 && scopes.iter().all(|scope| told.contains(&format!("`{scope}`"))), "{told}");
            for (scope, token) in &tokens {
                // No row has this id, and no operation takes a list here: the request changes nothing.
                let reply = api.call_as(token, &method.to_uppercase(), &place, Some(&Value::Array(Vec::new()))).await;
                assert_eq!(reply.status != 403, scopes.contains(scope), "{scope}: {method} {path}: {}", reply.text);
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 36 * 10);
}
