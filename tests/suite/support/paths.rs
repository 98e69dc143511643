//! Paths of the API.

pub(crate) const LEVELS: &str = "/api/loyalty/level/";
pub(crate) const HISTORY: &str = "/api/loyalty/point_history/";
pub(crate) const ADJUST: &str = "/api/loyalty/point_history/adjust/";
pub(crate) const SIGN: &str = "/api/loyalty/point_history/sign/";
pub(crate) const REDEEM: &str = "/api/loyalty/point_history/redeem/";
pub(crate) const REFUND: &str = "/api/loyalty/point_history/refund/";
pub(crate) const ACCOUNTS: &str = "/api/loyalty/account/";
pub(crate) const ORDERS: &str = "/api/orders/order/";
pub(crate) const CUSTOMERS: &str = "/api/crm/customer/";
pub(crate) const COUPONS: &str = "/api/discounts/coupon/";
pub(crate) const CODES: &str = "/api/discounts/coupon_code/";
pub(crate) const USE: &str = "/api/discounts/coupon_code/use/";
pub(crate) const RELEASE: &str = "/api/discounts/coupon_code/release/";
pub(crate) const EVALUATE: &str = "/api/discounts/evaluate/";
pub(crate) const RULES: &str = "/api/discounts/price_rule/";

/// Returns the path of one row.
pub(crate) fn one(list: &str, id: impl std::fmt::Display) -> String {
    format!("{list}{id}/")
}
