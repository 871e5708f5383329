//! Whether an external reference, meant to say nothing about a person, looks as if it does. R68.

mod number;

/// Why a reference that should be non-personal is suspect; `None` if nothing speaks against it.
///
/// Asked for are an `@`, a `+` with a phone number's digits, and anywhere between other characters, in one piece or in
/// groups, the personal numbers of the Nordic countries: CPR, personnummer (samordningsnummer, interim and reserve
/// numbers too), fødselsnummer (D-, H- and FH-numbers too), henkilötunnus and kennitala. The answer errs on the side of
/// suspicion, for references are kept for good: ten digits in a row that begin with a date are enough, and some
/// P-numbers do. UUIDs and other long hexadecimal names are never suspect.
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
    if number::is_in(reference) {
        return Some(
            "The reference contains what may be the personal number of somebody in a Nordic country.",
        );
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
            ("010158-5123", "personal number"),
            ("0101585123", "personal number"),
            ("K-010158-5123", "personal number"),
            ("kunde 010158 5123", "personal number"),
            ("K0101585123", "personal number"),
            ("DK/0101585123/1", "personal number"),
            ("610158-5123", "personal number"),
            ("811218-9876", "personal number"),
            ("811218-9877", "personal number"),
            ("8112189876", "personal number"),
            ("19811218-9876", "personal number"),
            ("198112189876", "personal number"),
            // The date in groups, other separators, a suffix.
            ("01-01-58-5123", "personal number"),
            ("KUNDE:01.01.58_5123", "personal number"),
            ("010158:5123", "personal number"),
            ("010158--5123", "personal number"),
            ("1981-12-18-9876", "personal number"),
            ("81/12/18/98/76", "personal number"),
            ("0101585123K", "personal number"),
            // A Swedish sole trader's VAT number is a personnummer with 01.
            ("SE811218987601", "personal number"),
            // Samordningsnummer: day + 60, day unknown, month and day unknown.
            ("811278-9873", "personal number"),
            ("811260-1230", "personal number"),
            ("SE-810060-1230", "personal number"),
            ("19810060-1230", "personal number"),
            // Interim and reserve numbers.
            ("811218-T123", "personal number"),
            ("811218TF12", "personal number"),
            ("19811218-K123", "personal number"),
            ("811278-M123", "personal number"),
            ("991981123456", "personal number"),
            // Fødselsnummer, D-number, H-number, FH-number, that of a test register.
            ("01015851233", "personal number"),
            ("010158 51233", "personal number"),
            ("NO-410158-51233", "personal number"),
            ("01 41 58 51233", "personal number"),
            ("01815851233", "personal number"),
            ("010158.512.33", "personal number"),
            // Henkilötunnus, with every sign of a century, and without one.
            ("131052-308T", "personal number"),
            ("FI131052-308T", "personal number"),
            ("131052+308T", "personal number"),
            ("131052A308T", "personal number"),
            ("131052y308t", "personal number"),
            ("13.10.52-308T", "personal number"),
            ("131052_308T", "personal number"),
            ("HETU131052308T", "personal number"),
            ("010203A4567", "personal number"),
            // Kennitala of somebody born on a day that the CPR's century would not have.
            ("290200-1230", "personal number"),
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
            "2026-01-31-A17",
            "20260131-B123",
            "PO-2026-000123",
            "131052308A",
            "12345678901",
            "99001315123",
            "SE599999999701",
            "1234567-8",
            "INV/2026/07/000042",
        ] {
            assert_eq!(looks_personal(reference), None, "{reference}");
        }
    }
}
