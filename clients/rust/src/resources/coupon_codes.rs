//! Coupon codes, which customers enter at the checkout.

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
    /// The effective status of a code.
    CodeStatus {
        /// The code can be used, if its price rule allows it.
        Unused = "unused",
        /// The code is used.
        Used = "used",
        /// The code is unused, and its price rule has ended.
        Expired = "expired",
    }
}

names! {
    /// The filter of a list of codes by status.
    StatusFilter {
        /// Codes that are neither used nor expired.
        Unused = "unused",
        /// Codes that are used.
        Used = "used",
        /// Unused codes whose price rule has ended.
        Expired = "expired",
        /// Unused codes whose price rule is enabled and inside its time window.
        Available = "available",
    }
}

/// The customer of a code, with five of the ten fields of a customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCustomer {
    /// The shop's own id of the customer.
    pub id: u64,
    /// The mobile number, which may be empty.
    pub mobile: String,
    /// The full name, which may be empty.
    pub full_name: String,
    /// The gender; `unknown` by default.
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
    /// The id of the coupon, assigned by the service.
    pub id: u64,
    /// The prefix of the coupon's codes.
    pub code_prefix: String,
    /// True if customers may claim codes with the passphrase.
    pub can_redeem: bool,
}

/// A coupon code of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponCode {
    /// The id, assigned by the service in order of creation.
    pub id: u64,
    /// The customer who owns the code; `None` only if the customer is no longer known.
    pub customer: Option<CodeCustomer>,
    /// The coupon of the code.
    pub coupon: CodeCoupon,
    /// The id of the customer who owns the code.
    pub customer_id: u64,
    /// The id of the code's coupon.
    pub coupon_id: u64,
    /// The text that the customer enters, unique in the shop.
    pub code: String,
    /// The effective status of the code.
    pub status: CodeStatus,
    /// The time at which the code was used.
    pub used_at: Option<DateTime<FixedOffset>>,
    /// The time at which the code was issued.
    pub created_at: DateTime<FixedOffset>,
    /// The start of the price rule's time window.
    pub starts_at: Option<DateTime<FixedOffset>>,
    /// The end of the price rule's time window.
    pub ends_at: Option<DateTime<FixedOffset>>,
    /// The title of the coupon, or of the price rule if the coupon has none.
    pub title: String,
    /// The description of the discount for the customer, computed by the service.
    pub verbose_title: String,
}

impl Row for CouponCode {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A code that an order uses, with its price rule at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedCouponCode {
    /// The code that is used.
    #[serde(flatten)]
    pub code: CouponCode,
    /// The price rule at the time of the use.
    pub price_rule: PriceRule,
}

/// A request to issue one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeIssue {
    /// The customer who gets the code.
    pub customer_id: u64,
    /// The coupon of the code. One call can name at most 20 coupons.
    pub coupon_id: u64,
}

/// The body of an update of a code. A field that is left out does not change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CouponCodeInput {
    /// The customer who gets the code. A used code cannot change its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<u64>,
    /// The new text of the code: 1 to 64 characters, never used before in the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The new status: `Used`, or `Unused` to release the use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CodeStatus>,
}

/// A request to use codes for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeUse {
    /// The texts of the codes: at most 10 different ones. May be empty only with a cart.
    pub codes: Vec<String>,
    /// The customer who owns the codes.
    pub customer_id: u64,
    /// The id of the order, which need not be stored.
    pub order_id: u64,
    /// The cart. With it each code's price rule must apply to the cart, and automatic rules that apply are used too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart: Option<Cart>,
    /// The hold in seconds. If the order is not paid within it, the codes are released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<u32>,
}

impl CodeUse {
    /// Returns a request to use these codes of a customer for an order.
    pub fn new(order_id: u64, customer_id: u64, codes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let codes = codes.into_iter().map(Into::into).collect();
        Self { codes, customer_id, order_id, cart: None, hold_seconds: None }
    }
}

impl List<CouponCode> {
    /// Selects the code with this id.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Selects the codes with these ids, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Selects the codes with these texts, at most 100.
    pub fn code_in<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.set_any("code__in", texts)
    }

    /// Selects the codes with this status.
    pub fn status(self, status: StatusFilter) -> Self {
        self.set("status", status)
    }

    /// Selects the codes with one of these statuses.
    pub fn status_in(self, statuses: impl IntoIterator<Item = StatusFilter>) -> Self {
        self.set_any("status__in", statuses)
    }

    /// Selects the codes of this customer.
    pub fn customer(self, id: u64) -> Self {
        self.set("customer", id)
    }

    /// Selects the codes of this coupon.
    pub fn coupon(self, id: u64) -> Self {
        self.set("coupon", id)
    }
}

impl Client {
    /// Lists the codes, newest first.
    pub fn coupon_code_list(&self) -> List<CouponCode> {
        List::new(self, COUPON_CODE_LIST)
    }

    /// Issues 1 to 1,000 codes, all or none, in the order of the pairs. `error.field_errors().items()` returns the
    /// errors of each pair.
    pub fn coupon_code_issue(&self, pairs: &[CodeIssue]) -> Change<Page<CouponCode>> {
        Change::new(self, Call::new(COUPON_CODE_ISSUE, "").with(pairs))
    }

    /// Reads the code with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn coupon_code_get(&self, id: u64) -> Result<CouponCode, Error> {
        self.read(Call::new(COUPON_CODE_GET, id)).await
    }

    /// Transfers a code to another customer, changes its text, uses it, or releases its use.
    pub fn coupon_code_update(&self, id: u64, code: &CouponCodeInput) -> Change<CouponCode> {
        Change::new(self, Call::new(COUPON_CODE_UPDATE, id).with(code))
    }

    /// Deletes a code by its id.
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

    /// Releases the codes that an order uses. Returns an empty page if it uses none.
    pub fn coupon_code_release(&self, order_id: u64) -> Change<Page<CouponCode>> {
        let body = json!({ "order_id": order_id });
        Change::new(self, Call::new(COUPON_CODE_RELEASE, "").with(&body))
    }
}
