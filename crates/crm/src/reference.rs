//! External references: the stable, non-personal names under which other systems know a record (R68).

use lethe_kernel::{ErrorCode, ImportId, UnitId, UserError, text as form};
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

/// A code as it is stored. Codes are in clear too, so one in which a person's number may stand is refused like such a
/// reference.
///
/// # Errors
/// `INVALID_VALUE`, also for what is no code.
pub fn code(field: &str, text: &str) -> Result<String, UserError> {
    let code = form::code(field, text)?;
    if lethe_nordic::looks_personal(&code).is_some() {
        let message = "The code contains what may be the number of a person. Codes are kept in clear; choose another word.";
        return Err(UserError::at(ErrorCode::InvalidValue, field, message));
    }
    Ok(code)
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
        for text in [
            "a@example.org",
            "010160-1234",
            "0101601234",
            "SE-810060-1230",
            "811218-T123",
            "NO:01015851233",
            "FI131052A308T",
            "Åse",
            &"x".repeat(65),
            "a b",
            "+4520304050",
        ] {
            let error = check(text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidValue, "{text}");
            assert!(!error.message.contains(text));
        }
        assert_eq!(check(" DK-K-0000001 ").unwrap().unwrap(), "DK-K-0000001");
        assert_eq!(check("").unwrap(), None);
    }

    #[test]
    fn codes_with_the_number_of_a_person_are_refused() {
        for text in ["KUNDE_010158_5123", "K0101585123", "FI131052A308T", "NO_01015851233", "P_810060_1230"] {
            let error = code("purpose", text).unwrap_err();
            assert_eq!((error.code, error.field[0].as_str()), (ErrorCode::InvalidValue, "purpose"), "{text}");
            assert!(!error.message.contains(text));
        }
        assert_eq!(code("purpose", "CAMPAIGN_2026_01").unwrap(), "CAMPAIGN_2026_01");
    }

    #[test]
    fn the_same_reference_of_two_units_is_two_records() {
        let (one, two) = (UnitId(Uuid::from_u128(1)), UnitId(Uuid::from_u128(2)));
        assert_eq!(id("contact", one, "A"), id("contact", one, "A"));
        assert_ne!(id("contact", one, "A"), id("contact", two, "A"));
        assert_ne!(id("contact", one, "A"), id("company", one, "A"));
    }
}
