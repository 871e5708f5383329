//! A database with processes on it, units, and people.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lethe_access::Directory;
use lethe_access::device::DeviceView;
use lethe_access::unit::{RegisterUnit, Registered, UnitKind, UnitView};
use lethe_access::user::{Enrolment, Grant, GrantRole, IdentityInput, RegisterUser, UserView};
use lethe_access::user_group::UserGroupView;
use lethe_kernel::{Caller, Clock, DeviceId, ErrorCode, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Failure, Ledger, Projection, Views, ViewsBuilder, Work, rows};
use lethe_local_postgres::{LocalPostgres, Settings, start};
use lethe_nordic::Country;
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const NORD: UnitId = UnitId(Uuid::from_u128(7));
pub(crate) const SYD: UnitId = UnitId(Uuid::from_u128(8));
/// The DPM of both units.
pub(crate) const DANA: UserId = UserId(Uuid::from_u128(20));
pub(crate) const FREJA: UserId = UserId(Uuid::from_u128(21));
pub(crate) const OTTO: UserId = UserId(Uuid::from_u128(22));
pub(crate) const PHONE: DeviceId = DeviceId(Uuid::from_u128(30));

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) directory: Directory,
    pub(crate) postgres: LocalPostgres,
    options: PgConnectOptions,
    data_dir: PathBuf,
    _folder: TempDir,
}

/// Somebody else than the people above.
pub(crate) fn by(role: Role, unit: UnitId) -> Caller {
    Caller { user: UserId(Uuid::from_u128(2)), unit, role }
}

pub(crate) fn identity(subject: &str) -> IdentityInput {
    IdentityInput { issuer: "https://id.example".into(), subject: subject.into() }
}

impl World {
    /// Two units with Dana as their DPM, and Freja and Otto of the first.
    pub(crate) async fn start() -> Self {
        // Root runs PostgreSQL as another user, who must be able to pass through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let mut settings = Settings::new(folder.path().join("data"));
        settings.offline = true;
        let postgres = start(settings, Arc::new(|_: &str| {})).await.unwrap();
        let at = postgres.connection();
        let options = PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).port(at.port);
        let options = options.username(&at.user).database("postgres");
        let data_dir = postgres.data_dir().to_owned();
        let ledger = process(&options, &data_dir).await;
        let directory = Directory::start(ledger.parts().clone()).await.unwrap();
        let world = Self { ledger, directory, postgres, options, data_dir, _folder: folder };
        world.act(Caller::system(NORD), RegisterUser::person(DANA, "Dana Prøve", "dana@example.org")).await;
        for (id, name) in [(NORD, "Nord"), (SYD, "Syd")] {
            let unit =
                Registered { name: name.into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
            world.act(Caller::system(id), RegisterUnit { id: Some(id), unit, dpm: Some(DANA) }).await;
        }
        world.act(Caller::system(NORD), world.person(FREJA, "Freja Prøve", "freja-4711")).await;
        world.act(Caller::system(NORD), world.person(OTTO, "Otto Prøve", "otto-4711")).await;
        world
    }

    /// Another process on the same database.
    pub(crate) async fn process(&self) -> Ledger {
        process(&self.options, &self.data_dir).await
    }

    /// A person with an identity.
    pub(crate) fn person(&self, id: UserId, name: &str, subject: &str) -> RegisterUser {
        let enrolment = Enrolment { directory: self.directory.clone(), identities: vec![identity(subject)] };
        RegisterUser { enrolment: Some(enrolment), ..RegisterUser::person(id, name, "person@example.org") }
    }

    /// Executes a command that must not be refused; answers its object.
    pub(crate) async fn act(&self, caller: Caller, work: impl Work) -> Uuid {
        let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
        self.ledger.execute(&context, &work).await.unwrap().object()
    }

    /// Executes a command that must be refused; answers code and field.
    pub(crate) async fn refusal(&self, caller: Caller, work: impl Work) -> (ErrorCode, String) {
        let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
        match self.ledger.execute(&context, &work).await {
            Err(Failure::Refused(errors)) => (errors[0].code, errors[0].field.join(".")),
            other => panic!("it was not refused: {other:?}"),
        }
    }

    pub(crate) async fn grant(&self, user: UserId, unit: UnitId, role: Role) {
        self.act(Caller::system(unit), GrantRole { user, grant: Grant { unit, role } }).await;
    }

    pub(crate) async fn views(&self) -> Views {
        let views = ViewsBuilder::default()
            .with::<UnitView>()
            .with::<UserView>()
            .with::<DeviceView>()
            .with::<UserGroupView>();
        views.start(self.ledger.parts().clone()).await.unwrap()
    }

    /// One row of a view that follows everything, and is what its rebuild would be.
    pub(crate) async fn row<P: Projection>(&self, views: &Views, id: impl Into<Uuid>) -> P::Row {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(views.reached(&views.names(), head, Duration::from_mins(1)).await.unwrap());
        assert_eq!(views.differences().await.unwrap(), []);
        rows::<P>(&self.ledger.parts().pool, &[id.into()]).await.unwrap().remove(0)
    }
}

async fn process(options: &PgConnectOptions, data_dir: &std::path::Path) -> Ledger {
    let pool = lethe_ledger::connect(options.clone(), 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let custody = Custody::in_data_dir(data_dir).with_buckets(16);
    let vault = Vault::open(pool.clone(), &custody).await.unwrap();
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}
