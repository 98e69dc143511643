//! Coupon codes: what customers type at the checkout.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Change, Client, Error, List, Page, Row,
    call::Call,
    operations::{
        COUPON_CODE_DELETE, COUPON_CODE_GET, COUPON_CODE_ISSUE, COUPON_CODE_LIST, COUPON_CODE_RELEASE,
        COUPON_CODE_UPDATE, COUPON_CODE_USE,
    },
    resources::{evaluate::Cart, price_rules::PriceRule},
    wire::names,
};

names! {
    /// What a code is now.
    CodeStatus {
        /// It can be used, if its rule lets it.
        Unused = "unused",
        /// It is used.
        Used = "used",
        /// Its rule has ended.
        Expired = "expired",
    }
}

names! {
    /// What codes are asked for.
    StatusFilter {
        /// Neither used nor expired.
        Unused = "unused",
        /// Used.
        Used = "used",
        /// Its rule has ended.
        Expired = "expired",
        /// Unused, and its rule is enabled and inside its window.
        Available = "available",
    }
}

/// The customer of a code: five of the ten fields.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCustomer {
    /// The shop's own.
    pub id: u64,
    /// May be blank.
    pub mobile: String,
    /// May be blank.
    pub full_name: String,
    /// `unknown` where nothing was sent.
    pub gender: String,
    /// The e-mail address.
    pub email: Option<String>,
}

impl std::fmt::Debug for CodeCustomer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CodeCustomer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The coupon of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCoupon {
    /// The service's.
    pub id: u64,
    /// What its codes begin with.
    pub code_prefix: String,
    /// Whether customers may claim codes with the passphrase.
    pub can_redeem: bool,
}

/// A code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponCode {
    /// The service's, increasing in order of creation.
    pub id: u64,
    /// Whose it is; none only where the customer is not known any more.
    pub customer: Option<CodeCustomer>,
    /// The coupon that it came from.
    pub coupon: CodeCoupon,
    /// Whose it is.
    pub customer_id: u64,
    /// The coupon that it came from.
    pub coupon_id: u64,
    /// What the customer types; unique in the shop.
    pub code: String,
    /// What it is now.
    pub status: CodeStatus,
    /// When it was used.
    pub used_at: Option<DateTime<FixedOffset>>,
    /// When it was issued.
    pub created_at: DateTime<FixedOffset>,
    /// From when on its rule applies.
    pub starts_at: Option<DateTime<FixedOffset>>,
    /// Until when its rule applies.
    pub ends_at: Option<DateTime<FixedOffset>>,
    /// The coupon's, or else the rule's.
    pub title: String,
    /// What a customer reads; computed.
    pub verbose_title: String,
}

impl Row for CouponCode {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A code that an order uses, and its rule as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedCouponCode {
    /// The code.
    #[serde(flatten)]
    pub code: CouponCode,
    /// Its rule, as it was used.
    pub price_rule: PriceRule,
}

/// A code that is to be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeIssue {
    /// To whom.
    pub customer_id: u64,
    /// Of which coupon; at most 20 of them in one call.
    pub coupon_id: u64,
}

/// A code as it is sent in an update: what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CouponCodeInput {
    /// Whose it is to be; a used code stays whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<u64>,
    /// Its new text: 1 to 64 characters, never given before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `Used`, or `Unused` to give a use back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CodeStatus>,
}

/// Codes that an order is to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeUse {
    /// Their texts: at most 10, each once; none only with a cart.
    pub codes: Vec<String>,
    /// Whose they are.
    pub customer_id: u64,
    /// The order; it need not be stored.
    pub order_id: u64,
    /// What is bought: then each code's rule must apply to it, and automatic rules that do are used too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart: Option<Cart>,
    /// How long the order has to be paid: then, if it is not, it has given the codes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<u32>,
}

impl CodeUse {
    /// These codes of a customer for an order.
    pub fn new(order_id: u64, customer_id: u64, codes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let codes = codes.into_iter().map(Into::into).collect();
        Self { codes, customer_id, order_id, cart: None, hold_seconds: None }
    }
}

impl List<CouponCode> {
    /// Only this code.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Only these, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Only the codes with these texts, at most 100.
    pub fn code_in<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.set_any("code__in", texts)
    }

    /// Only codes that are this now.
    pub fn status(self, status: StatusFilter) -> Self {
        self.set("status", status)
    }

    /// Only codes that are one of these now.
    pub fn status_in(self, statuses: impl IntoIterator<Item = StatusFilter>) -> Self {
        self.set_any("status__in", statuses)
    }

    /// Only codes of this customer.
    pub fn customer(self, id: u64) -> Self {
        self.set("customer", id)
    }

    /// Only codes of this coupon.
    pub fn coupon(self, id: u64) -> Self {
        self.set("coupon", id)
    }
}

impl Client {
    /// The codes, newest first.
    pub fn coupon_code_list(&self) -> List<CouponCode> {
        List::new(self, COUPON_CODE_LIST)
    }

    /// Issues 1 to 1,000 codes, all or none, in the order of the pairs. What is wrong stands beside the pairs:
    /// `error.field_errors().items()`.
    pub fn coupon_code_issue(&self, pairs: &[CodeIssue]) -> Change<Page<CouponCode>> {
        Change::new(self, Call::new(COUPON_CODE_ISSUE, "").with(pairs))
    }

    /// A code.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_code_get(&self, id: u64) -> Result<CouponCode, Error> {
        self.read(Call::new(COUPON_CODE_GET, id)).await
    }

    /// Gives a code to another customer, gives it another text, uses it or gives its use back.
    pub fn coupon_code_update(&self, id: u64, code: &CouponCodeInput) -> Change<CouponCode> {
        Change::new(self, Call::new(COUPON_CODE_UPDATE, id).with(code))
    }

    /// Deletes a code.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_code_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(COUPON_CODE_DELETE, id).await
    }

    /// Uses codes for an order, all or none, within every limit.
    pub fn coupon_code_use(&self, codes: &CodeUse) -> Change<Page<UsedCouponCode>> {
        Change::new(self, Call::new(COUPON_CODE_USE, "").with(codes))
    }

    /// Gives back the codes that an order uses; an empty page where it uses none.
    pub fn coupon_code_release(&self, order_id: u64) -> Change<Page<CouponCode>> {
        let body = json!({ "order_id": order_id });
        Change::new(self, Call::new(COUPON_CODE_RELEASE, "").with(&body))
    }
}
