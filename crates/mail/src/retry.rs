//! When a mail is tried again: soon, then less and less often.

use chrono::{DateTime, TimeDelta, Utc};
use lethe_kernel::MailId;

use super::Retry;

/// The longest time between two attempts.
const LONGEST: TimeDelta = TimeDelta::hours(4);

/// How often a mail is tried, and how soon again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The time between the first attempt and the second; it doubles with each further one, up to four hours.
    pub first: TimeDelta,
    /// The most attempts.
    pub most: i64,
}

impl Policy {
    /// When a mail is tried again that was tried so often. The delay is spread by up to a quarter, so that mails that
    /// failed together do not come back together; of one mail and attempt it is always the same.
    pub(crate) fn retry(self, mail: MailId, tried: i64, now: DateTime<Utc>) -> Retry {
        let doublings = u32::try_from(tried.clamp(1, 20) - 1).unwrap_or(0);
        let delay = self.first.checked_mul(1 << doublings).unwrap_or(LONGEST).min(LONGEST);
        let percent = 75 + i64::try_from(mixed(mail, tried) % 51).unwrap_or(0);
        let spread = TimeDelta::milliseconds(delay.num_milliseconds().saturating_mul(percent) / 100);
        Retry { next: now + spread, most: self.most }
    }
}

/// Bits that depend on mail and attempt alone: the last step of `SplitMix64`.
fn mixed(mail: MailId, tried: i64) -> u64 {
    let (_, id) = mail.0.as_u64_pair();
    let mut bits = id.wrapping_add(tried.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const POLICY: Policy = Policy { first: TimeDelta::minutes(1), most: 16 };

    fn minutes(mail: u128, tried: i64) -> f64 {
        let now = DateTime::UNIX_EPOCH;
        let retry = POLICY.retry(MailId(Uuid::from_u128(mail)), tried, now);
        f64::from(i32::try_from((retry.next - now).num_seconds()).unwrap()) / 60.0
    }

    #[test]
    fn the_delay_doubles_up_to_four_hours_and_is_spread_by_a_quarter() {
        for (tried, expected) in
            [(1, 1.0), (2, 2.0), (5, 16.0), (8, 128.0), (9, 240.0), (16, 240.0), (900, 240.0)]
        {
            for mail in 0..50 {
                let minutes = minutes(mail, tried);
                assert!(minutes >= expected * 0.74, "{tried}: {minutes}");
                assert!(minutes <= expected * 1.26, "{tried}: {minutes}");
            }
        }
    }

    #[test]
    fn mails_that_failed_together_do_not_come_back_together_and_each_at_a_known_time() {
        let mut all: Vec<u64> = (0..50).map(|mail| minutes(mail, 9).to_bits()).collect();
        assert_eq!(all, (0..50).map(|mail| minutes(mail, 9).to_bits()).collect::<Vec<_>>());
        all.sort_unstable();
        all.dedup();
        assert!(all.len() > 20, "{}", all.len());
    }

    #[test]
    fn absurd_policies_do_not_overflow() {
        let endless = Policy { first: TimeDelta::MAX, most: 1 };
        let retry = endless.retry(MailId(Uuid::nil()), i64::MAX, DateTime::UNIX_EPOCH);
        assert!(retry.next <= DateTime::UNIX_EPOCH + LONGEST * 2);
    }
}
