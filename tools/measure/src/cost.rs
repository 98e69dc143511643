//! What requests cost on AWS, from measured units and public prices.
//!
//! Prices: us-east-1, arm64, without free tiers and volume discounts, as published in November 2025 (DynamoDB on-demand
//! and provisioned, API Gateway HTTP API, Lambda, CloudWatch Logs, data transfer out).

use shared::table::meter::Usage;

mod shop;

pub(crate) use shop::run;

/// Dollars for a million read request units (a strong read of up to 4 KB).
const READ_UNITS: f64 = 0.125;
/// Dollars for a million write request units (1 KB; a transaction's count twice and are measured so).
const WRITE_UNITS: f64 = 0.625;
/// Dollars for a million requests of an HTTP API, each metered in steps of [`METERED`].
const GATEWAY: f64 = 1.00;
/// The bytes of one metered request.
const METERED: f64 = 512.0 * 1024.0;
/// Dollars for a million invocations.
const INVOCATIONS: f64 = 0.20;
/// Dollars for a GB-second of an arm64 function.
const GB_SECOND: f64 = 0.000_013_333_4;
/// The functions' memory in GB (template.yaml, MemorySize).
const MEMORY: f64 = 0.25;
/// Dollars for a GB of log lines.
const LOGS: f64 = 0.50;
/// The bytes of a request's lines: ours about 900, the access log's about 350.
const LINES: f64 = 1_250.0;
/// Dollars for a GB to the internet.
const TRANSFER: f64 = 0.09;

/// Milliseconds that are assumed for a call of DynamoDB that others wait for, and for everything else of a request.
/// These are assumptions, not measurements: nobody here has an account.
const ROUND_TRIP_MS: f64 = 6.0;
const OWN_MS: f64 = 3.0;

const GB: f64 = 1e9;
const MILLION: f64 = 1e6;

/// Dollars that the table takes for a million requests of this usage.
pub(crate) fn table(read_units: f64, write_units: f64) -> f64 {
    read_units * READ_UNITS + write_units * WRITE_UNITS
}

/// For how many milliseconds a function is assumed to be at work on a request of this usage.
pub(crate) fn milliseconds(usage: &Usage) -> f64 {
    f64::from(u32::try_from(usage.sequential).unwrap_or(u32::MAX)) * ROUND_TRIP_MS + OWN_MS
}

/// Dollars for a million requests, by what is paid.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dollars {
    pub(crate) table: f64,
    pub(crate) gateway: f64,
    pub(crate) functions: f64,
    /// And what leaves for the internet.
    pub(crate) logs: f64,
}

impl Dollars {
    /// Of a million requests of this usage with replies of so many bytes.
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

    /// So much of it more.
    fn add(&mut self, other: Self, share: f64) {
        self.table += share * other.table;
        self.gateway += share * other.gateway;
        self.functions += share * other.functions;
        self.logs += share * other.logs;
    }
}
