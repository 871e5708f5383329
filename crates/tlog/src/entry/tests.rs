use proptest::prelude::*;

use super::*;
use crate::sha256;

fn sample() -> Entry<'static> {
    Entry {
        position: 0x0102_0304_0506_0708,
        stream_type: "contact",
        stream_id: "0198a6b2-5c1e-7000-8000-000000000001",
        sequence: 2,
        event_id: Uuid::from_u128(0x1111),
        event_type: "contact.registered",
        event_version: "1",
        recorded_at: -1,
        payload: sha256(b"{}"),
        metadata: sha256(b"[]"),
    }
}

#[test]
fn an_entry_is_encoded_byte_for_byte_as_documented() {
    let bytes = sample().encode().unwrap();
    let expected = [
        &[1][..],
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[0, 7],
        b"contact",
        &[0, 36],
        b"0198a6b2-5c1e-7000-8000-000000000001",
        &[0, 0, 0, 0, 0, 0, 0, 2],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11],
        &[0, 18],
        b"contact.registered",
        &[0, 1],
        b"1",
        &[0xff; 8],
        &sha256(b"{}").0,
        &sha256(b"[]").0,
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn a_text_too_long_or_empty_and_position_zero_are_refused() {
    let long = "x".repeat(MAX_TEXT + 1);
    assert_eq!(Entry { stream_type: &long, ..sample() }.encode(), Err(EntryError::Text));
    assert_eq!(Entry { event_version: "", ..sample() }.encode(), Err(EntryError::Text));
    assert_eq!(Entry { position: 0, ..sample() }.encode(), Err(EntryError::Position));
    assert!(Entry { stream_type: &long[..MAX_TEXT], ..sample() }.encode().is_ok());
}

#[test]
fn another_version_and_every_cut_or_longer_entry_are_refused() {
    let bytes = sample().encode().unwrap();
    for length in 0..bytes.len() {
        assert!(Entry::decode(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Entry::decode(&longer), Err(EntryError::Long));
    let mut other = bytes;
    other[0] = 2;
    assert_eq!(Entry::decode(&other), Err(EntryError::Version(2)));
}

proptest! {
    #[test]
    fn an_entry_is_read_as_it_was_written_and_every_changed_byte_changes_it(
        position in 1..=u64::MAX, sequence: u64, recorded_at: i64, texts in proptest::array::uniform4(".{1,40}"),
        event_id: u128, payload: [u8; 32], metadata: [u8; 32], at: prop::sample::Index, change in 1..=255u8,
    ) {
        let [stream_type, stream_id, event_type, event_version] = &texts;
        let entry = Entry {
            position, stream_type, stream_id, sequence, event_id: Uuid::from_u128(event_id), event_type, event_version,
            recorded_at, payload: Hash(payload), metadata: Hash(metadata),
        };
        let mut bytes = entry.encode().unwrap();
        prop_assert_eq!(&Entry::decode(&bytes).unwrap(), &entry);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(read) = Entry::decode(&bytes) {
            prop_assert_ne!(&read, &entry);
            prop_assert_eq!(read.encode().unwrap(), bytes);
        }
    }
}
