//! The demo shop: the customers, levels and the order of the specification's examples, stored through the use cases
//! that serve the API.
//!
//! The rows have the ids of the examples. The id sequences are moved forward between the rows; the skipped ids stay
//! unused.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use shared::{
    Error,
    domain::{
        customer::CustomerDraft,
        level::LevelDraft,
        shop::{Shop, ShopId},
        timestamp,
    },
    shop::{
        crm::customers,
        loyalty::{history::POINT_HISTORY, levels},
        orders,
    },
    store::{client::Store, sequence},
    wire::order,
};

mod discounts;

/// The name of the demo shop.
pub const SHOP: &str = "demo";

/// The example order of tests/documents/loyalty.txt, as JSON.
const ORDER: &str = include_str!("demo/order.json");

/// Loads the demo data, unless the shop already has customers. Returns whether it did.
pub async fn load(store: &Store, shop: &ShopId) -> Result<bool, Error> {
    if customers::CREATED.count(store, shop, None).await? > 0 {
        return Ok(false);
    }
    load_levels(store, shop).await?;
    load_customers(store, shop).await?;
    load_order(store, shop).await?;
    discounts::load(store, shop).await?;
    Ok(true)
}

async fn load_levels(store: &Store, shop: &ShopId) -> Result<(), Error> {
    for (id, title, condition_points) in [(5, "初级会员", 0), (8, "黄金会员", 1000), (9, "白金会员", 2000)]
    {
        sequence::skip_to(store, shop, levels::LEVELS.name, id).await?;
        let draft = LevelDraft {
            title: title.to_owned(),
            condition_points: Some(condition_points),
            sign_points: None,
            gain_points: Some(Decimal::ZERO),
            redeem_points: None,
            redeem_limitation: None,
            redeem_limitation_monthly: None,
        };
        store.carry_out(|| levels::create(store, shop, draft.clone())).await?;
    }
    sequence::skip_to(store, shop, levels::LEVELS.name, 27).await
}

/// Parses a timestamp of the examples.
fn instant(text: &str) -> Result<DateTime<Utc>, Error> {
    timestamp::parse(text, Shop::DEFAULT_ZONE)
        .ok_or_else(|| Error::Internal(format!("invalid time in the demo data: {text}")))
}

async fn load_customers(store: &Store, shop: &ShopId) -> Result<(), Error> {
    let documented = CustomerDraft {
        mobile: Some("13400000000".to_owned()),
        full_name: Some("test".to_owned()),
        accepts_marketing: Some(true),
        created_at: Some(instant("2018-09-03T13:56:15.425250+08:00")?),
        updated_at: Some(instant("2018-09-03T13:56:15.425284+08:00")?),
        ..CustomerDraft::default()
    };
    let early = instant("2017-10-10T15:34:29+08:00")?;
    let of_codes = |mobile: &str| CustomerDraft {
        mobile: Some(mobile.to_owned()),
        created_at: Some(early),
        updated_at: Some(early),
        ..CustomerDraft::default()
    };
    let drafts = [
        (123, of_codes("15900960029")),
        (22750, of_codes("15900960030")),
        (50784, documented.clone()),
        (100_000, documented),
    ];
    for (id, draft) in drafts {
        store.carry_out(|| customers::put(store, shop, id, draft.clone(), early)).await?;
    }
    Ok(())
}

/// Stores the example order, and the ledger entry of 0 points that its 0.02 yuan earned.
async fn load_order(store: &Store, shop: &ShopId) -> Result<(), Error> {
    let unreadable = |error: serde_json::Error| Error::Internal(format!("invalid order in the demo data: {error}"));
    let (id, paid_at) = (2_528_283, instant("2018-09-04T13:55:20.294707+08:00")?);
    let body = serde_json::from_str(ORDER).map_err(unreadable)?;
    let mut snapshot = ::orders::wire::parse(id, &body, Shop::DEFAULT_ZONE).map_err(Error::Invalid)?;
    snapshot.body = order::body(id, ORDER)?;
    let shop = Shop::new(shop.clone());
    sequence::skip_to(store, &shop.id, POINT_HISTORY.name, 11_742).await?;
    store.carry_out(|| orders::rows::put(store, &shop, &snapshot, paid_at)).await?;
    sequence::skip_to(store, &shop.id, POINT_HISTORY.name, 92_921).await
}
