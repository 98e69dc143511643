//! Timestamps, money, ids, scopes and names of shops.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use domain::{
    id::{self, MAX_ID},
    money::{Amount, Hundredths, NotAnAmount},
    scope::{Scope, Scopes},
    shop::ShopId,
    timestamp,
};
use proptest::prelude::*;

use super::{holds, texts};

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(&TZ_VARIANTS[..])
}

fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).expect("an instant")
}

#[test]
fn an_instant_that_is_shown_can_be_sent() {
    // The range goes from the third day of year 1 to the third last day of year 9999. It lies inside those years in
    // every zone.
    let micros = prop_oneof![-62_135_424_000_000_000..253_402_128_000_000_000i64, 0..4_000_000_000_000_000i64];
    holds((micros, zones()), |(micros, zone)| {
        let shown = timestamp::render(instant(micros), zone);
        prop_assert_eq!(timestamp::parse(&shown, zone), Some(instant(micros)), "{}", shown);
        prop_assert_eq!(timestamp::parse(&format!(" {} ", shown.replace('T', " ")), Tz::UTC), Some(instant(micros)));
        Ok(())
    });
}

#[test]
fn no_text_is_an_instant_that_cannot_be_shown() {
    holds((texts(), zones()), |(text, zone)| {
        if let Some(instant) = timestamp::parse(&text, zone) {
            prop_assert!((1..=9999).contains(&instant.with_timezone(&zone).year()), "{}", text);
            prop_assert_eq!(timestamp::parse(&timestamp::render(instant, zone), zone), Some(instant), "{}", text);
        }
        if let Some(date) = timestamp::parse_date(&text) {
            prop_assert_eq!(timestamp::parse_date(&date.to_string()), Some(date), "{}", text);
        }
        Ok(())
    });
}

#[test]
fn an_amount_is_shown_with_two_places() {
    holds(prop_oneof![Just(i128::MIN), -1_000..1_000i128, any::<i128>()], |minor| {
        let (sign, magnitude) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
        let text = format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100);
        prop_assert_eq!(Amount(minor).to_string(), text.clone());
        prop_assert_eq!(serde_json::json!(Amount(minor)), text);
        Ok(())
    });
}

#[test]
fn an_amount_is_read_as_it_is_shown_up_to_twelve_digits() {
    const MOST: i64 = 999_999_999_999;
    holds(prop_oneof![-MOST..=MOST, -100_000..100_000i64], |hundredths| {
        let amount = Hundredths(hundredths);
        prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        prop_assert_eq!(amount.short().parse(), Ok(amount));
        Ok(())
    });
    for (text, amount) in [
        ("9999999999.99", Ok(MOST)),
        ("-9999999999.99", Ok(-MOST)),
        ("10000000000.00", Err(NotAnAmount::Digits)),
        ("10000000000", Err(NotAnAmount::WholeDigits)),
        ("0.001", Err(NotAnAmount::Places)),
    ] {
        assert_eq!(text.parse(), amount.map(Hundredths), "{text}");
    }
}

#[test]
fn no_text_is_an_amount_beyond_its_bounds_or_rounded() {
    holds(texts(), |text| {
        if let Ok(amount) = text.parse::<Hundredths>() {
            prop_assert!(amount.0.abs() <= 999_999_999_999, "{}", text);
            let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            prop_assert!(digits <= 2 || text.contains(['e', 'E']), "{}", text);
        }
        Ok(())
    });
}

#[test]
fn an_id_is_a_positive_whole_number_up_to_the_largest() {
    holds(prop_oneof![0..20u64, MAX_ID - 3..MAX_ID + 3, any::<u64>()], |number| {
        prop_assert_eq!(id::parse(&number.to_string()), Some(number).filter(|id| (1..=MAX_ID).contains(id)));
        Ok(())
    });
    holds(texts(), |text| {
        if let Some(id) = id::parse(&text) {
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_digit()) && (1..=MAX_ID).contains(&id), "{}", text);
            prop_assert_eq!(text.trim_start_matches('0'), id.to_string());
        }
        Ok(())
    });
}

#[test]
fn scopes_are_read_as_they_are_written() {
    let one = "((loyalty|discounts|crm|orders):)?(read|write)";
    holds(prop::collection::btree_set(one, 1..6), |names: BTreeSet<String>| {
        let list = names.iter().cloned().collect::<Vec<_>>().join(", ");
        let scopes: Scopes = list.parse().expect("scopes");
        let written: BTreeSet<_> = scopes.0.iter().map(Scope::to_string).collect();
        prop_assert_eq!(written, names);
        Ok(())
    });
    holds(texts(), |text| {
        if let Ok(scope) = text.parse::<Scope>() {
            prop_assert_eq!(scope.to_string(), text.clone());
        }
        let _ = text.parse::<Scopes>();
        Ok(())
    });
}

#[test]
fn a_name_of_a_shop_is_plain_and_stays_as_it_is() {
    holds(prop_oneof!["[-a-z0-9]{0,34}", texts()], |text| {
        let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let shop = text.parse::<ShopId>();
        prop_assert_eq!(shop.is_ok(), plain && (1..=32).contains(&text.len()), "{}", text);
        prop_assert!(shop.is_err() || shop.is_ok_and(|shop| shop.as_str() == text));
        Ok(())
    });
}
