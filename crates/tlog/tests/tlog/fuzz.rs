//! No bundle stops the verifier, and none is accepted that holds another event than the one that was logged.
//!
//! `LETHE_FUZZ_CASES` says how many are tried; `just fuzz` tries for minutes.

use lethe_tlog::bundle::{Expected, Selection, verify};
use lethe_tlog::proof::Proof;
use proptest::prelude::*;

use crate::log::signer;
use crate::spoil::{events, spoilt};

/// How many cases are tried.
pub(crate) fn cases() -> usize {
    std::env::var("LETHE_FUZZ_CASES").map_or(500, |cases| cases.parse().expect("a number"))
}

fn config() -> ProptestConfig {
    let cases = u32::try_from(cases()).unwrap();
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_spoilt_bundle_is_refused_or_holds_what_was_logged(spoilt in spoilt()) {
        let folder = tempfile::tempdir().unwrap();
        spoilt.write(folder.path());
        let key = signer(1).verifier().clone();
        let expected = Expected { key: Some(&key), ..Expected::default() };
        let Ok(report) = verify(folder.path(), &expected, &mut |_| {}) else { return Ok(()) };
        let (logged, found) = (events(spoilt.good()), events(&spoilt.files()));
        prop_assert_eq!(report.events, found.len() as u64);
        for (position, event) in &found {
            prop_assert_eq!(Some(event), logged.get(position));
        }
        match report.selection {
            Selection::All => prop_assert_eq!(report.events, report.checkpoint.size),
            Selection::Range { from, until } => prop_assert_eq!(report.events, until - from + 1),
            Selection::Unit { .. } | Selection::Contact { .. } => {}
        }
    }

    #[test]
    fn no_text_stops_what_reads_proofs(text in "(c2sp.org/tlog-proof@v1\n)?(extra [A-Za-z0-9+/=]{0,9}\n)?(index [0-9]{1,3}\n)?([A-Za-z0-9+/=\n \u{2014}]|\\PC){0,200}") {
        if let Ok(proof) = text.parse::<Proof>() {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
