//! Coupons: a prefix, and codes under one price rule.

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

/// A coupon of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// The id, assigned by the service in order of creation.
    pub id: u64,
    /// The prefix of the coupon's codes, and the passphrase with which customers claim them.
    pub code_prefix: String,
    /// True if customers may claim codes with the passphrase.
    pub can_redeem: bool,
    /// The time at which the coupon was created.
    pub created_at: DateTime<FixedOffset>,
    /// The number of used codes.
    pub used_count: u64,
    /// The number of codes that customers claimed with the passphrase.
    pub redeem_count: u64,
    /// The id of the price rule of its codes.
    pub price_rule_id: u64,
    /// The price rule of its codes.
    pub price_rule: PriceRule,
    /// Always an empty object.
    pub legacy_fields: Map<String, Value>,
}

impl Row for Coupon {
    fn id(&self) -> u64 {
        self.id
    }
}

/// The body to create a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CouponInput {
    /// The prefix: 1 to 32 of letters, digits, `-` and `_`; unique in the shop.
    pub code_prefix: String,
    /// The price rule of the coupon.
    #[serde(flatten)]
    pub rule: RuleOf,
    /// Set to let customers claim codes with the passphrase. The default is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_redeem: Option<bool>,
    /// The title of its codes. The default is that of the price rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// An amount in yuan. If it is above 0, it replaces a missing subtotal prerequisite of a new rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<Decimal>,
}

/// The source of a coupon's price rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum RuleOf {
    /// A new rule, created together with the coupon.
    #[serde(rename = "price_rule")]
    New(Box<PriceRuleInput>),
    /// The id of an existing rule, which must not be automatic.
    #[serde(rename = "price_rule_id")]
    Existing(u64),
}

impl CouponInput {
    /// Returns a coupon with a new price rule, which is created together with it.
    pub fn with_rule(code_prefix: impl Into<String>, rule: PriceRuleInput) -> Self {
        Self::new(code_prefix.into(), RuleOf::New(Box::new(rule)))
    }

    /// Returns a coupon with an existing price rule.
    pub fn of_rule(code_prefix: impl Into<String>, price_rule_id: u64) -> Self {
        Self::new(code_prefix.into(), RuleOf::Existing(price_rule_id))
    }

    fn new(code_prefix: String, rule: RuleOf) -> Self {
        Self { code_prefix, rule, can_redeem: None, title: None, minimum_amount: None }
    }
}

impl List<Coupon> {
    /// Selects the coupon with this id.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Selects the coupons with these ids, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Selects the coupon with exactly this prefix.
    pub fn code_prefix(self, prefix: &str) -> Self {
        self.set("code_prefix", prefix)
    }

    /// Selects the coupons with these prefixes, at most 100.
    pub fn code_prefix_in<'a>(self, prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        self.set_any("code_prefix__in", prefixes)
    }

    /// Selects the coupons whose codes customers may claim, or the others.
    pub fn can_redeem(self, can_redeem: bool) -> Self {
        self.set("can_redeem", can_redeem)
    }

    /// Selects the coupons whose price rule has this value type.
    pub fn price_rule_value_type(self, value_type: ValueType) -> Self {
        self.set("price_rule__value_type", value_type)
    }

    /// Selects the coupons whose price rule has one of these value types.
    pub fn price_rule_value_type_in(self, value_types: impl IntoIterator<Item = ValueType>) -> Self {
        self.set_any("price_rule__value_type__in", value_types)
    }

    /// Selects the coupons whose price rule has exactly this title.
    pub fn price_rule_title(self, title: &str) -> Self {
        self.set("price_rule__title", title)
    }

    /// Selects the coupons whose price rule has this text in its title. Upper and lower case are equal.
    pub fn price_rule_title_icontains(self, part: &str) -> Self {
        self.set("price_rule__title__icontains", part)
    }

    /// Selects the coupons created at this time or before.
    pub fn created_at_lte(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("created_at__lte", instant.to_rfc3339())
    }

    /// Selects the coupons created at this time or after.
    pub fn created_at_gte(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("created_at__gte", instant.to_rfc3339())
    }
}

impl Client {
    /// Lists the coupons, newest first.
    pub fn coupon_list(&self) -> List<Coupon> {
        List::new(self, COUPON_LIST)
    }

    /// Creates a coupon, if requested with its price rule.
    pub fn coupon_create(&self, coupon: &CouponInput) -> Change<Coupon> {
        Change::new(self, Call::new(COUPON_CREATE, "").with(coupon))
    }

    /// Reads the coupon with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_get(&self, id: u64) -> Result<Coupon, Error> {
        self.read(Call::new(COUPON_GET, id)).await
    }

    /// Deletes a coupon with its unused codes. Used codes and the price rule stay.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(COUPON_DELETE, id).await
    }

    /// Claims a code for a customer with the passphrase. Each customer can claim once. A wrong passphrase is
    /// [`NotFound`](Error::NotFound), and too many wrong ones are [`Throttled`](Error::Throttled).
    pub fn coupon_redeem(&self, code_prefix: &str, customer_id: u64) -> Change<CouponCode> {
        let body = json!({ "customer_id": customer_id });
        Change::new(self, Call::new(COUPON_REDEEM, code_prefix).with(&body))
    }
}
