use lethe_kernel::ContactId;
use lethe_privacy::certificate::CertificateError;
use uuid::Uuid;

use crate::world::World;

#[tokio::test]
async fn who_was_not_erased_has_no_certificate() {
    let world = World::create().await;
    let contact = world.register("Åse").await;
    for contact in [contact, ContactId(Uuid::from_u128(99))] {
        assert!(matches!(world.refusal(contact).await, CertificateError::NotErased(who) if who == contact));
    }
}

#[tokio::test]
async fn an_erasure_is_certified_only_after_the_next_rotation() {
    let world = World::create().await;
    let contact = world.register("Åse").await;
    world.rotate().await;
    let erased = world.erase(contact, 0).await;
    world.views_at(erased).await;
    let error = world.refusal(contact).await;
    assert!(matches!(error, CertificateError::NotFinal { position } if position == erased), "{error}");
    assert!(error.to_string().contains("`lethe keys rotate`"));
    world.rotate().await;
    assert!(world.certificate(contact).await.is_ok());
}

#[tokio::test]
async fn no_certificate_while_a_view_may_still_have_the_values() {
    let world = World::create().await;
    let contact = world.register("Åse").await;
    let erased = world.erase(contact, 0).await;
    world.rotate().await;
    // No view was ever built, and one that is behind.
    for reached in [0, erased - 1] {
        let error = world.refusal(contact).await;
        assert!(
            matches!(error, CertificateError::ViewBehind { reached: at, .. } if at == reached),
            "{error}"
        );
        world.views_at(erased - 1).await;
    }
    world.views_at(erased).await;
    assert!(world.certificate(contact).await.is_ok());
}

/// As after restoring a vault that is older than the erasure.
#[tokio::test]
async fn a_key_that_came_back_or_a_tombstone_that_is_gone_certifies_nothing() {
    let world = World::create().await;
    let contact = world.register("Åse").await;
    world.database.run("CREATE TABLE public.old AS SELECT * FROM vault.keys").await;
    world.erase(contact, 0).await;
    world.rotate().await;
    world.views_at(world.head().await).await;
    assert!(world.certificate(contact).await.is_ok());
    world
        .database
        .run("INSERT INTO vault.keys SELECT o.* FROM public.old o WHERE class = 'crm' AND subject_kind = 'contact'")
        .await;
    assert!(matches!(world.refusal(contact).await, CertificateError::NotInVault(_)));
    world.database.run("DELETE FROM vault.keys WHERE class = 'crm'").await;
    assert!(world.certificate(contact).await.is_ok());
    world
        .database
        .run("SET session_replication_role = replica; DELETE FROM vault.tombstones; RESET session_replication_role")
        .await;
    assert!(matches!(world.refusal(contact).await, CertificateError::NotInVault(_)));
}
