//! Days and months as the rules count them: in Europe/Copenhagen.
//!
//! **Until.** A date named `until` (`lockUntil`, `keepUntil`, an expiry) is the *first free day*: what it holds is held
//! up to and including the day before, and is free from 00:00 Europe/Copenhagen of that day. So a hold for three
//! months from 31 January, `add_months(31 January, 3)`, holds to 29 April and is free on 30 April. [`is_free`] asks by
//! date, [`start_of`] gives the instant.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Copenhagen;

/// The date in Copenhagen at an instant.
#[must_use]
pub fn copenhagen_date(instant: DateTime<Utc>) -> NaiveDate {
    let utc = instant.naive_utc();
    let offset = Copenhagen.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc).date()
}

/// The instant at which a day begins in Copenhagen.
///
/// Where the clock was put forward over midnight, the day begins at the first time that exists; where it was put
/// back, at the earlier of the two midnights. (Danish clocks change at night, but later: this matters only for dates
/// before 1980.)
#[must_use]
pub fn start_of(date: NaiveDate) -> DateTime<Utc> {
    const LONGEST_GAP_IN_SECONDS: i64 = 3 * 3600;
    let midnight = date.and_time(NaiveTime::MIN);
    (0..=LONGEST_GAP_IN_SECONDS)
        .find_map(|second| {
            let local = midnight.checked_add_signed(TimeDelta::seconds(second))?;
            Copenhagen.from_local_datetime(&local).earliest()
        })
        .map_or_else(|| midnight.and_utc(), |instant| instant.with_timezone(&Utc))
}

/// The date `months` months later, on the last day of the month if that month is too short.
///
/// `None` only beyond the calendar's end, in the year 262 142.
#[must_use]
pub fn add_months(date: NaiveDate, months: u32) -> Option<NaiveDate> {
    date.checked_add_months(Months::new(months))
}

/// The date `days` days later; `None` only beyond the calendar's end.
#[must_use]
pub fn add_days(date: NaiveDate, days: u32) -> Option<NaiveDate> {
    date.checked_add_days(Days::new(u64::from(days)))
}

/// Whether what is held `until` a date is free on the day `on`.
#[must_use]
pub fn is_free(until: NaiveDate, on: NaiveDate) -> bool {
    until <= on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_date_changes_at_midnight_in_copenhagen() {
        assert_eq!(copenhagen_date(instant("2026-01-31T22:59:59Z")), date("2026-01-31"));
        assert_eq!(copenhagen_date(instant("2026-01-31T23:00:00Z")), date("2026-02-01"));
        assert_eq!(copenhagen_date(instant("2026-07-31T21:59:59Z")), date("2026-07-31"));
        assert_eq!(copenhagen_date(instant("2026-07-31T22:00:00Z")), date("2026-08-01"));
    }

    #[test]
    fn a_day_begins_at_midnight_in_winter_and_summer_and_where_the_clock_changes() {
        for (day, start) in [
            ("2026-01-15", "2026-01-14T23:00:00Z"),
            ("2026-07-15", "2026-07-14T22:00:00Z"),
            ("2026-03-29", "2026-03-28T23:00:00Z"),
            ("2026-03-30", "2026-03-29T22:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z"),
            ("2026-10-26", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(start_of(date(day)), instant(start), "{day}");
        }
    }

    #[test]
    fn every_day_begins_on_its_own_date_and_not_a_second_later() {
        let mut day = date("1890-01-01");
        while day < date("2050-01-01") {
            let start = start_of(day);
            assert_eq!(copenhagen_date(start), day);
            let before = copenhagen_date(start - TimeDelta::seconds(1));
            assert_eq!(Some(before), day.pred_opt());
            day = day.succ_opt().unwrap();
        }
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_break_it() {
        assert_eq!(add_months(NaiveDate::MAX, 1), None);
        assert_eq!(add_months(NaiveDate::MIN, u32::MAX), None);
        let _ = (start_of(NaiveDate::MAX), start_of(NaiveDate::MIN));
        let _ = (copenhagen_date(DateTime::<Utc>::MAX_UTC), copenhagen_date(DateTime::<Utc>::MIN_UTC));
    }

    #[test]
    fn months_clamp() {
        for (from, months, to) in [
            ("2026-01-31", 1, "2026-02-28"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2026-01-31", 3, "2026-04-30"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2026-12-15", 1, "2027-01-15"),
            ("2026-05-05", 0, "2026-05-05"),
        ] {
            assert_eq!(add_months(date(from), months), Some(date(to)), "{from} + {months}");
        }
    }

    #[test]
    fn until_is_the_first_free_day() {
        assert!(!is_free(date("2026-04-30"), date("2026-04-29")));
        assert!(is_free(date("2026-04-30"), date("2026-04-30")));
    }
}
