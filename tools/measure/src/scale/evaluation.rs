//! The growth of pricing with the lines of the cart and with the automatic rules, without the store.

use serde::Serialize;

use super::per;
use crate::evaluate::price;

pub(super) const LINES: u64 = 100;
pub(super) const RULES: u64 = 200;
/// The number of lines times rules that are priced for one row, and the most runs of a row.
const WORK: u64 = 4_000_000;
const TIMES: u64 = 2_000;

/// The times for a number of lines and of automatic rules.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) lines: u64,
    pub(super) rules: u64,
    pub(super) evaluation_us: f64,
    pub(super) with_json_us: f64,
}

pub(super) fn run() -> Vec<Row> {
    eprintln!("evaluation");
    let of_lines = [1, 2, 5, 10, 20, 50, 100, 200, 500].map(|lines| (lines, RULES));
    let of_rules = [1, 2, 5, 10, 20, 50, 100, 500, 1_000].map(|rules| (LINES, rules));
    let row = |(lines, rules)| {
        let (alone, whole) = price(lines, rules, (WORK / (lines * rules)).clamp(20, TIMES));
        Row { lines, rules, evaluation_us: per(alone as f64, 1_000), with_json_us: per(whole as f64, 1_000) }
    };
    of_lines.into_iter().chain(of_rules).map(row).collect()
}
