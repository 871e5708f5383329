//! Digits and the check sums that several numbers share.

/// The text without white space, of any kind: spreadsheets like the unbreakable one.
pub(crate) fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether the text is exactly `count` ASCII digits.
pub(crate) fn are_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// The number that a few digits write; 0 if they are not digits.
pub(crate) fn value(text: Option<&str>) -> u32 {
    text.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// The sum of every digit times its weight.
pub(crate) fn weighted_sum(digits: &str, weights: &[u32]) -> u32 {
    digits.chars().filter_map(|c| c.to_digit(10)).zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Whether the digits pass the Luhn check, the last one being the check digit.
pub(crate) fn pass_luhn(digits: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_by_the_textbook() {
        // The worked example of ISO/IEC 7812-1, Annex B.
        assert!(pass_luhn("17893729974"));
        assert!(!pass_luhn("17893729975"));
        assert!(!pass_luhn("17983729974"), "swapped neighbours are seen");
    }
}
