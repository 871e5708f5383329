//! Imports of the demo files on a real PostgreSQL: once, twice, stopped in the middle, rehearsed, broken.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lethe_access::unit::{RegisterUnit, Registered, UnitKind, UnitView};
use lethe_access::user::RegisterUser;
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::import::{
    ImportError, ImportFile, ImportKind, OperationOutcomeView, OperationStatus, OperationView, Outcome,
    RowOutcome, Source, Tally, dry_run, outcome_page, prepare, run,
};
use lethe_kernel::{Caller, Clock, ImportId, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Ledger, Page, Views, ViewsBuilder, rows};
use lethe_local_postgres::{LocalPostgres, Settings, start};
use lethe_nordic::Country;
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));
const SWEDISH_UNIT: UnitId = UnitId(Uuid::from_u128(70));

struct World {
    ledger: Ledger,
    views: Views,
    context: Context,
    postgres: LocalPostgres,
    _folder: TempDir,
}

impl World {
    async fn start() -> Self {
        // Root runs PostgreSQL as another user, who must be able to pass through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let mut settings = Settings::new(folder.path().join("data"));
        settings.offline = true;
        let postgres = start(settings, Arc::new(|_: &str| {})).await.unwrap();
        let at = postgres.connection();
        let options = PgConnectOptions::new().socket(&at.socket_dir).port(at.port).username(&at.user);
        let pool = lethe_ledger::connect(options.database("postgres"), 12).await.unwrap();
        lethe_ledger::migrate(&pool).await.unwrap();
        let vault = Vault::open(pool.clone(), &Custody::in_data_dir(postgres.data_dir()).with_buckets(16))
            .await
            .unwrap();
        let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
        let views = ViewsBuilder::default()
            .with::<UnitView>()
            .with::<CompanyView>()
            .with::<ContactView>()
            .with::<OperationView>()
            .with::<OperationOutcomeView>()
            .start(ledger.parts().clone())
            .await
            .unwrap();
        let request = RequestId(Uuid::from_u128(1));
        let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
        ledger.execute(&Context::new(Caller::system(UNIT), request), &dpm).await.unwrap();
        for (id, name, country, kind) in [
            (UNIT, "Nord", Country::Denmark, UnitKind::BusinessHub),
            (SWEDISH_UNIT, "Kontoret", Country::Sweden, UnitKind::Other),
        ] {
            let unit = Registered { name: name.into(), country, kind };
            let register = RegisterUnit { id: Some(id), unit, dpm: Some(DPM) };
            ledger.execute(&Context::new(Caller::system(id), request), &register).await.unwrap();
        }
        let caller = Caller { user: DPM, unit: UNIT, role: Role::Consultant };
        Self { ledger, views, context: Context::new(caller, request), postgres, _folder: folder }
    }

    /// Imports to the end; answers what became of the rows of this run.
    async fn import(&self, file: ImportFile) -> (ImportId, Tally, Vec<RowOutcome>) {
        let prepared = prepare(&self.ledger, &self.context, file).await.unwrap();
        let import = prepared.import();
        let mut all = Vec::new();
        let report = |progress: &lethe_crm::import::Progress<'_>| all.extend_from_slice(progress.outcomes);
        let summary = run(prepared, &self.ledger, &self.context, report).await.unwrap();
        assert_eq!(summary.import, Some(import));
        (import, summary.tally, all)
    }

    async fn rehearse(&self, file: ImportFile) -> (Tally, Vec<RowOutcome>) {
        let mut all = Vec::new();
        let summary =
            dry_run(&self.ledger, &self.context, file, |progress| all.extend_from_slice(progress.outcomes));
        (summary.await.unwrap().tally, all)
    }

    async fn caught_up(&self) {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(self.views.reached(&self.views.names(), head, Duration::from_secs(30)).await.unwrap());
        assert_eq!(self.views.differences().await.unwrap(), []);
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(&sql).fetch_one(&self.ledger.parts().pool).await.unwrap()
    }
}

fn demo(kind: ImportKind, name: &str) -> ImportFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo").join(name);
    ImportFile { source: Source::Path(path), kind, overrides: Vec::new() }
}

fn text(kind: ImportKind, text: &str) -> ImportFile {
    ImportFile { source: Source::Bytes(text.as_bytes().into()), kind, overrides: Vec::new() }
}

fn brief(outcomes: &[RowOutcome]) -> Vec<(u64, Outcome, &str, &str)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default().leak() as &str;
    outcomes.iter().map(|o| (o.row, o.outcome, text(&o.code), text(&o.column))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_files_are_imported_once() {
    let world = World::start().await;
    let companies = demo(ImportKind::Companies, "companies-dk.csv");
    let contacts = demo(ImportKind::Contacts, "contacts-dk.csv");

    let (there, keys) = (world.count("ledger.events").await, world.count("vault.keys").await);
    let (rehearsed, told) = world.rehearse(companies.clone()).await;
    assert_eq!((world.count("ledger.events").await, world.count("vault.keys").await), (there, keys));
    let (_, tally, outcomes) = world.import(companies.clone()).await;
    assert_eq!((rehearsed, tally.refused, tally.existing), (tally, 0, 0), "{outcomes:?}");
    let compared =
        |outcomes: &[RowOutcome]| brief(outcomes).into_iter().map(|o| (o.0, o.1)).collect::<Vec<_>>();
    assert_eq!(compared(&told), compared(&outcomes));

    let (rehearsed, told) = world.rehearse(contacts.clone()).await;
    let (import, tally, outcomes) = world.import(contacts.clone()).await;
    assert_eq!((rehearsed, brief(&told)), (tally, brief(&outcomes)));
    assert!(tally.created > 40, "{tally:?} {outcomes:?}");

    world.caught_up().await;
    let events = world.count("ledger.events WHERE aggregate_type = 'contact'").await;
    let (again, repeated, second) = world.import(contacts).await;
    assert_eq!((again, repeated.created, repeated.refused), (import, 0, tally.refused));
    assert!(second.iter().zip(&outcomes).all(|(b, a)| b.object == a.object));
    assert_eq!(world.count("ledger.events WHERE aggregate_type = 'contact'").await, events);

    world.caught_up().await;
    let row = rows::<OperationView>(&world.ledger.parts().pool, &[import.0]).await.unwrap().remove(0);
    assert_eq!(row.status, OperationStatus::Finished);
    assert_eq!((row.done, row.existing), (row.total.unwrap(), i64::try_from(tally.created).unwrap()));
    let page = Page { limit: 5, ..Page::default() };
    let found = outcome_page(&world.ledger.parts().pool, import, None, &page).await.unwrap();
    assert_eq!(found.iter().map(|found| found.row.row_number).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_import_goes_on_and_doubles_nothing() {
    let world = World::start().await;
    // Without references: only import and row can tell a contact that is there already.
    let rows = 1_000;
    let file = (0..rows).fold("Navn\n".to_owned(), |file, row| format!("{file}Test Person{row}\n"));
    let file = text(ImportKind::Contacts, &file);

    let prepared = prepare(&world.ledger, &world.context, file.clone()).await.unwrap();
    let import = prepared.import();
    // The second chunk of rows is under way: some of its contacts are stored, and the import does not know of them.
    let mut head = world.ledger.parts().head_watch();
    let from = *head.borrow();
    let mut done = 0;
    let half = run(prepared, &world.ledger, &world.context, |progress| done = progress.tally.rows());
    tokio::select! {
        _ = half => panic!("it ended"),
        stored = head.wait_for(|position| *position > from + 250) => drop(stored.unwrap()),
    }
    assert!(0 < done && done < rows);

    let prepared = prepare(&world.ledger, &world.context, file.clone()).await.unwrap();
    assert!(prepared.is_resumed() && prepared.import() == import);
    let mut first = None;
    let summary = run(prepared, &world.ledger, &world.context, |progress| {
        first.get_or_insert(progress.outcomes[0].row);
    });
    let tally = summary.await.unwrap().tally;
    assert_eq!((tally.rows(), tally.refused), (rows, 0));
    assert!(tally.existing > 0 && first.unwrap() > done);
    world.caught_up().await;
    assert_eq!(world.count("view.contact").await, i64::try_from(rows).unwrap());
    assert_eq!(world.count("view.operation").await, 1);
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_and_the_others_come_in() {
    let world = World::start().await;
    let file = text(
        ImportKind::Contacts,
        "Reference;Navn;Mail;CVR\n\
         K-1;Bo Berg;;\n\
         K-1;Another;;\n\
         K-2;Åse;marker;\n\
         K-2;Åse Holm;;\n\
         K-3;;a@example.org;\n\
         K-4;Mark\u{1}er;;\n\
         K-5;a;b;c;d\n\
         K-6;Ida;;99655062\n\
         m@rker;Ida;;\n",
    );
    let expected = [
        (2, Outcome::Created, "", ""),
        (3, Outcome::Existing, "", ""),
        (4, Outcome::Refused, "INVALID_VALUE", "email"),
        (5, Outcome::Created, "", ""),
        (6, Outcome::Refused, "REQUIRED", "name"),
        (7, Outcome::Refused, "CONTROL_CHARACTERS", "name"),
        (8, Outcome::Refused, "WRONG_NUMBER_OF_CELLS", ""),
        (9, Outcome::Refused, "NOT_FOUND", "company_number"),
        (10, Outcome::Refused, "INVALID_VALUE", "external_reference"),
    ];
    let (_, told) = world.rehearse(file.clone()).await;
    assert_eq!(brief(&told), expected);
    let (_, tally, outcomes) = world.import(file).await;
    assert_eq!(brief(&outcomes), expected);
    assert_eq!(tally, Tally { created: 2, existing: 1, refused: 6 });
    assert_eq!(outcomes[0].object, outcomes[1].object);

    world.caught_up().await;
    assert_eq!(world.count("view.contact").await, 2);
    let leaks = "ledger.events WHERE payload::text ILIKE '%marker%' OR payload::text LIKE '%Berg%'";
    assert_eq!(world.count(leaks).await, 0);

    let error =
        prepare(&world.ledger, &world.context, text(ImportKind::Contacts, "Bo;12345678\n")).await.err();
    assert!(matches!(error, Some(ImportError::Table(lethe_tabular::Error::NoKnownColumn { .. }))));
    let mut other = world.context.clone();
    other.caller.unit = UnitId(Uuid::from_u128(8));
    let error = prepare(&world.ledger, &other, text(ImportKind::Contacts, "Navn\nBo\n")).await.err().unwrap();
    assert!(error.to_string().contains("not registered"), "{error}");
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_swedish_files_come_in_as_a_task_of_their_own() {
    let mut world = World::start().await;
    world.context.caller.unit = SWEDISH_UNIT;
    for (kind, file) in
        [(ImportKind::Companies, "companies-se.csv"), (ImportKind::Contacts, "contacts-se.csv")]
    {
        let (ledger, context) = (world.ledger.clone(), world.context.clone());
        let prepared = prepare(&ledger, &context, demo(kind, file)).await.unwrap();
        let total = prepared.total();
        let summary =
            tokio::spawn(async move { run(prepared, &ledger, &context, |_| {}).await }).await.unwrap();
        let tally = summary.unwrap().tally;
        assert_eq!(tally, Tally { created: total, ..Tally::default() }, "{file}");
    }
    world.caught_up().await;
    assert!(world.count("view.contact_company").await > 0);
    world.postgres.stop().await.unwrap();
}
