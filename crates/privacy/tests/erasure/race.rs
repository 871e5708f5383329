//! Erasing somebody while others write about the same person, in two processes, round after round.

use std::collections::HashSet;

use lethe_kernel::{ContactId, ErrorCode};
use lethe_ledger::{Ledger, Work};
use uuid::Uuid;

use crate::world::{World, code, consent, dpm, erase_as, note, process, renaming};

const ROUNDS: usize = 60;
const WRITES: usize = 6;

/// Writes about a contact until it is refused; answers what was written, and whether it was refused. Every refusal must
/// say that the contact was erased.
async fn write(ledger: Ledger, contact: ContactId, neighbour: ContactId, what: usize) -> (Vec<Uuid>, bool) {
    async fn attempt(ledger: &Ledger, work: impl Work) -> Result<Uuid, ErrorCode> {
        ledger.execute(&dpm(), &work).await.map(|done| done.object()).map_err(code)
    }
    let mut written = Vec::new();
    for n in 0..WRITES {
        let done = match what {
            0 => attempt(&ledger, renaming(contact, &format!("Åse {n}"))).await,
            1 => attempt(&ledger, note(&[contact, neighbour], true)).await,
            _ => attempt(&ledger, consent(contact, &format!("P{n}"))).await,
        };
        match done {
            Ok(object) => written.push(object),
            Err(ErrorCode::Erased) => return (written, true),
            // Others kept writing to the same person; nothing was done.
            Err(ErrorCode::Conflict) => {}
            Err(other) => panic!("refused with {other:?}"),
        }
    }
    (written, false)
}

/// Erases a contact, however often the facts change under the preview.
async fn erase(ledger: Ledger, contact: ContactId) {
    loop {
        match erase_as(&ledger, &dpm(), contact).await.map_err(code) {
            Ok(_) => return,
            Err(ErrorCode::PreviewOutdated | ErrorCode::Conflict) => {}
            Err(other) => panic!("refused with {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_races_an_erasure_is_in_before_it_and_dies_too_or_is_refused() {
    let world = World::create().await;
    let other = process(&world.database).await;
    let neighbour = world.contact("Bo").await;
    let (mut in_before, mut refused, mut erased, mut notes) = (0, 0, Vec::new(), HashSet::new());
    for round in 0..ROUNDS {
        let contact = world.contact("Åse").await;
        // Some rounds begin with a note that is there already, some with the keys known to both processes.
        if round % 3 == 0 {
            notes.insert(world.note(&[contact, neighbour], true).await.0);
        }
        if round % 2 == 0 {
            other.execute(&dpm(), &renaming(contact, "Ida")).await.unwrap();
        }
        let ledgers = [&world.ledger, &other];
        let writers: Vec<_> = (0..3)
            .map(|what| tokio::spawn(write(ledgers[(round + what) % 2].clone(), contact, neighbour, what)))
            .collect();
        let erasing = tokio::spawn(erase(ledgers[round / 2 % 2].clone(), contact));
        for (what, writer) in writers.into_iter().enumerate() {
            let (written, was_refused) = writer.await.unwrap();
            in_before += written.len();
            refused += usize::from(was_refused);
            if what == 1 {
                notes.extend(written);
            }
        }
        erasing.await.unwrap();
        erased.push(contact.0);
    }
    assert!(in_before > 0 && refused > 0, "both happened: {in_before} written, {refused} refused");
    // Nobody has a key left, and each key that was has exactly one tombstone.
    let gone: Vec<Uuid> = erased.iter().copied().chain(notes).collect();
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM vault.keys WHERE subject_id = ANY($1)")
        .bind(&gone)
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    let tombstones: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "SELECT subject_id, class, count(*) FROM vault.tombstones WHERE subject_id = ANY($1) GROUP BY 1, 2",
    )
    .bind(&gone)
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(keys, 0);
    assert_eq!(tombstones.len(), gone.len());
    assert!(tombstones.iter().all(|(_, class, count)| class == "crm" && *count == 1), "{tombstones:?}");
    let twice = "SELECT count(*) FROM (SELECT aggregate_id FROM ledger.events WHERE event_type = 'contact.erased' \
                 GROUP BY aggregate_id HAVING count(*) > 1) x";
    assert_eq!(world.database.count(twice).await, 0);
    // Nothing was written about them afterwards.
    let after = "SELECT count(*) FROM ledger.events e JOIN ledger.events x ON x.aggregate_id = e.aggregate_id \
                 AND x.aggregate_type = 'contact' AND x.event_type = 'contact.erased' \
                 WHERE e.aggregate_type = 'contact' AND e.position > x.position";
    assert_eq!(world.database.count(after).await, 0);
    assert_eq!(world.keys(neighbour).await, (1, 0));
    world.end().await;
}
