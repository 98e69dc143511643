//! Pricing a cart with the rules of a shop as they are: reads, and never writes.
//!
//! Side by side the automatic rules (one small item while they stay as they are), the customer and the texts of the codes;
//! then the codes with their coupons and rules; and of those rules that would apply and have a limit, what is used. Where
//! there are no codes, an instance that has read the automatic rules before reads that beside the first.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use futures_util::future::try_join3;

use super::{
    automatic_rules::{AutomaticRules, Rules},
    coupon_code_uses::Taken,
    coupon_codes::{self, Nested, Row},
    customers,
    order_uses::Freed,
    store::Store,
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
    let codes = async {
        let texts = coupon_codes::texts(store, shop, &asked.codes).await?;
        coupon_codes::behind(store, shop, &texts, &[]).await
    };
    let rules = try_join3(known.of(store, shop), Freed::read(store, shop, asked.now), ahead(store, shop, known, asked));
    let ((), (automatic, freed, ahead), (rows, nested)) = try_join3(customer, rules, codes).await?;
    let mut brought = Brought::default();
    let codes = asked.codes.iter().map(|text| {
        let refusal = rows.get(text).map_or(Some(Refusal::Unknown), |row| brought.add(row, &nested, asked, &freed));
        (text.clone(), refusal)
    });
    let codes = codes.collect();
    brought.add_drafts(asked);
    let ahead = ahead.filter(|ahead| Arc::ptr_eq(&ahead.automatic, &automatic));
    let (first, mut taken) = ahead.map_or_else(Default::default, |ahead| (Some(ahead.evaluation), ahead.taken));
    let pricing = Pricing { automatic: &automatic, brought: &brought, asked };
    let evaluation = pricing.within_limits(store, shop, first, &mut taken, &freed).await?;
    Ok(Priced { evaluation, codes })
}

/// A cart without codes by the automatic rules that the instance knows, which may not be those of the shop any more.
struct Ahead {
    automatic: Arc<Rules>,
    /// As if nothing were used.
    evaluation: Evaluation,
    /// What is used of the rules that apply so and have a limit.
    taken: Taken,
}

async fn ahead(store: &Store, shop: &ShopId, known: &AutomaticRules, asked: &Asked) -> Result<Option<Ahead>, Error> {
    let Some(automatic) = known.known(shop).filter(|_| asked.codes.is_empty()) else { return Ok(None) };
    let mut brought = Brought::default();
    brought.add_drafts(asked);
    let pricing = Pricing { automatic: &automatic, brought: &brought, asked };
    let evaluation = pricing.evaluate(&BTreeMap::new());
    let taken = Limited::read(store, shop, &pricing.limited(&evaluation, &BTreeMap::new())).await?;
    Ok(Some(Ahead { automatic, evaluation, taken }))
}

impl Brought {
    /// Adds the rules as they would be that no code brings.
    fn add_drafts(&mut self, asked: &Asked) {
        let drafts = asked.drafts.iter().filter(|draft| !self.owners.contains_key(&draft.id));
        self.candidates.extend(drafts.cloned().map(Candidate::new));
    }

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

/// What a cart is priced with.
#[derive(Clone, Copy)]
pub(super) struct Pricing<'a> {
    pub(super) automatic: &'a Rules,
    pub(super) brought: &'a Brought,
    pub(super) asked: &'a Asked,
}

impl<'a> Pricing<'a> {
    fn candidates(self) -> impl Iterator<Item = &'a Candidate> {
        let stored = self.automatic.candidates.iter();
        stored.filter(move |candidate| self.asked.draft(candidate.rule.id).is_none()).chain(&self.brought.candidates)
    }

    fn evaluate(self, uses: &BTreeMap<Id, Uses>) -> Evaluation {
        evaluate(&self.asked.cart, self.candidates(), self.asked.at, uses)
    }

    /// The rules that apply and have a limit, but for those whose uses are known.
    fn limited(self, evaluation: &Evaluation, uses: &BTreeMap<Id, Uses>) -> Vec<Limited> {
        let applied: BTreeSet<_> = evaluation.applied().map(|outcome| outcome.price_rule_id).collect();
        let rules = self.candidates().map(|candidate| &candidate.rule);
        let unknown = rules.filter(|rule| applied.contains(&rule.id) && !uses.contains_key(&rule.id));
        unknown.filter_map(|rule| self.limits(rule)).collect()
    }

    fn limits(self, rule: &PriceRule) -> Option<Limited> {
        let customer = self.brought.owners.get(&rule.id).copied().or(self.asked.customer_id);
        let by = customer.filter(|_| rule.once_per_customer);
        let in_all = rule.usage_limit > 0;
        (in_all || by.is_some()).then_some(Limited { rule: rule.id, in_all, by })
    }

    /// Prices the cart, and again with what is used of those rules that would apply and have a limit, until that is known
    /// of all. `first` is what comes out as if nothing were used, where that is known; `taken` has what was read of uses
    /// before, and then all that was.
    pub(super) async fn within_limits(
        self,
        store: &Store,
        shop: &ShopId,
        first: Option<Evaluation>,
        taken: &mut Taken,
        freed: &Freed,
    ) -> Result<Evaluation, Error> {
        let mut uses = BTreeMap::new();
        let mut evaluation = first.unwrap_or_else(|| self.evaluate(&uses));
        loop {
            let limited = self.limited(&evaluation, &uses);
            if limited.is_empty() {
                return Ok(evaluation);
            }
            let unread: Vec<_> = limited.iter().filter(|limited| !limited.is_read(shop, taken)).copied().collect();
            taken.extend(Limited::read(store, shop, &unread).await?);
            uses.extend(limited.iter().map(|limited| (limited.rule, limited.uses(shop, taken, freed))));
            evaluation = self.evaluate(&uses);
        }
    }
}

/// A rule of whose uses something matters.
#[derive(Debug, Clone, Copy)]
struct Limited {
    rule: Id,
    /// Whether all of them do.
    in_all: bool,
    /// Whose do.
    by: Option<Id>,
}

impl Limited {
    async fn read(store: &Store, shop: &ShopId, limited: &[Self]) -> Result<Taken, Error> {
        let in_all = limited.iter().filter(|limited| limited.in_all).map(|limited| limited.rule);
        Taken::read(store, shop, in_all, limited.iter().filter_map(|limited| Some((limited.by?, limited.rule)))).await
    }

    fn is_read(&self, shop: &ShopId, taken: &Taken) -> bool {
        (!self.in_all || taken.holds_in_all(self.rule))
            && self.by.is_none_or(|customer| taken.holds_of(shop, customer, self.rule))
    }

    /// The uses that count.
    fn uses(&self, shop: &ShopId, taken: &Taken, freed: &Freed) -> Uses {
        let freed = freed.of_rule(self.rule, self.by);
        let by_customer = self.by.map_or(0, |customer| taken.by_customer(shop, customer, self.rule));
        Uses {
            in_all: taken.in_all(self.rule).saturating_sub(freed.0),
            by_customer: by_customer.saturating_sub(freed.1),
        }
    }
}
