//! The price rules, the coupons and the code of tests/documents/discounts.txt.

use serde_json::json;
use shared::{
    Error, FieldErrors,
    domain::{
        id::Id,
        shop::{Shop, ShopId},
    },
    http::body::Body as _,
    shop::discounts::{
        codes::{changes, issue, rows::CODES},
        coupons,
        rules::rows as rules,
    },
    store::{client::Store, sequence},
    wire::price_rule_input::PriceRuleInput,
};

use super::instant;

/// The id of the price rule of coupon 987.
const HALF_PRICE: Id = 1204;

pub(super) async fn load(store: &Store, shop: &ShopId) -> Result<(), Error> {
    load_price_rules(store, shop).await?;
    load_coupons(store, shop).await?;
    load_code(store, shop).await
}

async fn load_price_rules(store: &Store, shop: &ShopId) -> Result<(), Error> {
    let documented = [
        (
            HALF_PRICE,
            json!({
                "title": "test2", "value": "-50.00", "value_type": "percentage",
                "starts_at": "2017-10-10T15:34:29+08:00",
            }),
        ),
        (
            5389,
            json!({
                "title": "test1", "usage_limit": 9999, "value": "-4.00", "value_type": "percentage",
                "starts_at": "2019-03-11T16:08:23.609673+08:00",
                "prerequisite_quantity_range": {"greater_than_or_equal_to": "3"},
            }),
        ),
        (
            5527,
            json!({
                "title": "showroom61满4件8折", "value": "-20.00", "value_type": "percentage",
                "target_selection": "entitled", "entitled_product_ids": [1001, 1002],
                "starts_at": "2019-05-24T00:00:00+08:00", "ends_at": "2019-06-02T00:00:00+08:00",
                "prerequisite_quantity_range": {"greater_than_or_equal_to": "4"},
            }),
        ),
    ];
    for (id, body) in documented {
        let rule = PriceRuleInput::parse(&body, Shop::DEFAULT_ZONE).map_err(Error::Invalid)?;
        sequence::skip_to(store, shop, rules::PRICE_RULES.name, id).await?;
        store.carry_out(|| rules::create(store, shop, rule.clone())).await?;
    }
    sequence::skip_to(store, shop, rules::PRICE_RULES.name, 5547).await
}

async fn load_coupons(store: &Store, shop: &ShopId) -> Result<(), Error> {
    let documented = [
        (987, json!({"code_prefix": "jB7nNJPb", "price_rule_id": HALF_PRICE}), "2017-10-10T15:34:29+08:00"),
        (1335, json!({"code_prefix": "spring", "price_rule_id": HALF_PRICE}), "2018-03-01T10:00:00+08:00"),
        (3077, json!({"code_prefix": "JxxxxY", "price_rule_id": 5527}), "2019-05-16T11:36:48.068390+08:00"),
    ];
    for (id, body, created_at) in documented {
        let draft = ::coupons::wire::parse(&body, Shop::DEFAULT_ZONE).map_err(Error::Invalid)?;
        let created_at = instant(created_at)?;
        sequence::skip_to(store, shop, coupons::rows::COUPONS.name, id).await?;
        store.carry_out(|| coupons::rows::create(store, shop, draft.clone(), created_at)).await?;
    }
    sequence::skip_to(store, shop, coupons::rows::COUPONS.name, 3097).await
}

/// Issues the code of the examples and gives it the text that they show. The code after it has a text of ours.
async fn load_code(store: &Store, shop: &ShopId) -> Result<(), Error> {
    let id = 27_518;
    let issued_at = instant("2017-10-11T14:53:34.083556+08:00")?;
    sequence::skip_to(store, shop, CODES.name, id).await?;
    let pairs = [123, 22_750].map(|customer| issue::Pair {
        customer_id: Some(customer),
        coupon_id: Some(987),
        errors: FieldErrors::NONE,
    });
    let plan = async || issue::prepare(store, shop, &pairs).await?.plan(shop, 1, issued_at);
    store.carry_out(plan).await?;
    let text = changes::CodeUpdate {
        customer_id: None,
        code: Some("jB7nNJPbf16adc".to_owned()),
        used: None,
        errors: FieldErrors::NONE,
    };
    store.carry_out(|| changes::update(store, shop, id, Ok(text.clone()), issued_at)).await?;
    Ok(())
}
