use chrono::NaiveDate;
use lethe_kernel::codes;
use lethe_nordic::calendar;
use serde::{Deserialize, Serialize};

use super::PolicySet;
use crate::contact::ItemKind;

codes! {
    /// What happens to an item that expires.
    pub enum Effect {
        /// Nothing of it stays in any list.
        Delete = "DELETE",
        /// Text, personal values and links to contacts go; kind, dates, unit and company stay.
        Anonymise = "ANONYMISE",
    }
}

/// Where it comes from when something expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExpirySource {
    /// Somebody chose the day, or that there is none.
    Chosen,
    /// It followed from a policy.
    Policy,
    /// Something that happens ends it, or has its period begin.
    Event,
}

/// When an item expires, and what then happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// The first day on which it has expired, from 00:00 Europe/Copenhagen.
    pub on: NaiveDate,
    /// What then happens.
    pub effect: Effect,
}

/// The first creation date for which three years apply instead of five (R18).
const THREE_YEARS_FROM: NaiveDate = match NaiveDate::from_ymd_opt(2019, 11, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// The expiry of an item for which nothing else was set (R18): the unit's policy in force on the day it was created,
/// otherwise three years, or five if it was created before November 2019; it is anonymised.
#[must_use]
pub fn default_expiry(policies: &[PolicySet], kind: ItemKind, created: NaiveDate) -> Expiry {
    let own = policies
        .iter()
        .filter(|policy| policy.kind == kind && policy.effective_from <= created)
        .max_by_key(|policy| policy.effective_from);
    let (months, effect) = match own {
        Some(policy) => (policy.months, policy.effect),
        None if created < THREE_YEARS_FROM => (60, Effect::Anonymise),
        None => (36, Effect::Anonymise),
    };
    Expiry { on: calendar::add_months(created, months).unwrap_or(NaiveDate::MAX), effect }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn policy(from: &str, months: u32) -> PolicySet {
        PolicySet { kind: ItemKind::Note, months, effect: Effect::Delete, effective_from: date(from) }
    }

    #[test]
    fn five_years_until_october_2019_and_three_from_then_on() {
        for (created, on) in [
            ("2019-10-31", "2024-10-31"),
            ("2019-11-01", "2022-11-01"),
            ("2024-02-29", "2027-02-28"),
            ("2016-02-29", "2021-02-28"),
        ] {
            let expiry = default_expiry(&[], ItemKind::Note, date(created));
            assert_eq!(expiry, Expiry { on: date(on), effect: Effect::Anonymise });
        }
    }

    #[test]
    fn the_policy_in_force_on_the_day_of_creation_decides() {
        let policies = [policy("2025-01-01", 12), policy("2026-01-01", 6)];
        for (created, on) in
            [("2024-12-31", "2027-12-31"), ("2025-12-31", "2026-12-31"), ("2026-08-31", "2027-02-28")]
        {
            assert_eq!(default_expiry(&policies, ItemKind::Note, date(created)).on, date(on), "{created}");
        }
    }
}
