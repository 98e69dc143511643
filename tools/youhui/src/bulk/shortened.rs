//! The check for long numbers that a spreadsheet shortened. A mobile number becomes `1.39E+10`, and its last digits are
//! lost.

use serde_json::{Map, Value};

use super::columns::Table;

/// The error of a shortened number.
const SHORTENED: &str =
    "A spreadsheet has shortened this number, and its last digits are lost: take it from its source, as text.";

/// Returns the body of a row if none of its long numbers was shortened, and the errors in the API's format otherwise.
pub(super) fn check(body: Map<String, Value>, table: &Table) -> Result<Map<String, Value>, Value> {
    let is_shortened = |name: &&str| body.get(*name).and_then(Value::as_str).is_some_and(is_shortened);
    let long = table.columns.iter().filter(|column| column.long).map(|column| column.name);
    let errors: Map<_, _> = long.filter(is_shortened).map(|name| (name.to_owned(), vec![SHORTENED].into())).collect();
    if errors.is_empty() { Ok(body) } else { Err(errors.into()) }
}

/// Returns true for digits, `E+` and digits. A point and digits may come before the `E+`.
fn is_shortened(text: &str) -> bool {
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.trim().split_once("E+");
    parts.is_some_and(|(number, power)| number.splitn(2, '.').chain([power]).all(are_digits))
}
