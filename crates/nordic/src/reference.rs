//! Whether an external reference, meant to say nothing about a person, looks as if it does. R68.

use crate::{Cpr, Error, Personnummer};

/// Why a reference that should be non-personal is suspect; `None` if nothing speaks against it.
///
/// Asked for are an `@`, a CPR number or personnummer anywhere between other characters, and a `+` with a phone
/// number's digits. The answer errs on the side of suspicion, for references are kept for good: ten digits in a row
/// that begin with a date are enough, and some P-numbers do. UUIDs and other long hexadecimal names are never suspect.
///
/// The sentence does not repeat the reference and can be shown as it is.
#[must_use]
pub fn looks_personal(reference: &str) -> Option<&'static str> {
    if reference.contains('@') {
        return Some("The reference contains an @, as e-mail addresses do.");
    }
    if is_long_hexadecimal(reference) {
        return None;
    }
    if number_candidates(reference).iter().any(|candidate| is_personal_number(candidate)) {
        return Some("The reference contains what may be a CPR number or a personnummer.");
    }
    if reference.split('+').skip(1).any(starts_like_a_phone_number) {
        return Some("The reference contains a + followed by digits, as phone numbers do.");
    }
    None
}

fn is_long_hexadecimal(text: &str) -> bool {
    let characters = || text.chars().filter(|c| *c != '-');
    characters().count() >= 32
        && characters().all(|c| c.is_ascii_hexdigit())
        && characters().any(|c| c.is_ascii_alphabetic())
}

/// Every run of digits, alone and joined with the run one separator further on.
fn number_candidates(text: &str) -> Vec<String> {
    let mut candidates = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let from_run = rest.get(start..).unwrap_or_default();
        let (run, after) = split_digits(from_run);
        candidates.push(run.to_owned());
        if let Some(next) = after.strip_prefix(['-', '+', ' ', '/', '.']) {
            let (second, _) = split_digits(next);
            if second.len() == 4 {
                candidates.push(format!("{run}-{second}"));
            }
        }
        rest = after;
    }
    candidates
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn is_personal_number(candidate: &str) -> bool {
    let personnummer = match Personnummer::parse(candidate) {
        Ok(_) => true,
        // With the dash in its place, a wrong check digit is more likely a slip than another kind of number.
        Err(Error::PersonnummerChecksum) => candidate.contains('-'),
        Err(_) => false,
    };
    personnummer || Cpr::parse(candidate).is_ok()
}

fn starts_like_a_phone_number(text: &str) -> bool {
    let number = text.chars().take_while(|c| c.is_ascii_digit() || " -.()".contains(*c));
    number.filter(char::is_ascii_digit).count() >= 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspect() {
        for (reference, part) in [
            ("anna@example.org", "@"),
            ("010158-5123", "CPR"),
            ("0101585123", "CPR"),
            ("K-010158-5123", "CPR"),
            ("kunde 010158 5123", "CPR"),
            ("K0101585123", "CPR"),
            ("DK/0101585123/1", "CPR"),
            ("610158-5123", "CPR"),
            ("811218-9876", "personnummer"),
            ("811218-9877", "personnummer"),
            ("8112189876", "personnummer"),
            ("19811218-9876", "personnummer"),
            ("198112189876", "personnummer"),
            ("+45 20 20 30 30", "+"),
            ("tel+4520203030", "+"),
        ] {
            let reason = looks_personal(reference).unwrap_or_default();
            assert!(reason.contains(part), "{reference}: {reason}");
        }
    }

    #[test]
    fn not_suspect() {
        for reference in [
            "",
            "K-0000001",
            "13748136",
            "DK13748136",
            "599999-9997",
            "9900000001",
            "9912319999",
            "2026-01-31-17",
            "order 20260131",
            "A+B",
            "C++ 11",
            "018f0101-5851-7000-8000-0101585123ab",
            "811318-9876",
        ] {
            assert_eq!(looks_personal(reference), None, "{reference}");
        }
    }
}
