//! One personnummer, one company of a unit: registered by hand, by import and beside another process's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

use std::sync::Arc;
use std::time::Duration;

use lethe_access::unit::{RegisterUnit, Registered, UnitKind, UnitView};
use lethe_access::user::RegisterUser;
use lethe_crm::company::{CloseCompany, CompanyInput, CompanyView, LegalForm, RegisterCompany, RegisterOnce};
use lethe_crm::import::{
    ImportFile, ImportKind, OperationOutcomeView, OperationView, Source, Tally, dry_run, prepare, run,
};
use lethe_kernel::{Caller, Clock, CompanyId, Detail, ErrorCode, Patch, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Failure, Ledger, Views, ViewsBuilder};
use lethe_local_postgres::{LocalPostgres, Settings, start};
use lethe_nordic::Country;
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

const ONE: UnitId = UnitId(Uuid::from_u128(7));
const TWO: UnitId = UnitId(Uuid::from_u128(8));
const DPM: UserId = UserId(Uuid::from_u128(2));
const NUMBER: &str = "811218-9876";

struct World {
    ledger: Ledger,
    views: Views,
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
        let custody = Custody::in_data_dir(postgres.data_dir()).with_buckets(16);
        let vault = Vault::open(pool.clone(), &custody).await.unwrap();
        let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
        let views = ViewsBuilder::default()
            .with::<UnitView>()
            .with::<CompanyView>()
            .with::<OperationView>()
            .with::<OperationOutcomeView>()
            .start(ledger.parts().clone())
            .await
            .unwrap();
        let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
        ledger.execute(&Context::new(Caller::system(ONE), REQUEST), &dpm).await.unwrap();
        for id in [ONE, TWO] {
            let unit =
                Registered { name: "Kontoret".into(), country: Country::Sweden, kind: UnitKind::Other };
            let register = RegisterUnit { id: Some(id), unit, dpm: Some(DPM) };
            ledger.execute(&Context::new(Caller::system(id), REQUEST), &register).await.unwrap();
        }
        Self { ledger, views, postgres, _folder: folder }
    }

    /// The company, or why it was refused.
    async fn register(&self, unit: UnitId, number: &str, name: &str) -> Result<CompanyId, Failure> {
        let work = RegisterOnce::from(company(number, name)).knowing(self.ledger.parts(), unit).await?;
        Ok(CompanyId(self.ledger.execute(&context(unit), &work).await?.object()))
    }

    async fn import(&self, lines: &str) -> Tally {
        let prepared = prepare(&self.ledger, &context(ONE), file(lines)).await.unwrap();
        let tally = run(prepared, &self.ledger, &context(ONE), |_| {}).await.unwrap().tally;
        self.caught_up().await;
        tally
    }

    async fn rehearse(&self, lines: &str) -> Tally {
        dry_run(&self.ledger, &context(ONE), file(lines), |_| {}).await.unwrap().tally
    }

    async fn companies(&self) -> i64 {
        let sql = "SELECT count(*) FROM ledger.events WHERE event_type = 'company.registered'";
        sqlx::query_scalar(sql).fetch_one(&self.ledger.parts().pool).await.unwrap()
    }

    async fn caught_up(&self) {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(self.views.reached(&self.views.names(), head, Duration::from_secs(30)).await.unwrap());
    }

    async fn end(self) {
        self.caught_up().await;
        assert_eq!(self.views.differences().await.unwrap(), []);
        self.postgres.stop().await.unwrap();
    }
}

const REQUEST: RequestId = RequestId(Uuid::from_u128(1));

fn context(unit: UnitId) -> Context {
    Context::new(Caller { user: DPM, unit, role: Role::Consultant }, REQUEST)
}

fn company(number: &str, name: &str) -> RegisterCompany {
    let input = CompanyInput {
        legal_form: Some(LegalForm::SoleProprietor),
        name: if name.is_empty() { Patch::Keep } else { Patch::Set(name.into()) },
        ..CompanyInput::default()
    };
    RegisterCompany {
        country: Country::Sweden,
        number: number.into(),
        p_numbers: Vec::new(),
        input,
        external_reference: None,
        origin: None,
    }
}

fn file(lines: &str) -> ImportFile {
    let text = format!("Land;Organisationsnummer;Namn;Bolagsform\n{lines}");
    ImportFile {
        source: Source::Bytes(Arc::from(text.into_bytes())),
        kind: ImportKind::Companies,
        overrides: Vec::new(),
    }
}

/// The code of a refusal and the company it names.
fn refusal(result: Result<CompanyId, Failure>) -> (ErrorCode, Option<CompanyId>) {
    let Err(Failure::Refused(errors)) = result else { panic!("it was not refused") };
    let named = match errors[0].detail {
        Detail::Existing("Company", id) => Some(CompanyId(id)),
        _ => None,
    };
    (errors[0].code, named)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_told_of_a_personnummer_that_it_has_registered() {
    let world = World::start().await;
    let first = world.register(ONE, NUMBER, "Åkes bröd").await.unwrap();
    // In any spelling, and before a view shows it.
    for number in [NUMBER, "8112189876", "19811218-9876"] {
        let again = world.register(ONE, number, "Åkes bröd").await;
        assert_eq!(refusal(again), (ErrorCode::AlreadyExists, Some(first)), "{number}");
    }
    // Whoever only tries is told what else is wrong, and nothing of the number.
    assert_eq!(refusal(world.register(ONE, NUMBER, "").await), (ErrorCode::Required, None));
    // Another unit learns nothing.
    let other = world.register(TWO, NUMBER, "Åkes bröd").await.unwrap();
    assert_ne!(other, first);
    // At the same moment, one of them is registered.
    let number = "811278-9873";
    let both = tokio::join!(world.register(ONE, number, "Eva ett"), world.register(ONE, number, "Eva två"));
    assert_eq!([&both.0, &both.1].into_iter().filter(|done| done.is_ok()).count(), 1);
    // A closed company does not stand in the way.
    let close = CloseCompany {
        company: first,
        expected_version: None,
        superseded_by: None,
        reason: "WRONG_NUMBER".into(),
    };
    world.ledger.execute(&context(ONE), &close).await.unwrap();
    world.register(ONE, NUMBER, "Åkes bröd").await.unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_sole_traders_again_and_a_dry_run_tells_nothing_of_what_is_stored() {
    let world = World::start().await;
    // As another process does it, which this one hears of from the view.
    let before = company("811278-9873", "Eva");
    world.ledger.execute(&context(ONE), &before).await.unwrap();
    world.caught_up().await;
    let lines = "Sverige;811218-9876;Åkes bröd;Enskild firma\n\
                 Sverige;19811218-9876;Åkes bröd;Enskild firma\n\
                 Sverige;811278-9873;Eva;Enskild firma\n";
    let rehearsed = world.rehearse(lines).await;
    assert_eq!(rehearsed, Tally { created: 2, existing: 1, refused: 0 }, "the file repeats one number");
    let imported = world.import(lines).await;
    assert_eq!(imported, Tally { created: 1, existing: 2, refused: 0 });
    let changed = lines.replace("bröd", "bröd och kakor");
    assert_eq!(world.import(&changed).await, Tally { created: 0, existing: 3, refused: 0 });
    assert_eq!(world.companies().await, 2, "a row that finds a company registers none");
    world.end().await;
}
