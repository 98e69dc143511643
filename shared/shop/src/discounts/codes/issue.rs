//! Issue of codes, all or nothing (docs/api/coupon-codes.md). A *quota place* is one of the codes that a coupon may
//! have under its `allocation_limit`. A small issue is one transaction with its quota places. A larger one is a batch,
//! which takes all quota places first and then writes the codes step by step. If its process dies, the job undoes what
//! is left.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join3};

use crate::{
    crm::customers::CUSTOMERS,
    discounts::{
        codes::{
            pending::{LOOK_AHEAD, PendingCode, by_coupon},
            rows::{self, CODES, Nested},
            undo::take_back,
        },
        counters::{self, Counter, Shards},
        coupons::rows::{COUPONS, StoredCoupon},
        rules,
    },
};
use domain::{
    coupon_code::CouponCode,
    error::{Error, FieldErrors},
    id::Id,
    price_rule::PriceRule,
    quota::Part,
    shop::ShopId,
};
use store::{
    attempts::Attempts,
    batches::Batch,
    client::Store,
    sequence,
    transaction::{MAX_ITEMS, Transaction},
};

/// Kind of the batch, as its record names it.
pub const KIND: &str = "coupon_code_issue";

/// One pair of the request: the valid fields, and the errors of the others.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Customer who gets the code.
    pub customer_id: Option<Id>,
    /// Coupon of the code.
    pub coupon_id: Option<Id>,
    /// Errors of the pair by itself.
    pub errors: FieldErrors,
}

/// Codes that can be issued, with the quota shards of their coupons.
#[derive(Debug)]
pub struct Prepared {
    /// The codes, in the order of the input.
    pub drafts: Vec<PendingCode>,
    /// Customers, coupons and price rules of the codes.
    pub nested: Nested,
    /// Quota shards of each coupon, with the shards from which places are to be taken.
    pub(crate) places: HashMap<Id, (Shards, Vec<Part>)>,
}

/// True if the codes of these pairs always fit into one transaction, whatever their ids are. A code takes five items,
/// the tally of its customer, and perhaps one quota shard. A coupon takes four tallies. The list of all codes takes its
/// tallies, and the request its guard.
pub fn is_few(pairs: &[Pair]) -> bool {
    let coupons: HashSet<_> = pairs.iter().filter_map(|pair| pair.coupon_id).collect();
    7 * pairs.len() + 4 * coupons.len() + 5 <= MAX_ITEMS
}

/// Checks all that can refuse these pairs, and reserves ids for their codes: 2 round trips.
///
/// # Errors
/// [`Error::Invalid`] with the errors of each pair. [`Error::Conflict`] if a quota has too few places left.
pub async fn prepare(store: &Store, shop: &ShopId, pairs: &[Pair]) -> Result<Prepared, Error> {
    let customers: HashSet<_> = pairs.iter().filter_map(|pair| pair.customer_id).collect();
    let coupons: HashSet<_> = pairs.iter().filter_map(|pair| pair.coupon_id).collect();
    let customers = customers.into_iter().map(|id| CUSTOMERS.key(shop, id));
    let keys = customers.chain(coupons.iter().map(|id| COUPONS.key(shop, *id))).collect();
    let mut nested = Nested::default();
    for item in store.batch_get(keys).await? {
        nested.add(item)?;
    }
    nested.coupons.retain(|_, stored| stored.deleted.is_none());
    let checked = check(pairs, &nested)?;
    let order = by_coupon(checked.iter().map(|(_, stored)| stored.coupon.id));
    let rules: HashSet<_> = nested.coupons.values().map(|stored| stored.coupon.price_rule_id).collect();
    let rules = store.batch_get(rules.into_iter().map(|id| rules::rows::key(shop, id)).collect());
    let ids = sequence::reserve(store, shop, CODES.name, checked.len() as u64);
    let counters = counters::read_each(store, shop, Counter::CodesOf, order.iter().map(|(coupon, _)| *coupon));
    let (rules, first, mut counters) = try_join3(rules, ids, counters).await?;
    let draft =
        |(id, (customer_id, stored)): (Id, &(Id, StoredCoupon))| PendingCode::new(id, *customer_id, &stored.coupon);
    let drafts = (first..).zip(&checked).map(draft).collect();
    for item in rules {
        nested.add(item)?;
    }
    let mut places = HashMap::new();
    for (coupon, codes) in order {
        let rule = nested.coupons.get(&coupon).and_then(|stored| nested.rules.get(&stored.coupon.price_rule_id));
        let shards = counters.remove(&coupon).ok_or_else(unprepared)?;
        let taken = take_places(store, shop, shards, rule, (coupon, codes)).await?;
        places.insert(coupon, taken.ok_or_else(|| gone(pairs.iter().map(|pair| pair.coupon_id), coupon))?);
    }
    Ok(Prepared { drafts, nested, places })
}

/// Takes quota places for codes of a coupon. Returns `None` if the coupon was deleted at this moment, perhaps with its
/// rule.
///
/// # Errors
/// [`Error::Conflict`] if too few places are left.
pub(crate) async fn take_places(
    store: &Store,
    shop: &ShopId,
    shards: Shards,
    rule: Option<&PriceRule>,
    (coupon, codes): (Id, u64),
) -> Result<Option<(Shards, Vec<Part>)>, Error> {
    let Some(rule) = rule.filter(|_| !shards.closed) else { return Ok(None) };
    let mut shards = counters::under_limit(store, shop, shards, rule).await?;
    match shards.take(store, shop, codes).await? {
        Some(parts) => Ok(Some((shards, parts))),
        None => {
            let left = shards.quota.left().unwrap_or(0);
            Err(Error::conflict(format!("Coupon {coupon} has {left} codes left to issue.")))
        }
    }
}

/// Returns the customer and coupon of each pair, or the errors of all pairs.
fn check(pairs: &[Pair], nested: &Nested) -> Result<Vec<(Id, StoredCoupon)>, Error> {
    let mut checked = Vec::with_capacity(pairs.len());
    let mut errors = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let mut wrong = pair.errors.clone();
        if let Some(id) = pair.customer_id.filter(|id| !nested.customers.contains_key(id)) {
            wrong = FieldErrors::missing("customer_id", id).and(wrong);
        }
        let coupon = pair.coupon_id.and_then(|id| nested.coupons.get(&id));
        if let (Some(id), None) = (pair.coupon_id, coupon) {
            wrong = wrong.and(FieldErrors::missing("coupon_id", id));
        }
        checked.extend(pair.customer_id.zip(coupon.cloned()));
        errors.push(wrong);
    }
    if errors.iter().all(FieldErrors::is_empty) { Ok(checked) } else { Err(Error::Invalid(FieldErrors::Items(errors))) }
}

/// Returns the error for codes whose coupon was deleted. `coupons` has the coupon of each pair.
fn gone(coupons: impl Iterator<Item = Option<Id>>, coupon: Id) -> Error {
    let error = |named: Option<Id>| match named {
        Some(named) if named == coupon => FieldErrors::missing("coupon_id", coupon),
        _ => FieldErrors::NONE,
    };
    Error::Invalid(FieldErrors::Items(coupons.map(error).collect()))
}

fn gone_since(drafts: &[PendingCode], coupon: Id) -> Error {
    gone(drafts.iter().map(|draft| Some(draft.coupon_id)), coupon)
}

impl Prepared {
    /// Plans the codes in one transaction. The pairs must pass [`is_few`]. `attempt` counts the plans of one request.
    pub fn plan(
        self,
        shop: &ShopId,
        attempt: u32,
        now: DateTime<Utc>,
    ) -> Result<(Transaction, (Vec<CouponCode>, Nested)), Error> {
        let mut transaction = Transaction::default();
        for (shards, parts) in self.places.values() {
            shards.write(&mut transaction, shop, &parts.clone().into());
        }
        let mut texts = HashSet::new();
        let mut issued = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            let (shards, _) = self.places.get(&draft.coupon_id).ok_or_else(unprepared)?;
            let code = draft.code(shards, attempt, now, &mut texts);
            rows::insert(&mut transaction, shop, &code, shards.lapsed)?;
            issued.push(code);
        }
        Ok((transaction, (issued, self.nested)))
    }
}

fn unprepared() -> Error {
    Error::Internal("the counter of a coupon was not read".to_owned())
}

/// Carries out the remaining steps of a batch: takes the quota places of its coupons, then writes the codes. Returns
/// the codes in the order of the input.
///
/// # Errors
/// The refusal of the whole issue, for a quota that was used up or a coupon that was deleted meanwhile; the steps that
/// were done are undone then. [`Error::AtWork`] if another process has taken over the lease, or the batch was undone
/// before.
pub async fn carry_on(store: &Store, batch: &mut Batch) -> Result<Vec<CouponCode>, Error> {
    let drafts: Vec<PendingCode> = batch.items(store).await?;
    if batch.undo_from.is_some() {
        take_back(store, batch, &drafts).await?;
        return Err(Error::AtWork { retry_after: 1 });
    }
    let coupons = by_coupon(drafts.iter().map(|draft| draft.coupon_id));
    let mut issued = Issued { drafts: &drafts, counters: None, refused: 0, codes: HashMap::new() };
    let mut attempts = Attempts::default();
    while batch.done < coupons.len() + drafts.len() {
        let planned = match coupons.get(batch.done..).filter(|left| !left.is_empty()) {
            Some(left) => reserve(store, &batch.shop, &drafts, left).await,
            None => issued.plan(store, batch, batch.done - coupons.len()).await,
        };
        let (transaction, step) = match planned {
            Ok(planned) => planned,
            Err(refusal @ (Error::Conflict(_) | Error::Invalid(_))) => {
                batch.turn_back(store).await?;
                take_back(store, batch, &drafts).await?;
                return Err(refusal);
            }
            Err(error) => return Err(error),
        };
        if batch.step(store, transaction, step.items).await? {
            issued.written(step.codes);
            attempts = Attempts::default();
        } else {
            issued.refused();
            attempts.pause().await?;
        }
    }
    issued.all(store, &batch.shop).await
}

/// Result of planning one step of a batch.
struct Step {
    items: usize,
    /// Codes that the step writes; empty for a step that takes quota places.
    codes: Vec<CouponCode>,
}

/// Plans the quota places of the first of these coupons, as many as fit into one transaction.
async fn reserve(
    store: &Store,
    shop: &ShopId,
    drafts: &[PendingCode],
    coupons: &[(Id, u64)],
) -> Result<(Transaction, Step), Error> {
    let rules: HashMap<_, _> = drafts.iter().map(|draft| (draft.coupon_id, draft.price_rule_id)).collect();
    let rule_ids: BTreeSet<_> = rules.values().copied().collect();
    let rule_ids: Vec<_> = rule_ids.into_iter().collect();
    let counters = counters::read_each(store, shop, Counter::CodesOf, coupons.iter().map(|(coupon, _)| *coupon));
    let (mut counters, stored) = try_join(counters, rules::rows::by_ids(store, shop, &rule_ids)).await?;
    let mut transaction = Transaction::default();
    for (items, (coupon, codes)) in coupons.iter().enumerate() {
        let shards = counters.remove(coupon).ok_or_else(unprepared)?;
        let rule = rules.get(coupon).and_then(|rule| stored.get(rule));
        let taken = take_places(store, shop, shards, rule, (*coupon, *codes)).await?;
        let (shards, parts) = taken.ok_or_else(|| gone_since(drafts, *coupon))?;
        if transaction.len() + parts.len() + 1 > MAX_ITEMS {
            return Ok((transaction, Step { items, codes: Vec::new() }));
        }
        shards.write(&mut transaction, shop, &parts.into());
    }
    Ok((transaction, Step { items: coupons.len(), codes: Vec::new() }))
}

/// Progress of a batch in this process.
struct Issued<'a> {
    drafts: &'a [PendingCode],
    /// Quota shards of all coupons; read again after a refused step, since each step is conditioned on their epochs.
    counters: Option<HashMap<Id, Shards>>,
    /// Number of times that the next step was refused.
    refused: u32,
    /// Codes that this process has written. An earlier process may have written others.
    codes: HashMap<Id, CouponCode>,
}

impl Issued<'_> {
    /// Plans as many codes as fit into one transaction, from code number `start` on.
    async fn plan(&mut self, store: &Store, batch: &Batch, start: usize) -> Result<(Transaction, Step), Error> {
        if self.counters.is_none() {
            let coupons: BTreeSet<_> = self.drafts[start..].iter().map(|draft| draft.coupon_id).collect();
            self.counters = Some(counters::read_each(store, &batch.shop, Counter::CodesOf, coupons).await?);
        }
        let counters = self.counters.as_ref().ok_or_else(unprepared)?;
        let mut transaction = Transaction::default();
        let (mut relied_on, mut texts) = (HashSet::new(), HashSet::new());
        let mut codes = Vec::new();
        for draft in self.drafts[start..].iter().take(LOOK_AHEAD) {
            let shards = counters.get(&draft.coupon_id).ok_or_else(unprepared)?;
            if shards.closed {
                return Err(gone_since(self.drafts, draft.coupon_id));
            }
            let code = draft.code(shards, self.refused, batch.began_at, &mut texts);
            let fits = transaction.extend_within(MAX_ITEMS - 1, |longer| {
                if relied_on.insert(draft.coupon_id) {
                    shards.check(longer, &batch.shop);
                }
                rows::insert(longer, &batch.shop, &code, shards.lapsed)
            })?;
            if fits.is_none() {
                break;
            }
            codes.push(code);
        }
        Ok((transaction, Step { items: codes.len(), codes }))
    }

    fn written(&mut self, codes: Vec<CouponCode>) {
        self.refused = 0;
        self.codes.extend(codes.into_iter().map(|code| (code.id, code)));
    }

    fn refused(&mut self) {
        self.refused += 1;
        self.counters = None;
    }

    /// Returns the codes in the order of the drafts. Codes of an earlier process are read.
    async fn all(mut self, store: &Store, shop: &ShopId) -> Result<Vec<CouponCode>, Error> {
        let ids = self.drafts.iter().map(|draft| draft.id);
        let others: Vec<_> = ids.clone().filter(|id| !self.codes.contains_key(id)).collect();
        let others = rows::by_ids(store, shop, &others).await?;
        self.codes.extend(others.into_iter().map(|row| (row.code.id, row.code)));
        Ok(ids.filter_map(|id| self.codes.remove(&id)).collect())
    }
}
