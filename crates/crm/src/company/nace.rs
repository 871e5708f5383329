use lethe_kernel::{ErrorCode, UserError, codes};
use serde::{Deserialize, Serialize};

/// An industry code and the code list it is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nace {
    /// The code with its dots, for example `62.01.00`.
    pub code: String,
    /// The code list.
    pub version: NaceVersion,
}

codes! {
    /// A Danish version of the NACE code list.
    pub enum NaceVersion {
        /// Dansk Branchekode 2007 and its Nordic counterparts (NACE Rev. 2).
        Db07 = "DB07",
        /// Dansk Branchekode 2025 and its Nordic counterparts (NACE Rev. 2.1).
        Db25 = "DB25",
    }
}

impl Nace {
    /// Reads a code with or without dots; `None` if it is blank.
    ///
    /// # Errors
    /// `INVALID_VALUE` for anything but 2 to 6 digits and dots, `REQUIRED` for a code without its version.
    pub fn check(code: &str, version: Option<NaceVersion>) -> Result<Option<Self>, UserError> {
        if code.trim().is_empty() {
            return Ok(None);
        }
        let code = Self::prefix(code).filter(|code| code.len() >= 2).ok_or_else(|| {
            let message = "A NACE code has 2 to 6 digits, with or without dots, for example 62.01.00.";
            UserError::at(ErrorCode::InvalidValue, "naceCode", message)
        })?;
        let version = version.ok_or_else(|| {
            let message = "Say which code list the NACE code is from: DB07 or DB25.";
            UserError::at(ErrorCode::Required, "naceVersion", message)
        })?;
        Ok(Some(Self { code, version }))
    }

    /// The beginning of a code as codes are stored, with a dot after every second digit; `None` if none begins
    /// so.
    pub(super) fn prefix(text: &str) -> Option<String> {
        let text = text.trim();
        let digits: Vec<char> = text.chars().filter(|c| *c != '.').collect();
        let well_formed = (1..=6).contains(&digits.len()) && digits.iter().all(char::is_ascii_digit);
        well_formed.then(|| {
            digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(".")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stored_with_dots() {
        for (given, stored) in
            [("620100", "62.01.00"), (" 62.01.00 ", "62.01.00"), ("62", "62"), ("62.0", "62.0")]
        {
            let nace = Nace::check(given, Some(NaceVersion::Db07)).unwrap().unwrap();
            assert_eq!(nace, Nace { code: stored.into(), version: NaceVersion::Db07 });
        }
        assert_eq!(Nace::check(" ", None).unwrap(), None);
    }

    #[test]
    fn other_text_and_a_code_without_its_list_are_refused() {
        for given in ["6", "6201000", "62 01", "marker", ".", "６２"] {
            let error = Nace::check(given, Some(NaceVersion::Db25)).unwrap_err();
            assert_eq!(
                (error.code, error.field[0].as_str()),
                (ErrorCode::InvalidValue, "naceCode"),
                "{given}"
            );
        }
        let error = Nace::check("62.01.00", None).unwrap_err();
        assert_eq!((error.code, error.field[0].as_str()), (ErrorCode::Required, "naceVersion"));
    }
}
