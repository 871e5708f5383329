//! Personal numbers between other characters.

use crate::digits::{pass_luhn, value, weighted_sum};

/// The most characters that separate two groups of one number.
const WIDEST_GAP: usize = 2;

/// Whether something in the text has the form of a personal number of a Nordic country.
pub(super) fn is_in(text: &str) -> bool {
    let text: Vec<char> = text.to_uppercase().chars().collect();
    let runs = digit_runs(&text);
    (0..runs.len()).any(|first| {
        let joined = joined(runs.get(first..).unwrap_or_default(), &text);
        joined.iter().any(|group| is_all_digits(group) || goes_on_with_letters(group, &text))
    })
}

/// Digits in a row.
struct Run {
    digits: String,
    start: usize,
    end: usize,
}

/// Digits of one run or of several that stand close together.
struct Group {
    digits: String,
    /// How many digits each run has.
    lengths: Vec<usize>,
    end: usize,
}

fn digit_runs(text: &[char]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, c) in text.iter().enumerate().filter(|(_, c)| c.is_ascii_digit()) {
        match runs.last_mut() {
            Some(run) if run.end == at => {
                run.digits.push(*c);
                run.end += 1;
            }
            _ => runs.push(Run { digits: c.to_string(), start: at, end: at + 1 }),
        }
    }
    runs
}

/// The first run alone, with the second, with the third …, as long as a number may be and nothing but a few separators
/// stands between them.
fn joined(runs: &[Run], text: &[char]) -> Vec<Group> {
    let is_near = |from: usize, to: usize| {
        text.get(from..to)
            .is_some_and(|gap| gap.len() <= WIDEST_GAP && !gap.iter().any(|c| c.is_alphanumeric()))
    };
    let mut groups: Vec<Group> = Vec::new();
    for run in runs {
        let group = match groups.last() {
            None => Group { digits: run.digits.clone(), lengths: vec![run.digits.len()], end: run.end },
            Some(before) if is_near(before.end, run.start) => Group {
                digits: format!("{}{}", before.digits, run.digits),
                lengths: before.lengths.iter().copied().chain([run.digits.len()]).collect(),
                end: run.end,
            },
            Some(_) => break,
        };
        if group.digits.len() > 12 {
            break;
        }
        groups.push(group);
    }
    groups
}

/// Whether the digits are those of a number that has no letters. In the groups in which it is usually written, a date is
/// enough; in others the check digit has to fit as well.
fn is_all_digits(Group { digits, lengths, .. }: &Group) -> bool {
    let usual = |layouts: &[&[usize]]| layouts.contains(&lengths.as_slice());
    match digits.len() {
        10 => {
            let danish = is_day_first(digits) && {
                usual(&[&[10], &[6, 4], &[2, 2, 2, 4]]) || is_multiple_of_11(digits, &CPR)
            };
            // With a dash in its place, a wrong check digit is more likely a slip than another kind of number.
            danish || (is_year_first(digits) && (pass_luhn(digits) || usual(&[&[6, 4]])))
        }
        11 => {
            let norwegian = is_norwegian_date(digits) && {
                usual(&[&[11], &[6, 5], &[2, 2, 2, 5], &[6, 3, 2]]) || has_norwegian_checks(digits)
            };
            norwegian || (digits.starts_with(['8', '9']) && has_norwegian_checks(digits))
        }
        12 => {
            let (long, short) = (digits.get(2..).unwrap_or_default(), digits.get(..10).unwrap_or_default());
            let swedish = is_century(digits) && is_year_first(long);
            (swedish && (pass_luhn(long) || usual(&[&[8, 4]])))
                || (digits.ends_with("01") && is_year_first(short) && pass_luhn(short))
                || (digits.starts_with("99") && is_century(long))
        }
        _ => false,
    }
}

/// Whether the digits are a date, and what follows makes it a henkilötunnus or a Swedish interim or reserve number.
fn goes_on_with_letters(group: &Group, text: &[char]) -> bool {
    let date = group.digits.as_str();
    let rest = text.get(group.end..).unwrap_or_default();
    let gap = rest.iter().take(WIDEST_GAP).take_while(|c| !c.is_alphanumeric()).count();
    let behind = rest.get(gap..).unwrap_or_default();
    match group.lengths.as_slice() {
        [9] => is_day_first(date) && last_of(rest).is_some_and(|c| is_finnish_check(date, c)),
        [6] | [2, 2, 2] => {
            let sign = rest.first().is_some_and(|c| "ABCDEFUVWXY".contains(*c));
            let number = if sign { rest.get(1..).unwrap_or_default() } else { behind };
            let finnish = is_day_first(date) && (sign || gap > 0) && is_finnish_end(number);
            finnish || (is_year_first(date) && is_interim_end(behind))
        }
        [8] | [4, 2, 2] => {
            is_century(date) && is_year_first(date.get(2..).unwrap_or_default()) && is_interim_end(behind)
        }
        _ => false,
    }
}

/// Four characters up to the end of a word; `None` if there are more or fewer.
fn word(text: &[char]) -> Option<&[char]> {
    let length = text.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    (length == 4).then(|| text.get(..4)).flatten()
}

/// The one character up to the end of a word.
fn last_of(text: &[char]) -> Option<char> {
    let next = text.get(1).is_none_or(|c| !c.is_ascii_alphanumeric());
    text.first().copied().filter(|_| next)
}

/// Three digits and a check character.
fn is_finnish_end(text: &[char]) -> bool {
    word(text).is_some_and(|end| end.iter().take(3).all(char::is_ascii_digit))
}

/// A letter, or two, in place of the first digits of the last four.
fn is_interim_end(text: &[char]) -> bool {
    let Some(&[first, second, third, fourth]) = word(text) else { return false };
    "TRSUWXJKLMN".contains(first)
        && (second.is_ascii_digit() || second == 'F')
        && third.is_ascii_digit()
        && fourth.is_ascii_digit()
}

fn is_finnish_check(nine_digits: &str, check: char) -> bool {
    let place = usize::try_from(value(Some(nine_digits)) % 31).unwrap_or_default();
    "0123456789ABCDEFHJKLMNPRSTUVWXY".chars().nth(place) == Some(check)
}

/// `DDMMYY`, or a Danish replacement number with 60 added to the day.
fn is_day_first(digits: &str) -> bool {
    let (day, month) = (value(digits.get(..2)), value(digits.get(2..4)));
    is_day_and_month(if day > 60 { day - 60 } else { day }, month)
}

/// `YYMMDD`, or a samordningsnummer with 60 added to the day, where 00 is a month and 60 a day that is not known.
fn is_year_first(digits: &str) -> bool {
    let (month, day) = (value(digits.get(2..4)), value(digits.get(4..6)));
    let open = (month <= 12 && day == 60) || (month == 0 && (60..=91).contains(&day));
    open || is_day_and_month(if day > 60 { day - 60 } else { day }, month)
}

/// `DDMMYY` with 40 added to the day in a D-number, to the month in an H-number, and more to it in test registers.
fn is_norwegian_date(digits: &str) -> bool {
    let (day, month) = (value(digits.get(..2)), value(digits.get(2..4)));
    let day = if day > 40 { day - 40 } else { day };
    [0, 40, 65, 80].into_iter().any(|added| month > added && is_day_and_month(day, month - added))
}

/// Whether a month can have such a day, in some year.
fn is_day_and_month(day: u32, month: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_century(digits: &str) -> bool {
    matches!(digits.get(..2), Some("18" | "19" | "20"))
}

const CPR: [u32; 10] = [4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

fn is_multiple_of_11(digits: &str, weights: &[u32]) -> bool {
    weighted_sum(digits, weights).is_multiple_of(11)
}

fn has_norwegian_checks(digits: &str) -> bool {
    is_multiple_of_11(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1])
        && is_multiple_of_11(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1])
}
