//! The charts of a run, one for each subject.

use std::{collections::BTreeSet, path::Path};

use super::{
    clients,
    evaluation::{self, LINES, RULES},
    expiry, issue,
    operations::Row,
    plot::{Line, Panel, draw},
};

/// The number of operations that are named in a chart of all operations, and the least growth of a named one.
const NAMED: usize = 5;
const GROWS: f64 = 1.05;

const ROWS: &str = "rows";

/// The measured tables, one for each subject.
pub(super) struct Tables {
    pub(super) operations: Vec<Row>,
    pub(super) issue: Vec<issue::Row>,
    pub(super) expiry: Vec<expiry::Row>,
    pub(super) evaluation: Vec<evaluation::Row>,
    pub(super) clients: Vec<clients::Row>,
}

pub(super) fn draw_all(tables: &Tables, out: &Path) {
    let picture = |name: &str, title: &str, panels: &[Panel]| draw(&out.join(format!("{name}.svg")), title, panels);
    let rows = &tables.operations;
    picture("pages", "A page of ten rows, wherever it is in the list", &pages(rows));
    picture(
        "units",
        "Every operation against the rows of its list: what grows the most is named",
        &[
            all(rows, "sequential round trips", |row| Some(row.round_trips as f64)),
            all(rows, "read units", |row| Some(row.read_units)),
            all(rows, "write units", |row| Some(row.write_units)),
        ],
    );
    picture(
        "time",
        "Every operation against the rows of its list: what grows the most is named",
        &[
            all(rows, "median latency, ms (embedded store)", |row| row.p50_us.map(|time| time / 1e3)),
            all(rows, "processor time of the function, ms", |row| row.processor_us.map(|time| time / 1e3)),
        ],
    );
    picture("issue", "A request that issues codes: what one code takes", &of_issue(tables));
    picture("expiry", "Storing codes as expired: what one code takes", &of_expiry(tables));
    picture("evaluation", "Pricing a cart: processor time", &of_evaluation(tables));
    picture("clients", "A mixed load on the local server, one process on this machine", &of_clients(tables));
}

/// Returns the line of an operation. Without a name it is not in the legend.
fn line(rows: &[Row], name: Option<&str>, operation: &str, of: impl Fn(&Row) -> Option<f64>) -> Line {
    let of_it = rows.iter().filter(|row| row.operation == operation);
    Line::new(name, of_it.filter_map(|row| Some((row.rows as f64, of(row)?))))
}

fn pages(rows: &[Row]) -> [Panel; 2] {
    let panel = |x, list: &str, names: [&str; 5]| {
        let named = |name| line(rows, Some(name), &format!("{list}, {name}"), |row| Some(row.read_units));
        Panel { x, y: "read units, nested objects included", log_y: false, lines: names.map(named).into() }
    };
    let places = ["first page", "middle page", "last page", "walk from the middle by id__gt"];
    let with = |other| [places[0], places[1], places[2], places[3], other];
    [
        panel("entries of the point history", "point_history", with("customer, middle page")),
        panel("coupon codes", "coupon_code", with("coupon with half of all, middle page")),
    ]
}

/// Returns a panel of every operation. Those that grow the most are named.
fn all(rows: &[Row], y: &'static str, of: fn(&Row) -> Option<f64>) -> Panel {
    let operations: BTreeSet<&str> = rows.iter().map(|row| row.operation).collect();
    let growth = |line: &Line| match (line.points.first(), line.points.last()) {
        (Some(first), Some(last)) => last.1 / first.1,
        _ => 0.0,
    };
    let mut lines: Vec<_> = operations.into_iter().map(|name| (name, line(rows, None, name, of))).collect();
    lines.sort_by(|(_, a), (_, b)| growth(b).total_cmp(&growth(a)));
    for (name, line) in lines.iter_mut().take(NAMED) {
        let growth = growth(line);
        if growth >= GROWS {
            line.name = Some(format!("{name}: x {growth:.1}"));
        }
    }
    Panel { x: ROWS, y, log_y: true, lines: lines.into_iter().map(|(_, line)| line).collect() }
}

fn of_issue(tables: &Tables) -> [Panel; 3] {
    let panel = |y, log_y, lines| Panel { x: "codes in one request", y, log_y, lines };
    let of = |name, of: fn(&issue::Row) -> Option<f64>| {
        Line::new(Some(name), tables.issue.iter().filter_map(|row| Some((row.codes as f64, of(row)?))))
    };
    [
        panel(
            "units a code",
            false,
            vec![
                of("write units", |row| Some(row.write_units_a_code)),
                of("read units", |row| Some(row.read_units_a_code)),
            ],
        ),
        panel("sequential round trips in all", false, vec![of("round trips", |row| Some(row.round_trips as f64))]),
        panel(
            "ms a code",
            true,
            vec![
                of("median latency (embedded store)", |row| row.p50_us_a_code.map(|time| time / 1e3)),
                of("processor time of the function", |row| row.processor_us_a_code.map(|time| time / 1e3)),
            ],
        ),
    ]
}

fn of_expiry(tables: &Tables) -> [Panel; 2] {
    let panel = |y, lines| Panel { x: "unused codes of the rule that ended", y, log_y: false, lines };
    let of = |name, of: fn(&expiry::Row) -> f64| {
        Line::new(Some(name), tables.expiry.iter().map(|row| (row.codes as f64, of(row))))
    };
    [
        panel(
            "units a code",
            vec![of("write units", |row| row.write_units_a_code), of("read units", |row| row.read_units_a_code)],
        ),
        panel("ms a code", vec![of("time of the job (embedded store)", |row| row.us_a_code / 1e3)]),
    ]
}

fn of_evaluation(tables: &Tables) -> [Panel; 2] {
    type Pricing = evaluation::Row;
    let panel = |x, kept: fn(&Pricing) -> bool, at: fn(&Pricing) -> u64| {
        let of = |name, of: fn(&Pricing) -> f64| {
            let rows = tables.evaluation.iter().filter(|row| kept(row));
            Line::new(Some(name), rows.map(|row| (at(row) as f64, of(row))))
        };
        let lines = vec![of("evaluation", |row| row.evaluation_us), of("with JSON in and out", |row| row.with_json_us)];
        Panel { x, y: "microseconds", log_y: true, lines }
    };
    [
        panel("lines of the cart, 200 automatic rules", |row| row.rules == RULES, |row| row.lines),
        panel("automatic rules, 100 lines", |row| row.lines == LINES && row.rules != RULES, |row| row.rules),
    ]
}

fn of_clients(tables: &Tables) -> [Panel; 2] {
    let panel = |y, log_y, lines| Panel { x: "clients", y, log_y, lines };
    let of = |store: &'static str, name: &str, of: fn(&clients::Row) -> f64| {
        let rows = tables.clients.iter().filter(|row| row.store == store);
        Line::new(Some(name), rows.map(|row| (row.clients as f64, of(row))))
    };
    let stores = clients::STORES.map(|(store, _)| store);
    let percentiles = |store: &'static str| {
        [
            of(store, &format!("{store}, p50"), |row| row.p50_us / 1e3),
            of(store, &format!("{store}, p99"), |row| row.p99_us / 1e3),
        ]
    };
    [
        panel("requests a second", false, stores.map(|store| of(store, store, |row| row.a_second)).into()),
        panel("latency, ms", true, stores.into_iter().flat_map(percentiles).collect()),
    ]
}
