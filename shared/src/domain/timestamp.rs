//! Timestamps as `readings.md` gives them: replies in the shop's zone with microseconds when they are not zero; input
//! with any offset, or naive in the shop's zone.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;

/// The instant on the wire, such as `2018-09-03T13:56:15.425250+08:00`.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// let instant = Utc.with_ymd_and_hms(2019, 5, 23, 16, 0, 0).unwrap();
/// assert_eq!(shared::domain::timestamp::render(instant, chrono_tz::Asia::Shanghai), "2019-05-24T00:00:00+08:00");
/// ```
pub fn render(instant: DateTime<Utc>, zone: Tz) -> String {
    let instant = instant.trunc_subsecs(6);
    let format =
        if instant.timestamp_subsec_micros() == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.6f%:z" };
    instant.with_timezone(&zone).format(format).to_string()
}

/// The instant that `text` names: `YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]`, a blank instead of the `T`, blanks
/// around it. A naive one is in `zone`: where a clock change makes it ambiguous the earlier instant is meant, where it
/// skips it there is none. Years 1 to 9999, as Python's.
pub fn parse(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let date = parse_date(date)?;
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = split_offset(clock)?;
    let local = NaiveDateTime::new(date, parse_clock(clock)?);
    match offset {
        Some(seconds) => local.checked_sub_signed(chrono::Duration::seconds(seconds)).map(|utc| utc.and_utc()),
        None => match zone.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant.with_timezone(&Utc)),
            LocalResult::None => None,
        },
    }
}

/// The date that `text` names: `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let digits = |range: std::ops::Range<usize>| number(text.get(range)?);
    let dashes = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    if !dashes {
        return None;
    }
    let year = i32::try_from(digits(0..4)?).ok().filter(|year| *year >= 1)?;
    NaiveDate::from_ymd_opt(year, digits(5..7)?, digits(8..10)?)
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// `hh:mm[:ss[.u{1,6}]]`; further digits of the fraction are cut, as Python's parser does.
fn parse_clock(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = match text.split_once(['.', ',']) {
        Some((clock, fraction)) if clock.len() == 8 => (clock, Some(fraction)),
        Some(_) => return None,
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let mut two = || parts.next().filter(|part| part.len() == 2).and_then(number);
    let (hour, minute) = (two()?, two()?);
    let second = if clock.len() > 5 { two()? } else { 0 };
    if clock.len() != 5 && clock.len() != 8 {
        return None;
    }
    let micros = match fraction {
        None => 0,
        Some(fraction) if fraction.is_empty() || fraction.len() > 12 || !fraction.is_ascii() => return None,
        Some(fraction) => {
            number(fraction.get(6..).filter(|rest| !rest.is_empty()).unwrap_or("0"))?;
            let kept = fraction.get(..6).unwrap_or(fraction);
            number(&format!("{kept:0<6}"))?
        }
    };
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
}

/// The clock part and the offset in seconds, if there is one.
fn split_offset(text: &str) -> Option<(&str, Option<i64>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let (clock, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let offset = offset.get(1..)?;
    let (hours, minutes) = match offset.len() {
        2 => (number(offset)?, 0),
        4 => (number(offset.get(..2)?)?, number(offset.get(2..)?)?),
        5 if offset.get(2..3) == Some(":") => (number(offset.get(..2)?)?, number(offset.get(3..)?)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| (clock, Some(sign * i64::from(hours * 3600 + minutes * 60))))
}
