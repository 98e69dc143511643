//! The examples of the description. The service carries them out in sequence and must answer what they say. The
//! examples from the documents must equal the documents.
//!
//! `YOUHUI_BLESS=1` writes the answers of the service.

use std::{env, fs, path::Path};

use openapi::publication::{Example, examples};
use serde_json::Value;
use tests::{
    Api, TOKEN, described,
    documents::{DISCOUNTS, LOYALTY, example},
};

/// The fields that differ each time: current instants and random codes.
const FRESH: [&str; 4] = ["created_at", "updated_at", "used_at", "code"];

/// Removes the values that differ each time.
fn settled(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let field = |(name, value): (&String, &Value)| {
                let fresh = FRESH.contains(&name.as_str()) && value.is_string();
                (name.clone(), if fresh { "...".into() } else { settled(value) })
            };
            object.iter().map(field).collect()
        }
        Value::Array(items) => items.iter().map(settled).collect(),
        other => other.clone(),
    }
}

/// The method of an operation, by its id.
pub(crate) fn method(operation: &str) -> &'static str {
    match operation.rsplit('_').next() {
        Some("list" | "get") => "GET",
        Some("update" | "put") => "PUT",
        Some("delete") => "DELETE",
        _ => "POST",
    }
}

/// Returns the answers of the service to the examples, in their order.
async fn answered() -> Vec<Example> {
    let api = Api::without_faults(true).await;
    let mut answered = Vec::new();
    for example in examples() {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json"), ("Host", "example.com")];
        if let Some(body) = &example.request {
            let wrong = described::wrong_with_request(method(&example.operation), &example.path, body);
            assert!(wrong.is_empty(), "{}: {wrong:#?}", example.operation);
        }
        let body = example.request.as_ref().map(|body| body.to_string().into_bytes());
        let reply = api.send(method(&example.operation), &example.path, &headers, body).await;
        assert_eq!(reply.status, example.status, "{} {}: {}", example.operation, example.path, reply.text);
        let reply = (!reply.text.is_empty()).then(|| reply.json());
        answered.push(Example { reply, ..example });
    }
    answered
}

#[tokio::test]
async fn the_service_answers_the_examples() {
    let mut answered = answered().await;
    let kept = examples();
    for (now, kept) in answered.iter_mut().zip(&kept) {
        if now.reply.as_ref().map(settled) == kept.reply.as_ref().map(settled) {
            now.reply.clone_from(&kept.reply);
        }
    }
    if env::var_os("YOUHUI_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/openapi/texts/examples.json");
        let text = serde_json::to_string_pretty(&answered).expect("JSON") + "\n";
        fs::write(path, text).expect("a file");
        return;
    }
    for (now, kept) in answered.iter().zip(&kept) {
        let text = |example: &Example| example.reply.as_ref().map(Value::to_string);
        assert_eq!(text(now), text(kept), "{} {}", kept.operation, kept.path);
    }
}

#[test]
fn what_the_documents_send_is_what_the_examples_send() {
    for (operation, document, heading) in [
        ("level_create", LOYALTY, "创建积分等级规则"),
        ("level_update", LOYALTY, "更新会员等级规则"),
        ("point_history_adjust", LOYALTY, "调整指定用户积分"),
        ("coupon_create", DISCOUNTS, "创建优惠券"),
        ("coupon_code_update", DISCOUNTS, "更新优惠码"),
        ("price_rule_create", DISCOUNTS, "创建优惠券价格规则"),
        ("price_rule_update", DISCOUNTS, "更新优惠券价格规则"),
    ] {
        let mut documented = example(document, heading, 0);
        // One instant of the documents begins with a blank, which the service trims.
        for name in ["starts_at", "ends_at"] {
            if let Some(text) = documented[name].as_str() {
                documented[name] = text.trim().into();
            }
        }
        let ours = examples().into_iter().find(|example| example.operation == operation).expect("an example");
        assert_eq!(ours.request.expect("a body").to_string(), documented.to_string(), "{operation}");
    }
}
