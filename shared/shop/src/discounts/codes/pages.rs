//! Lists of coupon codes, by effective status.
//!
//! The list of all codes, that of a coupon and that of a customer have tallies by stored class. Where some codes are to be
//! seen otherwise than they are stored ([`standings`](super::standings)), the list of all is read through a lens made of
//! the tallies of just those coupons; of one coupon all codes are seen alike; and those of one customer are few, and read.

use std::{collections::BTreeSet, pin::pin};

use chrono::{DateTime, Utc};
use futures_util::future::{Either, join, select, try_join};

use super::{
    Item,
    coupon_codes::{CODES, OF_COUPON, OF_CUSTOMER, Row, by_ids, texts},
    coupons::{COUPONS, StoredCoupon},
    pages::{Class, Correction, Direction, Lens, List, MAX_CLASSES, Page, Select, class, paginate},
    standings::{EXPIRED, Standings, UNUSED, USED, View},
    store::{Range, Store},
};
use crate::{
    domain::{
        coupon_code::{CODE_LENGTH, Status},
        id::Id,
        shop::ShopId,
    },
    error::Error,
};

/// Which statuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statuses {
    /// Codes that are neither used nor expired.
    pub unused: bool,
    /// Used codes.
    pub used: bool,
    /// Codes that were not used and whose rule has ended.
    pub expired: bool,
    /// Those of the unused whose rule is enabled and inside its window.
    pub available: bool,
}

impl Statuses {
    /// None.
    pub const NONE: Self = Self { unused: false, used: false, expired: false, available: false };
    const ALL: Self = Self { unused: true, used: true, expired: true, available: false };

    /// What any of these selects.
    pub fn any(all: Vec<Self>) -> Self {
        all.into_iter().fold(Self::NONE, |any, one| Self {
            unused: any.unused || one.unused,
            used: any.used || one.used,
            expired: any.expired || one.expired,
            available: any.available || one.available,
        })
    }

    /// What both select.
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

    /// Whether it matters to them that a rule has ended, or is off: whoever looks for unused and for expired codes, or for
    /// neither, finds the same ones.
    fn tell_by_rule(self) -> bool {
        self.unused != self.expired || (self.available && !self.unused)
    }

    /// Whether it matters to them that a coupon is deleted: its used codes stay.
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

    /// Whether codes of this class are selected where they are seen so.
    fn select_class(self, view: View, class: Class) -> bool {
        view.of(class).is_some_and(|seen| self.select(seen))
    }

    /// The stored classes that are selected where they are seen so.
    fn classes(self, view: View) -> Vec<Class> {
        [UNUSED, USED, EXPIRED].into_iter().filter(|class| self.select_class(view, *class)).collect()
    }
}

/// Which codes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these ids.
    pub ids: Option<Vec<Id>>,
    /// Only those with these texts.
    pub texts: Option<Vec<String>>,
    /// Only these statuses.
    pub statuses: Option<Statuses>,
    /// Only this customer's; nobody's where it is empty.
    pub customer: Option<Vec<Id>>,
    /// Only this coupon's; of none where it is empty.
    pub coupon: Option<Vec<Id>>,
}

impl Filter {
    /// Whether it names its codes one by one.
    fn few(&self) -> bool {
        self.ids.is_some() || self.texts.is_some()
    }

    /// The codes that it names.
    async fn rows(&self, store: &Store, shop: &ShopId) -> Result<Vec<Row>, Error> {
        let Some(wanted) = &self.texts else {
            return by_ids(store, shop, self.ids.as_deref().unwrap_or_default()).await;
        };
        let wanted: Vec<_> = wanted.iter().filter(|text| text.chars().count() <= CODE_LENGTH).cloned().collect();
        let is_named = |id: &Id| self.ids.as_ref().is_none_or(|ids| ids.contains(id));
        let given = texts(store, shop, &wanted).await?;
        let holders: BTreeSet<_> = given.into_iter().map(|text| text.code_id).filter(is_named).collect();
        let mut rows = by_ids(store, shop, &holders.into_iter().collect::<Vec<_>>()).await?;
        // A text that a code once had stays its own, and is not the one that it has.
        rows.retain(|row| wanted.contains(&row.code.code));
        Ok(rows)
    }
}

/// A page of codes as they are at `now`.
pub async fn page(
    store: &Store,
    shop: &ShopId,
    filter: &Filter,
    select: &Select,
    now: DateTime<Utc>,
) -> Result<Page<Row>, Error> {
    let statuses = filter.statuses.unwrap_or(Statuses::ALL);
    let standings = async {
        let standings = Standings::read(store, shop, now, statuses.available && !statuses.unused).await?;
        Ok(standings.that_concern(statuses.tell_by_rule(), statuses.tell_by_coupon()))
    };
    let listed = Listed { store, shop, statuses, select };
    let (customer, coupon) = (filter.customer.as_deref(), filter.coupon.as_deref());
    match (filter.few(), customer, coupon) {
        (_, Some([]), _) | (_, _, Some([])) => paginate::of_rows(Vec::new(), select.number, select.size),
        (true, ..) => {
            let (standings, rows) = try_join(standings, filter.rows(store, shop)).await?;
            listed.sorted(rows, &standings, filter)
        }
        (false, Some([customer, ..]), None) => {
            let list = OF_CUSTOMER.of(*customer);
            match unless_unsettled(standings, listed.as_stored(&list, filter.statuses)).await? {
                Ok(page) => Ok(page),
                Err(standings) => listed.sorted(all_of(store, shop, &list).await?, &standings, filter),
            }
        }
        (false, Some([customer, ..]), Some(_)) => {
            let list = OF_CUSTOMER.of(*customer);
            let (standings, rows) = try_join(standings, all_of(store, shop, &list)).await?;
            listed.sorted(rows, &standings, filter)
        }
        (false, None, Some([coupon, ..])) => listed.of_coupon(standings, *coupon, filter.statuses).await,
        (false, None, None) => match unless_unsettled(standings, listed.as_stored(&CODES, filter.statuses)).await? {
            Ok(page) => Ok(page),
            Err(standings) => listed.through(&standings).await,
        },
    }
}

/// The page as it is stored, which is read beside the standings, if every code is seen so; else the standings.
async fn unless_unsettled(
    standings: impl Future<Output = Result<Standings, Error>>,
    page: impl Future<Output = Result<Page<Row>, Error>>,
) -> Result<Result<Page<Row>, Standings>, Error> {
    let (standings, page) = (pin!(standings), pin!(page));
    let (standings, page) = match select(standings, page).await {
        Either::Left((standings, page)) => {
            let standings = standings?;
            if !standings.is_empty() {
                return Ok(Err(standings));
            }
            (standings, page.await)
        }
        Either::Right((page, standings)) => (standings.await?, page),
    };
    if standings.is_empty() { page.map(Ok) } else { Ok(Err(standings)) }
}

/// All rows of a list whose rows share a partition.
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
    /// A page of a list in which every code is seen as it is stored.
    async fn as_stored(&self, list: &List, statuses: Option<Statuses>) -> Result<Page<Row>, Error> {
        self.of_classes(list, statuses.map(|statuses| statuses.classes(View::default()))).await
    }

    async fn of_classes(&self, list: &List, classes: Option<Vec<Class>>) -> Result<Page<Row>, Error> {
        let select = Select { classes, ..self.select.clone() };
        list.page(self.store, self.shop, &select).await?.try_map(Row::of_item)
    }

    /// A page of the codes of a coupon, which are all seen alike.
    async fn of_coupon(
        &self,
        standings: impl Future<Output = Result<Standings, Error>>,
        coupon: Id,
        statuses: Option<Statuses>,
    ) -> Result<Page<Row>, Error> {
        let list = OF_COUPON.of(coupon);
        let key = COUPONS.key(self.shop, coupon);
        let known = try_join(standings, self.store.read::<StoredCoupon>(&key));
        let (known, page) = join(known, self.as_stored(&list, statuses)).await;
        let (standings, stored) = known?;
        let view = stored.map_or(View::default(), |stored| standings.view(stored.coupon.price_rule_id, coupon));
        if view == View::default() {
            return page;
        }
        self.of_classes(&list, Some(self.statuses.classes(view))).await
    }

    /// A page of all codes, some of which are seen otherwise than they are stored.
    async fn through(&self, standings: &Standings) -> Result<Page<Row>, Error> {
        let mut corrections = Vec::new();
        for (coupon, view) in standings.coupons(self.store, self.shop).await? {
            let mut weights = [0; MAX_CLASSES];
            for class in [UNUSED, USED, EXPIRED] {
                let counts = |view| i64::from(self.statuses.select_class(view, class));
                weights[usize::from(class)] = counts(view) - counts(View::default());
            }
            if weights != [0; MAX_CLASSES] {
                corrections.push(Correction { list: OF_COUPON.of(coupon), weights });
            }
        }
        let keep = |row: &Item| {
            let view = view_of(standings, row).unwrap_or_default();
            self.statuses.select_class(view, class(row))
        };
        let lens = Lens { corrections, keep: &keep };
        let classes = Some(self.statuses.classes(View::default()));
        let select = Select { classes, ..self.select.clone() };
        CODES.page_through(self.store, self.shop, &select, Some(&lens)).await?.try_map(Row::of_item)
    }

    /// A page of rows that are all at hand.
    fn sorted(&self, mut rows: Vec<Row>, standings: &Standings, filter: &Filter) -> Result<Page<Row>, Error> {
        rows.retain(|row| {
            let code = &row.code;
            self.select.holds(code.id)
                && filter.customer.as_ref().is_none_or(|customer| customer.contains(&code.customer_id))
                && filter.coupon.as_ref().is_none_or(|coupon| coupon.contains(&code.coupon_id))
                && self.statuses.select_class(standings.view(code.price_rule_id, code.coupon_id), row.class)
        });
        rows.sort_unstable_by_key(|row| row.code.id);
        if self.select.direction == Direction::Descending {
            rows.reverse();
        }
        paginate::of_rows(rows, self.select.number, self.select.size)
    }
}

fn view_of(standings: &Standings, row: &Item) -> Option<View> {
    let id = |name| row.get(name)?.as_n().ok()?.parse().ok();
    Some(standings.view(id("price_rule_id")?, id("coupon_id")?))
}
