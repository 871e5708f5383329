//! External references: the stable, non-personal names under which other systems know a record (R68).

use lethe_kernel::{ErrorCode, ImportId, UnitId, UserError};
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_7468_655f_7265_6665_7265_6e63_6573);

/// A reference as it is stored; `None` if it is blank.
///
/// # Errors
/// `INVALID_VALUE` for one that is too long, has characters a reference does not need, or looks personal: references
/// are stored in clear.
pub fn check(text: &str) -> Result<Option<String>, UserError> {
    let text = text.trim();
    let invalid = |message: &str| UserError::at(ErrorCode::InvalidValue, "externalReference", message);
    if text.is_empty() {
        return Ok(None);
    }
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._:/-".contains(c));
    if text.len() > 64 || !plain {
        return Err(invalid("An external reference has at most 64 letters, digits and . _ : / - of ASCII."));
    }
    lethe_nordic::looks_personal(text).map_or_else(|| Ok(Some(text.to_owned())), |why| Err(invalid(why)))
}

/// The id of the record that a unit knows under a reference.
#[must_use]
pub fn id(kind: &str, unit: UnitId, reference: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}\n{unit}\n{reference}").as_bytes())
}

/// The id of the record that came from a row of an import.
#[must_use]
pub fn row_id(import: ImportId, row: u64) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("row\n{import}\n{row}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_look_personal_are_refused() {
        for text in
            ["a@example.org", "010160-1234", "0101601234", "Åse", &"x".repeat(65), "a b", "+4520304050"]
        {
            let error = check(text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidValue, "{text}");
            assert!(!error.message.contains(text));
        }
        assert_eq!(check(" DK-K-0000001 ").unwrap().unwrap(), "DK-K-0000001");
        assert_eq!(check("").unwrap(), None);
    }

    #[test]
    fn the_same_reference_of_two_units_is_two_records() {
        let (one, two) = (UnitId(Uuid::from_u128(1)), UnitId(Uuid::from_u128(2)));
        assert_eq!(id("contact", one, "A"), id("contact", one, "A"));
        assert_ne!(id("contact", one, "A"), id("contact", two, "A"));
        assert_ne!(id("contact", one, "A"), id("company", one, "A"));
    }
}
