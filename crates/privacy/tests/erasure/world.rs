//! People with everything that can be about them, and a DPM who erases.

use std::time::Duration;

use lethe_access::unit::{RegisterUnit, Registered, UnitKind, UnitView};
use lethe_access::user::RegisterUser;
use lethe_crm::company::{CompanyInput, CompanyView, LegalForm, RegisterCompany};
use lethe_crm::contact::{
    AmendContact, ContactInput, ContactRow, ContactView, ErasureKind, ErasureReason, LinkContact,
    RegisterContact,
};
use lethe_crm::import::{OperationOutcomeView, OperationView};
use lethe_crm::note::{ExpiryChoice, NoteRow, NoteView, WriteNote};
use lethe_crm::prospect::{ProspectView, RegisterProspect};
use lethe_kernel::{
    Caller, Clock, CompanyId, ContactId, ErrorCode, NoteId, Patch, ProspectId, RequestId, Role, UnitId,
    UserId,
};
use lethe_ledger::{Committed, Context, Failure, Ledger, Projection, Views, ViewsBuilder, Work, rows};
use lethe_nordic::Country;
use lethe_privacy::consent::{ConsentView, GiveConsent, LegalBasis};
use lethe_privacy::erasure::{EraseContact, Preview, preview};
use lethe_privacy::retention::ScheduleView;
use lethe_privacy::reveal::{AccessLogView, AlertView};
use lethe_vault::{Custody, Vault};
use uuid::Uuid;

use crate::postgres::Database;

pub(crate) const UNIT: UnitId = UnitId(Uuid::from_u128(7));
pub(crate) const OTHER: UnitId = UnitId(Uuid::from_u128(8));
pub(crate) const DPM: UserId = UserId(Uuid::from_u128(2));

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) views: Views,
}

/// Somebody of a unit.
pub(crate) fn by(role: Role, unit: UnitId) -> Context {
    let caller = Caller { user: DPM, unit, role };
    Context::new(caller, RequestId(Uuid::from_u128(1)))
}

pub(crate) fn dpm() -> Context {
    by(Role::Dpm, UNIT)
}

/// The code of the one rule that refused something; anything else fails the test.
pub(crate) fn code(failure: Failure) -> ErrorCode {
    match failure {
        Failure::Refused(errors) => errors[0].code,
        Failure::Failed(error) => panic!("it failed: {error}"),
    }
}

pub(crate) async fn process(database: &Database) -> Ledger {
    let pool = lethe_ledger::connect(database.options.clone(), 8).await.unwrap();
    let custody = Custody::in_data_dir(database.folder.path()).with_buckets(4);
    let vault = Vault::open(pool.clone(), &custody).await.unwrap();
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}

impl World {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let ledger = process(&database).await;
        let person = RegisterUser::person(DPM, "Dana", "dana@example.org");
        let system = Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)));
        ledger.execute(&system, &person).await.unwrap();
        for (id, name) in [(UNIT, "Nord"), (OTHER, "Syd")] {
            let unit =
                Registered { name: name.into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
            let system = Context::new(Caller::system(id), RequestId(Uuid::from_u128(1)));
            ledger.execute(&system, &RegisterUnit { id: Some(id), unit, dpm: Some(DPM) }).await.unwrap();
        }
        let views = ViewsBuilder::default()
            .with::<UnitView>()
            .with::<ContactView>()
            .with::<CompanyView>()
            .with::<ProspectView>()
            .with::<NoteView>()
            .with::<ConsentView>()
            .with::<ScheduleView>()
            .with::<AccessLogView>()
            .with::<AlertView>()
            .with::<OperationView>()
            .with::<OperationOutcomeView>()
            .start(ledger.parts().clone())
            .await
            .unwrap();
        Self { database, ledger, views }
    }

    pub(crate) async fn act(&self, work: impl Work) -> Uuid {
        self.ledger.execute(&dpm(), &work).await.unwrap().object()
    }

    pub(crate) async fn contact(&self, name: &str) -> ContactId {
        ContactId(self.act(registration(name)).await)
    }

    pub(crate) async fn note(&self, contacts: &[ContactId], personal: bool) -> NoteId {
        NoteId(self.act(note(contacts, personal)).await)
    }

    pub(crate) async fn prospect(&self, contact: ContactId) -> ProspectId {
        let work = RegisterProspect {
            contact,
            title: "Isbod".into(),
            nace_code: None,
            nace_version: None,
            external_reference: None,
        };
        ProspectId(self.act(work).await)
    }

    /// A sole proprietor's company, to which the contact belongs.
    pub(crate) async fn company(&self, contact: ContactId) -> CompanyId {
        let work = RegisterCompany {
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
        let company = CompanyId(self.act(work).await);
        self.act(LinkContact { contact, company, proprietor: false }).await;
        company
    }

    pub(crate) async fn look(&self, contact: ContactId, kind: ErasureKind) -> Result<Preview, Failure> {
        preview(&self.ledger, &dpm(), contact, kind).await
    }

    pub(crate) async fn erase(&self, contact: ContactId, kind: ErasureKind) {
        let token = self.look(contact, kind).await.unwrap().token;
        self.act(erasure(contact, kind, token)).await;
        self.caught_up().await;
    }

    pub(crate) async fn caught_up(&self) {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(self.views.reached(&self.views.names(), head, Duration::from_mins(1)).await.unwrap());
    }

    pub(crate) async fn row<P: Projection>(&self, id: impl Into<Uuid>) -> Option<P::Row> {
        rows::<P>(&self.ledger.parts().pool, &[id.into()]).await.unwrap().pop()
    }

    pub(crate) async fn person(&self, contact: ContactId) -> ContactRow {
        self.row::<ContactView>(contact).await.unwrap()
    }

    pub(crate) async fn note_row(&self, note: NoteId) -> NoteRow {
        self.row::<NoteView>(note).await.unwrap()
    }

    /// How many keys and how many tombstones a subject has.
    pub(crate) async fn keys(&self, subject: impl Into<Uuid>) -> (i64, i64) {
        let id = subject.into();
        let count = |table| format!("SELECT count(*) FROM vault.{table} WHERE subject_id = '{id}'");
        (self.database.count(&count("keys")).await, self.database.count(&count("tombstones")).await)
    }

    pub(crate) async fn end(self) {
        self.caught_up().await;
        assert_eq!(self.views.differences().await.unwrap(), [], "every view equals its rebuild");
    }
}

pub(crate) fn registration(name: &str) -> RegisterContact {
    RegisterContact { input: named(name), external_reference: None, companies: Vec::new(), origin: None }
}

fn named(name: &str) -> ContactInput {
    ContactInput { first_name: Patch::Set(name.into()), ..ContactInput::default() }
}

pub(crate) fn renaming(contact: ContactId, name: &str) -> AmendContact {
    AmendContact { contact, expected_version: None, input: named(name) }
}

pub(crate) fn note(contacts: &[ContactId], personal: bool) -> WriteNote {
    WriteNote {
        contacts: contacts.to_vec(),
        company: None,
        kind: "MEETING".into(),
        text: "Kort.".into(),
        contains_personal: personal,
        contains_sensitive: false,
        expiry: ExpiryChoice::Default,
        longest: lethe_crm::expiry::Longest::default(),
    }
}

pub(crate) fn consent(contact: ContactId, purpose: &str) -> GiveConsent {
    GiveConsent {
        contact,
        purpose: purpose.into(),
        legal_basis: LegalBasis::Consent,
        source: "PHONE".into(),
        wording: Some("Ja tak.".into()),
        proof: None,
        effective_at: None,
        kept_until: None,
        longest: lethe_crm::expiry::Longest::default(),
    }
}

pub(crate) fn erasure(contact: ContactId, kind: ErasureKind, token: String) -> EraseContact {
    EraseContact { contact, kind, reason: ErasureReason::RequestOfPerson, token }
}

pub(crate) async fn erase_as(
    ledger: &Ledger,
    context: &Context,
    contact: ContactId,
) -> Result<Committed, Failure> {
    let kind = ErasureKind::Anonymised;
    let token = preview(ledger, context, contact, kind).await?.token;
    ledger.execute(context, &erasure(contact, kind, token)).await
}
