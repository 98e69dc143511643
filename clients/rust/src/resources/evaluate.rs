//! The pricing of a cart.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Client, Error, call::Call, operations::EVALUATE, wire::names};

/// A line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CartLine {
    /// The shop's own id of the line, unique in the cart.
    pub id: u64,
    /// The id of the product. Price rules select lines by it and by the next three fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<u64>,
    /// The ids of the product's collections, at most 250.
    pub collection_ids: Vec<u64>,
    /// The ids of the product's categories, at most 250.
    pub category_ids: Vec<u64>,
    /// The name of the vendor, spelled exactly as in the price rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_title: Option<String>,
    /// The number of units, from 1 to 100,000.
    pub quantity: u32,
    /// The price of one unit in yuan, with at most two decimal places.
    pub price: Decimal,
}

impl CartLine {
    /// Returns a line with this number of units at this unit price.
    pub fn new(id: u64, quantity: u32, price: impl Into<Decimal>) -> Self {
        let (collection_ids, category_ids) = (Vec::new(), Vec::new());
        Self { id, product_id: None, collection_ids, category_ids, vendor_title: None, quantity, price: price.into() }
    }

    /// Sets the product of the line.
    #[must_use]
    pub fn of_product(mut self, id: u64) -> Self {
        self.product_id = Some(id);
        self
    }
}

/// A cart: its lines and its shipping.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Cart {
    /// The lines, at most 500.
    pub lines: Vec<CartLine>,
    /// The price of the shipping in yuan.
    pub shipping_price: Decimal,
}

/// The body to price a cart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EvaluationInput {
    /// The cart to price.
    #[serde(flatten)]
    pub cart: Cart,
    /// The customer of the cart. Without it, each code is priced as its owner would see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<u64>,
    /// The texts of codes, at most 100.
    pub codes: Vec<String>,
    /// The time for which time windows are checked. The default is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<FixedOffset>>,
}

/// The discount of a price rule on a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The id of the price rule.
    pub price_rule_id: u64,
    /// The discount in yuan.
    pub amount: Decimal,
}

/// A line of the cart with its discounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    /// The id of the line, as it was sent.
    pub id: u64,
    /// The quantity times the price, in yuan.
    pub total_price: Decimal,
    /// The sum of the allocations, in yuan.
    pub total_discount: Decimal,
    /// The rest to pay, in yuan.
    pub final_price: Decimal,
    /// The discounts by rule, in the order in which the rules applied.
    pub allocations: Vec<Allocation>,
}

/// The shipping with its discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedShipping {
    /// The shipping price, as it was sent.
    pub price: Decimal,
    /// The discount on the shipping, in yuan.
    pub discount: Decimal,
    /// The rest to pay, in yuan.
    pub final_price: Decimal,
}

/// The sums of a priced cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartTotals {
    /// The sum of the lines' prices, in yuan.
    pub total_price: Decimal,
    /// The sum of the lines' discounts, in yuan.
    pub total_discount: Decimal,
    /// The rest to pay for the lines and the shipping, in yuan.
    pub final_price: Decimal,
}

names! {
    /// The reason that a code does not apply its price rule.
    CodeReason {
        /// The code does not exist.
        Unknown = "unknown",
        /// The code belongs to another customer.
        Foreign = "foreign",
        /// The code is used.
        Used = "used",
        /// The price rule of the code has ended.
        Lapsed = "lapsed",
        /// Another code of the request has the same price rule.
        Repeated = "repeated",
    }
}

/// The result of a code that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedCode {
    /// The text of the code, as it was sent.
    pub code: String,
    /// True if the code made its price rule available.
    pub valid: bool,
    /// The reason that the code is not valid.
    pub reason: Option<CodeReason>,
}

/// A condition of a price rule that was not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPredicate {
    /// The field of the rule, such as `prerequisite_quantity_range`.
    pub predicate: String,
    /// The value that the rule requires: units, yuan, a time, or true.
    pub needs: String,
    /// The value that the cart has.
    pub has: String,
}

/// The result of a price rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedRule {
    /// The id of the price rule.
    pub price_rule_id: u64,
    /// True if the rule was applied.
    pub applied: bool,
    /// The total discount of the rule, in yuan.
    pub amount: Decimal,
    /// Every condition that was not met. Empty if the rule was applied, or if its discount would have been 0.
    pub failed: Vec<FailedPredicate>,
}

/// A cart with its discounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The lines, in the order of the cart.
    pub lines: Vec<PricedLine>,
    /// The shipping with its discount.
    pub shipping: PricedShipping,
    /// The sums of the cart.
    pub totals: CartTotals,
    /// The codes, in the order in which they were sent.
    pub codes: Vec<EvaluatedCode>,
    /// The price rules, in the order in which they were tried.
    pub rules: Vec<EvaluatedRule>,
}

impl Client {
    /// Prices a cart. Nothing is written, and no code is used.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn evaluate(&self, cart: &EvaluationInput) -> Result<Evaluation, Error> {
        self.read(Call::new(EVALUATE, "").with(cart)).await
    }
}
