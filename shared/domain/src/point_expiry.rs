//! Expiry of points. A shop sets a number of months; points expire that long after the day on which they were gained,
//! first in, first out.
//!
//! No entry records how much of it is left. Points are consumed in the order in which they were gained, so all points
//! gained up to a day are gone once as many were consumed. If fewer were consumed, the difference has expired
//! (docs/api/point-history.md).

use chrono::{Months, NaiveDate};

use crate::{points::Account, shop::Shop};

/// Returns the last day on which points gained on `day` can be spent; `None` if points do not expire. With one month,
/// points of 31 January end on the last day of February.
///
/// ```
/// # use chrono::NaiveDate;
/// # use domain::{point_expiry::last_day, shop::Shop};
/// let shop = Shop { points_expire_after_months: 1, ..Shop::new("demo".parse().unwrap()) };
/// let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
/// assert_eq!(last_day(&shop, day(1, 31)), Some(day(2, 28)));
/// ```
pub fn last_day(shop: &Shop, day: NaiveDate) -> Option<NaiveDate> {
    let months = Months::new(shop.points_expire_after_months);
    (shop.points_expire_after_months > 0).then(|| day.checked_add_months(months)).flatten()
}

/// Returns true if points gained on `day` have expired on `today`.
pub fn is_over(shop: &Shop, day: NaiveDate, today: NaiveDate) -> bool {
    last_day(shop, day).is_some_and(|last| last < today)
}

/// Returns how many points have expired but are not yet consumed. `gained` is the total that the customer had gained by
/// the end of the last expired day.
pub fn expired(account: &Account, gained: i64) -> i64 {
    (gained - account.consumed()).max(0)
}
