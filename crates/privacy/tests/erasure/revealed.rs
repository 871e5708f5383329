//! Revealing while others reveal or erase the same person.

use std::time::Duration;

use lethe_crm::contact::{ContactInput, RegisterContact};
use lethe_kernel::{Caller, ContactId, ErrorCode, Patch, RequestId, Role, UserId};
use lethe_ledger::{Context, Ledger, Page};
use lethe_privacy::reveal::{AccessFilter, Occasion, RevealCpr, access_log_of, access_page};
use uuid::Uuid;

use crate::world::{UNIT, World, code, dpm, erase_as, process};

const ROUNDS: usize = 30;

async fn person(world: &World) -> ContactId {
    let input = ContactInput {
        first_name: Patch::Set("Åse".into()),
        cpr: Patch::Set("310765-7913".into()),
        ..ContactInput::default()
    };
    let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    ContactId(world.act(work).await)
}

/// A reveal by the nth user, with something written about the purpose; its position.
async fn reveal(ledger: Ledger, contact: ContactId, user: u128) -> Result<i64, ErrorCode> {
    let caller = Caller { user: UserId(Uuid::from_u128(1_000 + user)), unit: UNIT, role: Role::Consultant };
    let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
    let occasion = Occasion {
        purpose: "CASE_WORK".into(),
        purpose_text: Some("Ringede.".into()),
        device: None,
        repeats: None,
    };
    let done = ledger.execute(&context, &RevealCpr { contact, occasion }).await;
    done.map(|done| done.position).map_err(code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_users_look_at_one_person_at_once_and_nobody_waits_for_another() {
    let world = World::create().await;
    let contact = person(&world).await;
    let tasks: Vec<_> =
        (0..100).map(|user| tokio::spawn(reveal(world.ledger.clone(), contact, user))).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    world.caught_up().await;
    let streams = "SELECT count(DISTINCT aggregate_id) FROM ledger.events WHERE aggregate_type = 'reveals'";
    assert_eq!(world.database.count(streams).await, 100);
    let page = Page { limit: 1_000, ..Page::default() };
    let filter = AccessFilter { contact: Some(contact), ..AccessFilter::default() };
    let found = access_page(&world.ledger.parts().pool, &filter, &page).await.unwrap();
    assert_eq!(found.len(), 100);
    assert!(found.windows(2).all(|pair| pair[0].row.position > pair[1].row.position));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reveal_that_races_an_erasure_is_in_before_it_or_is_refused() {
    let world = World::create().await;
    let other = process(&world.database).await;
    let (mut before, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let contact = person(&world).await;
        let ledgers = [world.ledger.clone(), other.clone()];
        let revealing: Vec<_> = (0..6)
            .map(|user| {
                let ledger = ledgers[(round + user) % 2].clone();
                tokio::spawn(async move {
                    // Some come while the erasure is under way.
                    tokio::time::sleep(Duration::from_millis(3 * user as u64)).await;
                    reveal(ledger, contact, user as u128).await
                })
            })
            .collect();
        let erased = erase_as(&ledgers[round / 2 % 2], &dpm(), contact).await.unwrap().position;
        let mut made = 0;
        for task in revealing {
            match task.await.unwrap() {
                Ok(position) => {
                    assert!(position < erased, "revealed at {position}, erased at {erased}");
                    made += 1;
                }
                Err(ErrorCode::Erased) => refused += 1,
                Err(other) => panic!("refused with {other:?}"),
            }
        }
        before += made;
        world.caught_up().await;
        let page = Page { limit: 100, ..Page::default() };
        let known = access_log_of(&world.ledger.parts().pool, contact, &page).await.unwrap();
        assert_eq!(known.len(), made, "the log outlives the person");
        assert_eq!(world.keys(contact).await, (0, 1));
    }
    assert!(before > 0 && refused > 0, "both happened: {before} revealed, {refused} refused");
    world.end().await;
}
