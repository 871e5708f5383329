//! A database with people in it, and what becomes of them.

use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_crm::contact::{ContactInput, ErasureKind, ErasureReason, RegisterContact};
use lethe_kernel::{Caller, Clock, ContactId, Patch, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Answer, Context, Failure, Ledger, UnitOfWork, Work};
use lethe_nordic::Country;
use lethe_privacy::certificate::{Certificate, CertificateError, certificate_of};
use lethe_privacy::erasure::{EraseContact, preview};
use lethe_privacy::rotation::rotate;
use lethe_vault::{Custody, Vault};
use uuid::Uuid;

use crate::postgres::Database;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
}

/// Destroys a contact's keys and nothing else.
struct Forget(ContactId);

impl Work for Forget {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(self.0, |_| true).await?;
        Ok(Answer::of(self.0))
    }
}

fn context() -> Context {
    let caller = Caller { user: DPM, unit: UNIT, role: Role::Dpm };
    Context::new(caller, RequestId(Uuid::from_u128(1)))
}

/// The keys of a subject that were destroyed, as the metadata of an event lists them.
const DESTROYED: &str = "SELECT string_agg(concat_ws('/', subject_kind, subject_id, class, key_id, \
     rtrim(translate(encode(commitment, 'base64'), '+/', '-_'), '=')), ' ') FROM vault.tombstones WHERE subject_id = $1";

impl World {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let pool = lethe_ledger::connect(database.options.clone(), 8).await.unwrap();
        let custody = Custody::in_data_dir(database.folder.path()).with_buckets(4);
        let vault = Vault::open(pool.clone(), &custody).await.unwrap();
        let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
        let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
        let system = Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)));
        let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
        ledger.execute(&system, &dpm).await.unwrap();
        ledger.execute(&system, &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
        Self { database, ledger }
    }

    pub(crate) async fn register(&self, name: &str) -> ContactId {
        let input = ContactInput { first_name: Patch::Set(name.into()), ..ContactInput::default() };
        let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
        ContactId(self.ledger.execute(&context(), &work).await.unwrap().object())
    }

    /// Erases a contact as a data protection manager does. Answers the position of the last event of it.
    pub(crate) async fn decide(&self, contact: ContactId, kind: ErasureKind) -> i64 {
        let preview = preview(&self.ledger, &context(), contact, kind).await.unwrap();
        let work =
            EraseContact { contact, kind, reason: ErasureReason::RequestOfPerson, token: preview.token };
        self.ledger.execute(&context(), &work).await.unwrap().position
    }

    /// Destroys the contact's keys, and appends a unit of work that says so: an event of another stream first, which
    /// names the keys, then `items` more, then that the contact is erased. Answers the position of that.
    pub(crate) async fn erase(&self, contact: ContactId, items: i64) -> i64 {
        self.ledger.execute(&context(), &Forget(contact)).await.unwrap();
        let pool = &self.database.pool;
        let destroyed: Option<String> =
            sqlx::query_scalar(DESTROYED).bind(contact.0).fetch_one(pool).await.unwrap();
        let command = Uuid::from_u128(0xc0_0000 + u128::try_from(self.head().await).unwrap());
        let note = Uuid::from_u128(command.as_u128() + 1);
        for item in 0..=items {
            let destroyed = destroyed.as_deref().filter(|_| item == 0);
            self.append("note", note, "note.erased", "{\"Erased\": {}}", (command, destroyed)).await;
        }
        let payload = r#"{"Erased": {"kind": "ANONYMISED", "reason": "OBJECTION", "on": "2026-03-02", "belongings": [],
            "companies": [], "remains": ["IDS", "AUDIT"]}}"#;
        self.append("contact", contact.0, "contact.erased", payload, (command, None)).await;
        self.head().await
    }

    async fn append(
        &self,
        stream: &str,
        id: Uuid,
        event_type: &str,
        payload: &str,
        (command, destroyed): (Uuid, Option<&str>),
    ) {
        sqlx::query(
            "INSERT INTO ledger.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
             position, event_id, recorded_at) SELECT $1, $2, (SELECT coalesce(max(sequence), 0) + 1 FROM ledger.events \
             WHERE aggregate_type = $1 AND aggregate_id = $2), $3, '1', $4::json, json_strip_nulls(json_build_object( \
             'user', $5, 'unit', $6, 'role', 'DPM', 'command', $7, 'request', $7, 'correlation', $7, \
             'occurred', '2026-03-02T10:15:30Z', 'destroyed', $8)), max(position) + 1, gen_random_uuid(), now() \
             FROM ledger.events",
        )
        .bind(stream)
        .bind(id.to_string())
        .bind(event_type)
        .bind(payload)
        .bind(Uuid::from_u128(2).to_string())
        .bind(UNIT.0.to_string())
        .bind(command.to_string())
        .bind(destroyed)
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    pub(crate) async fn head(&self) -> i64 {
        self.database.count("SELECT max(position) FROM ledger.events").await
    }

    pub(crate) async fn rotate(&self) {
        rotate(&self.ledger, &|_| {}).await.unwrap();
    }

    /// Views as they are when they have seen the ledger up to a position.
    pub(crate) async fn views_at(&self, position: i64) {
        sqlx::query(
            "INSERT INTO ledger.projections SELECT unnest(ARRAY['contact', 'note', 'prospect', 'consent', 'company']), 1, $1, '{}' \
             ON CONFLICT (name) DO UPDATE SET position = $1",
        )
        .bind(position)
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    pub(crate) async fn certificate(&self, contact: ContactId) -> Result<Certificate, CertificateError> {
        certificate_of(self.ledger.parts(), contact).await
    }

    pub(crate) async fn refusal(&self, contact: ContactId) -> CertificateError {
        self.certificate(contact).await.unwrap_err()
    }
}
