//! Everything that is left on the disk, searched for what was entered: nothing is there, whether it was erased or not.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use lethe_crm::contact::ContactView;
use lethe_crm::note::NoteView;
use lethe_ledger::{Ledger, Views, ViewsBuilder};
use lethe_privacy::consent::ConsentView;
use lethe_privacy::rotation::rotate;
use sqlx::PgPool;

use crate::cluster::{Cluster, folder, waldump};
use crate::dirtyread;
use crate::marked::{Marked, amend, enter};
use crate::marker::{Markers, letters};
use crate::people::{forget, migrated, process, tell};
use crate::search::Search;

async fn following(ledger: &Ledger) -> Views {
    let views = ViewsBuilder::default().with::<ContactView>().with::<NoteView>().with::<ConsentView>();
    views.start(ledger.parts().clone()).await.unwrap()
}

/// Waits until the views have stored everything.
async fn settled(ledger: &Ledger, views: &Views) {
    let head = ledger.parts().head().await.unwrap();
    assert!(views.reached(&views.names(), head, Duration::from_mins(1)).await);
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

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_is_left_anywhere_neither_of_the_erased_nor_of_others() {
    let mut markers = Markers::default();
    let cluster = Cluster::start(folder()).await;
    migrated(&cluster).await;
    let ledger = process(cluster.options(), &cluster.custodians()).await;
    let (pool, views) = (ledger.parts().pool.clone(), following(&ledger).await);
    let mut people: Vec<Marked> = Vec::new();
    for _ in 0..3 {
        people.push(enter(&ledger, &mut markers).await);
    }
    settled(&ledger, &views).await;
    let control = plant(&pool).await;
    cluster.back_up("backup");
    cluster.dump("before.sql");
    run(&pool, "SELECT pg_switch_wal()").await;
    waldump(cluster.path());
    let everywhere =
        ["data/postgres/base/", "data/postgres/pg_wal/", "backup/base/", "before.sql", "waldump.joined.txt"];
    search(cluster.path(), &markers, &control, &everywhere);

    // Somebody who has been reading for long keeps PostgreSQL from clearing dead rows away.
    let mut reader = pool.begin().await.unwrap();
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        .execute(&mut *reader)
        .await
        .unwrap();
    let kept = people.pop().unwrap();
    amend(&ledger, &mut markers, kept.contact).await;
    for person in &people {
        amend(&ledger, &mut markers, person.contact).await;
        forget(&ledger, person.contact, &person.notes).await;
    }
    run(&pool, "DELETE FROM public.control").await;
    settled(&ledger, &views).await;
    rotate(&ledger, &|_| {}).await.unwrap();
    let dead = dirtyread::write(&pool, &people, cluster.path()).await;
    reader.rollback().await.unwrap();
    cluster.dump("after.sql");
    run(&pool, "CHECKPOINT").await;
    run(&pool, "SELECT pg_switch_wal()").await;
    pool.close().await;

    // Once more, so that everything is where a restart leaves it.
    let folder = Cluster::start(cluster.stop().await).await.stop().await;
    waldump(folder.path());
    let mut places = everywhere.to_vec();
    places.push("archive/");
    places.extend(dead.then_some("dirtyread.txt"));
    search(folder.path(), &markers, &control, &places);
}
