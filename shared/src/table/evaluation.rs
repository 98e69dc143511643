//! Pricing a cart with the rules of a shop as they are: reads, and never writes.
//!
//! Side by side the automatic rules (one small item while they stay as they are), the customer and the texts of the codes;
//! then the codes with their coupons and rules; and of those rules that would apply and have a limit, what is used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join3};

use super::{
    Item,
    automatic_rules::{AutomaticRules, Rules},
    counters::{self, Counter},
    coupon_codes::{self, Nested, Row},
    customers, entity, keys,
    order_uses::Freed,
    store::{Store, read_all},
};
use crate::{
    domain::{
        evaluation::{Candidate, Evaluation, Uses, cart::Cart, evaluate},
        id::Id,
        price_rule::PriceRule,
        shop::ShopId,
    },
    error::{Error, FieldErrors},
};

/// The most codes of one cart that is priced.
pub const MAX_CODES: usize = 100;

/// The most rules of one cart that are priced as they would be.
pub const MAX_DRAFTS: usize = 20;

/// What is to be priced.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose cart it is; without, a code is priced as its owner would see it.
    pub customer_id: Option<Id>,
    /// The cart.
    pub cart: Cart,
    /// Texts of codes, at most [`MAX_CODES`].
    pub codes: Vec<String>,
    /// Rules as they would be, each with an id of its own, at most [`MAX_DRAFTS`]. One with the id of a stored rule stands
    /// in its place; another is priced as the rule that would be created under its id. Those that are not automatic count
    /// as brought by a code.
    pub drafts: Vec<PriceRule>,
    /// The moment whose windows count. What is used stays used.
    pub at: DateTime<Utc>,
    /// When the request came.
    pub now: DateTime<Utc>,
}

impl Asked {
    fn draft(&self, rule: Id) -> Option<&PriceRule> {
        self.drafts.iter().find(|draft| draft.id == rule)
    }
}

/// Why a code does not bring its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No code has this text.
    Unknown,
    /// It is another customer's.
    Foreign,
    /// It was used.
    Used,
    /// Its rule has ended.
    Lapsed,
    /// Another code has brought its rule.
    Repeated,
}

impl Refusal {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Foreign => "foreign",
            Self::Used => "used",
            Self::Lapsed => "lapsed",
            Self::Repeated => "repeated",
        }
    }
}

/// A priced cart.
#[derive(Debug)]
pub struct Priced {
    /// What came out.
    pub evaluation: Evaluation,
    /// For each code that was sent, why it does not bring its rule.
    pub codes: Vec<(String, Option<Refusal>)>,
}

/// The rules of codes, and the customer whose uses of each count.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) candidates: Vec<Candidate>,
    pub(super) owners: HashMap<Id, Id>,
}

/// Prices a cart.
///
/// # Errors
/// [`Error::Invalid`] where there is no such customer.
pub async fn price(store: &Store, shop: &ShopId, known: &AutomaticRules, asked: &Asked) -> Result<Priced, Error> {
    let customer = async {
        match asked.customer_id {
            Some(id) if customers::get(store, shop, id).await?.is_none() => {
                Err(Error::Invalid(FieldErrors::missing("customer_id", id)))
            }
            _ => Ok(()),
        }
    };
    let codes = coupon_codes::by_texts(store, shop, &asked.codes, &[]);
    let rules = try_join(known.of(store, shop), Freed::read(store, shop, asked.now));
    let ((), (automatic, freed), (rows, nested)) = try_join3(customer, rules, codes).await?;
    let mut brought = Brought::default();
    let codes = asked.codes.iter().map(|text| {
        let refusal = rows.get(text).map_or(Some(Refusal::Unknown), |row| brought.add(row, &nested, asked, &freed));
        (text.clone(), refusal)
    });
    let codes = codes.collect();
    let drafts = asked.drafts.iter().filter(|draft| !brought.owners.contains_key(&draft.id));
    let drafts: Vec<_> = drafts.cloned().map(Candidate::new).collect();
    brought.candidates.extend(drafts);
    let evaluation = within_limits(store, shop, (&automatic, &brought), asked, &freed).await?;
    Ok(Priced { evaluation, codes })
}

impl Brought {
    /// Adds the rule of a code, or says why not. A lapsed code brings its rule too, which then explains by how much.
    fn add(&mut self, row: &Row, nested: &Nested, asked: &Asked, freed: &Freed) -> Option<Refusal> {
        let code = &row.code;
        if nested.terms(code).is_none() {
            return Some(Refusal::Unknown);
        }
        if asked.customer_id.is_some_and(|customer| customer != code.customer_id) {
            return Some(Refusal::Foreign);
        }
        if code.used_at.is_some() && !freed.codes.contains(&code.id) {
            return Some(Refusal::Used);
        }
        let rule = asked.draft(code.price_rule_id).or_else(|| nested.rules.get(&code.price_rule_id));
        let Some(rule) = rule else { return Some(Refusal::Unknown) };
        if self.owners.contains_key(&rule.id) {
            return Some(Refusal::Repeated);
        }
        self.owners.insert(rule.id, code.customer_id);
        self.candidates.push(Candidate::new(rule.clone()));
        rule.has_ended(asked.at).then_some(Refusal::Lapsed)
    }
}

/// Prices a cart, and again with what is used of those rules that would apply and have a limit, until that is known of all.
pub(super) async fn within_limits(
    store: &Store,
    shop: &ShopId,
    (automatic, brought): (&Rules, &Brought),
    asked: &Asked,
    freed: &Freed,
) -> Result<Evaluation, Error> {
    let stored = || automatic.candidates.iter().filter(|candidate| asked.draft(candidate.rule.id).is_none());
    let all = || stored().chain(&brought.candidates);
    let mut uses = BTreeMap::new();
    loop {
        let evaluation = evaluate(&asked.cart, all(), asked.at, &uses);
        let unread: BTreeSet<_> = evaluation.applied().map(|outcome| outcome.price_rule_id).collect();
        let unread =
            all().filter(|candidate| unread.contains(&candidate.rule.id) && !uses.contains_key(&candidate.rule.id));
        let limited: Vec<_> = unread
            .filter_map(|candidate| {
                let rule = &candidate.rule;
                let customer = brought.owners.get(&rule.id).copied().or(asked.customer_id);
                let customer = customer.filter(|_| rule.once_per_customer);
                (rule.usage_limit > 0 || customer.is_some()).then_some((rule.id, rule.usage_limit > 0, customer))
            })
            .collect();
        if limited.is_empty() {
            return Ok(evaluation);
        }
        uses.extend(read_uses(store, shop, &limited, freed).await?);
    }
}

/// What is used of these rules: in all, where that is asked for, and by a customer, where one is named.
async fn read_uses(
    store: &Store,
    shop: &ShopId,
    rules: &[(Id, bool, Option<Id>)],
    freed: &Freed,
) -> Result<BTreeMap<Id, Uses>, Error> {
    let in_all = rules.iter().filter(|(_, in_all, _)| *in_all).map(async |(rule, ..)| {
        let shards = counters::read(store, shop, Counter::UsesOf(*rule)).await?;
        Ok::<_, Error>((*rule, u64::try_from(shards.quota.count()).unwrap_or(0)))
    });
    let customers = rules.iter().filter_map(|(rule, _, customer)| Some(keys::customer_uses(shop, (*customer)?, *rule)));
    let customers: BTreeSet<_> = customers.collect();
    let (in_all, items) =
        try_join(read_all(in_all.collect()), store.batch_get(customers.into_iter().collect())).await?;
    let in_all: HashMap<_, _> = in_all.into_iter().collect();
    let items: HashMap<_, Item> = items.into_iter().filter_map(|item| Some((entity::key(&item)?, item))).collect();
    let of = |(rule, _, customer): &(Id, bool, Option<Id>)| {
        let item = customer.and_then(|customer| items.get(&keys::customer_uses(shop, customer, *rule)));
        let by_customer = item.map_or(0, |item| super::coupon_code_uses::live_uses(item, *rule));
        let in_all = in_all.get(rule).copied().unwrap_or(0);
        let freed = freed.of_rule(*rule, *customer);
        (*rule, Uses { in_all: in_all.saturating_sub(freed.0), by_customer: by_customer.saturating_sub(freed.1) })
    };
    Ok(rules.iter().map(of).collect())
}
