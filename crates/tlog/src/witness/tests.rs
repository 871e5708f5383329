use std::convert::Infallible;

use super::*;
use crate::note::{KeyKind, Signer};
use crate::tree::{Node, Plan, leaf_hash, root_of};

fn signer(seed: u8) -> Signer {
    Signer::of_seed("log", KeyKind::Ed25519, &[seed; 32]).unwrap()
}

fn leaves(size: u64, salt: u8) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&[salt, u8::try_from(index).unwrap()])).collect()
}

fn seen(size: u64) -> Seen {
    Seen { size, root: root_of(&leaves(size, 0)) }
}

fn request(old: u64, new: u64, salt: u8) -> AddCheckpoint {
    let leaves = leaves(new, salt);
    let read = |node: Node| {
        let range = (node.index << node.level)..((node.index + 1) << node.level);
        Ok::<_, Infallible>(root_of(
            &range.map(|at| leaves[usize::try_from(at).unwrap()]).collect::<Vec<_>>(),
        ))
    };
    let proof = Plan::consistency(old.min(new), new).unwrap().assemble(read).unwrap();
    let mut checkpoint = Checkpoint::new("log", new, root_of(&leaves)).note().unwrap();
    checkpoint.push(signer(1).sign(&checkpoint, 0).unwrap());
    AddCheckpoint { old, proof, checkpoint }
}

fn decide(request: &AddCheckpoint, seen: Seen) -> Result<Checkpoint, Refusal> {
    let checkpoint = request.open(&[signer(1).verifier().clone()])?;
    request.continues(&checkpoint, seen).map(|()| checkpoint)
}

#[test]
fn a_request_is_read_as_it_was_written() {
    for (old, new) in [(0, 0), (0, 5), (3, 7), (7, 7)] {
        let request = request(old, new, 0);
        assert_eq!(request.to_string().parse(), Ok(request.clone()));
        assert_eq!(request.origin(), "log");
    }
    let good = request(3, 7, 0).to_string();
    let hash = empty_root().to_string();
    for bad in [
        String::new(),
        good.replace("old 3", "old 03"),
        good.replace("old 3", "old -3"),
        good.replace("old 3", "Old 3"),
        good.replace("old 3\n", "old 3\nAAAA\n"),
        good.replace("old 3\n", &format!("old 3\n{}", format!("{hash}\n").repeat(60))),
        good.replace("\u{2014}", "-"),
        good.replace('\n', "\r\n"),
    ] {
        assert_eq!(bad.parse::<AddCheckpoint>(), Err(NotUnderstood), "{bad}");
    }
}

#[test]
fn what_continues_is_cosigned_and_nothing_else() {
    for (old, new) in [(0, 0), (0, 5), (3, 7), (4, 7), (7, 7)] {
        assert_eq!(decide(&request(old, new, 0), seen(old)).unwrap().size, new);
    }
    let status = |request: AddCheckpoint, seen| decide(&request, seen).unwrap_err().status();
    assert_eq!(status(request(8, 7, 0), seen(8)), 400);
    assert_eq!(status(request(3, 7, 0), seen(5)), 409);
    assert_eq!(status(request(0, 7, 0), seen(5)), 409);
    assert_eq!(status(request(3, 7, 1), seen(3)), 422);
    assert_eq!(status(request(7, 7, 1), seen(7)), 422);
    let with_proof = AddCheckpoint { proof: vec![empty_root()], ..request(0, 7, 0) };
    assert_eq!(status(with_proof, seen(0)), 422);
    let mut stranger = request(0, 7, 0);
    stranger.checkpoint.push(signer(1).sign(&request(0, 6, 0).checkpoint, 0).unwrap());
    assert_eq!(status(stranger, seen(0)), 403);
    assert_eq!(request(0, 7, 0).open(&[signer(2).verifier().clone()]), Err(Refusal::Signature));
}

#[test]
fn an_empty_tree_with_a_root_and_a_text_that_is_no_checkpoint_are_refused() {
    let signed = |text: &str| {
        let mut note = Note::new(text).unwrap();
        note.push(signer(1).sign(&note, 0).unwrap());
        AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: note }
    };
    let root = seen(1).root;
    assert_eq!(decide(&signed(&format!("log\n0\n{root}\n")), seen(0)), Err(Refusal::Inconsistent));
    assert_eq!(decide(&signed("log\nhello\n"), seen(0)), Err(Refusal::NotUnderstood));
}
