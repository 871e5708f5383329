//! What a contact knows of what belongs to it, whatever kind it is of.

use super::*;

#[test]
fn knows_what_belongs_to_it_of_every_kind() {
    for kind in BelongingKind::ALL {
        let bind = ContactCommand::Bind;
        let history = vec![registered(), bound(*kind)];
        contact().given(vec![registered()]).when(bind(thing(*kind))).then_expect_events(vec![bound(*kind)]);
        contact().given(history.clone()).when(bind(thing(*kind))).then_expect_events(vec![]);
        contact().given(vec![registered()]).when(unbind(*kind)).then_expect_events(vec![]);
        contact().given(history.clone()).when(unbind(*kind)).then_expect_events(vec![unbound(*kind)]);
        let gone = [history, vec![unbound(*kind)]].concat();
        contact().given(gone.clone()).when(unbind(*kind)).then_expect_events(vec![]);
        contact().given(gone.clone()).when(bind(thing(*kind))).then_expect_events(vec![bound(*kind)]);
        assert_eq!(folded(gone).belongings().count(), 0);
    }
    let nobody = ContactCommand::Bind(thing(BelongingKind::Note));
    contact().given_no_previous_events().when(nobody).then_expect_error(ContactError::Unknown);
}

#[test]
fn each_change_of_a_belongings_facts_replaces_what_was_known_and_its_day_stays() {
    let before = thing(BelongingKind::Note);
    for changed in [
        Bound { unit: UNIT, ..before },
        Bound { personal: false, ..before },
        Bound { expires: None, ..before },
        Bound { expires: Some(date("2031-01-01")), ..before },
        Bound { source: ExpirySource::Policy, ..before },
    ] {
        let history = vec![registered(), ContactEvent::Bound(before)];
        let later = Bound { created: date("2026-05-05"), ..changed };
        contact()
            .given(history.clone())
            .when(ContactCommand::Bind(later))
            .then_expect_events(vec![ContactEvent::Bound(changed)]);
        let state = folded([history, vec![ContactEvent::Bound(changed)]].concat());
        assert_eq!(state.belongings().collect::<Vec<_>>(), [&changed]);
    }
    let later = Bound { created: date("2026-05-05"), ..before };
    let history = vec![registered(), ContactEvent::Bound(before)];
    contact().given(history).when(ContactCommand::Bind(later)).then_expect_events(vec![]);
}

#[test]
fn the_same_id_in_another_kind_is_another_thing() {
    let note = thing(BelongingKind::Note);
    let consent = Bound { kind: BelongingKind::Consent, ..note };
    let unbound = ContactEvent::Unbound(Unbound { was: note, expired: false });
    let state = folded(vec![registered(), ContactEvent::Bound(note), ContactEvent::Bound(consent), unbound]);
    assert_eq!(state.belongings().collect::<Vec<_>>(), [&consent]);
}

#[test]
fn belongs_to_the_unit_that_registered_it_and_to_those_with_what_justifies_it() {
    for kind in BelongingKind::ALL {
        let state = folded(vec![registered(), bound(*kind)]);
        assert_eq!((state.is_of(UNIT), state.is_of(OTHER)), (true, kind.facts().justifies), "{kind:?}");
        assert_eq!(state.holds().len(), usize::from(kind.facts().justifies));
        let state = folded(vec![registered(), bound(*kind), unbound(*kind)]);
        assert!(state.is_of(UNIT) && !state.is_of(OTHER));
    }
}
