use chrono::NaiveDate;
use lethe_kernel::UserId;
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_7468_655f_7265_7665_616c_735f_6964);

/// The id of the stream of a user's reveals on a day in Copenhagen; it follows from both.
#[must_use]
pub fn reveals_id(user: UserId, day: NaiveDate) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{user}\n{day}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn user_and_day_each_make_another_stream() {
        let (one, two) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let first = reveals_id(one, day("2026-06-01"));
        assert_eq!(first, reveals_id(one, day("2026-06-01")));
        assert_ne!(first, reveals_id(two, day("2026-06-01")));
        assert_ne!(first, reveals_id(one, day("2026-06-02")));
    }

    /// Stored ids depend on it.
    #[test]
    fn the_derivation_never_changes() {
        let id = reveals_id(UserId(Uuid::from_u128(1)), day("2026-06-01"));
        assert_eq!(id.to_string(), "5980065e-b179-536a-9f3e-799c72686184");
    }
}
