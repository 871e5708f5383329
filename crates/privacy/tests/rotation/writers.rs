//! Writers that go on while the root is rotated, in this process and in another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lethe_kernel::ContactId;
use lethe_ledger::Ledger;
use lethe_vault::VaultError;
use tokio::task::JoinHandle;

use crate::world::{forget, name_of, register, rename, shared};

/// Registers, renames and now and then forgets people until it is told to stop; answers who is left, and who is not.
fn write(ledger: Ledger, stop: Arc<AtomicBool>) -> JoinHandle<(Vec<ContactId>, Vec<ContactId>)> {
    tokio::spawn(async move {
        let (mut kept, mut erased) = (Vec::new(), Vec::new());
        while !stop.load(Ordering::SeqCst) {
            let contact = register(&ledger, "Bo").await;
            rename(&ledger, contact, "Ib").await;
            if kept.len() % 4 == 3 {
                forget(&ledger, contact).await;
                erased.push(contact);
            } else {
                kept.push(contact);
            }
        }
        (kept, erased)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_two_processes_notice_nothing_of_rotations() {
    let world = shared().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = [
        write(world.ledger.clone(), stop.clone()),
        write(world.process().await, stop.clone()),
        write(world.process().await, stop.clone()),
    ];
    for _ in 0..5 {
        world.rotate().await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    assert_eq!(world.held(), [vec![6], vec![6]]);
    let reader = world.process().await;
    for writer in writers {
        let (kept, erased) = writer.await.unwrap();
        assert!(kept.len() > 1);
        for contact in kept {
            assert_eq!(name_of(&reader, contact).await.unwrap(), "Ib");
        }
        for contact in erased {
            assert!(matches!(name_of(&reader, contact).await, Err(VaultError::Erased(_))));
        }
    }
    // Every key is wrapped by the key its bucket has now.
    let stale = "SELECT count(*) FROM vault.keys k LEFT JOIN vault.buckets b USING (bucket, generation) WHERE b.bucket IS NULL";
    assert_eq!(world.database.count(stale).await, 0);
    let generations = "SELECT count(*) - count(DISTINCT bucket) FROM vault.buckets";
    assert_eq!(world.database.count(generations).await, 0);
}
