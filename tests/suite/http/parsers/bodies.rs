//! Bodies: JSON of any bytes, every kind of field, and the order that is kept as it came.

use chrono_tz::Asia::Shanghai;
use domain::{id::MAX_ID, money::Hundredths};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::{
    http::{
        checked, fields, json,
        kinds::{self, Kind},
    },
    wire::order,
};

use super::{holds, json as any_json, texts};

/// Reads a value as a kind of field does.
fn read<K: Kind>(kind: K, value: &Value) -> checked::Checked<K::Value> {
    kind.read(value, Shanghai)
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    let text = prop_oneof![
        any_json().prop_map(|value| value.to_string()),
        any_json().prop_map(|value| serde_json::to_string_pretty(&value).expect("a text")),
        "[\\[\\]{}\":,0-9a-ze.\\\\ u+-]{0,40}",
        any::<String>(),
    ];
    holds((text, prop::collection::vec(any::<u8>(), 0..4), any::<prop::sample::Index>()), |(text, noise, at)| {
        let mut broken = text.clone().into_bytes();
        let at = at.index(broken.len() + 1);
        broken.splice(at..at, noise);
        for bytes in [text.as_bytes(), &broken] {
            match (json::parse(bytes), serde_json::from_slice::<Value>(bytes)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours.to_string(), theirs.to_string()),
                (Err(ours), Err(theirs)) => prop_assert_eq!(ours.to_string(), theirs.to_string()),
                (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
            }
        }
        Ok(())
    });
}

#[test]
fn every_kind_of_field_takes_any_json() {
    holds(any_json(), |value| {
        if let Ok(text) = read(kinds::text(1..=64), &value) {
            prop_assert!((1..=64).contains(&text.chars().count()) && text.trim() == text && !text.contains('\0'));
        }
        if let Ok(number) = read(kinds::integer(-5..=1_000_000_000i64), &value) {
            prop_assert!((-5..=1_000_000_000).contains(&number));
        }
        if let Ok(id) = read(kinds::relation(), &value) {
            prop_assert!((1..=MAX_ID).contains(&id));
        }
        if let Ok(float) = read(kinds::float(0..=100), &value) {
            let float: f64 = float.to_string().parse().expect("a number");
            prop_assert!((0.0..=100.0).contains(&float));
        }
        if let Ok(amount) = read(kinds::positive_or_zero(), &value) {
            prop_assert!((0..=999_999_999_999).contains(&amount.0));
        }
        if let Ok(items) = read(kinds::list(3, kinds::own_id()), &value) {
            prop_assert!(items.len() <= 3);
        }
        let _ = (read(kinds::boolean(), &value), read(kinds::date(), &value), read(kinds::instant(), &value));
        let _ =
            (read(kinds::names(&[("used", 1)]), &value), checked::items(&value, 3, |item| read(kinds::own_id(), item)));
        let shown = serde_json::to_string(&kinds::not_a_choice(&value)).expect("a text");
        prop_assert!(shown.len() < 6 * 255 + 60, "{}", shown);
        Ok(())
    });
}

#[test]
fn an_object_has_all_of_its_errors_or_none() {
    holds(any_json(), |value| {
        let Ok(mut fields) = fields::Fields::of(&value, Shanghai) else {
            prop_assert!(!value.is_object());
            return Ok(());
        };
        let id = fields.take("id", &fields::required(kinds::relation()));
        let title = fields.take("title", &fields::nullable(kinds::text(0..=255)));
        let amount = fields.take("value", &fields::optional(kinds::decimal()));
        let given = |name: &str| value.get(name).is_some();
        let all = id.is_some() && given("title") == title.is_some() && given("value") == amount.is_some();
        prop_assert_eq!(fields.errors().is_empty(), all, "{}", value);
        Ok(())
    });
}

#[test]
fn whole_numbers_are_exact_in_every_notation() {
    let number = prop_oneof![-3..3i64, i64::from(i32::MAX) - 2..i64::from(i32::MAX) + 3, any::<i64>()];
    holds(number, |number| {
        let within = (0..=i64::from(i32::MAX)).contains(&number);
        for value in
            [json!(number), json!(number.to_string()), json!(format!(" {number}.00 ")), json!(format!("{number}."))]
        {
            let read = read(kinds::integer(0..=i32::MAX), &value);
            prop_assert_eq!(read.clone().ok().map(i64::from), Some(number).filter(|_| within), "{} {:?}", value, read);
        }
        let fraction = read(kinds::integer(i64::MIN..=i64::MAX), &json!(format!("{number}.5")));
        prop_assert!(fraction.is_err());
        Ok(())
    });
}

#[test]
fn amounts_are_exact_in_every_notation() {
    holds(prop_oneof![-200..200i64, -999_999_999_999..=999_999_999_999i64], |hundredths| {
        let amount = Hundredths(hundredths);
        prop_assert_eq!(read(kinds::decimal(), &json!(amount.to_string())), Ok(amount));
        prop_assert_eq!(read(kinds::decimal(), &json!(format!(" {amount} "))), Ok(amount));
        let number: Value = serde_json::from_str(&amount.to_string()).expect("a number");
        prop_assert_eq!(read(kinds::decimal(), &number), Ok(amount));
        let third_place = read(kinds::decimal(), &json!(format!("{amount}1")));
        prop_assert!(third_place.is_err());
        Ok(())
    });
}

#[test]
fn an_order_is_kept_as_it_came_but_for_blanks_and_its_id() {
    let fields = prop::collection::vec((prop_oneof!["id|customer|note", texts()], any_json()), 0..8);
    holds((fields, any::<bool>(), 1..=MAX_ID), |(fields, pretty, id)| {
        let object = Value::Object(fields.into_iter().collect());
        let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
        let body = order::body(id, &text.expect("a text")).expect("a body");
        let mut expected = object;
        match expected.get_mut("id") {
            Some(stored) => *stored = json!(id),
            None => {
                expected.as_object_mut().expect("an object").shift_insert(0, "id".to_owned(), json!(id));
            }
        }
        prop_assert_eq!(&body, &expected.to_string());
        prop_assert_eq!(order::body(id, &body).expect("a body"), body);
        Ok(())
    });
    holds(texts(), |text| {
        let _ = order::body(1, &text);
        Ok(())
    });
}
