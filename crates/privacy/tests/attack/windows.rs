//! Every 32 bytes that stand together somewhere, as they are and as hexadecimal digits or base64 write them.

use crate::cryptography::Key;

/// Fewer distinct values than these, and 32 bytes are taken for no key. Random ones have fewer with a probability of
/// 1.2 · 10⁻¹³, counted out by the chain of "another value or one that was there"; 30 are usual.
const DISTINCT: usize = 18;

/// How many windows are remembered, so that what stands in many places is tried once.
const REMEMBERED: usize = 1 << 22;

/// The size of a segment of the WAL.
const SEGMENT: usize = 1 << 20;

/// Tells windows that were met before from new ones, forgetting some: then they are tried again.
pub(crate) struct Seen(Vec<u64>);

impl Seen {
    pub(crate) fn new() -> Self {
        Self(vec![0; REMEMBERED])
    }

    fn is_new(&mut self, window: &Key) -> bool {
        // Of 64 bits; that a key has the digest of something else that was just met is out of the question.
        let digest = window.chunks_exact(8).fold(0_u64, |digest, part| {
            let part = u64::from_le_bytes(part.try_into().unwrap());
            (digest ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
        });
        let place = &mut self.0[usize::try_from(digest >> 32).unwrap() % REMEMBERED];
        let new = *place != digest;
        *place = digest;
        new
    }
}

/// Every window of these bytes that may be a key and was not met lately.
pub(crate) fn each(bytes: &[u8], seen: &mut Seen, found: &mut impl FnMut(&Key)) {
    raw(bytes, seen, found);
    if bytes.len() == SEGMENT {
        raw(&unpaged(bytes), seen, found);
    }
    runs(bytes, 64, digit, &mut |run| (0..2).for_each(|at| raw(&decoded(&run[at..], 4), seen, found)));
    runs(bytes, 43, sextet, &mut |run| (0..4).for_each(|at| raw(&decoded(&run[at..], 6), seen, found)));
}

fn raw(bytes: &[u8], seen: &mut Seen, found: &mut impl FnMut(&Key)) {
    let mut counts = [0_u8; 256];
    let mut distinct = 0;
    for (end, byte) in bytes.iter().enumerate() {
        let count = &mut counts[usize::from(*byte)];
        *count += 1;
        distinct += usize::from(*count == 1);
        if end < 31 {
            continue;
        }
        let window: &Key = bytes[end - 31..=end].try_into().unwrap();
        if distinct >= DISTINCT && seen.is_new(window) {
            found(window);
        }
        let count = &mut counts[usize::from(window[0])];
        *count -= 1;
        distinct -= usize::from(*count == 0);
    }
}

/// A segment of the WAL without the headers of its pages, which cut records in two.
fn unpaged(segment: &[u8]) -> Vec<u8> {
    let pages = segment.chunks(8192).enumerate();
    pages.flat_map(|(page, bytes)| &bytes[if page == 0 { 40 } else { 24 }..]).copied().collect()
}

/// Stretches of an alphabet that are long enough to write a key, as the alphabet's values.
fn runs(bytes: &[u8], shortest: usize, value: fn(u8) -> Option<u8>, found: &mut impl FnMut(&[u8])) {
    let mut run = Vec::new();
    for byte in bytes.iter().copied().chain([0]) {
        if let Some(value) = value(byte) {
            run.push(value);
        } else {
            if run.len() >= shortest {
                found(&run);
            }
            run.clear();
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| u8::try_from(digit).unwrap())
}

/// Both alphabets of RFC 4648.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The bytes that values of so many bits each write.
fn decoded(values: &[u8], bits: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len());
    let (mut held, mut waiting) = (0_u32, 0);
    for value in values {
        held = (held << bits | u32::from(*value)) & 0xFFFF;
        waiting += bits;
        if waiting >= 8 {
            waiting -= 8;
            bytes.push(u8::try_from((held >> waiting) & 0xFF).unwrap());
        }
    }
    bytes
}

#[test]
fn a_key_is_found_however_it_is_written() {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    let key: Key = std::array::from_fn(|n| u8::try_from(n * 77 % 251).unwrap() ^ 0xF0);
    let digits = key.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    let around = |before: &[u8]| [before, &key, b"behind"].concat();
    for text in [
        [b"before", &key[..], b"behind"].concat(),
        format!("\\x{hex}").into_bytes(),
        format!("a{}", hex.to_uppercase()).into_bytes(),
        BASE64_STANDARD.encode(key).into_bytes(),
        BASE64_STANDARD.encode(around(b"b")).into_bytes(),
        BASE64_URL_SAFE_NO_PAD.encode(around(b"be")).into_bytes(),
        format!("abc{}", BASE64_URL_SAFE_NO_PAD.encode(key)).into_bytes(),
    ] {
        let mut found = false;
        each(&text, &mut Seen::new(), &mut |window| found |= *window == key);
        assert!(found, "{}", String::from_utf8_lossy(&text));
    }
}
