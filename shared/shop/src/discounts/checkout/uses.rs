//! Use of codes at the checkout: an order uses all the codes of a request, or none (docs/api/checkout.md).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Duration, Utc};
use futures_util::future::try_join3;

use crate::{
    discounts::{
        checkout::evaluation::{self, Pricing, RulesOfCodes},
        codes::{
            self,
            rows::{Nested, Row},
            uses::{self, CountedUses, UseRefusal},
        },
        counters::{self, Change, Counter, Shards},
        rules::automatic::{AutomaticRules, Rules},
    },
    orders::{
        self,
        uses::{ReleasedUses, VersionedUses},
    },
};
use domain::{
    coupon_code::CouponCode,
    error::{Error, FieldErrors},
    evaluation::{Candidate, Outcome, cart::Cart},
    id::Id,
    order_uses::{MAX_CODES, MAX_RULES, OrderUses, Use},
    price_rule::PriceRule,
    shop::ShopId,
};
use store::{
    client::Store,
    transaction::{MAX_ITEMS, Transaction},
};

/// Input of a use.
#[derive(Debug, Clone)]
pub struct UseRequest {
    /// Texts of codes: at most [`MAX_CODES`], each once. May be empty only with a cart.
    pub codes: Vec<String>,
    /// Customer who owns the codes.
    pub customer_id: Id,
    /// Id of the order, which need not be stored.
    pub order_id: Id,
    /// Cart of the order. With a cart, the rule of each code must apply, and automatic rules that apply are used too.
    pub cart: Option<Cart>,
    /// Length of the hold: the uses are released if the order is not paid by its end. `None` for uses without a hold.
    pub hold: Option<Duration>,
}

/// Result of a use.
#[derive(Debug)]
pub struct Used {
    /// The used codes, in the order of the request.
    pub codes: Vec<CouponCode>,
    /// Customers, coupons and rules of the codes. The rules are those of the use.
    pub nested: Nested,
    /// True if copies of the codes are still to be written. [`settle`](crate::orders::settling::settle) writes them.
    pub unstored: bool,
}

fn wrong(errors: impl IntoIterator<Item = (usize, String)>) -> FieldErrors {
    let errors = errors.into_iter().map(|(index, message)| (index.to_string().into(), FieldErrors::message(message)));
    FieldErrors::Fields(vec![("codes".into(), FieldErrors::Fields(errors.collect()))])
}

/// Plans that an order uses codes and, with a cart, the automatic rules that apply to it. Conditions on the quota
/// shards hold the limits. Conditions on the order's record and on the codes ensure that the order was not cancelled
/// and no code was used meanwhile.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer or code, another customer's code, a code that takes nothing off the cart,
/// and more codes or rules than an order may use. [`Error::Conflict`] for a code that is used, expired or over a limit,
/// and for an order that is cancelled or another customer's.
pub async fn use_codes(
    store: &Store,
    shop: &ShopId,
    known: &AutomaticRules,
    request: &UseRequest,
    now: DateTime<Utc>,
) -> Result<(Transaction, Used), Error> {
    let automatic = async {
        match request.cart {
            Some(_) => known.of(store, shop).await.map(Some),
            None => Ok(None),
        }
    };
    // The record is read first. A cancellation after this reading changes the record, so the use is refused.
    let order = async {
        let record = orders::uses::read(store, shop, request.order_id).await?;
        Ok((record, orders::effects::effects(store, shop, request.order_id).await?))
    };
    let codes = Codes::read(store, shop, request);
    let ((record, order), codes, automatic) = try_join3(order, codes, automatic).await?;
    let Codes { mut rows, nested, counters, mut taken } = codes;
    let rows = own(request, &mut rows, &nested)?;
    if order.is_some_and(|order| order.effects.cancelled) {
        return Err(Error::conflict("This order is cancelled."));
    }
    if record.uses.live().next().is_some() && record.uses.customer_id != request.customer_id {
        return Err(Error::conflict("This order uses codes of another customer."));
    }
    let rules = usable(&rows, &nested, now)?;
    let mut exhausted = BTreeSet::new();
    loop {
        let mut applied = Vec::new();
        if let (Some(cart), Some(automatic)) = (&request.cart, &automatic) {
            let left = (!exhausted.is_empty()).then(|| automatic.without(&exhausted));
            let automatic = left.as_ref().unwrap_or(automatic);
            let codes = (&record.uses, rules.as_slice(), &mut taken);
            applied = on_cart(store, shop, (request, cart, now), automatic, codes).await?;
        }
        // An order counts an automatic rule once.
        applied.retain(|(rule, _)| !record.uses.live().any(|used| used.price_rule_id == rule.id));
        within_bounds(&record.uses, &rules, applied.len())?;
        let (transaction, uses, record) = (Transaction::default(), Vec::new(), record.clone());
        let plan = Plan { request, now, record, nested: &nested, transaction, uses };
        match plan.make(store, shop, (&rows, &rules, &counters), (&applied, &mut taken)).await {
            Ok((transaction, codes, unstored)) => return Ok((transaction, Used { codes, nested, unstored })),
            // The limit of an automatic rule was used up after the cart was priced, so the rule is not applied.
            Err(UseRefusal::Limit(rule, _)) if applied.iter().any(|(applied, _)| applied.id == rule) => {
                exhausted.insert(rule);
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

/// Codes as they were read, with all that their use depends on. The pointers of the texts name all of it.
struct Codes {
    /// The codes, by text.
    rows: HashMap<String, Row>,
    nested: Nested,
    /// Quota shards of the coupons, by coupon id.
    counters: HashMap<Id, Shards>,
    /// Counted uses of the rules of the codes.
    taken: CountedUses,
}

impl Codes {
    /// Reads the codes: 2 round trips.
    async fn read(store: &Store, shop: &ShopId, request: &UseRequest) -> Result<Self, Error> {
        let texts = codes::rows::texts(store, shop, &request.codes).await?;
        let coupons: BTreeSet<_> = texts.iter().map(|text| text.coupon_id).collect();
        let rules = texts.iter().map(|text| text.price_rule_id).collect();
        let ((rows, nested), counters, taken) = try_join3(
            codes::rows::behind(store, shop, &texts, &[request.customer_id]),
            counters::read_each(store, shop, Counter::CodesOf, coupons),
            CountedUses::before_use(store, shop, request.customer_id, &rules),
        )
        .await?;
        Ok(Self { rows, nested, counters, taken })
    }
}

/// Returns the rows of the codes in the order of the request.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer, and for each code that is unknown or another customer's.
fn own(request: &UseRequest, rows: &mut HashMap<String, Row>, nested: &Nested) -> Result<Vec<Row>, Error> {
    let mut found = Vec::with_capacity(request.codes.len());
    let mut errors = Vec::new();
    for (index, text) in request.codes.iter().enumerate() {
        match rows.remove(text).filter(|row| nested.terms(&row.code).is_some()) {
            None => errors.push((index, format!("Object with code={text} does not exist."))),
            Some(row) if row.code.customer_id != request.customer_id => {
                errors.push((index, "This code is another customer's.".to_owned()));
            }
            Some(row) => found.push(row),
        }
    }
    // No code can belong to an unknown customer, so only the error of the customer is answered.
    if !nested.customers.contains_key(&request.customer_id) {
        return Err(Error::Invalid(FieldErrors::missing("customer_id", request.customer_id)));
    }
    if errors.is_empty() { Ok(found) } else { Err(Error::Invalid(wrong(errors))) }
}

/// Returns the rule of each code, in the order of the request.
///
/// # Errors
/// [`Error::Conflict`] for a code that is used, or whose rule has ended, is not enabled or has not started.
fn usable<'a>(rows: &[Row], nested: &'a Nested, now: DateTime<Utc>) -> Result<Vec<&'a PriceRule>, Error> {
    let rule = |row: &Row| {
        let code = &row.code;
        let conflict = |reason: &str| Err(Error::conflict(format!("The code {} {reason}.", code.code)));
        if code.used_at.is_some() {
            return conflict("is used");
        }
        match nested.rules.get(&code.price_rule_id) {
            Some(rule) if rule.has_ended(now) => conflict("has expired"),
            Some(rule) if !rule.is_enabled => conflict("is not enabled"),
            Some(rule) if !rule.has_started(now) => conflict("cannot be used yet"),
            Some(rule) => Ok(rule),
            None => conflict("has no price rule"),
        }
    };
    rows.iter().map(rule).collect()
}

/// An automatic rule that applies, with its version number.
type Applied = (PriceRule, u64);

/// Prices the cart with the automatic rules and the rules of the codes. Returns the automatic rules that apply.
///
/// # Errors
/// [`Error::Invalid`] for each code whose rule does not apply. [`Error::Conflict`] for two codes of one rule, and for a
/// rule that the order uses already.
async fn on_cart(
    store: &Store,
    shop: &ShopId,
    (request, cart, now): (&UseRequest, &Cart, DateTime<Utc>),
    automatic: &Rules,
    (order, rules, taken): (&OrderUses, &[&PriceRule], &mut CountedUses),
) -> Result<Vec<Applied>, Error> {
    let mut brought = RulesOfCodes::default();
    for rule in rules {
        if order.live().any(|used| used.price_rule_id == rule.id) {
            let reason = format!("This order uses the price rule {} already, which applies once.", rule.id);
            return Err(Error::conflict(reason));
        }
        if brought.owners.insert(rule.id, request.customer_id).is_some() {
            return Err(Error::conflict(format!(
                "Two of these codes are of the price rule {}, which applies once.",
                rule.id
            )));
        }
        brought.candidates.push(Candidate::new((*rule).clone()));
    }
    let customer_id = Some(request.customer_id);
    let (cart, codes, drafts) = (cart.clone(), Vec::new(), Vec::new());
    let priced = evaluation::EvaluationRequest { customer_id, cart, codes, drafts, at: now, now };
    let pricing = Pricing { automatic, brought: &brought, request: &priced };
    let evaluation = pricing.within_limits(store, shop, None, taken, &ReleasedUses::of_order(order)).await?;
    let outcomes: HashMap<_, _> = evaluation.rules.iter().map(|outcome| (outcome.price_rule_id, outcome)).collect();
    let mut errors = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let outcome = outcomes.get(&rule.id).filter(|outcome| !outcome.applied());
        if let Some(outcome) = outcome {
            errors.push((index, does_not_apply(rule, outcome)?));
        }
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(wrong(errors)));
    }
    let applies = |candidate: &&Candidate| outcomes.get(&candidate.rule.id).is_some_and(|outcome| outcome.applied());
    let version = |rule: Id| automatic.rule_versions.get(&rule).copied().unwrap_or_default();
    let applied = automatic.candidates.iter().filter(applies);
    Ok(applied.map(|candidate| (candidate.rule.clone(), version(candidate.rule.id))).collect())
}

/// Returns the reason for which a code's rule takes nothing off a cart.
///
/// # Errors
/// [`Error::Conflict`] if the reason is a limit.
fn does_not_apply(rule: &PriceRule, outcome: &Outcome) -> Result<String, Error> {
    match outcome.failed.iter().map(|failure| failure.predicate).next() {
        Some("usage_limit") => Err(Error::conflict(format!("The usage limit of {} is reached.", rule.usage_limit))),
        Some("once_per_customer") => Err(Error::conflict("The customer has used this price rule already.")),
        Some(predicate) => Ok(format!("This code does not apply to the cart: {predicate}.")),
        None => Ok("This code takes nothing off the cart.".to_owned()),
    }
}

/// Checks that the order uses at most [`MAX_CODES`] codes and [`MAX_RULES`] rules together with the new ones.
fn within_bounds(order: &OrderUses, rules: &[&PriceRule], automatic: usize) -> Result<(), Error> {
    if order.live_codes().len() + rules.len() > MAX_CODES {
        return Err(Error::field("codes", format!("Ensure this order uses no more than {MAX_CODES} codes.")));
    }
    let live: BTreeSet<_> = order.live().map(|used| used.price_rule_id).collect();
    let rules: BTreeSet<_> = rules.iter().map(|rule| rule.id).collect();
    if live.union(&rules).count() + automatic > MAX_RULES {
        let message = format!("Ensure no more than {MAX_RULES} price rules apply to this order.");
        return Err(Error::field("cart", message));
    }
    Ok(())
}

/// A plan of a use that is being built.
struct Plan<'a> {
    request: &'a UseRequest,
    now: DateTime<Utc>,
    record: VersionedUses,
    nested: &'a Nested,
    transaction: Transaction,
    uses: Vec<Use>,
}

impl Plan<'_> {
    fn used(&self, code_id: Option<Id>, price_rule_id: Id, rule_version: u64) -> Use {
        Use {
            code_id,
            price_rule_id,
            rule_version,
            used_at: self.now,
            held_until: self.request.hold.map(|hold| self.now + hold),
            released_at: None,
            stored: true,
        }
    }

    /// Builds the plan. Returns the used codes, and true if copies of them are still to be written.
    async fn make(
        mut self,
        store: &Store,
        shop: &ShopId,
        (rows, rules, counters): (&[Row], &[&PriceRule], &HashMap<Id, Shards>),
        (applied, taken): (&[Applied], &mut CountedUses),
    ) -> Result<(Transaction, Vec<CouponCode>, bool), UseRefusal> {
        self.take(store, shop, rules, (applied, taken)).await?;
        Ok(self.write(shop, rows, counters)?)
    }

    /// Takes the uses of the rules under their limits. Pricing the cart did not read the uses of automatic rules
    /// without a limit, so they are read here.
    async fn take(
        &mut self,
        store: &Store,
        shop: &ShopId,
        rules: &[&PriceRule],
        (applied, taken): (&[Applied], &mut CountedUses),
    ) -> Result<(), UseRefusal> {
        let mut times: BTreeMap<Id, (&PriceRule, u64)> = BTreeMap::new();
        for rule in rules.iter().copied().chain(applied.iter().map(|(rule, _)| rule)) {
            times.entry(rule.id).or_insert((rule, 0)).1 += 1;
        }
        let customer = self.request.customer_id;
        let unread = times.keys().copied().filter(|rule| !taken.holds_in_all(*rule));
        let of_customer = times.keys().filter(|rule| !taken.holds_of(shop, customer, **rule));
        let of_customer = of_customer.map(|rule| (customer, *rule));
        let read = CountedUses::read(store, shop, unread, of_customer).await?;
        taken.extend(read);
        let times: Vec<_> = times.into_values().collect();
        uses::take(&mut self.transaction, store, shop, (customer, taken), &times).await?;
        let automatic = applied.iter().map(|(rule, version)| self.used(None, rule.id, *version));
        self.uses = automatic.collect();
        Ok(())
    }

    /// Writes the codes and the record. If not all copies of the codes fit into the transaction, only their rows are
    /// written.
    fn write(
        mut self,
        shop: &ShopId,
        rows: &[Row],
        counters: &HashMap<Id, Shards>,
    ) -> Result<(Transaction, Vec<CouponCode>, bool), Error> {
        let codes: Vec<_> = rows.iter().map(|row| self.after(row)).collect();
        self.count(shop, counters, &codes)?;
        for code in &codes {
            let version = self.nested.rule_version(code.price_rule_id)?;
            uses::keep(&mut self.transaction, shop, code, version)?;
            self.uses.push(self.used(Some(code.id), code.price_rule_id, version));
        }
        let (mut whole, mut rows_only) = (self.transaction.clone(), self.transaction.clone());
        for (row, code) in rows.iter().zip(&codes) {
            let lapsed = counters.get(&code.coupon_id).is_some_and(|shards| shards.lapsed);
            codes::rows::replace(&mut whole, shop, row, code, lapsed)?;
            codes::rows::mark(&mut rows_only, shop, row, code)?;
        }
        // The transaction also has the record with its index entries, and the guard of the request.
        let unstored = whole.len() + 6 > MAX_ITEMS;
        let mut transaction = if unstored { rows_only } else { whole };
        let mut after = self.record.uses.clone();
        after.customer_id = self.request.customer_id;
        after.uses.extend(self.uses.drain(..).map(|used| Use { stored: used.code_id.is_none() || !unstored, ..used }));
        orders::uses::write(&mut transaction, shop, self.request.order_id, &self.record, &after)?;
        Ok((transaction, codes, unstored))
    }

    fn after(&self, row: &Row) -> CouponCode {
        CouponCode { used_at: Some(self.now), order_id: Some(self.request.order_id), ..row.code.clone() }
    }

    /// Counts the codes of each coupon as used. Refused if a coupon was deleted.
    fn count(&mut self, shop: &ShopId, counters: &HashMap<Id, Shards>, codes: &[CouponCode]) -> Result<(), Error> {
        for (coupon, shards) in counters {
            if shards.closed {
                let of_coupon = codes.iter().enumerate().filter(|(_, code)| code.coupon_id == *coupon);
                let gone =
                    of_coupon.map(|(index, code)| (index, format!("Object with code={} does not exist.", code.code)));
                return Err(Error::Invalid(wrong(gone)));
            }
            let used = codes.iter().filter(|code| code.coupon_id == *coupon).count();
            let change = Change { used: i64::try_from(used).unwrap_or(0), ..Change::default() };
            shards.write(&mut self.transaction, shop, &change);
        }
        Ok(())
    }
}
