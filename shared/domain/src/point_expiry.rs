//! When points expire: the shop's setting of months after the day on which they came, first in first out.
//!
//! No entry carries what is left of it. Points leave in the order in which they came, so all that came up to a day is
//! gone when as much was consumed; what has expired is the difference (`beyond.md`).

use chrono::{Months, NaiveDate};

use super::{points::Account, shop::Shop};

/// The last day on which points that came on `day` can be spent; `None` where they do not expire. Those of 31 January
/// that live a month end with February.
///
/// ```
/// # use chrono::NaiveDate;
/// # use shared::domain::{point_expiry::last_day, shop::Shop};
/// let shop = Shop { points_expire_after_months: 1, ..Shop::new("demo".parse().unwrap()) };
/// let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
/// assert_eq!(last_day(&shop, day(1, 31)), Some(day(2, 28)));
/// ```
pub fn last_day(shop: &Shop, day: NaiveDate) -> Option<NaiveDate> {
    let months = Months::new(shop.points_expire_after_months);
    (shop.points_expire_after_months > 0).then(|| day.checked_add_months(months)).flatten()
}

/// Whether points that came on `day` are over on `today`.
pub fn is_over(shop: &Shop, day: NaiveDate, today: NaiveDate) -> bool {
    last_day(shop, day).is_some_and(|last| last < today)
}

/// How many points have expired, where `gained` had been gained in all by the end of the last day that is over.
pub fn expired(account: &Account, gained: i64) -> i64 {
    (gained - account.consumed()).max(0)
}
