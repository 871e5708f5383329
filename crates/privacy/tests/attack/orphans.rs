//! Keys that came to nothing: appends that were refused, rolled back, cancelled or killed leave them on the disk. Once the next
//! rotation is done, none of them opens.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use lethe_access::user::RegisterUser;
use lethe_crm::company::{CompanyInput, LegalForm, RegisterCompany};
use lethe_crm::contact::{ErasureKind, RegisterContact};
use lethe_kernel::{Caller, ContactId, Patch, UserId};
use lethe_ledger::{Context, Idempotency, Ledger};
use lethe_nordic::Country;
use lethe_privacy::rotation::rotate;
use lethe_vault::audit::{Audited, DiskAudit};
use lethe_vault::custodian::{FileCustodian, Root};
use sqlx::PgPool;
use tempfile::TempDir;
use uuid::Uuid;

use crate::cluster::{Cluster, folder};
use crate::people::{context, erase, found, migrated, named, process_of, register, tell, write_note};

/// The roots in a file.
pub(crate) fn roots(file: &Path) -> Vec<Root> {
    let file = FileCustodian::new(file);
    file.held().unwrap().iter().map(|held| file.fetch(held.epoch).unwrap().unwrap()).collect()
}

/// The ids of all keys that are stored.
pub(crate) async fn living(pool: &PgPool) -> HashSet<Uuid> {
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT key_id FROM vault.keys").fetch_all(pool).await.unwrap();
    ids.into_iter().collect()
}

/// What these roots open in a folder and that is none of the living keys.
pub(crate) fn audit(roots: &[Root], living: &HashSet<Uuid>, folder: &Path) -> Audited {
    let mut audit = DiskAudit::new(roots, living.iter().copied()).unwrap();
    audit.read(folder);
    let audited = audit.finish().unwrap();
    assert_eq!(audited.unread, Vec::<String>::new());
    audited
}

/// Tries to register somebody with an idempotency key; answers whether that succeeded.
pub(crate) async fn try_register(ledger: &Ledger, key: Uuid) -> bool {
    let idempotency = Idempotency { key, mutation: "contactRegister", input: b"{}".to_vec() };
    let context = Context { idempotency: Some(idempotency), ..context() };
    let input = named("Åse");
    let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    tokio::time::timeout(Duration::from_mins(1), ledger.execute(&context, &work)).await.unwrap().is_ok()
}

/// Repeats the other commands that make keys, several at once beside one another and beside commands of others.
async fn repeat_others(ledger: &Ledger, person: ContactId) {
    let keyed = |key: u128, mutation| {
        let idempotency = Idempotency { key: Uuid::from_u128(key), mutation, input: b"{}".to_vec() };
        Context { idempotency: Some(idempotency), ..context() }
    };
    for _ in 0..2 {
        let (note, user) = (keyed(11, "noteWrite"), keyed(12, "userRegister"));
        let system = Context { caller: Caller::system(context().caller.unit), ..user };
        let written = write_note(person, "Ring til Åse.".to_owned());
        let employed = RegisterUser::person(UserId(Uuid::from_u128(77)), "Ib", "ib@example.org");
        let founding = keyed(13, "companyRegister");
        let founded = RegisterCompany {
            country: Country::Denmark,
            number: "10000009".into(),
            p_numbers: Vec::new(),
            input: CompanyInput {
                legal_form: Some(LegalForm::SoleProprietor),
                name: Patch::Set("Prøve".into()),
                ..CompanyInput::default()
            },
            external_reference: None,
            origin: None,
        };
        let (note, user, company, other, again) = tokio::join!(
            ledger.execute(&note, &written),
            ledger.execute(&system, &employed),
            ledger.execute(&founding, &founded),
            register(ledger, named("Bo")),
            try_register(ledger, Uuid::from_u128(1)),
        );
        assert!(note.is_ok() && user.is_ok() && company.is_ok() && again, "{other:?}");
    }
}

/// The backend that waits for a lock of another one.
async fn waiting(pool: &PgPool) -> i32 {
    let sql =
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%ledger.append%' AND wait_event_type = 'Lock'";
    for _ in 0..600 {
        if let Some(pid) = sqlx::query_scalar(sql).fetch_optional(pool).await.unwrap() {
            return pid;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}

/// Has an append end behind the statement that stores its keys, whatever ends it.
async fn interrupt(cluster: &Cluster, ledger: &Ledger, how: &str) {
    // A connection of its own: the pool's are cut off where PostgreSQL is killed.
    let pool = PgPool::connect_with(cluster.options()).await.unwrap();
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE ledger.commands IN SHARE ROW EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let (other, key) = (ledger.clone(), Uuid::from_u128(u128::from(how.len() as u64) << 64));
    let registering = tokio::spawn(async move { try_register(&other, key).await });
    let pid = waiting(&pool).await;
    match how {
        "a lock that is waited for too long" => assert!(!registering.await.unwrap()),
        "a statement that is cancelled" => {
            sqlx::query("SELECT pg_cancel_backend($1)").bind(pid).execute(&pool).await.unwrap();
            assert!(!registering.await.unwrap());
        }
        "a backend that is terminated" => {
            sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(&pool).await.unwrap();
            lock.rollback().await.unwrap();
            // It is sent again, as it was.
            assert!(registering.await.unwrap());
            return pool.close().await;
        }
        _ => {
            assert!(
                std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success()
            );
            drop(lock);
            // All of PostgreSQL starts anew; whether the command is in by then is told truly either way.
            registering.await.unwrap();
            return;
        }
    }
    lock.rollback().await.unwrap();
    pool.close().await;
}

/// A process that ends in the middle of an append: nobody is left who waits for the answer.
async fn interrupt_process(cluster: &Cluster) {
    let pool = PgPool::connect_with(cluster.options()).await.unwrap();
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE ledger.commands IN SHARE ROW EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let process = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (options, custodians) = (cluster.options(), cluster.custodians());
    process.spawn(async move {
        let ledger = crate::people::process(options, &custodians).await;
        try_register(&ledger, Uuid::from_u128(5)).await
    });
    waiting(&pool).await;
    process.shutdown_background();
    lock.rollback().await.unwrap();
    pool.close().await;
}

/// Has every append fail with a code, behind the statements that store keys and events.
pub(crate) async fn failing(pool: &PgPool, ledger: &Ledger, code: &str, key: Uuid) {
    sqlx::raw_sql(&format!(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; \
         END $$; CREATE TRIGGER fail BEFORE INSERT ON ledger.commands FOR EACH ROW EXECUTE FUNCTION fail()"
    ))
    .execute(pool)
    .await
    .unwrap();
    assert!(!try_register(ledger, key).await, "{code}");
    sqlx::raw_sql("DROP TRIGGER fail ON ledger.commands; DROP FUNCTION fail()").execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_appends_that_came_to_nothing_no_key_opens_after_the_next_rotation_and_with_the_old_root_all_do() {
    let cluster = Cluster::start(folder()).await;
    migrated(&cluster).await;
    let ledger = process_of(&cluster).await;
    found(&ledger).await;
    let pool = ledger.parts().pool.clone();
    let person = register(&ledger, named("Åse")).await;
    let late = process_of(&cluster).await;
    register(&late, named("Bo")).await;
    rotate(&ledger, &|_| {}).await.unwrap();

    // Repeated commands: each attempt mints an id and a key of its own.
    assert!(try_register(&ledger, Uuid::from_u128(1)).await);
    let registered: Uuid =
        sqlx::query_scalar("SELECT objects[1] FROM ledger.commands ORDER BY position DESC LIMIT 1")
            .fetch_one(&pool)
            .await
            .unwrap();
    for _ in 0..3 {
        assert!(try_register(&ledger, Uuid::from_u128(1)).await);
    }
    // A process that was not told of the rotation: what it wraps in the nursery of before is refused, and wrapped anew.
    assert!(try_register(&late, Uuid::from_u128(2)).await);
    // Notes and users, and a repetition beside neighbours in one batch.
    Box::pin(repeat_others(&ledger, person)).await;
    // Serialization failure, deadlock, disk full, too many connections, a value that is refused.
    let codes = ["40001", "40P01", "53100", "53300", "22000"];
    for code in codes {
        failing(&pool, &ledger, code, Uuid::from_u128(7)).await;
    }
    interrupt_process(&cluster).await;
    for how in [
        "a lock that is waited for too long",
        "a statement that is cancelled",
        "a backend that is terminated",
    ] {
        interrupt(&cluster, &ledger, how).await;
    }
    interrupt(&cluster, &ledger, "PostgreSQL is killed").await;

    let pool = PgPool::connect_with(cluster.options()).await.unwrap();
    // The connections of the others were cut off with it.
    ledger.parts().pool.close().await;
    let ledger = process_of(&cluster).await;
    for contact in [person, ContactId(registered)] {
        erase(&ledger, contact, ErasureKind::Anonymised).await;
    }
    let stolen = TempDir::new().unwrap();
    fs::copy(&cluster.custodians()[0], stolen.path().join("root.key")).unwrap();
    rotate(&ledger, &|_| {}).await.unwrap();
    for sql in ["CHECKPOINT", "SELECT pg_switch_wal()"] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    let (living, now) = (living(&pool).await, roots(&cluster.custodians()[0]));
    pool.close().await;
    ledger.parts().pool.close().await;
    let everything = cluster.stop().await;

    let after = audit(&now, &living, everything.path());
    assert_eq!(after.openable, [], "it was told to be final");
    assert!(after.buckets >= 5, "{}", after.buckets);
    // Control: with the root of then, what came to nothing opens, and so do the erased.
    let before = audit(&roots(&stolen.path().join("root.key")), &living, everything.path());
    tell(&format!(
        "{} files with {} bytes: of {} wrapped keys of nobody living the present root opens none, the old one {}.",
        after.files,
        after.bytes,
        after.candidates,
        before.openable.len()
    ));
    let erased = [person.0, registered].map(|id| before.openable.iter().any(|key| key.subject_id == id));
    assert_eq!(erased, [true, true]);
    // Those of repeated commands are sent, and never written.
    assert!(before.openable.len() >= 2 + codes.len() + 2, "{:#?}", before.openable);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_between_two_tries_of_a_switch_is_final_with_the_rotation_after_and_then_opens_nowhere() {
    let cluster = Cluster::start(folder()).await;
    migrated(&cluster).await;
    let ledger = process_of(&cluster).await;
    found(&ledger).await;
    let person = register(&ledger, named("Åse")).await;
    rotate(&ledger, &|_| {}).await.unwrap();
    let vault = &ledger.parts().vault;
    let rotation = vault.begin().await.unwrap();
    vault.prepare(&rotation).await.unwrap();
    let rotation = vault.rotation().await.unwrap().unwrap();
    let change = vault.rekey(&rotation).await.unwrap();
    let parts = ledger.parts();
    let mut transaction = parts.pool.begin().await.unwrap();
    parts.lock_appends(&mut transaction).await.unwrap();
    vault.switch(&mut transaction, &rotation, change).await.unwrap();
    transaction.rollback().await.unwrap();
    // And once more by a rotation itself, whose event is refused behind the switch.
    sqlx::query("UPDATE notary.head SET fault = 'not believed'").execute(&parts.pool).await.unwrap();
    assert!(rotate(&ledger, &|_| {}).await.is_err());
    sqlx::query("UPDATE notary.head SET fault = NULL").execute(&parts.pool).await.unwrap();
    assert_eq!(vault.rotation().await.unwrap().unwrap().step, "prepared");

    erase(&ledger, person, ErasureKind::Anonymised).await;
    let stolen = TempDir::new().unwrap();
    fs::copy(&cluster.custodians()[0], stolen.path().join("root.key")).unwrap();
    let done = rotate(&ledger, &|_| {}).await.unwrap();
    // The one that was begun before the erasure, and one more.
    assert_eq!((done.old_epoch, done.new_epoch, done.work.tombstones), (2, 4, 1));
    let pool = parts.pool.clone();
    for sql in ["CHECKPOINT", "SELECT pg_switch_wal()"] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    let (living, now) = (living(&pool).await, roots(&cluster.custodians()[0]));
    pool.close().await;
    let everything = cluster.stop().await;
    assert_eq!(audit(&now, &living, everything.path()).openable, []);
    // Control: the root of the switch that was rolled back opens the person on the disk.
    let prepared: Vec<Root> =
        roots(&stolen.path().join("root.key")).into_iter().filter(|root| root.epoch == 3).collect();
    let found = audit(&prepared, &living, everything.path()).openable;
    assert!(found.iter().any(|key| key.subject_id == person.0), "{found:#?}");
}

#[tokio::test]
async fn an_orphan_that_was_planted_is_found_in_whatever_form() {
    let cluster = Cluster::start(folder()).await;
    migrated(&cluster).await;
    let ledger = process_of(&cluster).await;
    found(&ledger).await;
    let person = register(&ledger, named("Åse")).await;
    let pool = ledger.parts().pool.clone();
    let dump = fs::read(cluster.dump("planted.sql")).unwrap();
    ledger.parts().vault.mirrors().feed(&pool).await.unwrap();
    let (key, nursery): (String, String) = sqlx::query_as(
        "SELECT k.key_id || ',contact,' || k.subject_id || ',crm,1,\"\\\\x' || encode(k.wrapped, 'hex') || '\",', \
                '-1' || chr(9) || '1' || chr(9) || '\\\\x' || encode(b.wrapped, 'hex') \
         FROM vault.keys k JOIN vault.buckets b USING (bucket, generation) WHERE k.subject_id = $1",
    )
    .bind(person.0)
    .fetch_one(&pool)
    .await
    .unwrap();
    let now = roots(&cluster.custodians()[0]);
    let mut others = living(&pool).await;
    let id: Uuid = sqlx::query_scalar("SELECT key_id FROM vault.keys WHERE subject_id = $1")
        .bind(person.0)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(others.remove(&id));
    let form = |bytes: &[u8]| {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("file"), bytes).unwrap();
        audit(&now, &others, folder.path()).openable
    };
    // A server's log with the parameters of an append, beside a line with the nursery.
    let log =
        form(format!("2030-01-01 LOG: parameters: $6 = '{{\"(1,{key}...)\"}}'\n{nursery}\n").as_bytes());
    let (dumped, mirrored) = (form(&dump), audit(&now, &others, &cluster.mirror()).openable);
    pool.close().await;
    let folder = cluster.stop().await;
    let stored = audit(&now, &others, &folder.path().join("data")).openable;
    for found in [&log, &dumped, &mirrored, &stored] {
        assert_eq!(
            found.iter().map(|key| (key.key_id, key.subject_id)).collect::<Vec<_>>(),
            [(id, person.0)]
        );
    }
    // Nothing else is told, and nothing without a root.
    let mut all = others;
    all.insert(id);
    assert_eq!(audit(&now, &all, folder.path()).openable, []);
    assert_eq!(audit(&[], &HashSet::new(), folder.path()).openable, []);
}
