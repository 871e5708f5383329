//! Wrapped keys in texts: dumps, server logs with parameters, mirrors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lethe_kernel::{KeyClass, Subject, SubjectKind};
use uuid::Uuid;

use super::harvest::{Found, WRAPPED, Wrapped};
use super::place_of;
use crate::nursery::NURSERY;

/// How far before a wrapped key the rest of its row may begin.
const BEFORE: usize = 400;
/// How many characters write a wrapped key: hexadecimal digits, or base64.
const HEX: usize = WRAPPED * 2;
const BASE64: usize = WRAPPED / 3 * 4;

/// Finds wrapped keys that stand in hexadecimal digits, as PostgreSQL writes bytes, or in base64, as mirrors do, behind the
/// other columns of their row.
pub(super) fn harvest(bytes: &[u8], found: &mut Vec<Found>) {
    runs(bytes, u8::is_ascii_hexdigit, HEX, |at, digits| {
        add(bytes, at, unhex(digits), found);
    });
    runs(
        bytes,
        |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
        BASE64,
        |at, digits| {
            add(bytes, at, STANDARD.decode(digits).ok().and_then(|bytes| bytes.try_into().ok()), found);
        },
    );
}

/// Every stretch of exactly so many bytes of a kind.
fn runs(bytes: &[u8], is: impl Fn(&u8) -> bool, length: usize, mut found: impl FnMut(usize, &[u8])) {
    let mut begin = 0;
    while begin < bytes.len() {
        let run = bytes.get(begin..).unwrap_or_default().iter().take_while(|byte| is(byte)).count();
        if run == length
            && let Some(digits) = bytes.get(begin..begin + run)
        {
            found(begin, digits);
        }
        begin += run + 1;
    }
}

fn unhex(digits: &[u8]) -> Option<[u8; WRAPPED]> {
    let mut bytes = [0; WRAPPED];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn add(bytes: &[u8], at: usize, wrapped: Option<[u8; WRAPPED]>, found: &mut Vec<Found>) {
    let Some(wrapped) = wrapped else { return };
    let before = bytes.get(at.saturating_sub(BEFORE)..at).unwrap_or_default();
    let words: Vec<&str> = before
        .split(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b':' | b'_'))
        .filter_map(|word| str::from_utf8(word).ok())
        // In JSON a name stands before its value, with the colon.
        .map(|word| word.trim_matches(':'))
        .filter(|word| !word.is_empty())
        .collect();
    // The numbers right before, whatever names stand between them.
    let row = words.iter().rev().take_while(|word| is_name(word) || word.parse::<i64>().is_ok());
    let numbers: Vec<i64> = row.filter_map(|word| word.parse().ok()).take(2).collect();
    if let [generation, bucket] = numbers[..]
        && let Ok(bucket) = i32::try_from(bucket)
    {
        found.push(Found { offset: at, wrapped: Wrapped::Bucket { bucket, generation, wrapped } });
    }
    let Some((id, subject, class)) = owner(&words) else { return };
    let places = match numbers[..] {
        [generation, bucket] => {
            [i32::try_from(bucket).ok().map(|bucket| (bucket, generation)), Some((NURSERY, generation))]
        }
        [epoch] => [Some((NURSERY, epoch)), None],
        _ => [None, None],
    };
    for place in places.into_iter().flatten() {
        let place = place_of(id, subject, class, place);
        found.push(Found { offset: at, wrapped: Wrapped::Subject { place, wrapped } });
    }
}

/// A name of a column before its value; `x` is that before hexadecimal digits.
fn is_name(word: &str) -> bool {
    matches!(word, "bucket" | "generation" | "epoch" | "wrapped" | "x")
}

/// The last key id, subject and class of some words.
fn owner(words: &[&str]) -> Option<(Uuid, Subject, KeyClass)> {
    let mut back = words.iter().rev();
    let class = back.find_map(|word| KeyClass::from_name(word))?;
    let uuid = |word: &&str| (word.len() == 36).then(|| word.parse::<Uuid>().ok()).flatten();
    let subject = back.find_map(uuid)?;
    let kind = back.find_map(|word| SubjectKind::from_name(word))?;
    let id = back.find_map(uuid)?;
    Some((id, Subject::new(kind, subject), class))
}
