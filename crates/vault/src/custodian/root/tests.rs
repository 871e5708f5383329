use super::*;

fn root(epoch: i64) -> Root {
    Root::new(Uuid::from_u128(7), epoch, Key::new([0xA5; KEY_LEN])).unwrap()
}

#[test]
fn a_record_is_as_documented_and_read_back() {
    let root = root(258);
    let record = root.record();
    assert_eq!(record.len(), 101);
    assert_eq!(&record[..13], b"lethe-root/2\n");
    assert_eq!(&record[13..29], Uuid::from_u128(7).as_bytes());
    assert_eq!(&record[29..37], &[0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!(&record[37..69], &[0xA5; 32]);
    assert_eq!(&record[69..], digest::digest(&digest::SHA256, &record[..69]).as_ref());
    let read = Root::from_record(&record).unwrap();
    assert!(read.same(&root));
    assert_eq!(read.held(), root.held());
}

#[test]
fn any_changed_byte_and_any_other_length_is_no_record() {
    let record = root(1).record();
    for place in 0..record.len() {
        for bit in 0..8 {
            let mut changed = record.to_vec();
            changed[place] ^= 1 << bit;
            assert!(Root::from_record(&changed).is_none(), "byte {place}, bit {bit}");
        }
        assert!(Root::from_record(&record[..place]).is_none(), "length {place}");
    }
    assert!(Root::from_record(&[record.as_slice(), &[0]].concat()).is_none());
}

#[test]
fn a_key_that_is_too_short_or_too_long_is_no_root_whatever_its_checksum() {
    for length in [0, 16, 31, 33, 64] {
        let key = vec![0xA5; length];
        let mut record =
            [MAGIC, Uuid::from_u128(7).as_bytes(), &1_i64.to_be_bytes(), key.as_slice()].concat();
        record.extend_from_slice(digest::digest(&digest::SHA256, &record.clone()).as_ref());
        assert!(Root::from_record(&record).is_none(), "{length}");
    }
}

#[test]
fn zeros_are_no_key_and_epochs_begin_with_one() {
    assert!(Root::from_record(&Root::new(Uuid::nil(), 1, Key::new([0; 32])).unwrap().record()).is_none());
    for epoch in [0, -1, i64::MIN] {
        assert!(Root::from_record(&root(epoch).record()).is_none(), "{epoch}");
    }
}

#[test]
fn the_commitment_is_of_key_installation_and_epoch() {
    let other =
        |installation, epoch, key| Root::new(Uuid::from_u128(installation), epoch, Key::new(key)).unwrap();
    let commitment = root(1).commitment();
    assert_eq!(commitment, other(7, 1, [0xA5; 32]).commitment());
    for other in [other(8, 1, [0xA5; 32]), other(7, 2, [0xA5; 32]), other(7, 1, [0xA6; 32])] {
        assert_ne!(commitment, other.commitment());
        assert!(!root(1).same(&other));
    }
}

#[test]
fn debugging_shows_no_key() {
    let shown = format!("{:?} {:#?}", root(1), root(1));
    for key in ["165", "a5", "A5", "pa"] {
        assert!(!shown.contains(key), "{shown}");
    }
}
