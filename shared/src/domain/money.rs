//! Money and percentages: exact hundredths, never a float. Rendered with two places (`readings.md`).

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

/// A number of hundredths: fen of a yuan, or hundredths of a percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hundredths(pub i64);

/// Minor units of money (fen) in sums and products, which pass what [`Hundredths`] holds.
pub type Minor = i128;

impl From<Hundredths> for Minor {
    fn from(amount: Hundredths) -> Self {
        amount.0.into()
    }
}

/// Minor units with two places.
///
/// ```
/// assert_eq!(shared::domain::money::render(-5), "-0.05");
/// ```
pub fn render(amount: Minor) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let magnitude = amount.unsigned_abs();
    format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100)
}

/// The most digits of an amount in all (`readings.md`).
pub const MAX_DIGITS: u32 = 12;
/// The most digits after the point.
pub const MAX_PLACES: u32 = 2;

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnAmount {
    /// It is no number.
    NotANumber,
    /// More than [`MAX_DIGITS`] in all.
    Digits,
    /// More than [`MAX_PLACES`] after the point.
    Places,
    /// More than what [`MAX_PLACES`] leaves before the point.
    WholeDigits,
}

impl FromStr for Hundredths {
    type Err = NotAnAmount;

    /// The checks of DRF's `DecimalField`, in its order. `20.00` has two places and `20.` none; nothing is rounded.
    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let decimal: Decimal = text.parse().or_else(|_| Decimal::from_scientific(text)).map_err(|_| too_long(text))?;
        let places = decimal.scale();
        let digits = decimal.mantissa().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1).max(places);
        if digits > MAX_DIGITS {
            return Err(NotAnAmount::Digits);
        }
        if places > MAX_PLACES {
            return Err(NotAnAmount::Places);
        }
        if digits - places > MAX_DIGITS - MAX_PLACES {
            return Err(NotAnAmount::WholeDigits);
        }
        (decimal * Decimal::ONE_HUNDRED).to_i64().map(Self).ok_or(NotAnAmount::Digits)
    }
}

/// A number with more digits than a decimal holds is too long, everything else is none.
fn too_long(text: &str) -> NotAnAmount {
    let plain = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let others: Vec<u8> = plain.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
    if digits > 0 && (others.is_empty() || others == b".") { NotAnAmount::Digits } else { NotAnAmount::NotANumber }
}

impl fmt::Display for Hundredths {
    /// Two places.
    ///
    /// ```
    /// use shared::domain::money::Hundredths;
    /// assert_eq!(Hundredths(-5).to_string(), "-0.05");
    /// assert_eq!(Hundredths(2000).to_string(), "20.00");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render((*self).into()))
    }
}

impl Hundredths {
    /// Without trailing zeros: `20`, `9.6`, `0.05`.
    pub fn short(self) -> String {
        let text = self.to_string();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}
