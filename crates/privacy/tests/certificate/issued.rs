use lethe_crm::contact::ErasureKind;
use lethe_notary::{Notary, Places};
use lethe_privacy::certificate::{LogProofs, Rejection, SignedCertificate, verify};

use crate::world::World;

async fn signed(world: &World, contact: lethe_kernel::ContactId) -> SignedCertificate {
    let signer = world.ledger.parts().vault.signer().await.unwrap();
    let notary = Notary::open(world.ledger.parts().clone(), Places::default()).await.unwrap();
    world.certificate(contact).await.unwrap().sign(&signer).unwrap().with_log(&notary).await.unwrap()
}

#[tokio::test]
async fn an_erasure_that_is_final_has_a_certificate_that_its_installation_has_signed() {
    let (world, elsewhere) = (World::create().await, World::create().await);
    let contact = world.register("Åse").await;
    let position = world.erase(contact, 0).await;
    world.rotate().await;
    world.views_at(world.head().await).await;

    let file = signed(&world, contact).await.json().unwrap();
    let signer = world.ledger.parts().vault.signer().await.unwrap();
    let read = verify(file.as_bytes(), Some(signer.verifier())).unwrap().certificate;
    assert_eq!(read.installation, world.ledger.parts().vault.installation());
    assert_eq!((read.request.contact, read.request.event_position), (contact.0, position));
    assert_eq!((read.request.kind.as_str(), read.request.reason.as_str()), ("ANONYMISED", "OBJECTION"));
    assert_eq!(read.approved_by.role, "DPM");
    assert_eq!(read.remaining.len(), 2);
    let rotation = &read.rotation;
    assert_eq!((rotation.from_epoch, rotation.to_epoch), (1, 2));
    assert!(
        position < rotation.switched_position
            && rotation.switched_position < rotation.root_destroyed_position
    );
    assert_eq!(rotation.custodians.len(), 1);
    let [key] = read.destroyed_keys.as_slice() else { unreachable!("one key") };
    assert_eq!(
        (key.subject_kind.as_str(), key.subject_id, key.class.as_str()),
        ("contact", contact.0, "crm")
    );
    assert!(!file.contains("Åse"));

    let other = elsewhere.ledger.parts().vault.signer().await.unwrap();
    assert!(verify(file.as_bytes(), Some(other.verifier())).is_err());
}

/// Also after other rotations: the first one counts.
#[tokio::test]
async fn a_certificate_that_is_issued_again_is_the_same_to_the_byte() {
    let world = World::create().await;
    let contact = world.register("Åse").await;
    world.erase(contact, 0).await;
    world.rotate().await;
    world.views_at(world.head().await).await;
    let first = signed(&world, contact).await.json().unwrap();
    let other = world.register("Bjørn").await;
    world.erase(other, 0).await;
    world.rotate().await;
    world.views_at(world.head().await).await;
    assert_eq!(signed(&world, contact).await.json().unwrap(), first);
    assert_ne!(signed(&world, other).await.json().unwrap(), first);
}

#[tokio::test]
async fn the_keys_are_found_however_many_events_stand_before_the_contacts() {
    let world = World::create().await;
    let contact = world.register("Åse").await;
    world.erase(contact, 600).await;
    world.rotate().await;
    world.views_at(world.head().await).await;
    assert_eq!(world.certificate(contact).await.unwrap().destroyed_keys.len(), 1);
}

#[tokio::test]
async fn what_a_data_protection_manager_erased_is_certified_key_by_key() {
    let world = World::create().await;
    let (contact, neighbour) = (world.register("Åse").await, world.register("Bjørn").await);
    let parts = world.ledger.parts();
    let keyring = parts.vault.keyring(&[contact.into()]).await.unwrap();
    let expected = keyring.destroyable(contact.into()).unwrap();
    assert!(!expected.is_empty());
    world.decide(contact, ErasureKind::Deleted).await;
    world.rotate().await;
    world.views_at(world.head().await).await;

    let certificate = world.certificate(contact).await.unwrap();
    assert_eq!(
        (certificate.request.kind.as_str(), certificate.approved_by.role.as_str()),
        ("DELETED", "DPM")
    );
    assert_eq!(certificate.request.legal_basis, "GDPR Article 17(1)");
    let named: Vec<_> =
        certificate.destroyed_keys.iter().map(|key| (key.key_id, key.class.clone())).collect();
    let destroyed: Vec<_> = expected.iter().map(|key| (key.id, key.class.name().into_owned())).collect();
    assert_eq!(named, destroyed);
    assert!(world.certificate(neighbour).await.is_err());
}

#[tokio::test]
async fn the_proofs_beside_a_certificate_are_of_its_own_events_in_the_log_of_its_installation() {
    let (world, elsewhere) = (World::create().await, World::create().await);
    let mut files = Vec::new();
    for world in [&world, &elsewhere] {
        let contact = world.register("Åse").await;
        world.erase(contact, 0).await;
        world.rotate().await;
        world.views_at(world.head().await).await;
        files.push(signed(world, contact).await);
    }
    let [file, other] = files.try_into().unwrap();
    assert_eq!(verify(file.json().unwrap().as_bytes(), None).unwrap(), file);
    let proofs = file.log.clone().unwrap();
    let wrong = [
        other.log.clone().unwrap(),
        LogProofs { erasure: proofs.keys_rotated.clone(), ..proofs.clone() },
        LogProofs { root_destroyed: proofs.keys_rotated.clone(), ..proofs.clone() },
        LogProofs { keys_rotated: other.log.clone().unwrap().keys_rotated, ..proofs.clone() },
        LogProofs { erasure: proofs.erasure.replace("\nindex ", "\nindex 1"), ..proofs.clone() },
        LogProofs { erasure: String::new(), ..proofs.clone() },
    ];
    for log in wrong {
        let changed = SignedCertificate { log: Some(log), ..file.clone() }.json().unwrap();
        assert!(matches!(verify(changed.as_bytes(), None), Err(Rejection::Log(_))), "{changed}");
    }
    // Without them it says less, and that it does.
    let without = SignedCertificate { log: None, ..file.clone() };
    assert_eq!(verify(without.json().unwrap().as_bytes(), None).unwrap().log, None);
    let empty = file.json().unwrap().replace("\"log\": {", "\"log\": null, \"more\": {");
    assert!(matches!(verify(empty.as_bytes(), None), Err(Rejection::Malformed { .. })));
}
