//! Codes that are to be issued: what a batch of them stores before their texts are chosen.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::discounts::counters::Shards;
use domain::{
    coupon::Coupon,
    coupon_code::{CouponCode, suffix, suffix_length},
    id::Id,
};

/// Number of codes that one step of a batch considers.
pub(crate) const LOOK_AHEAD: usize = 24;

/// A code that is to be issued, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCode {
    pub(crate) id: Id,
    customer_id: Id,
    pub(crate) coupon_id: Id,
    pub(crate) price_rule_id: Id,
    code_prefix: String,
}

impl PendingCode {
    /// Returns a code of a coupon for a customer. `id` must be reserved.
    pub(crate) fn new(id: Id, customer_id: Id, coupon: &Coupon) -> Self {
        Self {
            id,
            customer_id,
            coupon_id: coupon.id,
            price_rule_id: coupon.price_rule_id,
            code_prefix: coupon.code_prefix.clone(),
        }
    }

    /// Returns the code with a random text that is in none of `others`. `attempt` counts how often the transaction was
    /// refused. A refusal can mean that a text was taken, so the suffix grows by one character with every fourth
    /// attempt.
    pub(crate) fn code(
        &self,
        shards: &Shards,
        attempt: u32,
        now: DateTime<Utc>,
        others: &mut HashSet<String>,
    ) -> CouponCode {
        let issued = u64::try_from(shards.quota.count()).unwrap_or(0);
        let length = suffix_length(issued) + attempt / 4;
        let code = loop {
            let random = std::iter::repeat_with(rand::random::<u8>).take(length as usize);
            let code = format!("{}{}", self.code_prefix, suffix(random));
            if others.insert(code.clone()) {
                break code;
            }
        };
        self.with_text(code, now)
    }

    /// Returns the code with this text.
    pub(crate) fn with_text(&self, code: String, now: DateTime<Utc>) -> CouponCode {
        CouponCode {
            id: self.id,
            coupon_id: self.coupon_id,
            price_rule_id: self.price_rule_id,
            customer_id: self.customer_id,
            code,
            used_at: None,
            order_id: None,
            claimed: false,
            created_at: now,
        }
    }
}

/// Counts the codes of each coupon, in the order in which the coupons are first named.
pub(crate) fn by_coupon(coupons: impl Iterator<Item = Id>) -> Vec<(Id, u64)> {
    let mut order: Vec<(Id, u64)> = Vec::new();
    for coupon in coupons {
        match order.iter_mut().find(|(known, _)| *known == coupon) {
            Some((_, codes)) => *codes += 1,
            None => order.push((coupon, 1)),
        }
    }
    order
}
