use std::collections::BTreeSet;

use super::*;

#[test]
fn each_kind_has_streams_and_a_view_of_its_own() {
    let all = BelongingKind::ALL.len();
    for names in [
        entries().map(Entry::stream).collect::<BTreeSet<_>>(),
        entries().map(Entry::view).collect(),
        STREAMS.iter().copied().collect(),
        VIEWS.iter().copied().collect(),
    ] {
        assert_eq!(names.len(), all, "{names:?}");
    }
}

#[test]
fn what_stays_of_a_kind_stays_of_no_other() {
    let mut said = BTreeSet::new();
    for kind in BelongingKind::ALL {
        let remains: BTreeSet<_> =
            Fate::ALL.into_iter().filter_map(|fate| entry(*kind).remains(fate)).map(Remains::name).collect();
        for name in remains {
            assert!(said.insert(name), "{name} is said of {kind:?} and of another kind");
        }
    }
}
