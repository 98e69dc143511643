//! Coupons: a passphrase, and codes under one price rule.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Change, Client, Error, List, Row,
    call::Call,
    operations::{COUPON_CREATE, COUPON_DELETE, COUPON_GET, COUPON_LIST, COUPON_REDEEM},
    resources::{
        coupon_codes::CouponCode,
        price_rules::{PriceRule, PriceRuleInput, ValueType},
    },
};

/// A coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// The service's, increasing in order of creation.
    pub id: u64,
    /// What its codes begin with, and the passphrase by which they are claimed.
    pub code_prefix: String,
    /// Whether customers may claim codes with the passphrase.
    pub can_redeem: bool,
    /// When it was made.
    pub created_at: DateTime<FixedOffset>,
    /// Codes that are used.
    pub used_count: u64,
    /// Codes that customers claimed with the passphrase.
    pub redeem_count: u64,
    /// The rule of its codes.
    pub price_rule_id: u64,
    /// The rule of its codes.
    pub price_rule: PriceRule,
    /// Empty.
    pub legacy_fields: Map<String, Value>,
}

impl Row for Coupon {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A coupon as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CouponInput {
    /// 1 to 32 of letters, digits, `-` and `_`; unique in the shop.
    pub code_prefix: String,
    /// Its rule.
    #[serde(flatten)]
    pub rule: RuleOf,
    /// Whether customers may claim codes with the passphrase; true without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_redeem: Option<bool>,
    /// What its codes are called; as the rule without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Yuan. Above 0 it stands for a missing subtotal prerequisite of a new rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<Decimal>,
}

/// Where a coupon has its rule from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum RuleOf {
    /// It is made with the coupon, in one step.
    #[serde(rename = "price_rule")]
    New(Box<PriceRuleInput>),
    /// It is there; it cannot be automatic.
    #[serde(rename = "price_rule_id")]
    Existing(u64),
}

impl CouponInput {
    /// A coupon with a rule of its own, which is made with it.
    pub fn with_rule(code_prefix: impl Into<String>, rule: PriceRuleInput) -> Self {
        Self::new(code_prefix.into(), RuleOf::New(Box::new(rule)))
    }

    /// A coupon of a rule that is there.
    pub fn of_rule(code_prefix: impl Into<String>, price_rule_id: u64) -> Self {
        Self::new(code_prefix.into(), RuleOf::Existing(price_rule_id))
    }

    fn new(code_prefix: String, rule: RuleOf) -> Self {
        Self { code_prefix, rule, can_redeem: None, title: None, minimum_amount: None }
    }
}

impl List<Coupon> {
    /// Only this coupon.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Only these, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Only the one with exactly this prefix.
    pub fn code_prefix(self, prefix: &str) -> Self {
        self.set("code_prefix", prefix)
    }

    /// Only those with these prefixes, at most 100.
    pub fn code_prefix_in<'a>(self, prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        self.set_any("code_prefix__in", prefixes)
    }

    /// Only those that customers may claim, or only the others.
    pub fn can_redeem(self, can_redeem: bool) -> Self {
        self.set("can_redeem", can_redeem)
    }

    /// Only those whose rule is of this kind.
    pub fn price_rule_value_type(self, value_type: ValueType) -> Self {
        self.set("price_rule__value_type", value_type)
    }

    /// Only those whose rule is of one of these kinds.
    pub fn price_rule_value_type_in(self, value_types: impl IntoIterator<Item = ValueType>) -> Self {
        self.set_any("price_rule__value_type__in", value_types)
    }

    /// Only those whose rule has exactly this title.
    pub fn price_rule_title(self, title: &str) -> Self {
        self.set("price_rule__title", title)
    }

    /// Only those whose rule has this in its title, in any case.
    pub fn price_rule_title_icontains(self, part: &str) -> Self {
        self.set("price_rule__title__icontains", part)
    }

    /// Only those made at this instant or before.
    pub fn created_at_lte(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("created_at__lte", instant.to_rfc3339())
    }

    /// Only those made at this instant or after.
    pub fn created_at_gte(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("created_at__gte", instant.to_rfc3339())
    }
}

impl Client {
    /// The coupons, newest first.
    pub fn coupon_list(&self) -> List<Coupon> {
        List::new(self, COUPON_LIST)
    }

    /// Creates a coupon.
    pub fn coupon_create(&self, coupon: &CouponInput) -> Change<Coupon> {
        Change::new(self, Call::new(COUPON_CREATE, "").with(coupon))
    }

    /// A coupon.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_get(&self, id: u64) -> Result<Coupon, Error> {
        self.read(Call::new(COUPON_GET, id)).await
    }

    /// Deletes a coupon with its unused codes; used codes stay as history, and its rule stays.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(COUPON_DELETE, id).await
    }

    /// Claims a code for a customer, once, with the passphrase. A wrong one is [`NotFound`](Error::NotFound), and too many of them
    /// are [`Throttled`](Error::Throttled).
    pub fn coupon_redeem(&self, code_prefix: &str, customer_id: u64) -> Change<CouponCode> {
        let body = json!({ "customer_id": customer_id });
        Change::new(self, Call::new(COUPON_REDEEM, code_prefix).with(&body))
    }
}
