//! A standby that was promoted, while the end of the other database's log is lost – with keys, and with a switch to a root that
//! every custodian kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use lethe_crm::contact::ErasureKind;
use lethe_privacy::rotation::rotate;
use lethe_vault::custodian::CustodianSpec;
use lethe_vault::mirror::Mirrors;
use lethe_vault::{Custody, Vault, VaultError};
use sqlx::PgPool;
use tempfile::TempDir;

use crate::cluster::{Cluster, folder};
use crate::orphans::{audit, living, roots, try_register};
use crate::people::{erase, found, migrated, named, process, register};

/// A folder with a standby of a cluster, as it is now.
fn standby(cluster: &Cluster) -> TempDir {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    cluster.back_up_for_standby(&data.join("postgres"));
    // Owned by whom, and let in whom, as the folders of the first.
    for (part, program, how) in
        [("data", "chmod", None), ("data/postgres", "chown", Some("-R")), ("data/postgres", "chmod", None)]
    {
        let like = format!("--reference={}", cluster.path().join(part).display());
        let done = Command::new(program).args(how).arg(like).arg(folder.path().join(part)).status().unwrap();
        assert!(done.success(), "{program} {part}");
    }
    folder
}

fn all_of(folders: [&Path; 2], target: &Path) {
    for (number, folder) in folders.iter().enumerate() {
        let copied = Command::new("cp").arg("-a").arg(folder).arg(target.join(number.to_string())).status();
        assert!(copied.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_promoted_standby_and_the_database_before_it_nothing_opens_of_the_erased_or_of_the_lost_end() {
    let first = Cluster::start(folder()).await;
    migrated(&first).await;
    let custodians = first.custodians();
    let ledger = process(first.options(), &custodians).await;
    found(&ledger).await;
    let person = register(&ledger, named("Åse")).await;
    rotate(&ledger, &|_| {}).await.unwrap();
    let copy = standby(&first);

    // What is lost: somebody who was registered, and a switch to another root.
    let (parts, vault) = (ledger.parts(), &ledger.parts().vault);
    let lost = register(&ledger, named("Bo")).await;
    let rotation = vault.begin().await.unwrap();
    vault.prepare(&rotation).await.unwrap();
    let rotation = vault.rotation().await.unwrap().unwrap();
    let change = vault.rekey(&rotation).await.unwrap();
    let mut transaction = parts.pool.begin().await.unwrap();
    parts.lock_appends(&mut transaction).await.unwrap();
    vault.switch(&mut transaction, &rotation, change).await.unwrap();
    Vault::mark(&mut transaction, &rotation, "switched", Some(1)).await.unwrap();
    transaction.commit().await.unwrap();
    vault.forget_nursery();
    assert!(try_register(&ledger, uuid::Uuid::from_u128(1)).await);
    parts.pool.close().await;
    let before = first.stop().await;
    let stolen = TempDir::new().unwrap();
    fs::copy(&custodians[0], stolen.path().join("root.key")).unwrap();

    let second = Cluster::start(copy).await;
    let pool = PgPool::connect_with(second.options()).await.unwrap();
    sqlx::query("SELECT pg_promote()").execute(&pool).await.unwrap();
    let custody = Custody { custodians: custodians.clone().map(CustodianSpec::File).to_vec(), buckets: 4 };
    let refused = Vault::open(pool.clone(), &custody).await.err().unwrap();
    assert!(matches!(refused, VaultError::Moved { .. }), "{refused}");
    Vault::adopt(&pool, &custody, &Mirrors::default(), false).await.unwrap();
    let ledger = process(second.options(), &custodians).await;
    erase(&ledger, person, ErasureKind::Anonymised).await;
    rotate(&ledger, &|_| {}).await.unwrap();
    let (living, now) = (living(&pool).await, roots(&custodians[0]));
    for sql in ["CHECKPOINT", "SELECT pg_switch_wal()"] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    pool.close().await;
    ledger.parts().pool.close().await;
    let after = second.stop().await;
    let everything = TempDir::new().unwrap();
    all_of([before.path(), after.path()], everything.path());
    assert_eq!(audit(&now, &living, everything.path()).openable, []);
    // Control: the roots that were there when it was promoted open both.
    let found = audit(&roots(&stolen.path().join("root.key")), &living, everything.path()).openable;
    for contact in [person, lost] {
        assert!(found.iter().any(|key| key.subject_id == contact.0), "{found:#?}");
    }
}
