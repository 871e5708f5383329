//! Who is told that a contact was erased, of what, and how often.

use std::time::Duration;

use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_crm::contact::{BelongingKind, Bound, Contact, ContactCommand};
use lethe_crm::expiry::ExpirySource;
use lethe_crm::note::RemoveNote;
use lethe_kernel::{ContactId, NoteId, Role, Subject, UnitId, UserId};
use lethe_ledger::{Answer, Failure, Ledger, UnitOfWork, Views, ViewsBuilder, Work};
use lethe_mail::MailEvent;
use lethe_nordic::Country;
use lethe_privacy::erasure::TellOfErasures;
use uuid::Uuid;

use crate::world::{DPM, OTHER, UNIT, World, by, erase_as, note, process};

const THIRD: UnitId = UnitId(Uuid::from_u128(9));
const FAR: UnitId = UnitId(Uuid::from_u128(10));
const SVEND: UserId = UserId(Uuid::from_u128(3));
const NAME: &str = "Mærkværdige";

/// A mail as its reader gets it.
struct Told {
    unit: UnitId,
    about: Subject,
    to: String,
    text: String,
}

/// Nord and Syd, whose DPM is Dana, Vest, whose DPM is Svend, and Øst, which has none; somebody whom Nord has.
async fn world() -> (World, ContactId) {
    let world = World::create().await;
    world
        .ledger
        .execute(&by(Role::System, THIRD), &RegisterUser::person(SVEND, "Svend", "svend@example.org"))
        .await
        .unwrap();
    for (id, name, dpm) in [(THIRD, "Vest", Some(SVEND)), (FAR, "Øst", None)] {
        let unit = Registered { name: name.into(), country: Country::Denmark, kind: UnitKind::Other };
        let work = RegisterUnit { id: Some(id), unit, dpm };
        world.ledger.execute(&by(Role::System, id), &work).await.unwrap();
    }
    let contact = world.contact(NAME).await;
    (world, contact)
}

async fn telling(ledger: &Ledger) -> Views {
    let views = ViewsBuilder::default().reacting::<TellOfErasures>(ledger.clone());
    views.start(ledger.parts().clone()).await.unwrap()
}

/// Has another unit have a contact, by a note of its own.
async fn attach(world: &World, contact: ContactId, unit: UnitId) {
    world.ledger.execute(&by(Role::System, unit), &note(&[contact], true)).await.unwrap();
}

/// Waits until everything that happened was told.
async fn handled(ledger: &Ledger, views: &Views) {
    let head = ledger.parts().head().await.unwrap();
    let reached = views.reached(&["tell_of_erasures"], head, Duration::from_mins(1)).await.unwrap();
    assert!(reached, "{:?}", views.states());
}

async fn told(ledger: &Ledger) -> Vec<Told> {
    let parts = ledger.parts();
    let sql =
        "SELECT aggregate_id::uuid FROM ledger.events WHERE event_type = 'mail.queued' ORDER BY position";
    let mails: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&parts.pool).await.unwrap();
    let mut told = Vec::new();
    for event in parts.stream_until("mail", &mails, None).await.unwrap() {
        let MailEvent::Queued(mail) = event.decode().unwrap() else { continue };
        assert_eq!(mail.kind, "CONTACT_ERASED");
        let keys = parts.vault.keyring(&[mail.about]).await.unwrap();
        let [to, text] = [
            keys.open(&mail.to, mail.about).unwrap().0,
            keys.open(&mail.title, mail.about).unwrap().0
                + "\n"
                + &keys.open(&mail.text, mail.about).unwrap().0,
        ];
        told.push(Told { unit: mail.unit, about: mail.about, to, text });
    }
    told.sort_by_key(|told| told.unit);
    told
}

/// What was recorded of an erasure.
async fn outcome(world: &World, position: i64) -> String {
    let sql =
        "SELECT outcome FROM ledger.reaction_outcomes WHERE reaction = 'tell_of_erasures' AND position = $1";
    sqlx::query_scalar(sql).bind(position).fetch_one(&world.database.pool).await.unwrap()
}

/// The position of the event that says that a contact was erased.
async fn position(world: &World, contact: ContactId) -> i64 {
    let sql = format!(
        "SELECT position FROM ledger.events WHERE event_type = 'contact.erased' AND aggregate_id = '{}'",
        contact.0
    );
    world.database.count(&sql).await
}

#[tokio::test]
async fn the_dpm_of_another_unit_that_has_it_is_told_what_was_done_and_nothing_of_the_person() {
    let (world, contact) = world().await;
    attach(&world, contact, THIRD).await;
    let views = telling(&world.ledger).await;
    erase_as(&world.ledger, &by(Role::Dpm, UNIT), contact).await.unwrap();
    handled(&world.ledger, &views).await;
    let [told] = &told(&world.ledger).await[..] else { panic!("one is told") };
    assert_eq!((told.unit, told.about, told.to.as_str()), (THIRD, SVEND.into(), "svend@example.org"));
    for said in [
        "was anonymised on ",
        "A contact that Vest has",
        "by the data protection manager of Nord",
        &contact.0.to_string(),
        "REQUEST_OF_PERSON",
        "GDPR Article 17(1)",
    ] {
        assert!(told.text.contains(said), "{said:?} is not in {}", told.text);
    }
    assert!(!told.text.contains(NAME), "{}", told.text);
    // In one step, caused by the erasure, in the name of the unit that erased it.
    let caused = "SELECT count(*) FROM ledger.events m, ledger.events e WHERE m.event_type = 'mail.queued' \
                  AND e.event_type = 'contact.erased' AND m.metadata ->> 'causation' = e.event_id::text \
                  AND m.metadata ->> 'unit' = e.metadata ->> 'unit' AND m.metadata ->> 'role' = 'SYSTEM'";
    assert_eq!(world.database.count(caused).await, 1);
    assert_eq!(outcome(&world, position(&world, contact).await).await, "APPLIED");
}

#[tokio::test]
async fn whom_one_unit_has_its_dpm_erases_and_nobody_is_told() {
    let (world, contact) = world().await;
    let views = telling(&world.ledger).await;
    erase_as(&world.ledger, &by(Role::Dpm, UNIT), contact).await.unwrap();
    handled(&world.ledger, &views).await;
    assert_eq!(told(&world.ledger).await.len(), 0);
    // The DPM did not erase this one, so the DPM is told.
    let contact = world.contact(NAME).await;
    erase_as(&world.ledger, &by(Role::SystemAdministrator, UNIT), contact).await.unwrap();
    handled(&world.ledger, &views).await;
    let [told] = &told(&world.ledger).await[..] else { panic!("one is told") };
    assert_eq!((told.unit, told.about), (UNIT, DPM.into()));
    assert!(told.text.contains("by a system administrator, in the name of Nord"), "{}", told.text);
}

#[tokio::test]
async fn a_unit_that_does_not_have_it_any_more_is_not_told() {
    let (world, contact) = world().await;
    let theirs =
        world.ledger.execute(&by(Role::System, THIRD), &note(&[contact], true)).await.unwrap().object();
    let remove = RemoveNote { note: NoteId(theirs), expected_version: None };
    world.ledger.execute(&by(Role::System, THIRD), &remove).await.unwrap();
    let views = telling(&world.ledger).await;
    erase_as(&world.ledger, &by(Role::Dpm, UNIT), contact).await.unwrap();
    handled(&world.ledger, &views).await;
    assert_eq!(told(&world.ledger).await.len(), 0);
}

#[tokio::test]
async fn a_dpm_of_two_units_gets_a_mail_for_each() {
    let (world, contact) = world().await;
    attach(&world, contact, OTHER).await;
    attach(&world, contact, THIRD).await;
    let views = telling(&world.ledger).await;
    erase_as(&world.ledger, &by(Role::Dpm, THIRD), contact).await.unwrap();
    handled(&world.ledger, &views).await;
    let [nord, syd] = &told(&world.ledger).await[..] else { panic!("two are told") };
    assert_eq!((nord.unit, nord.about, syd.unit, syd.about), (UNIT, DPM.into(), OTHER, DPM.into()));
    assert!(nord.text.contains("To the data protection manager of Nord.") && !nord.text.contains("Syd"));
    assert!(syd.text.contains("To the data protection manager of Syd.") && !syd.text.contains("Nord"));
}

/// Has a unit have a contact, as it may stand in a ledger of before units had to have a DPM.
struct HaveIt(ContactId, UnitId);

impl Work for HaveIt {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let bound = Bound {
            kind: BelongingKind::Note,
            id: unit.new_id(),
            unit: self.1,
            personal: true,
            created: unit.now().date_naive(),
            expires: None,
            source: ExpirySource::Chosen,
        };
        unit.handle::<Contact>(self.0, ContactCommand::Bind(bound)).await?;
        Ok(Answer::of(self.0))
    }
}

/// Destroys the key of a user whom the ledger still takes for a DPM.
struct Lose(UserId);

impl Work for Lose {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(self.0, |_| true).await?;
        RegisterUser::person(UserId(Uuid::from_u128(99)), "Nobody", "nobody@example.org").run(unit).await
    }
}

#[tokio::test]
async fn whoever_cannot_be_told_is_recorded_and_the_others_are_told() {
    let (world, contact) = world().await;
    let next = world.contact("Bo").await;
    for contact in [contact, next] {
        attach(&world, contact, OTHER).await;
        attach(&world, contact, THIRD).await;
    }
    world.act(HaveIt(contact, FAR)).await;
    let system = by(Role::System, UNIT);
    world.ledger.execute(&system, &Lose(SVEND)).await.unwrap();
    let views = telling(&world.ledger).await;
    erase_as(&world.ledger, &by(Role::Dpm, UNIT), contact).await.unwrap();
    erase_as(&world.ledger, &by(Role::Dpm, UNIT), next).await.unwrap();
    handled(&world.ledger, &views).await;
    assert_eq!(told(&world.ledger).await.iter().map(|told| told.unit).collect::<Vec<_>>(), [OTHER, OTHER]);
    for contact in [contact, next] {
        assert_eq!(outcome(&world, position(&world, contact).await).await, "NOT_ALL_TOLD");
    }
    // And which.
    let sql = "SELECT count(*) FROM ledger.commands WHERE objects = ARRAY[$1, $2]";
    let both = sqlx::query_scalar::<_, i64>(sql).bind(THIRD.0).bind(FAR.0);
    assert_eq!(both.fetch_one(&world.database.pool).await.unwrap(), 1);
}

#[tokio::test]
async fn nobody_is_told_twice_whoever_goes_through_the_ledger_again() {
    let (world, contact) = world().await;
    attach(&world, contact, THIRD).await;
    let first = process(&world.database).await;
    let views = telling(&first).await;
    erase_as(&world.ledger, &by(Role::Dpm, UNIT), contact).await.unwrap();
    handled(&first, &views).await;
    // The process ends, and what it had noted is lost.
    first.parts().pool.close().await;
    world.database.run("UPDATE ledger.projections SET position = 0 WHERE name = 'tell_of_erasures'").await;
    world.database.run("DELETE FROM ledger.reaction_outcomes").await;
    let second = process(&world.database).await;
    let views = telling(&second).await;
    handled(&second, &views).await;
    assert_eq!(told(&second).await.len(), 1);
    assert_eq!(outcome(&world, position(&world, contact).await).await, "APPLIED", "it was gone through");
}
