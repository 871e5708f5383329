//! Rotation and mirrors.

use std::fs;

use lethe_privacy::rotation::RotationError;
use lethe_vault::VaultError;
use lethe_vault::custodian::FileCustodian;
use lethe_vault::mirror::MirrorError;

use crate::scene::Scene;
use crate::world::{register, root_files};

fn held(scene: &Scene) -> Vec<i64> {
    let [one, _] = root_files(&scene.database);
    FileCustodian::new(one).held().unwrap().iter().map(|held| held.epoch).collect()
}

#[tokio::test]
async fn without_an_export_in_every_mirror_the_old_root_is_kept_and_nothing_is_final() {
    let scene = Scene::create().await;
    let contact = scene.register("Bo").await;
    scene.erase(contact).await;
    let away = scene.mirror.path().with_extension("away");
    fs::rename(scene.mirror.path(), &away).unwrap();
    for _ in 0..2 {
        let error = scene.rotate().await.unwrap_err();
        let RotationError::Vault(VaultError::Mirrors(mirrors)) = &error else { panic!("{error}") };
        assert!(matches!(mirrors.0[..], [MirrorError::Missing(_)]), "{error}");
        assert!(error.to_string().contains("the old root is kept"), "{error}");
        assert_eq!(held(&scene), [1, 2]);
    }
    let destroyed = "SELECT count(*) FROM ledger.events WHERE event_type = 'vault.root_destroyed'";
    assert_eq!(scene.database.count(destroyed).await, 0);
    fs::rename(&away, scene.mirror.path()).unwrap();
    scene.rotate().await.unwrap();
    assert_eq!(held(&scene), [2]);
    assert_eq!(scene.database.count(destroyed).await, 1);
    let status = scene.ledger.parts().vault.mirrors().status(&scene.database.pool).await;
    assert_eq!((status[0].epoch, status[0].backlog), (Some(2), 0));
}

#[tokio::test]
async fn a_key_that_a_rotation_has_moved_before_it_was_mirrored_opens_after_a_restore() {
    let scene = Scene::create().await;
    scene.register("Åse").await;
    scene.feed().await;
    scene.database.run("UPDATE vault.buckets SET due = true WHERE bucket >= 0").await;
    // Nothing has fed the mirror since.
    let late = register(&scene.ledger, "Bo").await;
    let vault = &scene.ledger.parts().vault;
    let rotation = vault.begin().await.unwrap();
    vault.prepare(&rotation).await.unwrap();
    let rotation = vault.rotation().await.unwrap().unwrap();
    vault.rekey(&rotation).await.unwrap();
    scene.feed().await;
    // Increments continue that export.
    let later = scene.register("Ib").await;
    scene.feed().await;
    let options = scene.restored(&scene.dump("all")).await;
    scene.restore(&options, scene.mirror.path()).await.unwrap();
    for (contact, name) in [(late, "Bo"), (later, "Ib")] {
        assert_eq!(scene.name_of(&options, contact).await.unwrap(), name);
    }
}

#[tokio::test]
async fn everything_that_is_stored_of_keys_agrees_after_work_and_rotations() {
    let scene = Scene::create().await;
    let people = [scene.register("Åse").await, scene.register("Bo").await];
    scene.erase(people[0]).await;
    scene.rotate().await.unwrap();
    scene.register("Ib").await;
    let vault = &scene.ledger.parts().vault;
    let found = vault.verify().await.unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
    // Bo, Ib, the unit's DPM, and the key that signs; that of Åse was created by an event too.
    assert_eq!((found.buckets, found.keys, found.created, found.tombstones), (4, 4, 4, 1));
    assert_eq!((found.custodians, found.mirrors), (2, 1));

    for (sql, said) in [
        ("UPDATE vault.keys SET commitment = '' WHERE subject_kind = 'installation'", "does not open"),
        ("DELETE FROM vault.keys WHERE subject_kind = 'contact'", "neither there nor destroyed"),
        (
            "ALTER TABLE vault.tombstones DISABLE TRIGGER for_good; DELETE FROM vault.tombstones",
            "have no tombstone",
        ),
        (
            "INSERT INTO vault.tombstones VALUES (gen_random_uuid(), 'contact', gen_random_uuid(), 'crm', 0, 1, '', 1, now())",
            "no event says so",
        ),
        ("UPDATE vault.buckets SET wrapped = '' WHERE bucket = 0", "The key of bucket 0 does not unwrap"),
    ] {
        scene.database.run(sql).await;
        let findings = vault.verify().await.unwrap().findings;
        assert!(findings.iter().any(|finding| finding.contains(said)), "{sql}: {findings:#?}");
    }
    fs::remove_dir_all(scene.mirror.path()).unwrap();
    let [one, _] = root_files(&scene.database);
    fs::remove_file(one).unwrap();
    let findings = vault.verify().await.unwrap().findings;
    for said in ["is not there", "is missing"] {
        assert!(findings.iter().any(|finding| finding.contains(said)), "{findings:#?}");
    }
}
