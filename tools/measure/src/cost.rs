//! The cost of requests on AWS, from measured units and public prices.
//!
//! The prices are those of us-east-1 and arm64, without free tiers and volume discounts, as published in November 2025
//! (DynamoDB on-demand and provisioned, API Gateway HTTP API, Lambda, CloudWatch Logs, data transfer out).

use shared::store::meter::Usage;

mod shop;

pub(crate) use shop::run;

/// Dollars for a million read request units. One unit is a strongly consistent read of up to 4 KB.
const READ_UNITS: f64 = 0.125;
/// Dollars for a million write request units. One unit is a write of 1 KB; writes of a transaction count twice, and are
/// measured so.
const WRITE_UNITS: f64 = 0.625;
/// Dollars for a million requests of an HTTP API. A request is metered in steps of [`METERED`].
const GATEWAY: f64 = 1.00;
/// The size of one metered request, in bytes.
const METERED: f64 = 512.0 * 1024.0;
/// Dollars for a million invocations.
const INVOCATIONS: f64 = 0.20;
/// Dollars for a GB-second of an arm64 function.
const GB_SECOND: f64 = 0.000_013_333_4;
/// The memory of a function in GB (template.yaml, MemorySize).
const MEMORY: f64 = 0.25;
/// Dollars for a GB of log lines.
const LOGS: f64 = 0.50;
/// The log bytes of a request: about 900 of ours, and about 350 of the access log.
const LINES: f64 = 1_250.0;
/// Dollars for a GB of data transfer to the internet.
const TRANSFER: f64 = 0.09;

/// Assumed milliseconds of a sequential DynamoDB call (`ROUND_TRIP_MS`), and of everything else in a request
/// (`OWN_MS`). These are not measured, because no AWS account was available.
const ROUND_TRIP_MS: f64 = 6.0;
const OWN_MS: f64 = 3.0;

const GB: f64 = 1e9;
const MILLION: f64 = 1e6;

/// Returns the dollars for the table, for a million requests of this usage.
pub(crate) fn table(read_units: f64, write_units: f64) -> f64 {
    read_units * READ_UNITS + write_units * WRITE_UNITS
}

/// Returns the milliseconds for which a function is assumed to run for a request of this usage.
pub(crate) fn milliseconds(usage: &Usage) -> f64 {
    f64::from(u32::try_from(usage.sequential).unwrap_or(u32::MAX)) * ROUND_TRIP_MS + OWN_MS
}

/// Dollars for a million requests, by AWS service.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dollars {
    pub(crate) table: f64,
    pub(crate) gateway: f64,
    pub(crate) functions: f64,
    /// Log lines and data transfer to the internet.
    pub(crate) logs: f64,
}

impl Dollars {
    /// Returns the cost of a million requests of this usage, with replies of this many bytes.
    pub(crate) fn of(usage: &Usage, reply_bytes: usize) -> Self {
        let bytes = f64::from(u32::try_from(reply_bytes).unwrap_or(u32::MAX));
        Self {
            table: table(usage.read_units, usage.write_units),
            gateway: GATEWAY * (bytes / METERED).ceil().max(1.0),
            functions: INVOCATIONS + milliseconds(usage) / 1_000.0 * MEMORY * GB_SECOND * MILLION,
            logs: (LINES * LOGS + bytes * TRANSFER) * MILLION / GB,
        }
    }

    pub(crate) fn all(self) -> f64 {
        self.table + self.gateway + self.functions + self.logs
    }

    /// Adds a share of another cost.
    fn add(&mut self, other: Self, share: f64) {
        self.table += share * other.table;
        self.gateway += share * other.gateway;
        self.functions += share * other.functions;
        self.logs += share * other.logs;
    }
}
