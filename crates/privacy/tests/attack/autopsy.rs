//! Everything that is left on the disk, searched for what was entered: nothing is there, whether it was erased or not.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use lethe_access::Directory;
use lethe_access::device::DeviceView;
use lethe_access::user::UserView;
use lethe_crm::contact::{ContactView, ErasureKind};
use lethe_crm::note::NoteView;
use lethe_kernel::{ContactId, UserId};
use lethe_ledger::{Ledger, Views, ViewsBuilder};
use lethe_mail::OutgoingMailView;
use lethe_privacy::consent::ConsentView;
use lethe_privacy::rotation::rotate;
use sqlx::PgPool;
use tempfile::TempDir;

use crate::cluster::{Cluster, folder, waldump};
use crate::dirtyread;
use crate::marked::{alter, amend, engage, enter};
use crate::marker::{Markers, letters};
use crate::people::{copy_of_mirror, erase, forget, found, migrated, process_of, tell};
use crate::search::Search;

/// Those whose values are markers.
#[derive(Default)]
struct People {
    contacts: Vec<ContactId>,
    users: Vec<UserId>,
}

async fn following(ledger: &Ledger) -> Views {
    let views = ViewsBuilder::default().with::<ContactView>().with::<NoteView>().with::<ConsentView>();
    let views = views.with::<UserView>().with::<DeviceView>().with::<OutgoingMailView>();
    views.start(ledger.parts().clone()).await.unwrap()
}

/// Waits until the views have stored everything.
async fn settled(ledger: &Ledger, views: &Views) {
    let head = ledger.parts().head().await.unwrap();
    assert!(views.reached(&views.names(), head, Duration::from_mins(1)).await.unwrap());
}

/// A text in clear, put on purpose into a table and into the WAL.
async fn plant(pool: &PgPool) -> String {
    let text = format!("Q{}æØå{}", letters(9), letters(9));
    sqlx::raw_sql("CREATE TABLE public.control (t text)").execute(pool).await.unwrap();
    sqlx::query("INSERT INTO public.control VALUES ($1)").bind(&text).execute(pool).await.unwrap();
    let message = "SELECT pg_logical_emit_message(false, 'control', $1)::text";
    sqlx::query(message).bind(&text).execute(pool).await.unwrap();
    text
}

async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

/// Nothing of what was entered is in any file, and the text that was planted is in these.
fn search(folder: &Path, markers: &Markers, control: &str, places: &[&str]) {
    let texts: Vec<_> = markers.all().collect();
    let found = Search::of(&texts).below(folder);
    tell(&format!("Autopsy: {} files searched for {} texts.", found.files, texts.len()));
    assert_eq!(found.hits, Vec::<String>::new());
    let hits = Search::of(&[("control", control)]).below(folder).hits;
    let folder = folder.display().to_string();
    let hit = |place: &str| hits.iter().any(|hit| hit.contains(&format!("{folder}/{place}")));
    let overlooked: BTreeSet<_> = places.iter().filter(|place| !hit(place)).collect();
    assert!(overlooked.is_empty(), "the search overlooks {overlooked:?}: {hits:#?}");
    assert!(!hit("after.sql"), "what was deleted in the usual way is not in a dump");
}

/// Enters people, takes backup and dump, and stops everything: files of a running cluster come and go.
async fn entered(markers: &mut Markers, control: &mut String) -> (TempDir, People) {
    let cluster = Cluster::start(folder()).await;
    migrated(&cluster).await;
    let ledger = process_of(&cluster).await;
    found(&ledger).await;
    let views = following(&ledger).await;
    let directory = Directory::start(ledger.parts().clone()).await.unwrap();
    let mut people = People::default();
    for _ in 0..3 {
        people.contacts.push(enter(&ledger, markers).await);
    }
    for _ in 0..2 {
        people.users.push(engage(&ledger, &directory, markers).await);
    }
    settled(&ledger, &views).await;
    *control = plant(&ledger.parts().pool).await;
    cluster.back_up("backup");
    copy_of_mirror(&cluster, &ledger).await;
    cluster.dump("before.sql");
    ledger.parts().pool.close().await;
    (cluster.stop().await, people)
}

/// Changes everybody, erases all but the last contact and user, and rotates; whether dead rows could be read.
async fn erased(cluster: &Cluster, markers: &mut Markers, people: &People) -> bool {
    let ledger = process_of(cluster).await;
    let (pool, views) = (ledger.parts().pool.clone(), following(&ledger).await);
    // Somebody who has been reading for long keeps PostgreSQL from clearing dead rows away.
    let mut reader = pool.begin().await.unwrap();
    let old = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1";
    sqlx::raw_sql(old).execute(&mut *reader).await.unwrap();
    let directory = Directory::start(ledger.parts().clone()).await.unwrap();
    let People { contacts, users } = people;
    for person in contacts {
        amend(&ledger, markers, *person).await;
    }
    for user in users {
        alter(&ledger, &directory, markers, *user).await;
    }
    let gone = &contacts[..contacts.len() - 1];
    for (person, kind) in gone.iter().zip([ErasureKind::Anonymised, ErasureKind::Deleted]) {
        erase(&ledger, *person, kind).await;
    }
    for user in &users[..users.len() - 1] {
        forget(&ledger, *user).await;
    }
    run(&pool, "DELETE FROM public.control").await;
    settled(&ledger, &views).await;
    rotate(&ledger, &|_| {}).await.unwrap();
    let dead = dirtyread::write(&pool, gone, cluster.path()).await;
    reader.rollback().await.unwrap();
    cluster.dump("after.sql");
    for sql in ["CHECKPOINT", "SELECT pg_switch_wal()"] {
        run(&pool, sql).await;
    }
    pool.close().await;
    dead
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_is_left_anywhere_neither_of_the_erased_nor_of_others() {
    let (mut markers, mut control) = (Markers::default(), String::new());
    let (folder, people) = entered(&mut markers, &mut control).await;
    waldump(folder.path());
    let mut places =
        vec!["data/postgres/base/", "archive/", "backup/base/", "before.sql", "waldump.joined.txt"];
    search(folder.path(), &markers, &control, &places);

    let cluster = Cluster::start(folder).await;
    let dead = erased(&cluster, &mut markers, &people).await;
    // Once more, so that everything is where a restart leaves it.
    let folder = Cluster::start(cluster.stop().await).await.stop().await;
    waldump(folder.path());
    places.extend(dead.then_some("dirtyread.txt"));
    search(folder.path(), &markers, &control, &places);
}
