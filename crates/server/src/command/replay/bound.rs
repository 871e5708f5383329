//! Which events `lethe replay` writes.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Copenhagen;
use uuid::Uuid;

/// The first or last event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// By its place in the ledger.
    Position(i64),
    /// By the time it was recorded.
    Time(DateTime<Utc>),
    /// By the day it was recorded, in Denmark.
    Day(NaiveDate),
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Time(time.to_utc()));
        }
        NaiveDate::from_str(text).map(Self::Day).map_err(|_| {
            "write a position (17), a date (2026-01-31) or a time with its zone (2026-01-31T08:00:00+01:00)".to_owned()
        })
    }
}

impl Bound {
    /// The first position and the first time that belong to it.
    pub(super) fn lower(bound: Option<Self>) -> (i64, DateTime<Utc>) {
        let always = DateTime::UNIX_EPOCH;
        match bound {
            None => (0, always),
            Some(Self::Position(position)) => (position, always),
            Some(Self::Time(time)) => (0, time),
            Some(Self::Day(day)) => (0, midnight(day)),
        }
    }

    /// The last position that belongs to it and the first time that does not.
    pub(super) fn upper(bound: Option<Self>) -> (i64, DateTime<Utc>) {
        let never = Utc.timestamp_opt(253_402_300_799, 0).single().unwrap_or(DateTime::<Utc>::MAX_UTC);
        match bound {
            None => (i64::MAX, never),
            Some(Self::Position(position)) => (position, never),
            // Recorded times are whole microseconds.
            Some(Self::Time(time)) => (i64::MAX, time + TimeDelta::microseconds(1)),
            Some(Self::Day(day)) => (i64::MAX, day.checked_add_days(Days::new(1)).map_or(never, midnight)),
        }
    }
}

/// When a day begins in Denmark; clocks never change at midnight there.
fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    Copenhagen.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |time| time.to_utc())
}

/// One stream: the type of its aggregate and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) kind: String,
    pub(super) id: Uuid,
}

impl FromStr for Stream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once(':')
            .and_then(|(kind, id)| Some(Self { kind: kind.to_owned(), id: id.parse().ok()? }));
        parsed.filter(|stream| !stream.kind.is_empty()).ok_or_else(|| {
            "write its type and its id, for example contact:0198a6b2-5c1e-7000-8000-000000000001".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn a_date_is_the_whole_danish_day_in_winter_and_summer() {
        let winter = Some("2026-01-31".parse().unwrap());
        assert_eq!(Bound::lower(winter).1, time("2026-01-31T00:00:00+01:00"));
        assert_eq!(Bound::upper(winter).1, time("2026-02-01T00:00:00+01:00"));
        let change = Some("2026-03-29".parse().unwrap());
        assert_eq!(Bound::lower(change).1, time("2026-03-29T00:00:00+01:00"));
        assert_eq!(Bound::upper(change).1, time("2026-03-30T00:00:00+02:00"));
    }

    #[test]
    fn positions_and_times_are_inclusive() {
        assert_eq!(Bound::lower(Some("17".parse().unwrap())).0, 17);
        assert_eq!(Bound::upper(Some("17".parse().unwrap())).0, 17);
        let at = "2026-01-31T08:00:00Z";
        assert_eq!(Bound::lower(Some(at.parse().unwrap())).1, time(at));
        assert!(Bound::upper(Some(at.parse().unwrap())).1 > time(at));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "yesterday", "2026-02-30", "2026-01-31T08:00:00", "1.5"] {
            assert!(text.parse::<Bound>().is_err(), "{text}");
        }
        for text in ["", "contact", "contact:", "contact:17", ":0198a6b2-5c1e-7000-8000-000000000001"] {
            assert!(text.parse::<Stream>().is_err(), "{text}");
        }
    }
}
