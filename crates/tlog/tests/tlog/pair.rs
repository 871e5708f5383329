//! Lethe's verifier and the one in Python, on bundles that are spoilt at random.

use std::collections::BTreeMap;
use std::io::Write as _;

use lethe_tlog::bundle::{Expected, verify};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::fuzz::cases;
use crate::log::{ORIGIN, signer};
use crate::python::{ask, python};
use crate::spoil::{spoilt, witness};

/// How many bundles are on the disk at once.
const BATCH: usize = 400;

#[test]
fn both_verifiers_agree_on_hundreds_of_generated_tamperings() {
    if python().is_none() {
        return;
    }
    let (mut runner, mut wanted) = (TestRunner::deterministic(), cases().max(600));
    let (mut agreed, mut accepted) = (BTreeMap::<String, usize>::new(), 0);
    while wanted > 0 {
        let count = BATCH.min(wanted);
        wanted -= count;
        for (code, times) in batch(&mut runner, count) {
            match code {
                Some(code) => *agreed.entry(code).or_default() += times,
                None => accepted += times,
            }
        }
    }
    let refused: usize = agreed.values().sum();
    // Past what a test that passes keeps to itself, so that CI shows it.
    let mut out = std::io::stdout().lock();
    writeln!(out, "The verifiers agree on {refused} tamperings, codes and positions: {agreed:?}").unwrap();
    writeln!(out, "Both accept {accepted} changes that change nothing.").unwrap();
    assert!(refused >= 300 && agreed.len() >= 18, "{refused} {agreed:?}");
}

/// What both say of so many bundles, and how often.
fn batch(runner: &mut TestRunner, count: usize) -> BTreeMap<Option<String>, usize> {
    let folder = tempfile::tempdir().unwrap();
    let (key, witnesses) = (signer(1).verifier().clone(), [witness().verifier().clone()]);
    let expected = Expected { key: Some(&key), origin: Some(ORIGIN), witnesses: &witnesses };
    let (mut paths, mut done) = (Vec::new(), Vec::new());
    for number in 0..count {
        let spoilt = spoilt().new_tree(runner).unwrap().current();
        let path = folder.path().join(number.to_string());
        spoilt.write(&path);
        paths.push(path);
        done.push(spoilt);
    }
    let flags = ["--key", &key.to_string(), "--origin", ORIGIN, "--witness", &witnesses[0].to_string()];
    let mut said = BTreeMap::new();
    for ((path, spoilt), answer) in paths.iter().zip(&done).zip(ask(&flags, &paths)) {
        let found = verify(path, &expected, &mut |_| {}).map_err(|fault| (fault.code(), fault.position()));
        let other = answer["code"].as_str().map(|code| (code, answer["position"].as_u64()));
        assert_eq!(found.as_ref().err().copied(), other, "{spoilt:?} {answer}");
        *said.entry(other.map(|(code, _)| code.to_owned())).or_default() += 1;
    }
    said
}
