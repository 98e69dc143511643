//! Pricing a cart.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Client, Error, call::Call, operations::EVALUATE, wire::names};

/// A line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CartLine {
    /// The shop's own, unique in the cart.
    pub id: u64,
    /// What rules entitle it by, like the three that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<u64>,
    /// At most 250.
    pub collection_ids: Vec<u64>,
    /// At most 250.
    pub category_ids: Vec<u64>,
    /// In exactly the spelling of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_title: Option<String>,
    /// Units: 1 to 100,000.
    pub quantity: u32,
    /// Yuan for one unit; two places at the most.
    pub price: Decimal,
}

impl CartLine {
    /// So many units at this price.
    pub fn new(id: u64, quantity: u32, price: impl Into<Decimal>) -> Self {
        let (collection_ids, category_ids) = (Vec::new(), Vec::new());
        Self { id, product_id: None, collection_ids, category_ids, vendor_title: None, quantity, price: price.into() }
    }

    /// The same of this product.
    #[must_use]
    pub fn of_product(mut self, id: u64) -> Self {
        self.product_id = Some(id);
        self
    }
}

/// What is bought.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Cart {
    /// At most 500.
    pub lines: Vec<CartLine>,
    /// Yuan.
    pub shipping_price: Decimal,
}

/// A cart that is to be priced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EvaluationInput {
    /// What is bought.
    #[serde(flatten)]
    pub cart: Cart,
    /// Whose it is; without, a code is priced as its owner would see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<u64>,
    /// Texts of codes, at most 100.
    pub codes: Vec<String>,
    /// The moment whose windows count; now without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<FixedOffset>>,
}

/// What a rule took off a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The rule.
    pub price_rule_id: u64,
    /// Yuan.
    pub amount: Decimal,
}

/// A line with its discounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    /// As it was sent.
    pub id: u64,
    /// Quantity times price.
    pub total_price: Decimal,
    /// The sum of the allocations.
    pub total_discount: Decimal,
    /// What is left to pay.
    pub final_price: Decimal,
    /// By rule, in the order in which they applied.
    pub allocations: Vec<Allocation>,
}

/// The shipping with its discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedShipping {
    /// As it was sent.
    pub price: Decimal,
    /// What was taken off it.
    pub discount: Decimal,
    /// What is left to pay.
    pub final_price: Decimal,
}

/// The sums of a priced cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartTotals {
    /// Of the lines.
    pub total_price: Decimal,
    /// Of the lines.
    pub total_discount: Decimal,
    /// Of the lines and the shipping.
    pub final_price: Decimal,
}

names! {
    /// Why a code did not bring its rule.
    CodeReason {
        /// There is no such code.
        Unknown = "unknown",
        /// It is another customer's.
        Foreign = "foreign",
        /// It is used.
        Used = "used",
        /// Its rule has ended.
        Lapsed = "lapsed",
        /// Another code of the cart has brought the rule.
        Repeated = "repeated",
    }
}

/// What is known of a code that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedCode {
    /// As it was sent.
    pub code: String,
    /// Whether it brought its rule.
    pub valid: bool,
    /// Why it did not.
    pub reason: Option<CodeReason>,
}

/// A predicate that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPredicate {
    /// The field of the rule, such as `prerequisite_quantity_range`.
    pub predicate: String,
    /// What the rule asks for: units, yuan, an instant, or true.
    pub needs: String,
    /// What there is.
    pub has: String,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedRule {
    /// The rule.
    pub price_rule_id: u64,
    /// Whether it applied.
    pub applied: bool,
    /// What it took off in all.
    pub amount: Decimal,
    /// Every predicate that failed; empty where it applied, or would have discounted nothing.
    pub failed: Vec<FailedPredicate>,
}

/// A priced cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// In the order of the cart.
    pub lines: Vec<PricedLine>,
    /// The shipping.
    pub shipping: PricedShipping,
    /// The sums.
    pub totals: CartTotals,
    /// In the order in which they were sent.
    pub codes: Vec<EvaluatedCode>,
    /// In the order in which they were taken.
    pub rules: Vec<EvaluatedRule>,
}

impl Client {
    /// Prices a cart: nothing is written, nothing is used.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn evaluate(&self, cart: &EvaluationInput) -> Result<Evaluation, Error> {
        self.read(Call::new(EVALUATE, "").with(cart)).await
    }
}
