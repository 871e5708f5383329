//! Rules that hold over a whole space of inputs.

use chrono::{Datelike, NaiveDate};
use lethe_nordic::{
    Country, Cpr, Cvr, EmailAddress, Error, Organisationsnummer, Personnummer, Phone, calendar,
    looks_personal,
};
use proptest::prelude::*;

/// Every valid CVR number: seven digits and, for ten prefixes of eleven, the eighth that fits.
fn cvr() -> impl Strategy<Value = String> {
    (1_000_000_u32..=9_999_999).prop_filter_map("no check digit fits", |prefix| {
        (0..10).map(|check| format!("{prefix}{check}")).find(|number| {
            let weighted = number.bytes().zip([2, 7, 6, 5, 4, 3, 2, 1]);
            weighted.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum::<u32>() % 11 == 0
        })
    })
}

fn country() -> impl Strategy<Value = Country> {
    prop::sample::select(Country::ALL.to_vec())
}

fn with_digit(number: &str, place: usize, step: u32) -> String {
    let changed = |digit: char| digit.to_digit(10).and_then(|d| char::from_digit((d + step) % 10, 10));
    number
        .chars()
        .enumerate()
        .filter_map(|(at, digit)| if at == place { changed(digit) } else { Some(digit) })
        .collect()
}

proptest! {
    #[test]
    fn a_valid_cvr_is_read(number in cvr()) {
        let cvr = Cvr::parse(&number).unwrap();
        prop_assert_eq!(cvr.as_str(), &number);
        prop_assert_eq!(Cvr::parse(&format!("DK {number}")), Ok(cvr));
    }

    #[test]
    fn a_cvr_with_one_wrong_digit_is_refused(number in cvr(), place in 0_usize..8, step in 1_u32..10) {
        prop_assert!(Cvr::parse(&with_digit(&number, place, step)).is_err());
    }

    #[test]
    fn luhn_finds_one_wrong_digit(body in 592_000_000_u32..600_000_000, place in 3_usize..10, step in 1_u32..10) {
        let numbers: Vec<String> = (0..10)
            .map(|check| format!("{body}{check}"))
            .filter(|number| Organisationsnummer::parse(number).is_ok())
            .collect();
        prop_assert_eq!(numbers.len(), 1, "one check digit fits");
        let wrong = with_digit(&numbers[0], place, step);
        prop_assert_eq!(Organisationsnummer::parse(&wrong), Err(Error::OrganisationsnummerChecksum));
    }

    #[test]
    fn a_stored_phone_number_is_read_as_itself(text in r"(\+|00)?[0-9 ().-]{0,22}", home in country()) {
        if let Ok(phone) = Phone::parse(&text, home) {
            prop_assert_eq!(Phone::from_stored(phone.as_str()), Ok(phone.clone()));
            prop_assert!(phone.e164().len() <= 16 && phone.e164().starts_with('+'));
            if home != Country::Norway {
                prop_assert_eq!(Phone::parse(phone.as_str(), home), Ok(phone));
            }
        }
    }

    #[test]
    fn a_cpr_keeps_its_day_and_month(day in 1_u32..=28, month in 1_u32..=12, year in 0_u32..100, serial in 0_u32..10_000) {
        let written = format!("{day:02}{month:02}{year:02}{serial:04}");
        let cpr = Cpr::parse(&written).unwrap();
        let born = cpr.birth_date();
        prop_assert_eq!((born.day(), born.month()), (day, month));
        prop_assert_eq!(born.year().rem_euclid(100).unsigned_abs(), year);
        prop_assert!((1858..=2057).contains(&born.year()));
        prop_assert!(looks_personal(&written).is_some());
    }

    #[test]
    fn months_keep_the_day_or_clamp(days in 0_i32..80_000, months in 0_u32..2_400) {
        let from = NaiveDate::from_num_days_from_ce_opt(690_000 + days).unwrap();
        let to = calendar::add_months(from, months).unwrap();
        let month_count = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
        prop_assert_eq!(month_count(to) - month_count(from), i64::from(months));
        let is_last = to.succ_opt().unwrap().day() == 1;
        prop_assert!(to.day() == from.day() || (to.day() < from.day() && is_last));
    }

    #[test]
    fn nothing_typed_makes_a_reader_panic(text in "\\PC{0,40}") {
        let _ = [Cvr::parse(&text).is_ok(), Cpr::parse(&text).is_ok(), Organisationsnummer::parse(&text).is_ok()];
        let _ = [Personnummer::parse(&text).is_ok(), EmailAddress::parse(&text).is_ok()];
        let _ = [Phone::parse(&text, Country::Sweden).is_ok(), looks_personal(&text).is_some()];
    }
}
