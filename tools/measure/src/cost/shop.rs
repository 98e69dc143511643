//! The cost of a shop at several request rates, from an assumed mix of operations.

use std::collections::HashMap;

use super::{Dollars, MILLION, READ_UNITS, WRITE_UNITS, milliseconds};
use crate::{
    bench::{Bench, Measured},
    capacity::{Kind, Stores},
};

/// The number of rows in the measured shop.
const ROWS: u64 = 10_000;

/// The assumed requests of a storefront, a back office and an ERP, in percent. Three of four requests only read.
const MIX: [(&str, f64); 14] = [
    ("account, get", 25.0),
    ("evaluate", 20.0),
    ("evaluate, with a code and its customer", 10.0),
    ("coupon_code, customer, first page", 10.0),
    ("point_history, customer, first page", 5.0),
    ("coupon_code, one code", 5.0),
    ("customer, get", 5.0),
    ("order, put one that is paid", 6.0),
    ("coupon_code, use for an order", 4.0),
    ("coupon, redeem", 3.0),
    ("customer, put one that is there", 3.0),
    ("point_history, redeem", 2.0),
    ("coupon_code, issue one", 1.0),
    ("coupon_code, release", 1.0),
];

/// The request rates of the table, per second.
const RATES: [f64; 3] = [10.0, 1_000.0, 100_000.0];
/// The seconds and the hours of a month of 30 days.
const MONTH: f64 = 2_592_000.0;
const HOURS: f64 = 720.0;

/// Dollars for an hour of one provisioned unit: of reads, and of writes.
const PROVISIONED_READ: f64 = 0.000_13;
const PROVISIONED_WRITE: f64 = 0.000_65;
/// The used share of the provisioned units (the default target of DynamoDB's auto scaling).
const USED: f64 = 0.7;

/// The average cost of a request of the mix.
#[derive(Default)]
struct Request {
    read_units: f64,
    write_units: f64,
    milliseconds: f64,
    dollars: Dollars,
}

/// Measures the operations of the mix, and prints their usage and cost.
pub(crate) async fn run() {
    let stores = Stores::start().await;
    let mut measured = HashMap::new();
    for kind in [Kind::Entries, Kind::Codes] {
        let shop = kind.load(&stores, ROWS).await;
        let bench = Bench::new(&stores.distant, &shop).await;
        for stage in kind.stages() {
            measured.extend(bench.rows(stage(ROWS, 0)).await);
        }
    }
    let request = print_operations(&measured);
    print_rates(&request);
    let knees = [(READ_UNITS, PROVISIONED_READ), (WRITE_UNITS, PROVISIONED_WRITE)];
    let [read, write] = knees.map(|(on_demand, provisioned)| 100.0 * provisioned * MILLION / (3_600.0 * on_demand));
    println!(
        "\nProvisioned units are cheaper if more than {read:.0} % of the reads and {write:.0} % of the writes are used."
    );
}

fn print_operations(measured: &HashMap<&str, Measured>) -> Request {
    let mut mean = Request::default();
    println!("| operation | % | read units | write units | function ms | USD a million |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (name, percent) in MIX {
        let Measured { whole, bytes, .. } = measured.get(name).expect(name);
        let (share, dollars) = (percent / 100.0, Dollars::of(whole, *bytes));
        mean.read_units += share * whole.read_units;
        mean.write_units += share * whole.write_units;
        mean.milliseconds += share * milliseconds(whole);
        mean.dollars.add(dollars, share);
        let (read, write, took) = (whole.read_units, whole.write_units, milliseconds(whole));
        println!("| {name} | {percent} | {read} | {write} | {took:.0} | {:.2} |", dollars.all());
    }
    let Request { read_units, write_units, milliseconds, dollars } = &mean;
    println!("| **all** | 100 | {read_units:.1} | {write_units:.1} | {milliseconds:.0} | {:.2} |\n", dollars.all());
    mean
}

fn print_rates(request: &Request) {
    println!(
        "| requests a second | read units | write units | busy instances | USD a month | table | table, provisioned | gateway | functions | logs, transfer |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for rate in RATES {
        let Request { read_units, write_units, milliseconds, dollars } = request;
        let month = rate * MONTH / MILLION;
        let units = PROVISIONED_READ * read_units + PROVISIONED_WRITE * write_units;
        let [all, table, gateway, functions, logs] =
            [dollars.all(), dollars.table, dollars.gateway, dollars.functions, dollars.logs].map(|each| each * month);
        println!(
            "| {rate} | {:.0} | {:.0} | {:.1} | {all:.0} | {table:.0} | {:.0} | {gateway:.0} | {functions:.0} | {logs:.0} |",
            rate * read_units,
            rate * write_units,
            rate * milliseconds / 1_000.0,
            rate * HOURS * units / USED,
        );
    }
}
