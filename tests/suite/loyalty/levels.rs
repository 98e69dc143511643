//! `/api/loyalty/level/`: creating, reading, changing and deleting levels.

use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    BLANK, LEVELS, NOT_A_NUMBER, NOT_A_STRING, NOT_AN_INTEGER, NULL, REQUIRED, detail, id, level, one, refused,
    same_text,
};

const INTEGERS: [&str; 5] =
    ["condition_points", "sign_points", "redeem_points", "redeem_limitation", "redeem_limitation_monthly"];
const TOO_SMALL: &str = "Ensure this value is greater than or equal to 0.";
const TOO_LARGE: &str = "Ensure this value is less than or equal to 2147483647.";
const TOO_LONG: &str = "Ensure this field has no more than 64 characters.";

/// Returns a level with every number set.
fn full(title: &str) -> Value {
    json!({
        "title": title, "condition_points": 1, "sign_points": 2, "gain_points": 0.5, "redeem_points": 3,
        "redeem_limitation": 4, "redeem_limitation_monthly": 5,
    })
}

/// Returns a valid body with one field replaced.
fn with(field: &str, value: &Value) -> Value {
    let mut body = full("等级");
    body[field] = value.clone();
    body
}

/// Returns invalid integers with their messages.
fn bad_integers() -> Vec<(Value, &'static str)> {
    let mut bad = vec![(json!(-1), TOO_SMALL), (json!(2_147_483_648_u64), TOO_LARGE), (json!("-1"), TOO_SMALL)];
    for value in [json!(true), json!(false), json!(1.5), json!("1.5"), json!(""), json!(" "), json!("x")] {
        bad.push((value, NOT_AN_INTEGER));
    }
    bad.extend([json!([]), json!([1]), json!({})].map(|value| (value, NOT_AN_INTEGER)));
    bad
}

fn bad_titles() -> Vec<(Value, &'static str)> {
    let mut bad = vec![(Value::Null, NULL), (json!(""), BLANK), (json!(" \t "), BLANK)];
    bad.extend(["x".repeat(65), "级".repeat(65)].map(|title| (json!(title), TOO_LONG)));
    bad.extend([json!(true), json!(["a"]), json!({})].map(|value| (value, NOT_A_STRING)));
    bad
}

fn bad_gains() -> Vec<(Value, &'static str)> {
    let mut bad = vec![(json!(-0.5), TOO_SMALL), (json!(-1), TOO_SMALL), (json!("-0.5"), TOO_SMALL)];
    bad.extend(["", "x", "0,5"].map(|text| (json!(text), NOT_A_NUMBER)));
    bad.extend([json!([]), json!([1]), json!({})].map(|value| (value, NOT_A_NUMBER)));
    bad
}

/// Returns every field with its invalid values.
fn bad_fields() -> Vec<(&'static str, Value, &'static str)> {
    let of_integers = INTEGERS.into_iter().flat_map(|field| bad_integers().into_iter().map(move |bad| (field, bad)));
    let of_titles = bad_titles().into_iter().map(|bad| ("title", bad));
    let of_gains = bad_gains().into_iter().map(|bad| ("gain_points", bad));
    of_integers.chain(of_titles).chain(of_gains).map(|(field, (value, message))| (field, value, message)).collect()
}

#[tokio::test]
async fn every_bad_field_is_refused_on_creation_and_nothing_is_written() {
    let api = Api::empty().await;
    for (field, value, message) in bad_fields() {
        refused(&api.post(LEVELS, &with(field, &value)).await, field, message, &value);
    }
    assert_eq!(api.get(LEVELS).await.assert_status(200)["count"], 0);
}

#[tokio::test]
async fn every_bad_field_is_refused_on_update_and_nothing_changes() {
    let api = Api::empty().await;
    let created = api.post(LEVELS, &full("黄金")).await;
    let path = one(LEVELS, id(&created));
    for (field, value, message) in bad_fields() {
        refused(&api.put(&path, &with(field, &value)).await, field, message, &value);
    }
    same_text(&api.get(&path).await.assert_status(200), &created.json());
}

#[tokio::test]
async fn a_null_number_is_refused_on_creation() {
    let api = Api::empty().await;
    for field in INTEGERS.into_iter().chain(["gain_points"]) {
        refused(&api.post(LEVELS, &with(field, &Value::Null)).await, field, NULL, &Value::Null);
    }
}

#[tokio::test]
async fn a_title_is_required_on_creation_and_update() {
    let api = Api::start().await;
    let mut body = full("等级");
    body.as_object_mut().expect("an object").remove("title");
    for body in [body, json!({})] {
        refused(&api.post(LEVELS, &body).await, "title", REQUIRED, &body);
        refused(&api.put(&one(LEVELS, 5), &body).await, "title", REQUIRED, &body);
    }
}

#[tokio::test]
async fn every_error_of_a_body_is_answered_at_once() {
    let api = Api::empty().await;
    let body = json!({"condition_points": "x", "sign_points": -1, "gain_points": "y"});
    let errors = api.post(LEVELS, &body).await.assert_status(400);
    let expected = json!({
        "title": [REQUIRED],
        "condition_points": [NOT_AN_INTEGER],
        "sign_points": [TOO_SMALL],
        "gain_points": [NOT_A_NUMBER],
    });
    assert_eq!(errors, expected);
}

#[tokio::test]
async fn an_integer_beyond_every_machine_word_is_too_large() {
    let api = Api::empty().await;
    for number in ["9223372036854775808", "18446744073709551616", "1000000000000000000000000000000"] {
        let body: Value =
            serde_json::from_str(&format!(r#"{{"title": "x", "sign_points": "{number}"}}"#)).expect("JSON");
        refused(&api.post(LEVELS, &body).await, "sign_points", TOO_LARGE, &number);
        let raw = format!(r#"{{"title": "x", "sign_points": {number}}}"#).into_bytes();
        let bearer = format!("Bearer {}", tests::TOKEN);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        refused(&api.send("POST", LEVELS, &headers, Some(raw)).await, "sign_points", TOO_LARGE, &number);
    }
}

#[tokio::test]
async fn a_gain_that_no_json_can_show_is_refused() {
    let api = Api::empty().await;
    for text in ["nan", "NaN", "inf", "-inf", "Infinity", "1e999"] {
        let reply = api.post(LEVELS, &with("gain_points", &json!(text))).await;
        crate::support::refused_somehow(&reply, "gain_points", &text);
    }
}

#[tokio::test]
async fn the_numbers_default_to_zero() {
    let api = Api::empty().await;
    let created = api.post(LEVELS, &json!({"title": "普通"})).await;
    let expected = json!({
        "id": id(&created), "title": "普通", "condition_points": 0, "sign_points": 0, "gain_points": 0,
        "redeem_points": 0, "redeem_limitation": 0, "redeem_limitation_monthly": 0,
    });
    same_text(&created.json(), &expected);
}

#[tokio::test]
async fn an_integer_may_be_sent_as_a_text_or_an_integral_float() {
    let api = Api::empty().await;
    let sent = [json!("1"), json!(1.0), json!(" 1 "), json!("1.0")];
    for (field, value) in INTEGERS.iter().flat_map(|field| sent.iter().map(move |value| (field, value))) {
        let created = api.post(LEVELS, &with(field, value)).await.assert_status(201);
        assert_eq!(created[field].to_string(), "1", "{field} {value}");
    }
}

#[tokio::test]
async fn the_bounds_of_an_integer_are_inside() {
    let api = Api::empty().await;
    for (field, value) in INTEGERS.iter().flat_map(|field| [0_u64, 2_147_483_647].map(|value| (field, value))) {
        let created = api.post(LEVELS, &with(field, &json!(value))).await.assert_status(201);
        assert_eq!(created[field], value, "{field}");
    }
}

#[tokio::test]
async fn an_integral_gain_is_shown_without_a_fraction() {
    let api = Api::empty().await;
    let cases = [
        (json!(1), "1"),
        (json!(1.0), "1"),
        (json!("1.0"), "1"),
        (json!(0.5), "0.5"),
        (json!("0.5"), "0.5"),
        (json!(0), "0"),
        (json!(0.0), "0"),
        (json!(0.1), "0.1"),
        (json!(1.25), "1.25"),
        (json!(1e3), "1000"),
    ];
    for (sent, shown) in cases {
        let created = api.post(LEVELS, &with("gain_points", &sent)).await;
        assert_eq!(created.assert_status(201)["gain_points"].to_string(), shown, "{sent}");
        let read = api.get(&one(LEVELS, id(&created))).await;
        assert!(read.text.contains(&format!(r#""gain_points":{shown},"#)), "{}", read.text);
    }
}

#[tokio::test]
async fn a_title_is_trimmed_coerced_and_counted_in_characters() {
    let api = Api::empty().await;
    let long = "级".repeat(64);
    let cases = [
        (json!("  金 卡 "), "金 卡"),
        (json!(12), "12"),
        (json!(1.5), "1.5"),
        (json!(long), &long),
        (json!(format!(" {long} ")), &long),
    ];
    for (sent, stored) in cases {
        let created = api.post(LEVELS, &json!({ "title": sent })).await;
        assert_eq!(created.assert_status(201)["title"], stored, "{sent}");
    }
}

#[tokio::test]
async fn unknown_fields_and_a_sent_id_are_ignored() {
    let api = Api::start().await;
    let body = json!({"id": 5000, "title": "新", "colour": {"a": [1]}, "created_at": "x"});
    let created = api.post(LEVELS, &body).await;
    assert_eq!(id(&created), 27);
    assert!(created.json().get("colour").is_none() && created.json().get("created_at").is_none());
    assert_eq!(api.put(&one(LEVELS, 27), &body).await.assert_status(200)["id"], 27);
    assert_eq!(api.get(&one(LEVELS, 5000)).await.status, 404);
}

#[tokio::test]
async fn an_update_keeps_what_is_omitted() {
    let api = Api::empty().await;
    let mut stored = api.post(LEVELS, &full("黄金")).await.assert_status(201);
    let path = one(LEVELS, stored["id"].as_u64().expect("id"));
    for (field, value) in [("sign_points", json!(7)), ("gain_points", json!(1.5)), ("redeem_limitation", json!(0))] {
        let updated = api.put(&path, &json!({"title": "白金", field: value})).await.assert_status(200);
        stored["title"] = json!("白金");
        stored[field] = value;
        same_text(&updated, &stored);
        same_text(&api.get(&path).await.assert_status(200), &stored);
    }
}

#[tokio::test]
async fn an_update_replaces_every_field() {
    let api = Api::start().await;
    let mut expected = full("换");
    let updated = api.put(&one(LEVELS, 8), &expected).await.assert_status(200);
    expected["id"] = json!(8);
    assert_eq!(updated, expected);
    assert_eq!(api.get(LEVELS).await.assert_status(200)["results"][1], expected);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found_whatever_the_body() {
    let api = Api::start().await;
    for unknown in ["999", "0", "-1", "abc", "5.0", "9007199254740993", "99999999999999999999999", "adjust"] {
        let path = one(LEVELS, unknown);
        detail(&api.get(&path).await, 404, "Not found.");
        detail(&api.delete(&path).await, 404, "Not found.");
        for body in [full("好"), json!({"title": ""}), json!({"sign_points": "x"})] {
            detail(&api.put(&path, &body).await, 404, "Not found.");
        }
    }
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
}

#[tokio::test]
async fn a_deleted_level_is_gone_and_its_id_is_not_given_again() {
    let api = Api::start().await;
    let first = level(&api, "一").await;
    api.delete(&one(LEVELS, first)).await.assert_status(204);
    for method in ["GET", "DELETE"] {
        detail(&api.call(method, &one(LEVELS, first), None).await, 404, "Not found.");
    }
    detail(&api.put(&one(LEVELS, first), &full("二")).await, 404, "Not found.");
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
    assert!(level(&api, "三").await > first);
}

#[tokio::test]
async fn the_list_runs_by_id_and_takes_order_by_and_bounds() {
    let api = Api::start().await;
    level(&api, "四").await;
    let cases: [(&str, &[u64]); 9] = [
        ("", &[5, 8, 9, 27]),
        ("?order_by=id", &[5, 8, 9, 27]),
        ("?order_by=-id", &[27, 9, 8, 5]),
        ("?id__gt=8", &[9, 27]),
        ("?id__lt=9", &[5, 8]),
        ("?id__gt=5&id__lt=27&order_by=-id", &[9, 8]),
        ("?id__gt=27", &[]),
        ("?id__gt=&id__lt=", &[5, 8, 9, 27]),
        ("?title=%E5%9B%9B&colour=red", &[5, 8, 9, 27]),
    ];
    for (query, ids) in cases {
        let listed = api.get(&format!("{LEVELS}{query}")).await;
        assert_eq!(listed.ids(), ids, "{query}");
        assert_eq!(listed.json()["count"], ids.len(), "{query}");
    }
}
