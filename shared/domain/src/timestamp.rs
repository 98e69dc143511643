//! Timestamps on the wire. Replies use the shop's time zone, with microseconds only if they are not zero. Input may
//! have any offset; without an offset it is in the shop's time zone (docs/api/conventions.md).

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat,
    SubsecRound, TimeZone, Utc,
};
use chrono_tz::Tz;

/// Returns the instant as it appears on the wire, such as `2018-09-03T13:56:15.425250+08:00`.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// let instant = Utc.with_ymd_and_hms(2019, 5, 23, 16, 0, 0).unwrap();
/// assert_eq!(domain::timestamp::render(instant, chrono_tz::Asia::Shanghai), "2019-05-24T00:00:00+08:00");
/// ```
pub fn render(instant: DateTime<Utc>, zone: Tz) -> String {
    let instant = instant.trunc_subsecs(6);
    // Offsets from before standard time have seconds (Shanghai: +08:05:43), which the wire format cannot show. Round to
    // whole minutes, and show the clock time that belongs to that offset.
    let seconds = instant.with_timezone(&zone).offset().fix().local_minus_utc();
    let offset = FixedOffset::east_opt(seconds - seconds.rem_euclid(60)).unwrap_or(Utc.fix());
    let places = if instant.timestamp_subsec_micros() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    instant.with_timezone(&offset).to_rfc3339_opts(places, false)
}

/// Parses a timestamp: `YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]`. A blank may stand in place of the `T`, blanks
/// around the text are ignored, and month, day, hour and minute may have one digit, as in Django.
///
/// A text without an offset is in `zone`. A clock change can make it ambiguous, and then the earlier instant is
/// returned; a time that a clock change skips gives `None`. The year must be 1 to 9999 in UTC and in the zone, so that
/// every timestamp that is shown can be sent back.
pub fn parse(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let (date, clock) = text.trim().split_once(['T', 't', ' '])?;
    let (clock, offset) = split_offset(clock)?;
    let local = NaiveDateTime::new(parse_date(date)?, parse_clock(clock)?);
    let instant = match offset {
        Some(seconds) => local.checked_sub_signed(chrono::Duration::seconds(seconds))?.and_utc(),
        None => match zone.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.with_timezone(&Utc),
            LocalResult::None => return None,
        },
    };
    let years = [instant.year(), instant.with_timezone(&zone).year()];
    years.iter().all(|year| (1..=9999).contains(year)).then_some(instant)
}

/// Parses a date `YYYY-MM-DD`; month and day may have one digit.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(number)?;
    let mut short = || parts.next().filter(|part| part.len() <= 2).and_then(number);
    let (month, day) = (short()?, short()?);
    if parts.next().is_some() || year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Parses `hh:mm[:ss[.u{1,6}]]`. Further digits of the fraction are cut off, as in Python's parser.
fn parse_clock(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once(['.', ',']).map_or((text, None), |(clock, rest)| (clock, Some(rest)));
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next());
    let long = [hour, minute].iter().any(|part| part.len() > 2) || second.is_some_and(|second| second.len() != 2);
    if long || parts.next().is_some() || (fraction.is_some() && second.is_none()) {
        return None;
    }
    let micros = match fraction {
        None => 0,
        Some(digits) if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|b| b.is_ascii_digit()) => {
            return None;
        }
        Some(digits) => number(&format!("{:0<6}", digits.get(..6).unwrap_or(digits)))?,
    };
    NaiveTime::from_hms_micro_opt(number(hour)?, number(minute)?, second.map_or(Some(0), number)?, micros)
}

/// Splits the text into the clock time and the offset in seconds, if there is one.
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
