//! A database with two custodians, people in it, and what can be done to both.

use std::path::PathBuf;
use std::sync::Arc;

use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_crm::contact::{AmendContact, ContactInput, FirstName, RegisterContact};
use lethe_kernel::{Caller, Clock, ContactId, Patch, Personal, RequestId, Role, SealedText, UnitId, UserId};
use lethe_ledger::{Answer, Context, Failure, Ledger, UnitOfWork, Views, ViewsBuilder, Work};
use lethe_nordic::Country;
use lethe_privacy::rotation::{Rotated, RotationError, RotationView, rotate};
use lethe_vault::custodian::{CustodianSpec, FileCustodian};
use lethe_vault::{Custody, Vault, VaultError};
use uuid::Uuid;

use crate::postgres::Database;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
}

/// Destroys a contact's keys and nothing else.
pub(crate) struct Forget(pub(crate) ContactId);

impl Work for Forget {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(self.0, |_| true).await?;
        Ok(Answer::of(self.0))
    }
}

pub(crate) fn context() -> Context {
    let caller = Caller { user: DPM, unit: UNIT, role: Role::Consultant };
    Context::new(caller, RequestId(Uuid::from_u128(1)))
}

fn named(name: &str) -> ContactInput {
    ContactInput { first_name: Patch::Set(name.into()), ..ContactInput::default() }
}

impl World {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let ledger = process(&database).await.unwrap();
        let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
        let system = Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)));
        let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
        ledger.execute(&system, &dpm).await.unwrap();
        ledger.execute(&system, &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
        Self { database, ledger }
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.ledger.parts().vault
    }

    /// Another process on the same database and custodians.
    pub(crate) async fn process(&self) -> Ledger {
        process(&self.database).await.unwrap()
    }

    pub(crate) async fn rotate(&self) -> Result<Rotated, RotationError> {
        rotate(&self.ledger, &|_| {}).await
    }

    /// The epochs that each custodian holds.
    pub(crate) fn held(&self) -> [Vec<i64>; 2] {
        root_files(&self.database)
            .map(|path| FileCustodian::new(path).held().unwrap().iter().map(|held| held.epoch).collect())
    }

    /// Looks at a contact with the keys that are stored now, as a process does that knows nothing.
    pub(crate) async fn name_of(&self, contact: ContactId) -> Result<String, VaultError> {
        let ledger = process(&self.database).await?;
        name_of(&ledger, contact).await
    }

    pub(crate) async fn following(&self) -> Views {
        let views = ViewsBuilder::default().with::<RotationView>();
        views.start(self.ledger.parts().clone()).await.unwrap()
    }
}

pub(crate) async fn register(ledger: &Ledger, name: &str) -> ContactId {
    let work =
        RegisterContact { input: named(name), external_reference: None, companies: Vec::new(), origin: None };
    ContactId(ledger.execute(&context(), &work).await.unwrap().object())
}

pub(crate) async fn rename(ledger: &Ledger, contact: ContactId, name: &str) {
    let work = AmendContact { contact, expected_version: None, input: named(name) };
    ledger.execute(&context(), &work).await.unwrap();
}

pub(crate) async fn forget(ledger: &Ledger, contact: ContactId) {
    ledger.execute(&context(), &Forget(contact)).await.unwrap();
}

/// Opens the name in a contact's newest event that has one.
pub(crate) async fn name_of(ledger: &Ledger, contact: ContactId) -> Result<String, VaultError> {
    let parts = ledger.parts();
    let events = parts.stream_until("contact", &[contact.0], None).await.unwrap();
    let sealed = events.iter().rev().find_map(|event| {
        let payload: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
        let fields = payload.as_object()?.values().next()?;
        Some(fields["details"]["first_name"].as_str()?.to_owned())
    });
    let value = Personal::<FirstName>::Sealed(SealedText(sealed.unwrap()));
    let keyring = parts.vault.keyring(&[contact.into()]).await?;
    Ok(keyring.open(&value, contact)?.0)
}

pub(crate) fn root_files(database: &Database) -> [PathBuf; 2] {
    ["one", "other"].map(|name| database.folder.path().join(name).join("root.key"))
}

pub(crate) async fn process(database: &Database) -> Result<Ledger, VaultError> {
    let pool = lethe_ledger::connect(database.options.clone(), 8).await.unwrap();
    let custodians = root_files(database).map(CustodianSpec::File).to_vec();
    let vault = Vault::open(pool.clone(), &Custody { custodians, buckets: 4 }).await?;
    Ok(Ledger::start(pool, vault, Clock::system()).await.unwrap())
}

/// Rows of the vault that say how far a rotation is.
pub(crate) async fn steps(world: &World) -> Vec<String> {
    let sql = "SELECT step FROM vault.rotation";
    sqlx::query_scalar(sql).fetch_all(&world.database.pool).await.unwrap()
}

/// A world that tasks share.
pub(crate) async fn shared() -> Arc<World> {
    Arc::new(World::create().await)
}
