//! Money and percentages: exact hundredths, never a float. Shown with two decimal places (docs/api/conventions.md).

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize, Serializer};

/// A number of hundredths: fen of a yuan, or hundredths of a percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hundredths(pub i64);

/// Money in minor units (fen), for sums and products that do not fit into [`Hundredths`].
pub type Minor = i128;

impl From<Hundredths> for Minor {
    fn from(amount: Hundredths) -> Self {
        amount.0.into()
    }
}

/// Minor units as they appear on the wire: with two decimal places.
///
/// ```
/// use domain::money::Amount;
/// assert_eq!(Amount(-5).to_string(), "-0.05");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Minor);

/// Longest text of an amount: the digits of an `i128`, a point and a sign.
const MAX_BYTES: usize = 41;

impl Amount {
    /// Writes the amount into `bytes`, from the last digit to the first. Written by hand: a priced cart may have ten
    /// thousand amounts, and `format!` takes several times as long.
    fn text(self, bytes: &mut [u8; MAX_BYTES]) -> &str {
        let mut start = MAX_BYTES;
        let mut push = |byte| {
            start -= 1;
            bytes[start] = byte;
        };
        let mut left = self.0.unsigned_abs();
        for place in 0.. {
            if place == 2 {
                push(b'.');
            }
            if place > 2 && left == 0 {
                break;
            }
            push(b'0' + (left % 10) as u8);
            left /= 10;
        }
        if self.0 < 0 {
            push(b'-');
        }
        std::str::from_utf8(&bytes[start..]).unwrap_or_default()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; MAX_BYTES]))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; MAX_BYTES]))
    }
}

/// Most digits of an amount in all (docs/api/conventions.md).
pub const MAX_DIGITS: u32 = 12;
/// Most digits after the decimal point.
pub const MAX_PLACES: u32 = 2;

/// Reasons why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnAmount {
    /// The text is not a number.
    NotANumber,
    /// The number has more than [`MAX_DIGITS`] digits in all.
    Digits,
    /// The number has more than [`MAX_PLACES`] digits after the point.
    Places,
    /// The number has more digits before the point than [`MAX_DIGITS`] less [`MAX_PLACES`].
    WholeDigits,
}

impl FromStr for Hundredths {
    type Err = NotAnAmount;

    /// Makes the checks of Django REST framework's `DecimalField`, in the same order. `20.00` has two places and `20.`
    /// has none. Nothing is rounded.
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

/// Tells the two faults apart: a number with more digits than a `Decimal` holds is too long; any other text is not a
/// number.
fn too_long(text: &str) -> NotAnAmount {
    let plain = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let others: Vec<u8> = plain.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
    if digits > 0 && (others.is_empty() || others == b".") { NotAnAmount::Digits } else { NotAnAmount::NotANumber }
}

impl fmt::Display for Hundredths {
    /// Writes the number with two decimal places.
    ///
    /// ```
    /// use domain::money::Hundredths;
    /// assert_eq!(Hundredths(-5).to_string(), "-0.05");
    /// assert_eq!(Hundredths(2000).to_string(), "20.00");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Amount((*self).into()).fmt(f)
    }
}

impl Hundredths {
    /// Returns the number without trailing zeros: `20`, `9.6`, `0.05`.
    pub fn short(self) -> String {
        let text = self.to_string();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}
