//! What an erasure takes from views, streams and keys.

use lethe_crm::company::CompanyView;
use lethe_crm::contact::{
    BelongingKind, ContactEvent, ContactFilter, ContactOrder, ContactStatus, ErasureKind, Fate, Fated,
    Remains, contact_page,
};
use lethe_crm::note::{NoteStatus, RemoveNote};
use lethe_crm::prospect::ProspectView;
use lethe_kernel::{ErrorCode, KeyClass};
use lethe_ledger::{Page, Reads, Work};
use lethe_privacy::consent::{ConsentStatus, ConsentView};
use uuid::Uuid;

use crate::bill::Bill;
use crate::world::{World, code, consent, dpm, erasure, note, renaming};

async fn listed(world: &World, status: ContactStatus) -> Vec<Uuid> {
    let filter = ContactFilter { status, ..ContactFilter::default() };
    let wanted = Page { limit: 100, ..Page::default() };
    let pool = &world.ledger.parts().pool;
    let found =
        contact_page(pool, &Reads::all(), &filter, ContactOrder::Created.sql(false), &wanted).await.unwrap();
    found.into_iter().map(|found| found.row.id.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymising_takes_everything_sealed_and_leaves_what_can_be_counted() {
    let world = World::create().await;
    let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
    let shared = world.note(&[one, two], true).await;
    let own = world.note(&[one], true).await;
    let free = world.note(&[one, two], false).await;
    let given = world.act(consent(one, "NEWS")).await;
    let prospect = world.prospect(one).await;
    let company = world.company(one).await;
    world.erase(one, ErasureKind::Anonymised).await;

    let person = world.person(one).await;
    assert_eq!((person.status, person.first_name, person.items.len()), (ContactStatus::Erased, None, 0));
    assert_eq!((person.erasure_kind, person.companies.len()), (Some(ErasureKind::Anonymised), 1));
    assert_eq!(listed(&world, ContactStatus::Active).await, [two.0]);
    assert_eq!(listed(&world, ContactStatus::Erased).await, [one.0]);
    let shell = world.note_row(shared).await;
    assert_eq!((shell.status, shell.text), (NoteStatus::Active, None));
    assert_eq!(shell.contacts.iter().map(|named| named.contact_id).collect::<Vec<_>>(), [two]);
    assert!(shell.expires_on.is_some() && world.person(two).await.items.len() == 2);
    let ended = world.note_row(own).await;
    assert_eq!((ended.status, ended.text, ended.contacts.len()), (NoteStatus::Anonymised, None, 0));
    let kept = world.note_row(free).await;
    assert!(kept.text.is_some() && kept.contacts.len() == 2);
    let consent = world.row::<ConsentView>(given).await.unwrap();
    assert_eq!((consent.status, consent.ended_at), (ConsentStatus::Erased, Some(consent.changed_at)));
    assert!(consent.wording.is_none() && consent.purpose == "NEWS");
    let prospect = world.row::<ProspectView>(prospect).await.unwrap();
    assert_eq!((prospect.title, prospect.contact_id), (None, one));
    // Keys: those of the contact and of the notes that died, and nobody else's.
    for (subject, keys) in [
        (one.0, (0, 1)),
        (shared.0, (0, 1)),
        (own.0, (0, 1)),
        (free.0, (1, 0)),
        (two.0, (1, 0)),
        (company.0, (1, 0)),
    ] {
        assert_eq!(world.keys(subject).await, keys);
    }
    assert!(world.row::<CompanyView>(company).await.is_some_and(|row| row.name.is_some()));
    // The other one's erasure ends the shell; its key is gone already.
    world.erase(two, ErasureKind::Anonymised).await;
    assert_eq!(world.note_row(shared).await.status, NoteStatus::Anonymised);
    assert_eq!(world.keys(shared).await, (0, 1));
    // A note free of personal content outlives both, and ends as any other does.
    world.act(RemoveNote { note: free, expected_version: None }).await;
    world.caught_up().await;
    assert_eq!(world.keys(free).await, (0, 1), "nothing shows its text any more");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_lists_what_belonged_to_the_contact_of_every_kind_with_its_fate() {
    let world = World::create().await;
    for kind in [ErasureKind::Anonymised, ErasureKind::Deleted] {
        let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
        let removed = world.note(&[one], true).await;
        world.act(RemoveNote { note: removed, expected_version: None }).await;
        let dying = world.note(&[one, two], true).await.0;
        let free = world.note(&[one, two], false).await.0;
        let given = world.act(consent(one, "NEWS")).await;
        let prospect = world.prospect(one).await.0;
        world.erase(one, kind).await;

        let history = world.ledger.parts().stream_until("contact", &[one.0], None).await.unwrap();
        let events: Vec<ContactEvent> = history.iter().map(|event| event.decode().unwrap()).collect();
        let Some(ContactEvent::Erased(erased)) = events.last() else { panic!("it is erased") };
        let (survived, kept) = match kind {
            ErasureKind::Anonymised => (Fate::Survived, Fate::Kept),
            ErasureKind::Deleted => (Fate::Unlinked, Fate::Died),
        };
        let mut wanted = vec![
            Fated { kind: BelongingKind::Note, id: dying, fate: Fate::Died },
            Fated { kind: BelongingKind::Note, id: free, fate: survived },
            Fated { kind: BelongingKind::Consent, id: given, fate: kept },
            Fated { kind: BelongingKind::Prospect, id: prospect, fate: Fate::Died },
        ];
        wanted.sort_by_key(|fated| (fated.kind, fated.id));
        assert_eq!(erased.belongings, wanted);
        // Whoever adds a kind has an erasure meet it here.
        for kind in BelongingKind::ALL {
            assert!(wanted.iter().any(|fated| fated.kind == *kind), "{kind:?}");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_leaves_no_list_and_no_link_with_it() {
    let world = World::create().await;
    let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
    let free = world.note(&[one, two], false).await;
    let alone = world.note(&[one], false).await;
    let given = world.act(consent(one, "NEWS")).await;
    let prospect = world.prospect(one).await;
    world.company(one).await;
    world.erase(one, ErasureKind::Deleted).await;

    let person = world.person(one).await;
    assert_eq!((person.status, person.erasure_kind), (ContactStatus::Erased, Some(ErasureKind::Deleted)));
    assert_eq!((person.unit_id, person.units.len(), person.companies.len()), (None, 1, 0));
    assert_eq!(listed(&world, ContactStatus::Active).await, [two.0]);
    assert_eq!(listed(&world, ContactStatus::Erased).await, [] as [Uuid; 0]);
    let kept = world.note_row(free).await;
    assert_eq!(kept.contacts.iter().map(|named| named.contact_id).collect::<Vec<_>>(), [two]);
    let kept = world.note_row(alone).await;
    assert!(kept.text.is_some() && kept.contacts.is_empty() && kept.status == NoteStatus::Active);
    assert!(world.row::<ConsentView>(given).await.is_none());
    assert!(world.row::<ProspectView>(prospect).await.is_none());
    world.end().await;
}

async fn refused(world: &World, work: impl Work) -> ErrorCode {
    code(world.ledger.execute(&dpm(), &work).await.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_on_an_erased_contact_is_refused() {
    let world = World::create().await;
    let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
    let free = world.note(&[one, two], false).await;
    world.act(consent(one, "NEWS")).await;
    let token = world.look(one, ErasureKind::Anonymised).await.unwrap().token;
    world.erase(one, ErasureKind::Anonymised).await;
    let head = world.ledger.parts().head().await.unwrap();
    let erased = ErrorCode::Erased;
    assert_eq!(refused(&world, renaming(one, "Ida")).await, erased);
    assert_eq!(refused(&world, note(&[two, one], true)).await, erased);
    assert_eq!(refused(&world, consent(one, "NEWS")).await, erased);
    assert_eq!(refused(&world, consent(one, "EVENTS")).await, erased);
    assert_eq!(refused(&world, erasure(one, ErasureKind::Anonymised, token)).await, erased);
    assert_eq!(code(world.look(one, ErasureKind::Deleted).await.unwrap_err()), erased);
    assert_eq!(world.ledger.parts().head().await.unwrap(), head);
    // What is not about it goes on: the note that still names it ends.
    world.act(RemoveNote { note: free, expected_version: None }).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_class_accounting_stays_and_is_listed() {
    let world = World::create().await;
    let contact = world.contact("Åse").await;
    world.act(Bill(contact)).await;
    assert_eq!(world.keys(contact).await, (2, 0));
    let preview = world.look(contact, ErasureKind::Anonymised).await.unwrap();
    assert_eq!(preview.destroyed.iter().map(|key| key.class).collect::<Vec<_>>(), [KeyClass::Crm]);
    assert!(preview.remains.contains(&Remains::Accounting));
    world.erase(contact, ErasureKind::Anonymised).await;
    assert_eq!(world.keys(contact).await, (1, 1));
    world.end().await;
}
