//! Time and new ids come from here, so that rules stay pure and tests can hold both still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// The source of the present time, in whole microseconds as PostgreSQL stores it.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still at `at` until it is set.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.timestamp_micros()))))
    }

    /// Moves a fixed clock; a system clock is not changed.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Some(fixed) = &self.0 {
            fixed.store(at.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// The present time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> DateTime<Utc> {
        self.0
            .as_ref()
            .and_then(|fixed| DateTime::from_timestamp_micros(fixed.load(Ordering::SeqCst)))
            .unwrap_or_else(Utc::now)
            .trunc_subsecs(6)
    }
}

/// The source of new ids: UUID version 7 (RFC 9562), so that neighbours in time are neighbours in an index.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdSource;

impl IdSource {
    /// A new id.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the id source")]
    pub fn next(self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still_until_it_is_set() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let clock = Clock::fixed(at);
        assert_eq!(clock.now(), at);
        let later = at + chrono::TimeDelta::hours(1);
        clock.clone().set(later);
        assert_eq!(clock.now(), later);
    }

    #[test]
    fn the_system_clock_has_whole_microseconds() {
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }
}
