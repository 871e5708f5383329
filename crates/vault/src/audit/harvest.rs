//! Wrapped keys in bytes, as PostgreSQL lays rows out: on pages, in dead rows, in the write-ahead log and in temporary files.

use lethe_kernel::{KeyClass, Subject, SubjectKind};
use uuid::Uuid;

use super::place_of;
use crate::nursery::NURSERY;
use crate::wrap::SubjectPlace;

/// The length of a wrapped key.
pub(super) const WRAPPED: usize = 60;
/// What PostgreSQL writes before a value of that length: its size with this byte, 61, shifted, and the mark of a short one.
const SHORT: u8 = 0x7B;
/// No generation is larger in anybody's life.
const GENERATIONS: i64 = 1 << 32;
const PAGE: usize = 8192;

/// A wrapped key, and where it stands.
pub(super) struct Found {
    pub(super) offset: usize,
    pub(super) wrapped: Wrapped,
}

/// What is wrapped.
pub(super) enum Wrapped {
    Bucket { bucket: i32, generation: i64, wrapped: [u8; WRAPPED] },
    Subject { place: SubjectPlace, wrapped: [u8; WRAPPED] },
}

/// Finds what stands in rows of `vault.buckets` and `vault.keys`, and in rows on their way into the latter.
pub(super) fn harvest(bytes: &[u8], found: &mut Vec<Found>) {
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != SHORT {
            continue;
        }
        let Some(wrapped) = bytes.get(at + 1..).and_then(|rest| rest.first_chunk::<WRAPPED>()) else {
            return;
        };
        let Some(before) = bytes.get(..at) else { continue };
        let Some((rest, generation)) = number(before) else { continue };
        // A bucket stands right before its generation, or four bytes of padding before.
        for padding in [0, 4] {
            let Some((rest, bucket)) = small(rest, padding) else { continue };
            found.push(Found {
                offset: at,
                wrapped: Wrapped::Bucket { bucket, generation, wrapped: *wrapped },
            });
            if let Some((id, subject, class)) = owner(rest, 3) {
                let place = place_of(id, subject, class, (bucket, generation));
                found.push(Found { offset: at, wrapped: Wrapped::Subject { place, wrapped: *wrapped } });
            }
        }
        // On its way in, a key has an epoch and no bucket.
        if let Some((id, subject, class)) = owner(rest, 7) {
            let place = place_of(id, subject, class, (NURSERY, generation));
            found.push(Found { offset: at, wrapped: Wrapped::Subject { place, wrapped: *wrapped } });
        }
    }
}

/// A plausible generation at the end of bytes.
fn number(bytes: &[u8]) -> Option<(&[u8], i64)> {
    let (rest, number) = bytes.split_last_chunk()?;
    let number = i64::from_le_bytes(*number);
    (0..GENERATIONS).contains(&number).then_some((rest, number))
}

/// A plausible bucket before some padding at the end of bytes.
fn small(bytes: &[u8], padding: usize) -> Option<(&[u8], i32)> {
    let (rest, zeros) = bytes.split_at_checked(bytes.len().checked_sub(padding)?)?;
    let (rest, bucket) = rest.split_last_chunk()?;
    let bucket = i32::from_le_bytes(*bucket);
    (zeros.iter().all(|byte| *byte == 0) && (NURSERY..1 << 24).contains(&bucket)).then_some((rest, bucket))
}

/// Key id, subject and class at the end of bytes, before some padding.
fn owner(bytes: &[u8], padding: usize) -> Option<(Uuid, Subject, KeyClass)> {
    (0..=padding).find_map(|padding| {
        let (rest, zeros) = bytes.split_at_checked(bytes.len().checked_sub(padding)?)?;
        if zeros.iter().any(|byte| *byte != 0) {
            return None;
        }
        let (rest, class) = word(rest, KeyClass::from_name)?;
        let (rest, subject) = rest.split_last_chunk()?;
        let (rest, kind) = word(rest, SubjectKind::from_name)?;
        let (_, id) = rest.split_last_chunk()?;
        Some((Uuid::from_bytes(*id), Subject::new(kind, Uuid::from_bytes(*subject)), class))
    })
}

/// A short text at the end of bytes, behind its length, that is a known name.
fn word<T>(bytes: &[u8], known: impl Fn(&str) -> Option<T>) -> Option<(&[u8], T)> {
    // The longest name is `field:` and a UUID.
    (3..=42.min(bytes.len().checked_sub(1)?)).find_map(|length| {
        let (rest, text) = bytes.split_at_checked(bytes.len() - length)?;
        let (header, rest) = rest.split_last()?;
        let is_header = usize::from(*header) == ((length + 1) << 1 | 1);
        let name = is_header.then(|| str::from_utf8(text).ok().and_then(&known)).flatten()?;
        Some((rest, name))
    })
}

/// A segment of the write-ahead log without the headers of its pages, which cut records in two; nothing of anything else.
pub(super) fn without_page_headers(bytes: &[u8]) -> Option<Vec<u8>> {
    // `xlp_magic` of PostgreSQL 9.3 and later is 0xD075 to 0xD1FF, little endian.
    let is_page = |page: &[u8]| matches!(page.get(1), Some(0xD0 | 0xD1));
    if bytes.len() < 2 * PAGE || !bytes.chunks_exact(PAGE).take(2).all(is_page) {
        return None;
    }
    let body = |page: &'_ [u8]| {
        // `XLP_LONG_HEADER` is in the flags of the first page of a segment.
        let header = if page.get(2).is_some_and(|flags| flags & 2 != 0) { 40 } else { 24 };
        page.get(header..).unwrap_or_default().to_vec()
    };
    Some(bytes.chunks(PAGE).flat_map(body).collect())
}
