//! The sweep on a real PostgreSQL and a clock that the test moves: what is due expires once, whoever sweeps how often.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use lethe_access::unit::{RegisterUnit, Registered, UnitKind, UnitView};
use lethe_access::user::RegisterUser;
use lethe_crm::contact::{ContactInput, ContactRow, ContactView, RegisterContact};
use lethe_crm::expiry::{Effect, Expiry, Longest};
use lethe_crm::note::{AmendNote, ExpiryChoice, NoteRow, NoteStatus, NoteView, WriteNote};
use lethe_kernel::{Caller, Clock, ContactId, NoteId, Patch, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Ledger, Views, ViewsBuilder, Work, rows};
use lethe_local_postgres::{LocalPostgres, Settings, start};
use lethe_nordic::Country;
use lethe_privacy::consent::{ConsentStatus, ConsentView, GiveConsent, LegalBasis, WithdrawConsent};
use lethe_privacy::retention::{ScheduleView, SweepReport, sweep};
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));

struct World {
    ledger: Ledger,
    views: Views,
    clock: Clock,
    postgres: LocalPostgres,
    _folder: TempDir,
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl World {
    /// At noon of 1 June 2030.
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
        let clock = Clock::fixed(time("2030-06-01T12:00:00Z"));
        let ledger = Ledger::start(pool, vault, clock.clone()).await.unwrap();
        let views = ViewsBuilder::default()
            .with::<UnitView>()
            .with::<ContactView>()
            .with::<NoteView>()
            .with::<ConsentView>()
            .with::<ScheduleView>()
            .start(ledger.parts().clone())
            .await
            .unwrap();
        let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
        let context = Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)));
        let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
        ledger.execute(&context, &dpm).await.unwrap();
        ledger.execute(&context, &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
        Self { ledger, views, clock, postgres, _folder: folder }
    }

    async fn act(&self, work: impl Work) -> Uuid {
        let caller = Caller { user: DPM, unit: UNIT, role: Role::Consultant };
        let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
        let done = self.ledger.execute(&context, &work).await.unwrap().objects.remove(0);
        self.caught_up().await;
        done
    }

    async fn contact(&self, name: &str) -> ContactId {
        let input = ContactInput { first_name: Patch::Set(name.into()), ..ContactInput::default() };
        let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
        ContactId(self.act(work).await)
    }

    async fn note(&self, contacts: &[ContactId], on: &str, effect: Effect) -> NoteId {
        let work = WriteNote {
            contacts: contacts.to_vec(),
            company: None,
            kind: "MEETING".into(),
            text: "Kort.".into(),
            contains_personal: true,
            contains_sensitive: false,
            expiry: ExpiryChoice::On(Expiry { on: date(on), effect }),
            longest: Longest::default(),
        };
        NoteId(self.act(work).await)
    }

    async fn caught_up(&self) {
        let head = self.head().await;
        assert!(self.views.reached(&self.views.names(), head, Duration::from_mins(1)).await.unwrap());
    }

    async fn head(&self) -> i64 {
        self.ledger.parts().head().await.unwrap()
    }

    async fn sweep(&self) -> SweepReport {
        let report = sweep(&self.ledger, |_| {}).await.unwrap();
        self.caught_up().await;
        report
    }

    async fn row(&self, note: NoteId) -> NoteRow {
        rows::<NoteView>(&self.ledger.parts().pool, &[note.0]).await.unwrap().remove(0)
    }

    async fn person(&self, contact: ContactId) -> ContactRow {
        rows::<ContactView>(&self.ledger.parts().pool, &[contact.0]).await.unwrap().remove(0)
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(&sql).fetch_one(&self.ledger.parts().pool).await.unwrap()
    }

    async fn end(self) {
        assert_eq!(self.views.differences().await.unwrap(), [], "every view equals its rebuild");
        self.postgres.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_expires_once_from_midnight_in_copenhagen() {
    let world = World::start().await;
    let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
    let soon = world.note(&[one, two], "2030-06-10", Effect::Anonymise).await;
    let later = world.note(&[one], "2030-06-11", Effect::Delete).await;
    let both = [soon, later];
    assert_eq!((world.sweep().await.due, world.count("view.expiry").await), (0, 2));
    assert_eq!(world.person(one).await.next_expiry, Some(date("2030-06-10")));

    // One minute before midnight of Danish summer time, and at midnight.
    world.clock.set(time("2030-06-09T21:59:00Z"));
    assert_eq!(world.sweep().await.due, 0);
    world.clock.set(time("2030-06-09T22:00:00Z"));
    let report = world.sweep().await;
    assert_eq!((report.on, report.due, report.refused), (date("2030-06-10"), 1, 0));
    assert_eq!(report.position, world.head().await);

    // Anonymised: kind, dates and unit stay; text and contacts are gone, and the contacts know.
    let row = world.row(soon).await;
    assert_eq!((row.status, row.text, row.contacts.len()), (NoteStatus::Anonymised, None, 0));
    assert_eq!(
        (row.kind.as_deref(), row.unit_id, row.expires_on),
        (Some("MEETING"), UNIT, Some(date("2030-06-10")))
    );
    assert_eq!(world.person(two).await.next_expiry, None);
    assert!(world.person(two).await.items.is_empty());
    assert_eq!(world.person(one).await.next_expiry, Some(date("2030-06-11")));
    assert_eq!((world.count("view.expiry").await, world.count("view.note_contact").await), (1, 1));

    // Deleted: nothing of it is left but that there was one. A late sweep does the same as one in time.
    world.clock.set(time("2030-07-30T12:00:00Z"));
    assert_eq!(world.sweep().await.due, 1);
    let row = world.row(later).await;
    assert_eq!((row.status, row.text, row.kind, row.contacts.len()), (NoteStatus::Deleted, None, None, 0));
    // Nothing shows their texts any more, so nothing opens them either.
    assert_eq!(world.count("vault.keys WHERE subject_kind = 'document'").await, 0);
    assert_eq!(world.count("vault.tombstones WHERE subject_kind = 'document'").await, 2);
    for table in ["view.expiry", "view.note_contact", "view.contact_item"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }

    // Again, nothing happens.
    let head = world.head().await;
    assert_eq!((world.sweep().await.due, world.head().await), (0, head));
    let expired = "ledger.events WHERE event_type = 'note.expired'";
    assert_eq!(world.count(expired).await, i64::try_from(both.len()).unwrap());
    assert_eq!(world.count("ledger.events WHERE event_type = 'contact.unbound'").await, 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_at_once_expire_every_item_once_and_leave_what_was_postponed() {
    let world = World::start().await;
    let contact = world.contact("Åse").await;
    let mut notes = Vec::new();
    for _ in 0..20 {
        notes.push(world.note(&[contact], "2030-06-02", Effect::Delete).await);
    }
    let postponed = world.note(&[contact], "2030-06-02", Effect::Delete).await;
    let amend = AmendNote {
        note: postponed,
        expected_version: None,
        kind: None,
        text: None,
        contacts: None,
        company: Patch::Keep,
        contains_personal: None,
        contains_sensitive: None,
        expiry: Patch::Set(Expiry { on: date("2031-01-01"), effect: Effect::Delete }),
        longest: Longest::default(),
    };
    world.act(amend).await;

    world.clock.set(time("2030-06-02T06:00:00Z"));
    let sweeps = (0..4).map(|_| {
        let ledger = world.ledger.clone();
        tokio::spawn(async move { sweep(&ledger, |_| {}).await.unwrap() })
    });
    for one in sweeps.collect::<Vec<_>>() {
        let report = one.await.unwrap();
        assert!(report.due <= 20 && report.refused == 0, "{report:?}");
    }
    world.caught_up().await;
    assert_eq!(world.count("ledger.events WHERE event_type = 'note.expired'").await, 20);
    assert_eq!(world.count("ledger.events WHERE event_type = 'contact.unbound'").await, 20);
    for note in notes {
        assert_eq!(world.row(note).await.status, NoteStatus::Deleted);
    }
    assert_eq!(world.row(postponed).await.status, NoteStatus::Active);
    assert_eq!(world.person(contact).await.next_expiry, Some(date("2031-01-01")));
    assert_eq!(world.count("view.expiry").await, 1);
    world.end().await;
}

fn basis(contact: ContactId, purpose: &str, kept_until: &str) -> GiveConsent {
    GiveConsent {
        contact,
        purpose: purpose.into(),
        legal_basis: LegalBasis::Contract,
        source: "PAPER".into(),
        wording: None,
        proof: None,
        effective_at: None,
        kept_until: Some(date(kept_until)),
        longest: Longest::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_expires_on_the_day_until_which_its_data_is_kept() {
    let world = World::start().await;
    let contact = world.contact("Åse").await;
    let consent = world.act(basis(contact, "COURSE", "2030-06-10")).await;
    let withdrawn = world.act(basis(contact, "NEWSLETTER", "2030-06-10")).await;
    let postponed = world.act(basis(contact, "OFFERS", "2030-06-10")).await;
    let status = async |id: Uuid| {
        rows::<ConsentView>(&world.ledger.parts().pool, &[id]).await.unwrap().remove(0).status
    };
    let withdrawal = WithdrawConsent {
        contact,
        purpose: "NEWSLETTER".into(),
        effective_at: None,
        reason: None,
        note: None,
        expected_version: None,
    };
    world.act(withdrawal).await;
    world.act(basis(contact, "OFFERS", "2031-01-01")).await;
    assert_eq!((world.count("view.expiry").await, world.sweep().await.due), (2, 0));

    world.clock.set(time("2030-06-09T22:00:00Z"));
    let report = world.sweep().await;
    assert_eq!((report.due, report.refused, report.position), (1, 0, world.head().await));
    assert_eq!(status(consent).await, ConsentStatus::Expired);
    assert_eq!(status(withdrawn).await, ConsentStatus::Withdrawn);
    assert_eq!(status(postponed).await, ConsentStatus::Given);
    assert_eq!((world.count("view.expiry").await, world.sweep().await.due), (1, 0));
    assert_eq!(world.count("ledger.events WHERE event_type = 'consent.expired'").await, 1);

    world.clock.set(time("2031-01-02T12:00:00Z"));
    assert_eq!(world.sweep().await.due, 1);
    assert_eq!(status(postponed).await, ConsentStatus::Expired);
    world.end().await;
}
