//! A tenth of ten thousand people is erased, and not a byte of the ledger or of a view is other than it should be.

use std::collections::HashSet;
use std::time::Duration;

use lethe_access::unit::UnitView;
use lethe_crm::contact::{ContactView, ErasureKind, FirstName};
use lethe_crm::note::NoteView;
use lethe_kernel::{ContactId, Personal, SealedText};
use lethe_ledger::{Ledger, Views, ViewsBuilder};
use lethe_privacy::consent::ConsentView;
use lethe_privacy::retention::ScheduleView;
use lethe_privacy::rotation::{RotationView, rotate};
use lethe_vault::VaultError;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::people::{consent, erase, found, named, note, process, register};
use crate::postgres::Database;

const PEOPLE: usize = 10_000;
/// How many commands are given at a time.
const AT_ONCE: usize = 200;

/// All that is stored about an event, and which version of the row it is.
type Stored = (i64, String, String);

/// The events up to a position, as they stand in the table.
async fn events(pool: &PgPool, until: i64) -> Vec<Stored> {
    let sql = "SELECT position, payload::text || metadata::text, concat_ws('|', ctid, xmin, aggregate_type, aggregate_id, \
               sequence, event_type, event_version, event_id, extract(epoch FROM recorded_at)) \
               FROM ledger.events WHERE position <= $1 ORDER BY position";
    sqlx::query_as(sql).bind(until).fetch_all(pool).await.unwrap()
}

/// Registers people, many at a time; everybody's name is their number, and every fifth has a note and a consent.
async fn populate(ledger: &Ledger) -> Vec<ContactId> {
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let ledger = ledger.clone();
        tasks.spawn(async move {
            let mut registered = Vec::new();
            for number in (task..PEOPLE).step_by(AT_ONCE) {
                let contact = register(&ledger, named(&number.to_string())).await;
                if number % 5 == 0 {
                    note(&ledger, contact, format!("Note {number}")).await;
                    consent(&ledger, contact, "All of it.".into(), "On paper.".into()).await;
                }
                registered.push((number, contact));
            }
            registered
        });
    }
    let mut people = tasks.join_all().await.concat();
    people.sort_by_key(|(number, _)| *number);
    people.into_iter().map(|(_, contact)| contact).collect()
}

/// Erases people, many at a time, by turns with and without a trace.
async fn erase_all(ledger: &Ledger, people: &[ContactId]) {
    let mut tasks = JoinSet::new();
    for share in people.chunks(people.len().div_ceil(AT_ONCE)) {
        let (ledger, share) = (ledger.clone(), share.to_vec());
        tasks.spawn(async move {
            for (contact, kind) in
                share.into_iter().zip([ErasureKind::Anonymised, ErasureKind::Deleted].iter().cycle())
            {
                erase(&ledger, contact, *kind).await;
            }
        });
    }
    tasks.join_all().await;
}

/// Opens the names that the contacts' first events have, by number; whose key is gone has none.
async fn names(ledger: &Ledger, people: &[ContactId]) -> Vec<Option<String>> {
    let parts = ledger.parts();
    let sealed: Vec<String> = sqlx::query_scalar(
        "SELECT payload #>> '{Registered,details,first_name}' FROM unnest($1::text[]) WITH ORDINALITY p (id, place) \
         JOIN ledger.events ON aggregate_type = 'contact' AND aggregate_id = id AND sequence = 1 ORDER BY place",
    )
    .bind(people.iter().map(|contact| contact.0.to_string()).collect::<Vec<_>>())
    .fetch_all(&parts.pool)
    .await
    .unwrap();
    let subjects: Vec<_> = people.iter().map(|contact| (*contact).into()).collect();
    let keyring = parts.vault.keyring(&subjects).await.unwrap();
    let open = |(text, contact): (String, &ContactId)| match keyring
        .open(&Personal::<FirstName>::Sealed(SealedText(text)), *contact)
    {
        Ok(name) => Some(name.0),
        Err(VaultError::Erased(_)) => None,
        Err(error) => panic!("{error}"),
    };
    sealed.into_iter().zip(people).map(open).collect()
}

/// Every view that has something to show.
async fn following(ledger: &Ledger) -> Views {
    let views = ViewsBuilder::default().with::<UnitView>().with::<ContactView>().with::<NoteView>();
    let views = views.with::<ScheduleView>().with::<ConsentView>().with::<RotationView>();
    views.start(ledger.parts().clone()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_a_tenth_of_ten_thousand_people_changes_no_stored_event_and_every_view_is_its_rebuild() {
    let database = Database::create().await;
    let ledger = process(database.options.clone(), &[database.folder.path().join("root.key")]).await;
    found(&ledger).await;
    let views = following(&ledger).await;
    let people = populate(&ledger).await;
    let head = ledger.parts().head().await.unwrap();
    assert!(usize::try_from(head).unwrap() > PEOPLE);
    let before = events(&database.pool, head).await;

    let tenth: Vec<ContactId> = people.iter().copied().step_by(10).collect();
    erase_all(&ledger, &tenth).await;
    rotate(&ledger, &|_| {}).await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM vault.tombstones").await, 2_000, "of people and notes");

    let after = events(&database.pool, head).await;
    assert!(before == after, "an event changed");
    let head = ledger.parts().head().await.unwrap();
    assert!(views.reached(&views.names(), head, Duration::from_mins(1)).await.unwrap());
    assert_eq!(views.differences().await.unwrap(), []);
    let erased: HashSet<ContactId> = tenth.into_iter().collect();
    for (number, name) in names(&ledger, &people).await.into_iter().enumerate() {
        let expected = (!erased.contains(&people[number])).then(|| number.to_string());
        assert_eq!(name, expected);
    }
}
