use chrono::NaiveDate;
use lethe_nordic::calendar;

/// The longest time that anything personal may be kept for, in years: a setting. Without it a date in the year 9999 would
/// be no expiry by another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Longest {
    years: u32,
}

impl Default for Longest {
    fn default() -> Self {
        Self { years: 30 }
    }
}

impl Longest {
    /// That many years, a thousand at most.
    #[must_use]
    pub fn years(years: u32) -> Self {
        Self { years: years.min(1000) }
    }

    /// The same in years.
    #[must_use]
    pub const fn in_years(self) -> u32 {
        self.years
    }

    /// The same in months.
    #[must_use]
    pub const fn in_months(self) -> u32 {
        self.years * 12
    }

    /// The last date that may be given on a day.
    #[must_use]
    pub fn last(self, today: NaiveDate) -> NaiveDate {
        calendar::add_months(today, self.in_months()).unwrap_or(NaiveDate::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_date_is_so_many_years_ahead() {
        let leap_day = "2028-02-29".parse().unwrap();
        assert_eq!(Longest::default().last(leap_day).to_string(), "2058-02-28");
        assert_eq!(Longest::years(1).last(leap_day).to_string(), "2029-02-28");
        assert_eq!(Longest::years(u32::MAX).in_months(), 12_000);
    }
}
