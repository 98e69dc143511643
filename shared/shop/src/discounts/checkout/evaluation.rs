//! Evaluation of a cart by the current price rules of a shop (docs/api/evaluation.md). It reads and never writes.
//!
//! The reads are, one after the other:
//!
//! 1. In parallel: the automatic rules (one small item while the cached rules are current), the customer, the texts of
//!    the codes, and the overlay of released uses.
//! 2. The codes with their coupons and rules.
//! 3. The counted uses of those rules that would apply and have a limit.
//!
//! For a cart without codes, an instance that has cached the automatic rules does step 3 in parallel with step 1.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use futures_util::future::try_join3;

use crate::{
    crm::customers,
    discounts::{
        codes::{
            self,
            rows::{Nested, Row},
            uses::CountedUses,
        },
        rules::automatic::{AutomaticRules, Rules},
    },
    orders::uses::ReleasedUses,
};
use domain::{
    error::{Error, FieldErrors},
    evaluation::{Candidate, Evaluation, Uses, cart::Cart, evaluate},
    id::Id,
    price_rule::PriceRule,
    shop::ShopId,
};
use store::client::Store;

/// Largest number of codes in one evaluation.
pub const MAX_CODES: usize = 100;

/// Largest number of draft price rules in one evaluation.
pub const MAX_DRAFTS: usize = 20;

/// Input of an evaluation.
#[derive(Debug, Clone)]
pub struct EvaluationRequest {
    /// Customer of the cart. Without one, each code is priced for its owner.
    pub customer_id: Option<Id>,
    /// Lines and shipping price to evaluate.
    pub cart: Cart,
    /// Texts of codes, at most [`MAX_CODES`].
    pub codes: Vec<String>,
    /// Draft price rules, each with an id of its own, at most [`MAX_DRAFTS`]. A draft with the id of a stored rule
    /// replaces that rule; any other draft is priced as a new rule with this id. A draft that is not automatic is
    /// priced as if a code had named it.
    pub drafts: Vec<PriceRule>,
    /// Instant that the windows of rules are compared with. It does not change which uses are counted.
    pub at: DateTime<Utc>,
    /// Instant of the request.
    pub now: DateTime<Utc>,
}

impl EvaluationRequest {
    fn draft(&self, rule: Id) -> Option<&PriceRule> {
        self.drafts.iter().find(|draft| draft.id == rule)
    }
}

/// Reason for a code whose rule is not applied by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No code has this text.
    Unknown,
    /// The code is another customer's.
    Foreign,
    /// The code is used.
    Used,
    /// The rule of the code has ended.
    Lapsed,
    /// Another code of the cart has the same rule.
    Repeated,
}

impl Refusal {
    /// Returns the name of the reason in replies.
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

/// Result of an evaluation.
#[derive(Debug)]
pub struct Priced {
    /// The priced lines, shipping, totals and rules.
    pub evaluation: Evaluation,
    /// The text of each code as it was sent, with the reason if its rule is not applied by it.
    pub codes: Vec<(String, Option<Refusal>)>,
}

/// Rules of the codes and drafts in the request, and the customer whose uses of a rule count, by rule id.
#[derive(Debug, Default)]
pub(crate) struct RulesOfCodes {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) owners: HashMap<Id, Id>,
}

/// Evaluates a cart.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer.
pub async fn price(
    store: &Store,
    shop: &ShopId,
    known: &AutomaticRules,
    request: &EvaluationRequest,
) -> Result<Priced, Error> {
    let customer = async {
        match request.customer_id {
            Some(id) if customers::get(store, shop, id).await?.is_none() => {
                Err(Error::Invalid(FieldErrors::missing("customer_id", id)))
            }
            _ => Ok(()),
        }
    };
    let codes = async {
        let texts = codes::rows::texts(store, shop, &request.codes).await?;
        codes::rows::behind(store, shop, &texts, &[]).await
    };
    let rules = try_join3(
        known.of(store, shop),
        ReleasedUses::read(store, shop, request.now),
        ahead(store, shop, known, request),
    );
    let ((), (automatic, released, ahead), (rows, nested)) = try_join3(customer, rules, codes).await?;
    let mut brought = RulesOfCodes::default();
    let codes = request.codes.iter().map(|text| {
        let refusal =
            rows.get(text).map_or(Some(Refusal::Unknown), |row| brought.add(row, &nested, request, &released));
        (text.clone(), refusal)
    });
    let codes = codes.collect();
    brought.add_drafts(request);
    let ahead = ahead.filter(|ahead| Arc::ptr_eq(&ahead.automatic, &automatic));
    let (first, mut taken) = ahead.map_or_else(Default::default, |ahead| (Some(ahead.evaluation), ahead.taken));
    let pricing = Pricing { automatic: &automatic, brought: &brought, request };
    let evaluation = pricing.within_limits(store, shop, first, &mut taken, &released).await?;
    Ok(Priced { evaluation, codes })
}

/// Evaluation of a cart without codes by the cached automatic rules, which may be out of date.
struct CachedEvaluation {
    automatic: Arc<Rules>,
    /// Result without any counted use.
    evaluation: Evaluation,
    /// Counted uses of the rules that apply in this result and have a limit.
    taken: CountedUses,
}

async fn ahead(
    store: &Store,
    shop: &ShopId,
    known: &AutomaticRules,
    request: &EvaluationRequest,
) -> Result<Option<CachedEvaluation>, Error> {
    let Some(automatic) = known.known(shop).filter(|_| request.codes.is_empty()) else { return Ok(None) };
    let mut brought = RulesOfCodes::default();
    brought.add_drafts(request);
    let pricing = Pricing { automatic: &automatic, brought: &brought, request };
    let evaluation = pricing.evaluate(&BTreeMap::new());
    let taken = LimitedRule::read(store, shop, &pricing.limited(&evaluation, &BTreeMap::new())).await?;
    Ok(Some(CachedEvaluation { automatic, evaluation, taken }))
}

impl RulesOfCodes {
    /// Adds the draft rules that no code has added.
    fn add_drafts(&mut self, request: &EvaluationRequest) {
        let drafts = request.drafts.iter().filter(|draft| !self.owners.contains_key(&draft.id));
        self.candidates.extend(drafts.cloned().map(Candidate::new));
    }

    /// Adds the rule of a code. Returns the reason if the code is not valid. An expired code adds its rule too, so that
    /// the reply can show the end that was passed.
    fn add(
        &mut self,
        row: &Row,
        nested: &Nested,
        request: &EvaluationRequest,
        released: &ReleasedUses,
    ) -> Option<Refusal> {
        let code = &row.code;
        if nested.terms(code).is_none() {
            return Some(Refusal::Unknown);
        }
        if request.customer_id.is_some_and(|customer| customer != code.customer_id) {
            return Some(Refusal::Foreign);
        }
        if code.used_at.is_some() && !released.codes.contains(&code.id) {
            return Some(Refusal::Used);
        }
        let rule = request.draft(code.price_rule_id).or_else(|| nested.rules.get(&code.price_rule_id));
        let Some(rule) = rule else { return Some(Refusal::Unknown) };
        if self.owners.contains_key(&rule.id) {
            return Some(Refusal::Repeated);
        }
        self.owners.insert(rule.id, code.customer_id);
        self.candidates.push(Candidate::new(rule.clone()));
        rule.has_ended(request.at).then_some(Refusal::Lapsed)
    }
}

/// Rules and input of an evaluation.
#[derive(Clone, Copy)]
pub(crate) struct Pricing<'a> {
    pub(crate) automatic: &'a Rules,
    pub(crate) brought: &'a RulesOfCodes,
    pub(crate) request: &'a EvaluationRequest,
}

impl<'a> Pricing<'a> {
    fn candidates(self) -> impl Iterator<Item = &'a Candidate> {
        let stored = self.automatic.candidates.iter();
        stored.filter(move |candidate| self.request.draft(candidate.rule.id).is_none()).chain(&self.brought.candidates)
    }

    fn evaluate(self, uses: &BTreeMap<Id, Uses>) -> Evaluation {
        evaluate(&self.request.cart, self.candidates(), self.request.at, uses)
    }

    /// Returns the rules that apply and have a limit, without those whose uses are in `uses`.
    fn limited(self, evaluation: &Evaluation, uses: &BTreeMap<Id, Uses>) -> Vec<LimitedRule> {
        let applied: BTreeSet<_> = evaluation.applied().map(|outcome| outcome.price_rule_id).collect();
        let rules = self.candidates().map(|candidate| &candidate.rule);
        let unknown = rules.filter(|rule| applied.contains(&rule.id) && !uses.contains_key(&rule.id));
        unknown.filter_map(|rule| self.limits(rule)).collect()
    }

    fn limits(self, rule: &PriceRule) -> Option<LimitedRule> {
        let customer = self.brought.owners.get(&rule.id).copied().or(self.request.customer_id);
        let by = customer.filter(|_| rule.once_per_customer);
        let in_all = rule.usage_limit > 0;
        (in_all || by.is_some()).then_some(LimitedRule { rule: rule.id, in_all, by })
    }

    /// Evaluates the cart, and again with the counted uses of the rules that apply and have a limit, until the uses of
    /// all such rules are known. `first` is the result without counted uses, if it is known. `taken` has the uses that
    /// were read before, and gets all that are read here.
    pub(crate) async fn within_limits(
        self,
        store: &Store,
        shop: &ShopId,
        first: Option<Evaluation>,
        taken: &mut CountedUses,
        released: &ReleasedUses,
    ) -> Result<Evaluation, Error> {
        let mut uses = BTreeMap::new();
        let mut evaluation = first.unwrap_or_else(|| self.evaluate(&uses));
        loop {
            let limited = self.limited(&evaluation, &uses);
            if limited.is_empty() {
                return Ok(evaluation);
            }
            let unread: Vec<_> = limited.iter().filter(|limited| !limited.is_read(shop, taken)).copied().collect();
            taken.extend(LimitedRule::read(store, shop, &unread).await?);
            uses.extend(limited.iter().map(|limited| (limited.rule, limited.uses(shop, taken, released))));
            evaluation = self.evaluate(&uses);
        }
    }
}

/// A rule with a limit, and the uses that the limit counts.
#[derive(Debug, Clone, Copy)]
struct LimitedRule {
    rule: Id,
    /// True if the limit counts the uses of all customers.
    in_all: bool,
    /// Customer whose uses the limit counts; `None` without `once_per_customer`.
    by: Option<Id>,
}

impl LimitedRule {
    async fn read(store: &Store, shop: &ShopId, limited: &[Self]) -> Result<CountedUses, Error> {
        let in_all = limited.iter().filter(|limited| limited.in_all).map(|limited| limited.rule);
        CountedUses::read(store, shop, in_all, limited.iter().filter_map(|limited| Some((limited.by?, limited.rule))))
            .await
    }

    fn is_read(&self, shop: &ShopId, taken: &CountedUses) -> bool {
        (!self.in_all || taken.holds_in_all(self.rule))
            && self.by.is_none_or(|customer| taken.holds_of(shop, customer, self.rule))
    }

    /// Returns the uses that count for the limit, without released ones.
    fn uses(&self, shop: &ShopId, taken: &CountedUses, released: &ReleasedUses) -> Uses {
        let released = released.of_rule(self.rule, self.by);
        let by_customer = self.by.map_or(0, |customer| taken.by_customer(shop, customer, self.rule));
        Uses {
            in_all: taken.in_all(self.rule).saturating_sub(released.0),
            by_customer: by_customer.saturating_sub(released.1),
        }
    }
}
