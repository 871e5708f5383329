//! An attack by somebody who has everything that was ever on a disk – except the root that was destroyed.

use std::fs;
use std::path::Path;
use std::time::Instant;

use lethe_crm::contact::ErasureKind;
use lethe_kernel::{ContactId, Subject, SubjectKind, UserId};
use lethe_ledger::Ledger;
use lethe_privacy::rotation::rotate;
use tempfile::TempDir;

use crate::cluster::{Cluster, folder};
use crate::cryptography::derive;
use crate::dump::Dump;
use crate::hunt::{Contents, Finds, Targets};
use crate::people::{
    copy_of_mirror, employ, erase, forget, found, migrated, named, process_of, register, tell,
};
use crate::way::{Person, neighbours, opened, targets};

const NAMES: [&str; 12] =
    ["Åse", "Bo", "Carla", "Ditte", "Ejnar", "Freja", "Gorm", "Helle", "Ib", "Jytte", "Knud", "Liv"];

/// Tries all files below a folder that were not met before.
fn attack(targets: &Targets, folder: &Path, met: &mut Contents) -> Finds {
    let begin = Instant::now();
    let (files, contents) = met.unmet(folder);
    let finds = targets.hunt(&contents);
    let bytes: usize = contents.iter().map(Vec::len).sum();
    tell(&format!(
        "Attack with everything: {files} files, {} of them new, with {bytes} bytes; {} candidates tried as root, \
         bucket key and subject key in {:.1} s.",
        contents.len(),
        finds.candidates,
        begin.elapsed().as_secs_f64()
    ));
    finds
}

/// The contents of a cluster in which nothing was ever done.
async fn empty() -> Contents {
    let mut met = Contents::default();
    let folder = Cluster::start(folder()).await.stop().await;
    met.unmet(folder.path());
    met
}

/// A cluster with people of a kind.
async fn populated(cluster: &Cluster, kind: SubjectKind) -> (Ledger, Vec<Person>) {
    migrated(cluster).await;
    let ledger = process_of(cluster).await;
    found(&ledger).await;
    let mut people = Vec::new();
    for name in NAMES {
        let id = if kind == SubjectKind::User {
            let user = UserId(ledger.parts().ids.next());
            employ(&ledger, user, name).await;
            user.into()
        } else {
            register(&ledger, named(name)).await.into()
        };
        people.push(Person { id, name });
    }
    (ledger, people)
}

async fn end(ledger: &Ledger, person: Subject) {
    if person.kind == SubjectKind::User {
        forget(ledger, UserId(person.id)).await;
    } else {
        erase(ledger, ContactId(person.id), ErasureKind::Anonymised).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_ever_on_a_disk_the_erased_person_does_not_open_and_with_the_old_root_it_does() {
    try_everything_on(SubjectKind::Contact).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_a_user_who_left_and_was_forgotten() {
    try_everything_on(SubjectKind::User).await;
}

async fn try_everything_on(kind: SubjectKind) {
    let mut met = empty().await;
    let cluster = Cluster::start(folder()).await;
    let (ledger, people) = populated(&cluster, kind).await;
    // Out of the nursery, into buckets.
    rotate(&ledger, &|_| {}).await.unwrap();
    cluster.back_up("backup");
    copy_of_mirror(&cluster, &ledger).await;
    let before = Dump::read(&cluster.dump("before.sql"));
    let (erased, neighbour) = neighbours(&people, &before);
    let (erased, neighbour) = (&people[erased], &people[neighbour]);

    end(&ledger, erased.id).await;
    let stolen = TempDir::new().unwrap();
    fs::copy(&cluster.custodians()[0], stolen.path().join("root.key")).unwrap();
    rotate(&ledger, &|_| {}).await.unwrap();
    let after = Dump::read(&cluster.dump("after.sql"));
    for sql in ["CHECKPOINT", "SELECT pg_switch_wal()"] {
        sqlx::raw_sql(sql).execute(&ledger.parts().pool).await.unwrap();
    }
    ledger.parts().pool.close().await;
    let everything = cluster.stop().await;
    let (dumps, targets) = ([&before, &after], targets(erased, &before, &after));

    let mut finds = attack(&targets, everything.path(), &mut met);
    assert!(finds.candidates > 100_000, "{} candidates are too few", finds.candidates);
    assert_eq!(opened(erased, &finds, dumps), None, "the erased person opens");
    // What is there is found: the root of now, which opens whoever is not erased, also in the same bucket.
    assert_eq!(finds.roots.keys().copied().collect::<Vec<_>>(), [after.root.epoch]);
    assert!(
        [&finds.wrapping, &finds.buckets, &finds.subjects, &finds.sealing].iter().all(|keys| keys.is_empty())
    );
    assert_eq!(before.key_of(neighbour.id).unwrap().bucket, targets.key.bucket);
    for person in people.iter().filter(|person| person.id != erased.id) {
        assert_eq!(opened(person, &finds, dumps).as_deref(), Some(person.name));
    }

    // Control: one file more, the root as it was between the erasure and the rotation.
    finds.add(attack(&targets, stolen.path(), &mut met));
    assert_eq!(finds.roots.keys().copied().collect::<Vec<_>>(), [before.root.epoch, after.root.epoch]);
    assert_eq!(opened(erased, &finds, dumps).as_deref(), Some(erased.name));

    // Control: any other key on the way down to the person would have been found too, and would have opened it.
    let wrapping = derive(&finds.roots[&before.root.epoch], "lethe-bucket/1");
    let bucket = targets.bucket.key(&wrapping).unwrap();
    let secret = targets.key.locked().key(&bucket).unwrap();
    for key in [wrapping, bucket, secret, derive(&secret, "lethe-seal/1")] {
        let finds = targets.hunt(&[[b"before", &key[..], b"behind"].concat()]);
        assert_eq!(opened(erased, &finds, dumps).as_deref(), Some(erased.name));
    }
}
