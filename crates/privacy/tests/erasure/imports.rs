//! How long a file is recognised: no longer than those whom it names, or may name.

use std::sync::Arc;

use chrono::TimeDelta;
use lethe_crm::contact::ErasureKind;
use lethe_crm::import::{
    ImportFile, ImportKind, OperationStatus, OperationView, Outcome, Prepared, RowOutcome, Source,
    forget_old, prepare, run,
};
use lethe_kernel::{Clock, ContactId, ErrorCode, ImportId, Role};
use lethe_ledger::{Context, Ledger};
use lethe_privacy::erasure::preview;
use lethe_vault::{Custody, Vault};

use crate::world::{OTHER, UNIT, World, by, code, dpm, erase_as, process, registration};

const DAYS: u32 = 30;

fn file(text: &str) -> ImportFile {
    file_of(ImportKind::Contacts, text)
}

pub(crate) fn file_of(kind: ImportKind, text: &str) -> ImportFile {
    ImportFile { source: Source::Bytes(text.as_bytes().into()), kind, overrides: Vec::new() }
}

/// Imports as a consultant of a unit.
async fn import(ledger: &Ledger, context: &Context, text: &str) -> (ImportId, Vec<RowOutcome>) {
    let prepared = prepare(ledger, context, file(text)).await.unwrap();
    finish(ledger, context, prepared).await
}

pub(crate) async fn finish(
    ledger: &Ledger,
    context: &Context,
    prepared: Prepared,
) -> (ImportId, Vec<RowOutcome>) {
    let (import, mut rows) = (prepared.import(), Vec::new());
    run(prepared, ledger, context, |progress| rows.extend_from_slice(progress.outcomes)).await.unwrap();
    (import, rows)
}

fn consultant() -> Context {
    by(Role::Consultant, UNIT)
}

fn contact(rows: &[RowOutcome], at: usize) -> ContactId {
    ContactId(rows[at].object.unwrap())
}

pub(crate) fn outcomes(rows: &[RowOutcome]) -> Vec<Outcome> {
    rows.iter().map(|row| row.outcome).collect()
}

impl World {
    /// Whether the file of an import is recognised: its key is there; and all that tells of it says the same.
    pub(crate) async fn recognises(&self, import: ImportId) -> bool {
        let (keys, tombstones) = self.keys(import.0).await;
        assert_eq!(keys + tombstones, 1, "an import has one key");
        self.caught_up().await;
        let row = self.row::<OperationView>(import.0).await.unwrap();
        assert_eq!(row.forgotten_at.is_none(), keys == 1);
        let says =
            "SELECT count(*) FROM ledger.events WHERE event_type = 'import.forgotten' AND aggregate_id = ";
        assert_eq!(self.database.count(&format!("{says}'{import}'")).await, tombstones);
        keys == 1
    }

    pub(crate) async fn forgets(&self, contact: ContactId) {
        erase_as(&self.ledger, &dpm(), contact).await.unwrap();
    }

    async fn found_by(&self, contact: ContactId) -> i64 {
        let sql = "SELECT count(*) FROM ledger.events WHERE event_type = 'contact.found_by_import' AND aggregate_id = ";
        self.database.count(&format!("{sql}'{contact}'")).await
    }
}

/// The same process some time later.
async fn later(world: &World, by: TimeDelta) -> Ledger {
    let pool = lethe_ledger::connect(world.database.options.clone(), 8).await.unwrap();
    let custody = Custody::in_data_dir(world.database.folder.path()).with_buckets(4);
    let vault = Vault::open(pool.clone(), &custody).await.unwrap();
    Ledger::start(pool, vault, Clock::fixed(Clock::system().now() + by)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_forgotten_with_anyone_it_created() {
    let world = World::create().await;
    let text = "Navn\nÅse Holm\nBo Berg\n";
    let (first, rows) = import(&world.ledger, &consultant(), text).await;
    let other = world.contact("Ida").await;
    world.forgets(other).await;
    assert!(world.recognises(first).await, "nobody whom it names was erased");
    let kind = ErasureKind::Deleted;
    let seen = preview(&world.ledger, &dpm(), contact(&rows, 1), kind).await.unwrap();
    assert_eq!(seen.imports, [first]);
    assert!(seen.destroyed.iter().any(|key| key.subject.id == first.0), "{:?}", seen.destroyed);
    world.forgets(contact(&rows, 1)).await;
    assert!(!world.recognises(first).await);
    let listed = "SELECT count(*) FROM ledger.events WHERE event_type = 'contact.erased' AND metadata ->> 'destroyed' LIKE ";
    assert_eq!(world.database.count(&format!("{listed}'%document/{first}/%'")).await, 1);

    // Sent again it is another import, which registers anew what nothing but the row was known by.
    let (again, rows) = import(&world.ledger, &consultant(), text).await;
    assert_ne!(again, first);
    assert_eq!(outcomes(&rows), [Outcome::Created; 2]);
    assert!(world.recognises(again).await);
    assert!(prepare(&world.ledger, &consultant(), file(text)).await.unwrap().is_repeated());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_forgotten_with_anyone_it_found() {
    let world = World::create().await;
    let (first, rows) = import(&world.ledger, &consultant(), "Reference;Navn\nK-1;Åse\nK-2;Bo\n").await;
    let text = "Reference;Navn;Titel\nK-1;Åse;Chef\nK-2;Bo;\nK-3;Ida;\n";
    let (second, found) = import(&world.ledger, &consultant(), text).await;
    assert_eq!(outcomes(&found), [Outcome::Existing, Outcome::Existing, Outcome::Created]);
    assert_eq!(contact(&found, 0), contact(&rows, 0));
    // Once for each import, and not by the one that it came with.
    let (again, _) = import(&world.ledger, &consultant(), text).await;
    assert_eq!((again, world.found_by(contact(&found, 0)).await), (second, 1));
    assert_eq!(world.found_by(contact(&found, 2)).await, 0);

    world.forgets(contact(&found, 1)).await;
    assert!(!world.recognises(first).await);
    assert!(!world.recognises(second).await);
    // It finds by references what is there. It names somebody who is erased, so it is forgotten at once.
    let (third, rows) = import(&world.ledger, &consultant(), text).await;
    assert_eq!(outcomes(&rows), [Outcome::Existing, Outcome::Refused, Outcome::Existing]);
    assert_eq!(rows[1].code.as_deref(), Some("REFERENCE_ENDED"));
    assert!(third != second && !world.recognises(third).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_refused_rows_is_forgotten_at_any_erasure_in_its_unit_and_at_none_elsewhere() {
    let world = World::create().await;
    let text = "Navn;Mail\nÅse;\nBo;marker\n";
    let (import_id, rows) = import(&world.ledger, &consultant(), text).await;
    assert_eq!(outcomes(&rows), [Outcome::Created, Outcome::Refused]);
    let elsewhere = world.ledger.execute(&by(Role::Dpm, OTHER), &registration("Ida")).await.unwrap().object();
    erase_as(&world.ledger, &by(Role::Dpm, OTHER), ContactId(elsewhere)).await.unwrap();
    assert!(world.recognises(import_id).await);
    let stranger = world.contact("Kim").await;
    world.forgets(stranger).await;
    assert!(!world.recognises(import_id).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_rows_are_not_all_dealt_with_is_forgotten_at_any_erasure_and_its_import_goes_on() {
    let world = World::create().await;
    let rows = 450;
    let text = (0..rows).fold("Navn\n".to_owned(), |text, row| format!("{text}Test Person{row}\n"));
    let prepared = prepare(&world.ledger, &consultant(), file(&text)).await.unwrap();
    let import = prepared.import();
    // Somebody of the unit is erased when the first rows were noted, others are stored and not noted.
    let stranger = world.contact("Kim").await;
    let (ledger, mut counted) = (world.ledger.clone(), 0);
    let (noted, mut is_noted) = tokio::sync::watch::channel(0);
    let running = tokio::spawn(async move {
        run(prepared, &ledger, &consultant(), |progress| {
            counted += progress.outcomes.len();
            noted.send_replace(counted);
        })
        .await
        .map(|summary| summary.tally)
    });
    is_noted.wait_for(|rows| *rows > 0).await.unwrap();
    world.forgets(stranger).await;
    let tally = running.await.unwrap().unwrap();
    assert_eq!((tally.created, tally.rows()), (rows, rows));
    assert!(!world.recognises(import).await);
    let row = world.row::<OperationView>(import.0).await.unwrap();
    assert_eq!((row.status, row.created), (OperationStatus::Finished, i64::try_from(rows).unwrap()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_names_somebody_who_is_erased_before_their_row_is_dealt_with_is_forgotten() {
    let world = World::create().await;
    let (_, rows) = import(&world.ledger, &consultant(), "Reference;Navn\nK-1;Åse\n").await;
    let text = "Reference;Navn\nK-2;Bo\nK-1;Åse\n";
    let prepared = prepare(&world.ledger, &consultant(), file(text)).await.unwrap();
    let second = prepared.import();
    // The import is begun, none of its rows is dealt with.
    world.forgets(contact(&rows, 0)).await;
    let (_, rows) = finish(&world.ledger, &consultant(), prepared).await;
    assert_eq!(outcomes(&rows), [Outcome::Created, Outcome::Refused]);
    assert!(!world.recognises(second).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erasures_and_imports_that_race_leave_no_file_that_names_an_erased_person() {
    let world = World::create().await;
    let other = Arc::new(process(&world.database).await);
    let (mut found, mut refused) = (0, 0);
    for round in 0..21 {
        let (_, rows) =
            import(&world.ledger, &consultant(), &format!("Reference;Navn\nK-{round};Åse\n")).await;
        let person = contact(&rows, 0);
        let text = format!("Reference;Navn\nK-{round};Åse Holm\nL-{round};Bo\n");
        // The erasure comes at every step of the import: begun, the row stored, noted, ended.
        let mut head = other.parts().head_watch();
        let behind = *head.borrow_and_update() + round % 7;
        let ledger = other.clone();
        let importing = tokio::spawn(async move { import(&ledger, &consultant(), &text).await });
        head.wait_for(|position| *position >= behind).await.unwrap();
        loop {
            match erase_as(&world.ledger, &dpm(), person).await.map_err(code) {
                Ok(_) => break,
                Err(ErrorCode::PreviewOutdated | ErrorCode::Conflict) => {}
                Err(other) => panic!("refused with {other:?}"),
            }
        }
        let (import, rows) = importing.await.unwrap();
        assert_eq!(world.keys(import.0).await, (0, 1), "round {round}");
        match rows[0].outcome {
            Outcome::Existing => found += 1,
            Outcome::Refused => refused += 1,
            Outcome::Created => panic!("somebody else was registered under the reference"),
        }
    }
    assert!(found > 0 && refused > 0, "both happened: {found} found, {refused} refused");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_forgotten_some_days_after_it_was_last_heard_of_by_whatever_process() {
    let world = World::create().await;
    let text = "Navn\nÅse\n";
    let (ended, _) = import(&world.ledger, &consultant(), text).await;
    let stopped = prepare(&world.ledger, &consultant(), file("Navn\nBo\n")).await.unwrap();
    let soon = later(&world, TimeDelta::days(30) - TimeDelta::minutes(5)).await;
    assert_eq!(forget_old(&soon, DAYS).await.unwrap().forgotten, 0);
    assert!(world.recognises(ended).await);
    // Two processes at once, and a third time.
    let (one, two) = (
        later(&world, TimeDelta::days(30) + TimeDelta::minutes(5)).await,
        later(&world, TimeDelta::days(31)).await,
    );
    let (first, second) = tokio::join!(forget_old(&one, DAYS), forget_old(&two, DAYS));
    assert_eq!(first.unwrap().forgotten + second.unwrap().forgotten, 2);
    assert_eq!(forget_old(&two, DAYS).await.unwrap().forgotten, 0);
    assert!(!world.recognises(ended).await);
    let named = "SELECT count(*) FROM ledger.events WHERE event_type = 'import.forgotten' \
                 AND metadata ->> 'destroyed' LIKE 'document/%'";
    assert_eq!(world.database.count(named).await, 2);
    // The one that stopped goes on where it is still held, and ends.
    let import = stopped.import();
    let (_, rows) = finish(&world.ledger, &consultant(), stopped).await;
    assert_eq!(outcomes(&rows), [Outcome::Created]);
    assert!(!world.recognises(import).await);
    // Nobody who is erased later is kept by it.
    world.forgets(contact(&rows, 0)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_an_earlier_version_is_forgotten_by_the_first_sweep_or_with_whom_it_created() {
    let world = World::create().await;
    let (one, rows) = import(&world.ledger, &consultant(), "Navn\nÅse\n").await;
    let (two, _) = import(&world.ledger, &consultant(), "Navn\nBo\n").await;
    // As an earlier version left it: nothing lists the files.
    world.database.run("SET session_replication_role = replica; DELETE FROM ledger.events WHERE aggregate_type = 'recognised_files'").await;
    let ledger = later(&world, TimeDelta::zero()).await;
    erase_as(&ledger, &dpm(), contact(&rows, 0)).await.unwrap();
    assert_eq!(world.keys(one.0).await, (0, 1));
    assert_eq!(world.keys(two.0).await, (1, 0));
    assert_eq!(forget_old(&ledger, DAYS).await.unwrap().forgotten, 1);
    assert_eq!(world.keys(two.0).await, (0, 1));
    let reason = "SELECT count(*) FROM ledger.events WHERE event_type = 'import.forgotten' \
                  AND payload #>> '{Forgotten,because}' = 'EARLIER_VERSION'";
    assert_eq!(world.database.count(reason).await, 1);
}
