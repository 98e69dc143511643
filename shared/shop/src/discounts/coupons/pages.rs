//! Lists of coupons (docs/api/coupons.md). A list without a filter, or with a filter by `can_redeem` alone, finds its
//! page by tallies. Every other filter selects from a bounded collection: the coupons of some ids, prefixes or rules,
//! or all coupons of the shop, at most [`MAX_COUPONS`].

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};

use crate::discounts::{
    coupons::rows::{COUPONS, by_ids, classes, ids_by_prefix, live},
    rules::{self, overlay::coupons_of_rule, rows::OfCoupons},
};
use domain::{
    coupon::{Coupon, MAX_COUPONS},
    error::Error,
    id::Id,
    shop::ShopId,
};
use store::{
    client::Store,
    pages::{Direction, Page, PageNumber, Select, paginate},
};

/// Largest number of rules whose coupons are read rule by rule. For more rules all coupons of the shop are read.
const FEW: usize = 10;

/// Filter of a list of coupons.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only coupons with these ids.
    pub ids: Option<Vec<Id>>,
    /// Only coupons with these prefixes.
    pub prefixes: Option<Vec<String>>,
    /// Only coupons that can be claimed, or only the others.
    pub can_redeem: Option<bool>,
    /// Only coupons whose rule passes this filter.
    pub rules: OfCoupons,
    /// Only coupons created at or after this instant.
    pub created_from: Option<DateTime<Utc>>,
    /// Only coupons created at or before this instant.
    pub created_until: Option<DateTime<Utc>>,
}

impl Filter {
    /// True if tallies count exactly the coupons that the filter selects.
    fn is_tallied(&self) -> bool {
        let created = self.created_from.is_some() || self.created_until.is_some();
        self.ids.is_none() && self.prefixes.is_none() && self.rules.is_empty() && !created
    }
}

/// Reads a page of coupons.
pub async fn page(store: &Store, shop: &ShopId, filter: &Filter, select: &Select) -> Result<Page<Coupon>, Error> {
    if filter.is_tallied() {
        let select = Select { classes: Some(classes(filter.can_redeem)), ..select.clone() };
        let page = COUPONS.page(store, shop, &select).await?;
        return page.try_map(|row| live(row)?.ok_or_else(|| Error::Internal("a list has a deleted coupon".to_owned())));
    }
    let rules = async {
        if filter.rules.is_empty() {
            return Ok(None);
        }
        rules::rows::ids_of(store, shop, &filter.rules).await.map(Some)
    };
    let named = filter.ids.is_some() || filter.prefixes.is_some();
    let (rules, mut coupons) = if named {
        try_join(rules, by_name(store, shop, filter)).await?
    } else if filter.rules.title.is_some() {
        // A title selects few rules.
        let rules = rules.await?;
        let coupons = of_rules(store, shop, rules.as_ref()).await?;
        (rules, coupons)
    } else {
        try_join(rules, all(store, shop)).await?
    };
    coupons.retain(|coupon| {
        select.holds(coupon.id)
            && rules.as_ref().is_none_or(|rules| rules.contains(&coupon.price_rule_id))
            && filter.can_redeem.is_none_or(|can_redeem| coupon.can_redeem == can_redeem)
            && filter.created_from.is_none_or(|from| coupon.created_at >= from)
            && filter.created_until.is_none_or(|until| coupon.created_at <= until)
    });
    coupons.sort_unstable_by_key(|coupon| coupon.id);
    if select.direction == Direction::Descending {
        coupons.reverse();
    }
    paginate::of_rows(coupons, select.number, select.size)
}

/// Reads the coupons that are named by id, by prefix, or by both.
async fn by_name(store: &Store, shop: &ShopId, filter: &Filter) -> Result<Vec<Coupon>, Error> {
    let ids = match (&filter.ids, &filter.prefixes) {
        (Some(ids), None) => ids.clone(),
        (ids, prefixes) => {
            let found = ids_by_prefix(store, shop, prefixes.as_deref().unwrap_or_default()).await?;
            found.into_iter().filter(|id| ids.as_ref().is_none_or(|ids| ids.contains(id))).collect()
        }
    };
    Ok(by_ids(store, shop, &ids).await?.into_values().collect())
}

/// Reads the coupons of these rules. Reads all coupons of the shop for `None` or for more than [`FEW`] rules.
async fn of_rules(store: &Store, shop: &ShopId, rules: Option<&BTreeSet<Id>>) -> Result<Vec<Coupon>, Error> {
    let Some(rules) = rules.filter(|rules| rules.len() <= FEW) else { return all(store, shop).await };
    let of_rules = rules.iter().map(|rule| coupons_of_rule(store, shop, *rule));
    let ids: Vec<_> = try_join_all(of_rules).await?.into_iter().flatten().collect();
    Ok(by_ids(store, shop, &ids).await?.into_values().collect())
}

async fn all(store: &Store, shop: &ShopId) -> Result<Vec<Coupon>, Error> {
    let all = Select {
        classes: Some(classes(None)),
        number: PageNumber::Number(1),
        ..Select::first(2 * MAX_COUPONS, Direction::Ascending)
    };
    let rows = COUPONS.page(store, shop, &all).await?.rows;
    rows.into_iter().filter_map(|row| live(row).transpose()).collect()
}
