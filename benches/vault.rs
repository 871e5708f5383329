//! What forgetting costs: sealing and opening a value, erasing a contact beside registering one, and rotating the root of
//! large vaults.
//!
//! `cargo bench -p lethe-privacy --bench vault -- [subjects …]` (100000 and 1000000 unless named). Keys of the large
//! vaults are made and wrapped as the server does, and stored by COPY. While the root is rotated, one writer appends all
//! the time; its longest wait is how long appends stood still.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_crm::contact::{ContactInput, ErasureKind, ErasureReason, RegisterContact};
use lethe_kernel::{
    Caller, Clock, ContactId, EventId, KeyClass, Patch, Personal, RequestId, Role, UnitId, UserId,
};
use lethe_ledger::{Context, Ledger};
use lethe_local_postgres::{Settings, start};
use lethe_nordic::Country;
use lethe_privacy::erasure::{EraseContact, preview};
use lethe_privacy::rotation::rotate;
use lethe_vault::{Custody, Keyring, Vault, sealed_json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));
/// How many keys are stored at once.
const CHUNK: usize = 10_000;

lethe_kernel::personal_text! {
    /// A value of 100 bytes.
    Value = "bench.value",
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds flags of its own.
    let mut sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let postgres = start(Settings::new(folder.path().join("data")), Arc::new(|_: &str| {})).await.unwrap();
    let at = postgres.connection();
    let server =
        PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).port(at.port).username(&at.user);

    let ledger = open(&server, folder.path(), "values").await;
    values(&ledger).await;
    erasures(&ledger).await;
    println!(
        "\n| subjects | since the last rotation | buckets re-keyed | keys wrapped anew | rotation, s | longest wait of a writer, s | memory above the start, MiB |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|");
    for size in sizes {
        let ledger = open(&server, folder.path(), &format!("vault_{size}")).await;
        fill(&ledger, 0..size).await;
        rotation(&ledger, size, "all of them made").await;
        for erased in [100, 1000, 10_000] {
            erase_some(&ledger, erased).await;
            rotation(&ledger, size, &format!("{erased} erased")).await;
        }
        fill(&ledger, size..size + 20_000).await;
        erase_some(&ledger, 100).await;
        rotation(&ledger, size, "20000 made, 100 erased").await;
        ledger.parts().pool.execute("UPDATE vault.buckets SET due = true WHERE bucket >= 0").await.unwrap();
        rotation(&ledger, size, "every bucket marked as due").await;
    }
    postgres.stop().await.unwrap();
}

async fn open(server: &PgConnectOptions, folder: &Path, name: &str) -> Ledger {
    let outside = PgPool::connect_with(server.clone().database("postgres")).await.unwrap();
    outside.execute(format!("CREATE DATABASE {name}").as_str()).await.unwrap();
    let pool = lethe_ledger::connect(server.clone().database(name), 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let vault = Vault::open(pool.clone(), &Custody::in_data_dir(&folder.join(name))).await.unwrap();
    let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
    let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
    let system = Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)));
    let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
    ledger.execute(&system, &dpm).await.unwrap();
    ledger.execute(&system, &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
    ledger
}

fn context(role: Role) -> Context {
    let caller = Caller { user: DPM, unit: UNIT, role };
    Context::new(caller, RequestId(Uuid::from_u128(1)))
}

/// Seals and opens a value of 100 bytes, as an event does with its JSON.
async fn values(ledger: &Ledger) {
    let subject = ContactId(Uuid::from_u128(9));
    let mut ring: Keyring = ledger.parts().vault.keyring(&[subject.into()]).await.unwrap();
    ring.ensure(subject.into(), KeyClass::Crm).unwrap();
    let ring = Arc::new(ring);
    let value = Personal::of(subject, Value("x".repeat(100)));
    let event = EventId(Uuid::from_u128(3));
    let json = sealed_json(&value, &ring, event).unwrap();
    let sealed: Personal<Value> = serde_json::from_str(&json).unwrap();
    let seal = time(100_000, || drop(sealed_json(&value, &ring, event).unwrap()));
    let open = time(100_000, || drop(ring.open(&sealed, subject).unwrap()));
    println!("| per value of 100 bytes | µs |\n|---|---:|\n| seal | {seal:.2} |\n| open | {open:.2} |");
}

/// Erases contacts one after another, each with its preview, as a client does; beside it their registration.
async fn erasures(ledger: &Ledger) {
    const CONTACTS: u32 = 300;
    let mut contacts = Vec::new();
    let begun = Instant::now();
    for _ in 0..CONTACTS {
        contacts.push(register(ledger).await);
    }
    let registered = begun.elapsed().as_secs_f64() * 1e3 / f64::from(CONTACTS);
    let (context, kind, reason) =
        (context(Role::Dpm), ErasureKind::Anonymised, ErasureReason::RequestOfPerson);
    let begun = Instant::now();
    for contact in contacts {
        let token = preview(ledger, &context, contact, kind).await.unwrap().token;
        ledger.execute(&context, &EraseContact { contact, kind, reason, token }).await.unwrap();
    }
    let erased = begun.elapsed().as_secs_f64() * 1e3 / f64::from(CONTACTS);
    println!("\n| per contact, one after another | ms |\n|---|---:|\n| register | {registered:.2} |");
    println!("| preview and anonymise | {erased:.2} |");
}

fn time(rounds: u32, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..rounds {
        work();
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
}

async fn register(ledger: &Ledger) -> ContactId {
    try_register(ledger).await.unwrap()
}

async fn try_register(ledger: &Ledger) -> Option<ContactId> {
    let input = ContactInput { first_name: Patch::Set("Åse".into()), ..ContactInput::default() };
    let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    let done = ledger.execute(&context(Role::Consultant), &work).await.ok()?;
    Some(ContactId(done.object()))
}

/// Keys of these subjects, made and wrapped as the server does.
async fn fill(ledger: &Ledger, subjects: std::ops::Range<usize>) {
    let vault = &ledger.parts().vault;
    for begin in subjects.clone().step_by(CHUNK) {
        let mut ring = Keyring::default();
        let ids: Vec<ContactId> = (begin..subjects.end.min(begin + CHUNK))
            .map(|n| ContactId(Uuid::from_u128(1 << 64 | n as u128)))
            .collect();
        ring.assume_none(ids.iter().map(|id| (*id).into()));
        for id in &ids {
            ring.ensure((*id).into(), KeyClass::Crm).unwrap();
        }
        let keys = vault.wrap(ring.minted()).await.unwrap();
        sqlx::query(
            "INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment) \
             SELECT k.id, 'contact', k.subject, 'crm', -1, k.epoch, k.wrapped, k.commitment \
             FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[]) \
             AS k (id, subject, epoch, wrapped, commitment)",
        )
        .bind(keys.iter().map(|key| key.id).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.subject.id).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.epoch).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.wrapped.as_slice()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.commitment.as_slice()).collect::<Vec<_>>())
        .execute(&ledger.parts().pool)
        .await
        .unwrap();
    }
    ledger.parts().pool.execute("VACUUM ANALYZE vault.keys").await.unwrap();
}

/// Destroys the keys of so many, wherever they lie.
async fn erase_some(ledger: &Ledger, erased: i64) {
    sqlx::query(
        "WITH gone AS (DELETE FROM vault.keys WHERE key_id IN ( \
             SELECT key_id FROM vault.keys WHERE subject_kind = 'contact' ORDER BY md5(key_id::text) LIMIT $1) RETURNING *) \
         INSERT INTO vault.tombstones \
         SELECT g.key_id, g.subject_kind, g.subject_id, g.class, b.bucket, b.generation, g.commitment, 1, now() \
         FROM gone g JOIN vault.buckets b ON b.bucket = vault.bucket_of(g.key_id, 32768)",
    )
    .bind(erased)
    .execute(&ledger.parts().pool)
    .await
    .unwrap();
}

/// Rotates a vault of so many subjects while a writer appends, and tells what it took.
async fn rotation(ledger: &Ledger, subjects: usize, since: &str) {
    let stop = Arc::new(AtomicBool::new(false));
    let (writer, stopped) = (ledger.clone(), stop.clone());
    let writing = tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        while !stopped.load(Ordering::SeqCst) {
            let begun = Instant::now();
            // Told after five seconds that the database is busy, it sends the command again, as a client does.
            while try_register(&writer).await.is_none() {}
            longest = longest.max(begun.elapsed());
        }
        longest
    });
    let before = resident();
    let begun = Instant::now();
    let rotated = rotate(ledger, &|_| {}).await.unwrap().work;
    let took = begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::SeqCst);
    let longest = writing.await.unwrap().as_secs_f64();
    println!(
        "| {subjects} | {since} | {} | {} | {took:.2} | {longest:.2} | {} |",
        rotated.buckets,
        rotated.keys,
        peak().saturating_sub(before) >> 10
    );
}

/// A field of /proc/self/status in KiB.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn resident() -> u64 {
    // Forget the earlier peak, so that this rotation's own is told.
    std::fs::write("/proc/self/clear_refs", "5").unwrap_or_default();
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}
