use std::convert::Infallible;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::note::{KeyKind, Signer};
use crate::sha256;
use crate::tree::{Node, Plan, root_of};

fn entry(position: u64) -> Entry<'static> {
    Entry {
        position,
        stream_type: "contact",
        stream_id: "0198a6b2-5c1e-7000-8000-000000000001",
        sequence: position,
        event_id: Uuid::from_u128(u128::from(position)),
        event_type: "contact.registered",
        event_version: "1",
        recorded_at: 1_700_000_000_000_000,
        payload: sha256(b"{}"),
        metadata: sha256(b"{}"),
    }
}

fn signer(seed: u8) -> Signer {
    Signer::of_seed("log.example", KeyKind::Ed25519, &[seed; 32]).unwrap()
}

/// The proof of an event in a log of `size` events.
fn proof(position: u64, size: u64) -> Proof {
    let leaves: Vec<Hash> = (1..=size).map(|position| entry(position).leaf_hash().unwrap()).collect();
    let read = |node: Node| {
        let range = (node.index << node.level)..((node.index + 1) << node.level);
        Ok::<_, Infallible>(root_of(
            &range.map(|at| leaves[usize::try_from(at).unwrap()]).collect::<Vec<_>>(),
        ))
    };
    let mut checkpoint = Checkpoint::new("log.example", size, root_of(&leaves)).note().unwrap();
    checkpoint.push(signer(1).sign(&checkpoint, 0).unwrap());
    Proof {
        extra: Some(entry(position).encode().unwrap()),
        index: position - 1,
        hashes: Plan::inclusion(position - 1, size).unwrap().assemble(read).unwrap(),
        checkpoint,
    }
}

#[test]
fn a_proof_says_which_event_it_proves() {
    let keys = [signer(1).verifier().clone()];
    let proof = proof(5, 7);
    let proven = proof.verify(&keys).unwrap();
    assert_eq!(proven.entry, entry(5));
    assert_eq!((proven.checkpoint.origin.as_str(), proven.checkpoint.size), ("log.example", 7));
    let other = [signer(2).verifier().clone()];
    assert!(matches!(proof.verify(&other), Err(ProofError::Checkpoint(CheckpointError::Note(_)))));
}

#[test]
fn an_entry_or_index_that_does_not_belong_to_it_is_refused() {
    let keys = [signer(1).verifier().clone()];
    let proof = proof(5, 7);
    let with = |extra| Proof { extra, ..proof.clone() };
    assert_eq!(with(None).verify(&keys), Err(ProofError::NoEntry));
    assert_eq!(with(Some(vec![1])).verify(&keys), Err(ProofError::Entry(EntryError::Short)));
    let other = Entry { sequence: 6, ..entry(5) }.encode().unwrap();
    assert_eq!(with(Some(other)).verify(&keys), Err(ProofError::NotIncluded(5)));
    let moved = Proof { index: 5, ..proof.clone() };
    assert_eq!(moved.verify(&keys), Err(ProofError::Position { position: 5, proven: 6 }));
}

#[test]
fn what_is_no_proof_is_refused() {
    let file = proof(1, 2).to_string();
    let hash = sha256(b"").to_string();
    for (file, error) in [
        (String::new(), ProofError::Head),
        (file.replace("@v1", "@v2"), ProofError::Head),
        (file.replace("extra ", "extra !"), ProofError::Line(2)),
        (file.replace("index 0", "index 00"), ProofError::Line(3)),
        (file.replace("index 0", "index -0"), ProofError::Line(3)),
        (file.replace("index 0\n", &format!("index 0\n{hash}x\n")), ProofError::Line(4)),
        (
            file.replace("index 0\n", &format!("index 0\n{}", format!("{hash}\n").repeat(64))),
            ProofError::TooLong,
        ),
        (file.replace("\n\n", "\n"), ProofError::Line(2)),
        (file.replace("\u{2014} ", "- "), ProofError::Note(NoteError::SignatureLine(1))),
    ] {
        assert_eq!(file.parse::<Proof>(), Err(error), "{file}");
    }
}

proptest! {
    #[test]
    fn a_file_is_read_as_it_was_written_and_no_changed_one_verifies(
        (position, size) in (1..40_u64).prop_flat_map(|size| (1..=size, Just(size))), at: prop::sample::Index,
    ) {
        let keys = [signer(1).verifier().clone()];
        let proof = proof(position, size);
        let file = proof.to_string();
        let read: Proof = file.parse().unwrap();
        prop_assert_eq!(&read, &proof);
        prop_assert!(read.verify(&keys).is_ok());
        let at = at.index(file.len());
        let mut bytes = file.into_bytes();
        bytes[at] ^= 1;
        let changed = String::from_utf8(bytes).ok().and_then(|text| text.parse::<Proof>().ok());
        if let Some(changed) = changed {
            prop_assert!(changed.verify(&keys).is_err(), "{}", at);
        }
    }
}
