//! Under whose key the digest of each repeatable command's input is, and that it dies with whom the input is about.

use lethe_access::user::RegisterUser;
use lethe_crm::company::{CompanyInput, LegalForm, RegisterCompany};
use lethe_crm::contact::{ErasureKind, LinkContact};
use lethe_crm::expiry::Longest;
use lethe_crm::note::{AmendNote, RemoveNote};
use lethe_crm::prospect::RegisterProspect;
use lethe_kernel::{CompanyId, ContactId, NoteId, Patch, Role, UserId};
use lethe_ledger::{Context, Idempotency, Work};
use lethe_nordic::Country;
use lethe_privacy::consent::WithdrawConsent;
use lethe_privacy::reveal::{Occasion, RevealNote};
use uuid::Uuid;

use crate::world::{DPM, UNIT, World, by, consent, erasure, note, registration, renaming};

const NEW_USER: UserId = UserId(Uuid::from_u128(77));

impl World {
    /// Sends a command with an idempotency key; answers its object, and whose key its digest is under.
    async fn digested(&self, role: Role, work: impl Work) -> (Uuid, (String, Uuid)) {
        let key = self.ledger.parts().ids.next();
        let idempotency = Idempotency { key, mutation: "test", input: key.to_string().into_bytes() };
        let context = Context { idempotency: Some(idempotency), ..by(role, UNIT) };
        let done = self.ledger.execute(&context, &work).await.unwrap();
        let sql = "SELECT subject_kind, subject_id FROM ledger.commands WHERE input_mac IS NOT NULL ORDER BY position \
                   DESC, ctid DESC LIMIT 1";
        let kept: (String, Uuid) = sqlx::query_as(sql).fetch_one(&self.database.pool).await.unwrap();
        (done.object(), kept)
    }
}

fn company(legal_form: LegalForm, number: &str) -> RegisterCompany {
    let name = Patch::Set("Prøve".into());
    RegisterCompany {
        country: Country::Denmark,
        number: number.into(),
        p_numbers: Vec::new(),
        input: CompanyInput { legal_form: Some(legal_form), name, ..CompanyInput::default() },
        external_reference: None,
        origin: None,
    }
}

fn retelling(note: NoteId) -> AmendNote {
    AmendNote {
        note,
        expected_version: None,
        kind: None,
        text: Some("Længere.".into()),
        contacts: None,
        company: Patch::Keep,
        contains_personal: None,
        contains_sensitive: Some(true),
        expiry: Patch::Keep,
        longest: Longest::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_of_an_input_is_under_the_key_of_whom_it_is_about_and_dies_with_them() {
    let world = World::create().await;
    let of = |kind: &str, id: Uuid| (kind.to_owned(), id);
    let (person, kept) = world.digested(Role::Consultant, registration("Åse")).await;
    let contact = ContactId(person);
    assert_eq!(kept, of("contact", person));
    assert_eq!(world.digested(Role::Consultant, renaming(contact, "Ida")).await.1, of("contact", person));
    assert_eq!(world.digested(Role::Consultant, consent(contact, "NEWS")).await.1, of("contact", person));
    let withdrawal = WithdrawConsent {
        contact,
        purpose: "NEWS".into(),
        effective_at: None,
        reason: None,
        note: Some("Ringede.".into()),
        expected_version: None,
    };
    assert_eq!(world.digested(Role::Consultant, withdrawal).await.1, of("contact", person));
    let prospect = RegisterProspect {
        contact,
        title: "Isbod".into(),
        nace_code: None,
        nace_version: None,
        external_reference: None,
    };
    assert_eq!(world.digested(Role::Consultant, prospect).await.1, of("contact", person));

    let (written, kept) = world.digested(Role::Consultant, note(&[contact], true)).await;
    assert_eq!(kept, of("document", written));
    let amended = world.digested(Role::Consultant, retelling(NoteId(written))).await;
    assert_eq!(amended.1, of("document", written));
    let occasion = Occasion {
        purpose: "CASE_WORK".into(),
        purpose_text: Some("Ringede.".into()),
        device: None,
        repeats: None,
    };
    let revealed = world.digested(Role::Consultant, RevealNote { note: NoteId(written), occasion }).await;
    assert_eq!(revealed.1, of("document", written));

    let (sole, kept) = world.digested(Role::Consultant, company(LegalForm::SoleProprietor, "10000009")).await;
    assert_eq!(kept, of("sole_proprietor", sole));
    let legal = world.digested(Role::Consultant, company(LegalForm::PublicLimited, "99000007")).await;
    assert_eq!(legal.1, of("user", DPM.0));
    let linking = LinkContact { contact, company: CompanyId(legal.0), proprietor: false };
    assert_eq!(world.digested(Role::Consultant, linking).await.1, of("contact", person));
    let user = RegisterUser::person(NEW_USER, "Kim", "kim@example.org");
    assert_eq!(world.digested(Role::SystemAdministrator, user).await.1, of("user", NEW_USER.0));

    // What holds nothing personal is under the key of who calls, which outlives the contact.
    let removed = world.note(&[contact], true).await;
    let removal = RemoveNote { note: removed, expected_version: None };
    assert_eq!(world.digested(Role::Consultant, removal).await.1, of("user", DPM.0));
    let token = world.look(contact, ErasureKind::Anonymised).await.unwrap().token;
    let erased = world.digested(Role::Dpm, erasure(contact, ErasureKind::Anonymised, token)).await;
    assert_eq!(erased.1, of("user", DPM.0));
    let living = "SELECT count(*) FROM ledger.commands c JOIN vault.keys k \
                  ON (k.subject_kind, k.subject_id) = (c.subject_kind, c.subject_id) \
                  WHERE c.subject_kind IN ('contact', 'document')";
    assert_eq!(
        world.database.count(living).await,
        0,
        "a digest about the person is under a key that is there"
    );
    let digests = "SELECT count(*) FROM ledger.commands WHERE subject_kind IN ('contact', 'document')";
    assert_eq!(world.database.count(digests).await, 9);
    world.end().await;
}
