//! A price rule as it is stored: the rule itself, and what its coupons and codes need of it.

use serde::{Deserialize, Serialize};

use domain::price_rule::PriceRule;

/// Stored class of a rule's codes that are not used. Replies show them by the rule's `ends_at`; see [`overlay`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredAs {
    /// All codes are stored as unused.
    #[default]
    Unused,
    /// All codes are stored as expired.
    Expired,
    /// Codes are stored in both classes, and the job has not started to rewrite them.
    Mixed,
    /// Codes are stored in both classes, and the job is rewriting them as expired.
    Expiring,
    /// Codes are stored in both classes, and the job is rewriting them as unused.
    Reviving,
}

/// A row of [`PRICE_RULES`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredRule {
    #[serde(flatten)]
    pub(crate) rule: PriceRule,
    /// Number of coupons that use the rule.
    #[serde(default)]
    pub(crate) coupons: u64,
    /// Stored class of the rule's unused codes.
    #[serde(default)]
    pub(crate) codes: StoredAs,
    /// Version number of the rule, from 1. Each version has an item of its own, to which redemptions refer.
    pub(crate) rule_version: u64,
}

impl StoredRule {
    /// Returns a new rule that this number of coupons use.
    pub(crate) fn new(rule: PriceRule, coupons: u64) -> Self {
        Self { rule, coupons, codes: StoredAs::Unused, rule_version: 1 }
    }
}
