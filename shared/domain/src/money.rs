//! Money and percentages: exact hundredths, never a float. Rendered with two places (`readings.md`).

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize, Serializer};

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

/// Minor units as they stand on the wire: with two places.
///
/// ```
/// use shared::domain::money::Amount;
/// assert_eq!(Amount(-5).to_string(), "-0.05");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Minor);

/// The digits of an `i128`, a point and a sign.
const MAX_BYTES: usize = 41;

impl Amount {
    /// The text, written from its end on. By hand, since a priced cart may have ten thousand of them, and `format!` takes
    /// several times as long.
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
        Amount((*self).into()).fmt(f)
    }
}

impl Hundredths {
    /// Without trailing zeros: `20`, `9.6`, `0.05`.
    pub fn short(self) -> String {
        let text = self.to_string();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}
