//! Queries of lists: any bytes, and parameters of any text.

use axum::extract::FromRequestParts;
use chrono_tz::Asia::Shanghai;
use domain::id::MAX_ID;
use futures_util::FutureExt;
use proptest::prelude::*;
use shared::{
    Error,
    http::query::{OrderBy, Query},
};
use store::pages::Direction;

use super::{holds, texts};

/// Parses the query of a URL. Returns `None` if the URL is invalid.
fn read(raw: &str) -> Option<Query> {
    let (mut parts, ()) = http::Request::get(format!("/api/x/?{raw}")).body(()).ok()?.into_parts();
    Some(Query::from_request_parts(&mut parts, &()).now_or_never().expect("at once").expect("a query"))
}

/// Percent-encodes a text.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

const NAMES: [&str; 8] = ["id", "id__in", "id__gt", "id__lt", "page", "page_size", "order_by", "x"];

fn is_within_bounds(query: &mut Query) -> Result<(), TestCaseError> {
    for ids in [query.id("id"), query.ids("id__in"), query.one_or_many("id", "id__in"), query.ids("x")] {
        let ids = ids.unwrap_or_default();
        prop_assert!(
            ids.len() <= 100 && ids.is_sorted() && ids.iter().all(|id| (1..=MAX_ID).contains(id)),
            "{:?}",
            ids
        );
    }
    prop_assert!(query.texts("x").unwrap_or_default().len() <= 100);
    let _ = (query.instant("x", Shanghai), query.boolean("x"), query.one_or_many_texts("x", "id__in"));
    let _ = query.choices("x", &[("used", 1), ("unused", 2)]);
    query.order_by((OrderBy::Id, Direction::Descending), true);
    prop_assert!((1..=100).contains(&query.page_size()));
    match query.select(Direction::Ascending) {
        Ok(select) => {
            prop_assert!(select.after.is_none_or(|after| after <= MAX_ID));
            prop_assert!(select.before.is_none_or(|before| before <= MAX_ID + 1));
        }
        Err(error) => prop_assert!(matches!(error, Error::Invalid(_) | Error::InvalidPage), "{:?}", error),
    }
    Ok(())
}

#[test]
fn any_bytes_are_a_query() {
    let raw = prop_oneof!["[!-~&=,+%]{0,60}", "((id|id__in|x|page)=[-+0-9a-f%,.eE]{0,12}&?){0,6}", any::<String>()];
    holds(raw, |raw| read(&raw).map_or(Ok(()), |mut query| is_within_bounds(&mut query)));
}

#[test]
fn any_text_is_a_parameter() {
    holds(prop::collection::vec((prop::sample::select(&NAMES[..]), texts()), 0..8), |pairs| {
        let raw: Vec<_> = pairs.iter().map(|(name, text)| format!("{name}={}", encoded(text))).collect();
        let mut query = read(&raw.join("&")).expect("a query");
        for name in NAMES {
            let last = pairs.iter().rev().find(|(known, _)| *known == name).map(|(_, text)| text.trim());
            prop_assert_eq!(query.text(name), last.filter(|text| !text.is_empty()));
        }
        is_within_bounds(&mut query)
    });
}

#[test]
fn an_id_in_a_query_is_exact_at_the_edges() {
    holds(prop_oneof![0..4u64, MAX_ID - 3..MAX_ID + 3, any::<u64>()], |number| {
        let mut query = read(&format!("id={number}&id__in={number},{number}.0&x={number}.5")).expect("a query");
        let known: Vec<_> = Some(number).filter(|id| (1..=MAX_ID).contains(id)).into_iter().collect();
        prop_assert_eq!(query.id("id"), Some(known.clone()));
        prop_assert_eq!(query.ids("id__in"), Some(known));
        prop_assert_eq!(query.id("x"), Some(Vec::new()));
        Ok(())
    });
}
