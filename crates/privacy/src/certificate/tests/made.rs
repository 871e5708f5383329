//! When there is a certificate, and what is in it.

use lethe_ledger::Versioned;

use super::*;

fn refusal(change: impl FnOnce(&mut Facts<'_>)) -> CertificateError {
    let (erasure, destroyed) = (erasure(), destroyed());
    let mut facts = facts(&erasure, &destroyed);
    change(&mut facts);
    Certificate::new(facts).unwrap_err()
}

#[test]
fn an_erasure_that_is_not_final_has_no_certificate_and_is_told_what_makes_it_final() {
    let error = refusal(|facts| facts.finality = None);
    assert!(matches!(error, CertificateError::NotFinal { position: 4711 }));
    assert!(error.to_string().contains("`lethe keys rotate`"), "{error}");
}

#[test]
fn an_erasure_that_destroyed_no_key_has_no_certificate() {
    for none in ["", " "] {
        let error = refusal(|facts| facts.destroyed = none);
        assert!(matches!(error, CertificateError::NothingDestroyed(4711)), "{error}");
    }
}

#[test]
fn a_rotation_that_began_before_the_erasure_does_not_make_it_final() {
    for (from, to, covers, switched, destroyed) in [
        (41, 42, 4710, 4802, 4803),
        (41, 42, 4711, 4711, 4712),
        (41, 42, 4699, 4700, 4712),
        (41, 42, 4790, 4802, 4802),
        (42, 42, 4790, 4802, 4803),
    ] {
        let error = refusal(|facts| {
            facts.finality = Some(Finality {
                old_epoch: from,
                new_epoch: to,
                covers,
                switched_position: switched,
                destroyed_position: destroyed,
                ..finality()
            });
        });
        assert!(matches!(error, CertificateError::Order { erased: 4711, .. }), "{error}");
    }
}

#[test]
fn a_root_whose_end_no_custodian_acknowledged_certifies_nothing() {
    let error = refusal(|facts| facts.finality = Some(Finality { custodians: Vec::new(), ..finality() }));
    assert!(matches!(error, CertificateError::Unacknowledged(41)), "{error}");
}

#[test]
fn a_damaged_list_of_keys_is_an_error() {
    let whole = entry("contact", CONTACT, "crm", 0x11);
    let damaged = [
        whole.replace("contact", "person"),
        whole.replace("crm", "other"),
        whole.replace(&CONTACT.to_string(), "1"),
        whole.replace("/x5Ss", "/"),
        whole.replace("/crm", ""),
        whole.clone() + "/more",
        format!("{whole} and"),
    ];
    for list in damaged {
        let (erasure, error) = (erasure(), Certificate::new(facts(&erasure(), &list)).unwrap_err());
        assert!(
            matches!(error, CertificateError::Malformed { position, .. } if position == erasure.position),
            "{list}"
        );
    }
}

#[test]
fn every_destroyed_key_is_named_with_its_commitment() {
    let certificate = certificate();
    let named: Vec<String> = certificate
        .destroyed_keys
        .iter()
        .map(|key| {
            format!("{}/{}/{}/{}/{}", key.subject_kind, key.subject_id, key.class, key.key_id, key.commitment)
        })
        .collect();
    assert_eq!(named.join(" "), destroyed());
}

#[test]
fn it_claims_destruction_of_keys_and_not_that_data_are_anonymous() {
    assert!(STATEMENT.starts_with("Erased by destruction of the keys."));
    assert!(STATEMENT.contains("does not state that the data that remain are anonymous"));
    assert_eq!(STATEMENT.matches("anonym").count(), 1);
}

#[test]
fn the_same_facts_give_the_same_file_to_the_byte() {
    assert_eq!(file(), file());
}

#[test]
fn a_request_that_was_not_recorded_leaves_no_empty_field() {
    let (erasure, destroyed) = (erasure(), destroyed());
    let made = Certificate::new(Facts { requested_at: None, ..facts(&erasure, &destroyed) }).unwrap();
    let file = made.sign(&signer(INSTALLATION)).unwrap().json().unwrap();
    assert!(!file.contains("requestedAt") && !file.contains("null"), "{file}");
    assert!(verify(file.as_bytes(), None).is_ok());
}

/// Certificates are kept for years: what version 2 has written is verified for ever.
#[test]
fn the_example_of_the_documentation_is_verified_and_made_to_the_byte() {
    const EXAMPLE: &str = include_str!("../../../../../docs/examples/certificate.json");
    assert_eq!(verify(EXAMPLE.as_bytes(), Some(signer(INSTALLATION).verifier())).unwrap(), signed());
    assert_eq!(EXAMPLE, file());
}

#[test]
fn the_first_rotation_that_covers_an_erasure_and_whose_old_root_is_gone_makes_it_final() {
    let event = |position, event: &VaultEvent| Recorded {
        position,
        aggregate_type: "vault".to_owned(),
        stream: INSTALLATION,
        event_type: event.stored_type().to_owned(),
        payload: serde_json::to_string(event).unwrap(),
        ..erasure()
    };
    let switched = |position, old_epoch, covers| {
        let new_epoch = old_epoch + 1;
        let rotated = KeysRotated { old_epoch, new_epoch, covers, tombstones: 1, buckets: 1, keys: 1 };
        event(position, &VaultEvent::KeysRotated(rotated))
    };
    let gone = |position, epoch, switched_position| {
        let custodians = vec!["a".to_owned(), "b".to_owned()];
        event(position, &VaultEvent::RootDestroyed(RootDestroyed { epoch, switched_position, custodians }))
    };
    let vault = [
        switched(3, 0, None),
        gone(4, 0, 3),
        switched(10, 1, Some(8)),
        gone(12, 1, 10),
        switched(20, 2, Some(18)),
        gone(25, 2, 20),
        switched(30, 3, Some(28)),
    ];
    let of = |position| {
        finality_of(&vault, position).unwrap().map(|it| (it.old_epoch, it.new_epoch, it.destroyed_position))
    };
    // A rotation that does not know what it covers makes nothing final.
    assert_eq!(of(2), Some((1, 2, 12)));
    assert_eq!(of(8), Some((1, 2, 12)));
    // Before the switch, but after the rotation had begun: it takes the next one.
    assert_eq!(of(9), Some((2, 3, 25)));
    assert_eq!(of(18), Some((2, 3, 25)));
    assert_eq!(of(19), None);
    assert_eq!(of(31), None);
    assert!(finality_of(&[gone(12, 1, 10)], 9).is_err());
}
