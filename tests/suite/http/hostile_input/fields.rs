//! Every field of every body with a value of the wrong type, size or script.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::Api;

use super::{Operation, is_alive, operations};

/// The number of concurrent requests.
const AT_ONCE: usize = 8;

fn values() -> Vec<Value> {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    let texts = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{7}\u{1b}[31m",
        "x\u{200b}y",
        "\u{202e}gnp",
        "\u{feff}",
        "\u{fffd}",
        "Ａｄｍｉｎ",
        "раураl",
        "١٢٣",
        "１２３",
        "²",
        "\u{1f469}\u{200d}\u{1f467}",
        "' OR 1=1 --",
        "SHOP#other#CODE#x",
        "../../etc/passwd",
        "NaN",
        "inf",
        "-0",
        "+1",
        "1_000",
        "0x10",
        "1e5",
        "1e999",
        "1e-999",
        "1e2147483648",
        "1E-2147483649",
        "9007199254740993",
        "2147483648",
        "0.001",
        ".",
        "-",
        "-.5",
        "2018-13-45T99:99:99Z",
        "2018-01-01T00:00:00+99:99",
        "9999-12-31T23:59:59.999999-23:59",
        "0001-01-01T00:00:00+23:59",
        "2018-02-30",
        "2016-12-31T23:59:60Z",
        "T",
        "unused",
        "true",
    ];
    let mut values: Vec<Value> = texts.into_iter().map(Value::from).collect();
    values.extend([
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(-0.0),
        json!(1e308),
        json!(5e-324),
        json!(i64::MIN),
        json!(u64::MAX),
        json!((1u64 << 53) - 1),
        json!(1u64 << 53),
        json!([]),
        json!({}),
        json!([null]),
        json!([[], {}, "x", 1.5, -1]),
        json!({"id": {"id": {}}}),
        json!({"greater_than_or_equal_to": {}, "less_than_or_equal_to": []}),
        json!({"prerequisite_quantity": 1e300, "entitled_quantity": "x"}),
        json!({"title": "x", "value": "x", "value_type": []}),
        json!(vec![1; 251]),
        json!(vec!["x"; 100_000]),
        json!("x".repeat(100_000)),
        json!("9".repeat(10_000)),
        json!(format!("0.{}", "0".repeat(10_000))),
        deep,
    ]);
    values
}

/// Sets every field of this name in a body. A body without such a field gets one at its top level.
fn with(body: &Value, name: &str, value: &Value) -> Value {
    fn replaced(body: &mut Value, name: &str, value: &Value) -> bool {
        match body {
            Value::Object(object) => {
                if let Some(stands) = object.get_mut(name) {
                    *stands = value.clone();
                    return true;
                }
                object.values_mut().any(|inner| replaced(inner, name, value))
            }
            Value::Array(items) => items.iter_mut().any(|item| replaced(item, name, value)),
            _ => false,
        }
    }
    let mut changed = body.clone();
    if !replaced(&mut changed, name, value) {
        let first = if changed.is_array() { &mut changed[0] } else { &mut changed };
        first[name] = value.clone();
    }
    changed
}

async fn attack(api: &Api, operation: &Operation, values: &[Value]) {
    let body = operation.body.as_ref().unwrap_or_else(|| panic!("{} has no body in its event", operation.name));
    assert!(!operation.fields.is_empty(), "{} describes no fields", operation.name);
    let bodies = operation.fields.iter().flat_map(|name| values.iter().map(move |value| (name, value)));
    let bodies: Vec<_> = bodies.collect();
    for some in bodies.chunks(AT_ONCE) {
        let sent = some.iter().map(async |(name, value)| {
            let body = with(body, name, value).to_string().into_bytes();
            let shown: String = value.to_string().chars().take(80).collect();
            operation.send(api, Some(body), &format!("{name} = {shown}")).await
        });
        join_all(sent).await;
    }
}

#[tokio::test]
async fn no_value_of_any_field_is_a_fault() {
    let api = Api::start().await;
    let values = values();
    for operation in operations().iter().filter(|operation| operation.reads_body()) {
        attack(&api, operation, &values).await;
        is_alive(&api, &operation.name).await;
    }
}
