//! A plain model of the points of a shop. Its lists are scanned from the start, and its lots are used up one by one.

use chrono::{Datelike, Days, NaiveDate};

/// The earned points from which level 2 begins. Level 1 begins at 0.
pub(super) const SECOND_LEVEL: i64 = 60;
/// The points per yuan on either level.
pub(super) const REDEEM_POINTS: [i64; 2] = [10, 3];
/// The cap of one redemption on either level. 0 means no cap.
pub(super) const AT_ONCE: [i64; 2] = [50, 0];
/// The cap of a month on either level.
pub(super) const MONTHLY: [i64; 2] = [80, 120];
/// The points for a daily sign-in on either level.
pub(super) const SIGN_POINTS: [i64; 2] = [3, 0];

#[derive(Debug, Clone, Default)]
pub(super) struct Customer {
    /// The kind and the points of each entry.
    pub(super) entries: Vec<(&'static str, i64)>,
    /// The last day and the rest of each lot.
    lots: Vec<(NaiveDate, i64)>,
    redemptions: Vec<Redemption>,
    signed_on: Option<NaiveDate>,
}

#[derive(Debug, Clone)]
struct Redemption {
    /// The index among the entries.
    entry: usize,
    points: i64,
    day: NaiveDate,
    order: Option<usize>,
    live: bool,
}

#[derive(Debug, Clone)]
struct Order {
    at: u32,
    refunded: i64,
    earned: Option<(i64, i64)>,
    gone: i64,
    cancelled: bool,
}

/// An order as a shop sends it, with money in cents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) order: usize,
    pub(super) at: u32,
    pub(super) paid: Option<i64>,
    pub(super) refunded: i64,
    pub(super) cancelled: bool,
}

/// The books of two customers and three orders. The first and the last order belong to the first customer.
#[derive(Debug, Clone)]
pub(super) struct Book {
    pub(super) today: NaiveDate,
    pub(super) customers: [Customer; 2],
    orders: [Option<Order>; 3],
}

pub(super) fn owner(order: usize) -> usize {
    order % 2
}

/// Returns the last day of points that live for a month.
pub(super) fn last_day(day: NaiveDate) -> NaiveDate {
    let (year, month) = if day.month() == 12 { (day.year() + 1, 1) } else { (day.year(), day.month() + 1) };
    (1..=day.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).expect("a day")
}

impl Customer {
    pub(super) fn balance(&self) -> i64 {
        self.entries.iter().map(|(_, points)| points).sum()
    }

    pub(super) fn earned(&self) -> i64 {
        let counts = |(kind, points): &(&str, i64)| match *kind {
            "buy" | "sign" => *points,
            "manual" => (*points).max(0),
            "refund" => (*points).min(0),
            _ => 0,
        };
        self.entries.iter().map(counts).sum()
    }

    /// Returns the index of the level, 0 or 1.
    pub(super) fn level(&self) -> usize {
        usize::from(self.earned() >= SECOND_LEVEL)
    }

    pub(super) fn redeemed(&self, today: NaiveDate) -> i64 {
        let this_month = |day: NaiveDate| (day.year(), day.month()) == (today.year(), today.month());
        self.redemptions.iter().filter(|one| one.live && this_month(one.day)).map(|one| one.points).sum()
    }

    pub(super) fn redeemable(&self, today: NaiveDate) -> i64 {
        let level = self.level();
        let left = (MONTHLY[level] - self.redeemed(today)).max(0);
        let at_once = if AT_ONCE[level] == 0 { i64::MAX } else { AT_ONCE[level] };
        self.balance().min(left).min(at_once)
    }

    pub(super) fn price(&self, points: i64) -> i64 {
        points * 100 / REDEEM_POINTS[self.level()]
    }

    pub(super) fn signed(&self, today: NaiveDate) -> bool {
        self.signed_on == Some(today)
    }

    /// Returns the next expiry: the points, and the first day without them.
    pub(super) fn expiring(&self) -> Option<(i64, NaiveDate)> {
        let (first, _) = self.lots.iter().find(|(_, left)| *left > 0)?;
        let end = last_day(*first);
        let points = self.lots.iter().filter(|(day, _)| last_day(*day) == end).map(|(_, left)| left).sum();
        Some((points, end.checked_add_days(Days::new(1)).expect("a day")))
    }

    fn post(&mut self, kind: &'static str, points: i64, today: NaiveDate) {
        self.entries.push((kind, points));
        if points > 0 {
            self.lots.push((today, points));
        }
        let mut gone = (-points).max(0);
        for (_, left) in &mut self.lots {
            let part = gone.min(*left);
            *left -= part;
            gone -= part;
        }
    }
}

/// The HTTP status of a reply.
pub(super) type Status = u16;

impl Book {
    pub(super) fn new(today: NaiveDate) -> Self {
        Self { today, customers: Default::default(), orders: Default::default() }
    }

    pub(super) fn adjust(&mut self, customer: usize, points: i64) -> Status {
        let today = self.today;
        let customer = &mut self.customers[customer];
        if customer.balance() + points < 0 {
            return 400;
        }
        customer.post("manual", points, today);
        201
    }

    pub(super) fn sign(&mut self, customer: usize) -> Status {
        let today = self.today;
        let customer = &mut self.customers[customer];
        if customer.signed(today) {
            return 409;
        }
        customer.post("sign", SIGN_POINTS[customer.level()], today);
        customer.signed_on = Some(today);
        201
    }

    pub(super) fn redeem(&mut self, customer: usize, points: i64, order: Option<usize>) -> Status {
        if let Some(order) = order {
            match &self.orders[order] {
                None => return 400,
                Some(_) if owner(order) != customer => return 400,
                Some(stored) if stored.cancelled => return 409,
                Some(_) => {}
            }
            if self.live(order).count() >= 10 {
                return 400;
            }
        }
        let today = self.today;
        let customer = &mut self.customers[customer];
        if points > customer.redeemable(today) || customer.price(points) == 0 {
            return 400;
        }
        let entry = customer.entries.len();
        customer.post("redeem", -points, today);
        customer.redemptions.push(Redemption { entry, points, day: today, order, live: true });
        201
    }

    fn live(&self, order: usize) -> impl Iterator<Item = usize> {
        let redemptions = self.customers[owner(order)].redemptions.iter().enumerate();
        redemptions.filter(move |(_, one)| one.live && one.order == Some(order)).map(|(index, _)| index)
    }

    /// Refunds an entry of a customer.
    pub(super) fn refund(&mut self, customer: usize, entry: usize) -> Status {
        let today = self.today;
        let customer = &mut self.customers[customer];
        let Some(redemption) = customer.redemptions.iter_mut().find(|one| one.entry == entry) else { return 400 };
        if !redemption.live {
            return 409;
        }
        redemption.live = false;
        let points = redemption.points;
        customer.post("refund", points, today);
        201
    }

    pub(super) fn order(&mut self, sent: Sent) -> Status {
        let (today, new) = (self.today, self.orders[sent.order].is_none());
        let blank = Order { at: 0, refunded: 0, earned: None, gone: 0, cancelled: false };
        let mut order = self.orders[sent.order].clone().unwrap_or(blank);
        if sent.at < order.at {
            return 200;
        }
        (order.at, order.refunded, order.cancelled) = (sent.at, sent.refunded, sent.cancelled);
        let customer = owner(sent.order);
        if let (None, Some(paid)) = (order.earned, sent.paid) {
            // One and a half points per yuan on the first level, two on the second.
            let halves = [3, 4][self.customers[customer].level()];
            let points = paid * halves / 200;
            self.customers[customer].post("buy", points, today);
            order.earned = Some((points, paid));
        }
        if sent.cancelled {
            let live: Vec<_> = self.live(sent.order).collect();
            for redemption in live {
                let entry = self.customers[customer].redemptions[redemption].entry;
                self.refund(customer, entry);
            }
        }
        if let Some((points, paid)) = order.earned {
            let all = sent.cancelled || sent.refunded >= paid;
            let gone = if all { points } else { points * sent.refunded / paid };
            let more = (gone - order.gone).max(0);
            let taken = more.min(self.customers[customer].balance());
            if taken > 0 {
                self.customers[customer].post("refund", -taken, today);
            }
            order.gone += more;
        }
        self.orders[sent.order] = Some(order);
        if new { 201 } else { 200 }
    }

    /// Returns the stored refunds of an order, in cents.
    pub(super) fn refunded(&self, order: usize) -> i64 {
        self.orders[order].as_ref().map_or(0, |order| order.refunded)
    }

    pub(super) fn expire(&mut self) {
        let today = self.today;
        for customer in &mut self.customers {
            let over = customer.lots.iter().filter(|(day, _)| last_day(*day) < today);
            let points: i64 = over.map(|(_, left)| left).sum();
            if points > 0 {
                customer.post("expire", -points, today);
            }
        }
    }
}
