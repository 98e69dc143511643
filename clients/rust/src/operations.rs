//! Every operation of the API, with its `operationId`, its method and its path. The methods of
//! [`Client`](crate::Client) have the same names, and take their paths from here.

use reqwest::Method;

/// An operation of `/api/openapi.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The `operationId`, which is also the name of the client's method.
    pub id: &'static str,
    /// The HTTP method: GET, POST, PUT or DELETE.
    pub method: &'static str,
    /// The path. A name in braces stands for a value.
    pub path: &'static str,
}

impl Operation {
    /// Returns the method in the type of the HTTP library.
    pub(crate) fn method(&self) -> Method {
        match self.method {
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "DELETE" => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Returns the segments of the path, with `value` in place of a name in braces.
    pub(crate) fn segments<'a>(&self, value: &'a str) -> impl Iterator<Item = &'a str>
    where
        Self: 'a,
    {
        let part = move |part: &'static str| if part.starts_with('{') { value } else { part };
        self.path.trim_start_matches('/').split('/').map(part)
    }

    /// Returns true if the server accepts an `Idempotency-Key` for the operation.
    pub(crate) fn takes_key(&self) -> bool {
        matches!(self.method, "POST" | "PUT") && *self != EVALUATE
    }
}

macro_rules! operations {
    ($($name:ident = $id:literal $method:literal $path:literal;)*) => {
        $(pub(crate) const $name: Operation = Operation { id: $id, method: $method, path: $path };)*
        /// All operations of the API.
        pub const OPERATIONS: &[Operation] = &[$($name),*];
    };
}

operations! {
    LEVEL_LIST = "level_list" "GET" "/api/loyalty/level/";
    LEVEL_CREATE = "level_create" "POST" "/api/loyalty/level/";
    LEVEL_GET = "level_get" "GET" "/api/loyalty/level/{id}/";
    LEVEL_UPDATE = "level_update" "PUT" "/api/loyalty/level/{id}/";
    LEVEL_DELETE = "level_delete" "DELETE" "/api/loyalty/level/{id}/";
    POINT_HISTORY_LIST = "point_history_list" "GET" "/api/loyalty/point_history/";
    POINT_HISTORY_GET = "point_history_get" "GET" "/api/loyalty/point_history/{id}/";
    POINT_HISTORY_ADJUST = "point_history_adjust" "POST" "/api/loyalty/point_history/adjust/";
    POINT_HISTORY_SIGN = "point_history_sign" "POST" "/api/loyalty/point_history/sign/";
    POINT_HISTORY_REDEEM = "point_history_redeem" "POST" "/api/loyalty/point_history/redeem/";
    POINT_HISTORY_REFUND = "point_history_refund" "POST" "/api/loyalty/point_history/refund/";
    ACCOUNT_GET = "account_get" "GET" "/api/loyalty/account/{customer_id}/";
    CUSTOMER_LIST = "customer_list" "GET" "/api/crm/customer/";
    CUSTOMER_IMPORT = "customer_import" "POST" "/api/crm/customer/";
    CUSTOMER_GET = "customer_get" "GET" "/api/crm/customer/{id}/";
    CUSTOMER_PUT = "customer_put" "PUT" "/api/crm/customer/{id}/";
    ORDER_GET = "order_get" "GET" "/api/orders/order/{id}/";
    ORDER_PUT = "order_put" "PUT" "/api/orders/order/{id}/";
    PRICE_RULE_LIST = "price_rule_list" "GET" "/api/discounts/price_rule/";
    PRICE_RULE_CREATE = "price_rule_create" "POST" "/api/discounts/price_rule/";
    PRICE_RULE_GET = "price_rule_get" "GET" "/api/discounts/price_rule/{id}/";
    PRICE_RULE_UPDATE = "price_rule_update" "PUT" "/api/discounts/price_rule/{id}/";
    PRICE_RULE_DELETE = "price_rule_delete" "DELETE" "/api/discounts/price_rule/{id}/";
    COUPON_LIST = "coupon_list" "GET" "/api/discounts/coupon/";
    COUPON_CREATE = "coupon_create" "POST" "/api/discounts/coupon/";
    COUPON_GET = "coupon_get" "GET" "/api/discounts/coupon/{id}/";
    COUPON_DELETE = "coupon_delete" "DELETE" "/api/discounts/coupon/{id}/";
    COUPON_REDEEM = "coupon_redeem" "POST" "/api/discounts/coupon/{code_prefix}/redeem/";
    COUPON_CODE_LIST = "coupon_code_list" "GET" "/api/discounts/coupon_code/";
    COUPON_CODE_ISSUE = "coupon_code_issue" "POST" "/api/discounts/coupon_code/";
    COUPON_CODE_GET = "coupon_code_get" "GET" "/api/discounts/coupon_code/{id}/";
    COUPON_CODE_UPDATE = "coupon_code_update" "PUT" "/api/discounts/coupon_code/{id}/";
    COUPON_CODE_DELETE = "coupon_code_delete" "DELETE" "/api/discounts/coupon_code/{id}/";
    COUPON_CODE_USE = "coupon_code_use" "POST" "/api/discounts/coupon_code/use/";
    COUPON_CODE_RELEASE = "coupon_code_release" "POST" "/api/discounts/coupon_code/release/";
    EVALUATE = "evaluate" "POST" "/api/discounts/evaluate/";
    OPENAPI = "openapi" "GET" "/api/openapi.json";
}
