//! Lists of coupon codes, by effective status (docs/api/coupon-codes.md).
//!
//! Three kinds of lists have tallies by stored class: of all codes, of one coupon, and of one customer. They are
//! corrected by the status overlay ([`overlay`](crate::discounts::rules::overlay)). The list of all codes is read
//! through a lens, which is made of the tallies of only the coupons in the overlay. The codes of one coupon all have
//! the same correction. The codes of one customer are few, and are read.

use std::{collections::BTreeSet, pin::pin};

use chrono::{DateTime, Utc};
use futures_util::future::{Either, join, select, try_join};

use crate::discounts::{
    codes::rows::{CODES, OF_COUPON, OF_CUSTOMER, Row, by_ids, texts},
    coupons::rows::{COUPONS, StoredCoupon},
    rules::overlay::{EXPIRED, StatusCorrections, StatusOverlay, UNUSED, USED},
};
use domain::{
    coupon_code::{CODE_LENGTH, Status},
    error::Error,
    id::Id,
    shop::ShopId,
};
use store::{
    Item,
    client::{Range, Store},
    pages::{Class, Correction, Direction, Lens, List, MAX_CLASSES, Page, Select, class, paginate},
};

/// Set of statuses that a list selects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statuses {
    /// Codes that are neither used nor expired.
    pub unused: bool,
    /// Codes that are used.
    pub used: bool,
    /// Codes that were not used before their rule ended.
    pub expired: bool,
    /// Unused codes whose rule is enabled and inside its window.
    pub available: bool,
}

impl Statuses {
    /// The empty set of statuses.
    pub const NONE: Self = Self { unused: false, used: false, expired: false, available: false };
    const ALL: Self = Self { unused: true, used: true, expired: true, available: false };

    /// Returns the union of these sets.
    pub fn any(all: Vec<Self>) -> Self {
        all.into_iter().fold(Self::NONE, |any, one| Self {
            unused: any.unused || one.unused,
            used: any.used || one.used,
            expired: any.expired || one.expired,
            available: any.available || one.available,
        })
    }

    /// Returns the intersection of both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = |one: Self, other: Self| one.available && (other.available || other.unused);
        Self {
            unused: self.unused && other.unused,
            used: self.used && other.used,
            expired: self.expired && other.expired,
            available: both(self, other) || both(other, self),
        }
    }

    /// True if the result depends on a rule that has ended or is not enabled. It does not for a filter that selects
    /// both unused and expired codes, or neither.
    fn tell_by_rule(self) -> bool {
        self.unused != self.expired || (self.available && !self.unused)
    }

    /// True if the result depends on a deleted coupon. Its used codes stay, so it does not for used codes alone.
    fn tell_by_coupon(self) -> bool {
        self.unused || self.expired || self.available
    }

    fn select(self, (status, available): (Status, bool)) -> bool {
        match status {
            Status::Unused => self.unused || (self.available && available),
            Status::Used => self.used,
            Status::Expired => self.expired,
        }
    }

    /// True if codes of this stored class are selected under this view.
    fn select_class(self, view: StatusCorrections, class: Class) -> bool {
        view.of(class).is_some_and(|seen| self.select(seen))
    }

    /// Returns the stored classes whose codes are selected under this view.
    fn classes(self, view: StatusCorrections) -> Vec<Class> {
        [UNUSED, USED, EXPIRED].into_iter().filter(|class| self.select_class(view, *class)).collect()
    }
}

/// Filter of a list of codes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only codes with these ids.
    pub ids: Option<Vec<Id>>,
    /// Only codes with these texts.
    pub texts: Option<Vec<String>>,
    /// Only codes with these statuses.
    pub statuses: Option<Statuses>,
    /// Only codes of this customer. An empty list selects none.
    pub customer: Option<Vec<Id>>,
    /// Only codes of this coupon. An empty list selects none.
    pub coupon: Option<Vec<Id>>,
}

impl Filter {
    /// True if the filter names codes one by one.
    fn few(&self) -> bool {
        self.ids.is_some() || self.texts.is_some()
    }

    /// Reads the codes that the filter names.
    async fn rows(&self, store: &Store, shop: &ShopId) -> Result<Vec<Row>, Error> {
        let Some(wanted) = &self.texts else {
            return by_ids(store, shop, self.ids.as_deref().unwrap_or_default()).await;
        };
        let wanted: Vec<_> = wanted.iter().filter(|text| text.chars().count() <= CODE_LENGTH).cloned().collect();
        let is_named = |id: &Id| self.ids.as_ref().is_none_or(|ids| ids.contains(id));
        let given = texts(store, shop, &wanted).await?;
        let holders: BTreeSet<_> = given.into_iter().map(|text| text.code_id).filter(is_named).collect();
        let mut rows = by_ids(store, shop, &holders.into_iter().collect::<Vec<_>>()).await?;
        // A text that a code once had still leads to it, but is not its text any more.
        rows.retain(|row| wanted.contains(&row.code.code));
        Ok(rows)
    }
}

/// Reads a page of codes with their effective status at `now`.
pub async fn page(
    store: &Store,
    shop: &ShopId,
    filter: &Filter,
    select: &Select,
    now: DateTime<Utc>,
) -> Result<Page<Row>, Error> {
    let statuses = filter.statuses.unwrap_or(Statuses::ALL);
    let overlay = async {
        let overlay = StatusOverlay::read(store, shop, now, statuses.available && !statuses.unused).await?;
        Ok(overlay.that_concern(statuses.tell_by_rule(), statuses.tell_by_coupon()))
    };
    let listed = Listed { store, shop, statuses, select };
    let (customer, coupon) = (filter.customer.as_deref(), filter.coupon.as_deref());
    match (filter.few(), customer, coupon) {
        (_, Some([]), _) | (_, _, Some([])) => paginate::of_rows(Vec::new(), select.number, select.size),
        (true, ..) => {
            let (overlay, rows) = try_join(overlay, filter.rows(store, shop)).await?;
            listed.sorted(rows, &overlay, filter)
        }
        (false, Some([customer, ..]), None) => {
            let list = OF_CUSTOMER.of(*customer);
            match unless_overlaid(overlay, listed.as_stored(&list, filter.statuses)).await? {
                Ok(page) => Ok(page),
                Err(overlay) => listed.sorted(all_of(store, shop, &list).await?, &overlay, filter),
            }
        }
        (false, Some([customer, ..]), Some(_)) => {
            let list = OF_CUSTOMER.of(*customer);
            let (overlay, rows) = try_join(overlay, all_of(store, shop, &list)).await?;
            listed.sorted(rows, &overlay, filter)
        }
        (false, None, Some([coupon, ..])) => listed.of_coupon(overlay, *coupon, filter.statuses).await,
        (false, None, None) => match unless_overlaid(overlay, listed.as_stored(&CODES, filter.statuses)).await? {
            Ok(page) => Ok(page),
            Err(overlay) => listed.through(&overlay).await,
        },
    }
}

/// Reads a page as it is stored, in parallel with the overlay. Returns the page if the overlay is empty, and otherwise
/// the overlay.
async fn unless_overlaid(
    overlay: impl Future<Output = Result<StatusOverlay, Error>>,
    page: impl Future<Output = Result<Page<Row>, Error>>,
) -> Result<Result<Page<Row>, StatusOverlay>, Error> {
    let (overlay, page) = (pin!(overlay), pin!(page));
    let (overlay, page) = match select(overlay, page).await {
        Either::Left((overlay, page)) => {
            let overlay = overlay?;
            if !overlay.is_empty() {
                return Ok(Err(overlay));
            }
            (overlay, page.await)
        }
        Either::Right((page, overlay)) => (overlay.await?, page),
    };
    if overlay.is_empty() { page.map(Ok) } else { Ok(Err(overlay)) }
}

/// Reads all rows of a list whose rows share a partition.
async fn all_of(store: &Store, shop: &ShopId, list: &List) -> Result<Vec<Row>, Error> {
    let rows = store.query(&Range { pk: list.partition(shop, 0), ..Range::default() }).await?;
    rows.into_iter().map(Row::of_item).collect()
}

struct Listed<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    statuses: Statuses,
    select: &'a Select,
}

impl Listed<'_> {
    /// Reads a page of a list whose stored classes are right.
    async fn as_stored(&self, list: &List, statuses: Option<Statuses>) -> Result<Page<Row>, Error> {
        self.of_classes(list, statuses.map(|statuses| statuses.classes(StatusCorrections::default()))).await
    }

    async fn of_classes(&self, list: &List, classes: Option<Vec<Class>>) -> Result<Page<Row>, Error> {
        let select = Select { classes, ..self.select.clone() };
        list.page(self.store, self.shop, &select).await?.try_map(Row::of_item)
    }

    /// Reads a page of a coupon's codes, which all have the same correction.
    async fn of_coupon(
        &self,
        overlay: impl Future<Output = Result<StatusOverlay, Error>>,
        coupon: Id,
        statuses: Option<Statuses>,
    ) -> Result<Page<Row>, Error> {
        let list = OF_COUPON.of(coupon);
        let key = COUPONS.key(self.shop, coupon);
        let known = try_join(overlay, self.store.read::<StoredCoupon>(&key));
        let (known, page) = join(known, self.as_stored(&list, statuses)).await;
        let (overlay, stored) = known?;
        let view =
            stored.map_or(StatusCorrections::default(), |stored| overlay.view(stored.coupon.price_rule_id, coupon));
        if view == StatusCorrections::default() {
            return page;
        }
        self.of_classes(&list, Some(self.statuses.classes(view))).await
    }

    /// Reads a page of all codes, of which some have another effective status than the stored one.
    async fn through(&self, overlay: &StatusOverlay) -> Result<Page<Row>, Error> {
        let mut corrections = Vec::new();
        for (coupon, view) in overlay.coupons(self.store, self.shop).await? {
            let mut weights = [0; MAX_CLASSES];
            for class in [UNUSED, USED, EXPIRED] {
                let counts = |view| i64::from(self.statuses.select_class(view, class));
                weights[usize::from(class)] = counts(view) - counts(StatusCorrections::default());
            }
            if weights != [0; MAX_CLASSES] {
                corrections.push(Correction { list: OF_COUPON.of(coupon), weights });
            }
        }
        let keep = |row: &Item| {
            let view = view_of(overlay, row).unwrap_or_default();
            self.statuses.select_class(view, class(row))
        };
        let lens = Lens { corrections, keep: &keep };
        let classes = Some(self.statuses.classes(StatusCorrections::default()));
        let select = Select { classes, ..self.select.clone() };
        CODES.page_through(self.store, self.shop, &select, Some(&lens)).await?.try_map(Row::of_item)
    }

    /// Returns a page of rows that were all read.
    fn sorted(&self, mut rows: Vec<Row>, overlay: &StatusOverlay, filter: &Filter) -> Result<Page<Row>, Error> {
        rows.retain(|row| {
            let code = &row.code;
            self.select.holds(code.id)
                && filter.customer.as_ref().is_none_or(|customer| customer.contains(&code.customer_id))
                && filter.coupon.as_ref().is_none_or(|coupon| coupon.contains(&code.coupon_id))
                && self.statuses.select_class(overlay.view(code.price_rule_id, code.coupon_id), row.class)
        });
        rows.sort_unstable_by_key(|row| row.code.id);
        if self.select.direction == Direction::Descending {
            rows.reverse();
        }
        paginate::of_rows(rows, self.select.number, self.select.size)
    }
}

fn view_of(overlay: &StatusOverlay, row: &Item) -> Option<StatusCorrections> {
    let id = |name| row.get(name)?.as_n().ok()?.parse().ok();
    Some(overlay.view(id("price_rule_id")?, id("coupon_id")?))
}
