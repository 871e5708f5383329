//! Whatever goes through the server, no personal value can be found in what it leaves on the disk.
//!
//! Values are looked for verbatim, so a copy that PostgreSQL compressed (a page image in the WAL, a long text) is only
//! found where it is also stored uncompressed: in the heap, in an index, or in the WAL record of the row itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]
#![allow(clippy::doc_markdown, reason = "PostgreSQL is a name, not code")]

mod commands;
mod control;
#[path = "../e2e/door.rs"]
#[allow(dead_code, reason = "this target needs less than the one that owns the file")]
mod door;
mod encoding;
mod marker;
#[path = "../e2e/people.rs"]
#[expect(dead_code, reason = "this target needs the users alone")]
mod people;
mod refused;
mod search;
#[path = "../e2e/server.rs"]
#[expect(dead_code, reason = "this target only starts, asks and stops; others need the rest")]
mod server;
#[path = "../e2e/socket.rs"]
mod socket;
mod stored;
mod talk;
mod users;
mod wire;

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::marker::Markers;
use crate::search::Search;
use crate::server::Server;
use crate::wire::Wire;

/// A server whose every output ends up in its folder.
async fn start(folder: TempDir, log: &str) -> Server {
    let output =
        |name: &str| File::options().create(true).append(true).open(folder.path().join(name)).unwrap();
    let (stdout, temporary) = (output("server.out"), folder.path().join("tmp"));
    Server::start_with(folder, |command| {
        command.env("TMPDIR", temporary).env("LETHE_LOG", log).env("RUST_BACKTRACE", "1").stdout(stdout);
    })
    .await
}

fn folder() -> TempDir {
    let open = Permissions::from_mode(0o711);
    let folder = tempfile::Builder::new().prefix("lethe-clear-").permissions(open).tempdir().unwrap();
    for name in ["tmp", "reports"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    folder
}

#[tokio::test]
async fn no_personal_value_is_left_in_any_file() {
    let mut markers = Markers::default();
    let server = start(folder(), "trace").await;
    let wire = Wire::to(&server);

    let people = stored::write(&wire, &mut markers).await;
    refused::send(&wire, &people, &mut markers).await;
    talk::talk(&server, &people, &mut markers).await;
    commands::run_all(&server, &mut markers);
    users::come_and_go(&server, &wire, &mut markers).await;
    stored::read(&wire, &people).await;
    let answers = wire.answers();
    let unseen: Vec<_> = markers.shown().iter().filter(|(_, text)| !answers.contains(text)).collect();
    assert!(unseen.is_empty(), "these were stored and never shown, so they prove nothing: {unseen:?}");
    let control = control::plant(server.folder.path()).await;
    control::analyse(server.folder.path()).await;

    // A second start and stop, so that WAL and statistics are where a restart leaves them.
    let server = start(server.stop(), "debug").await;
    let folder = server.stop();

    let search = Search::of(&markers.all().collect::<Vec<_>>());
    let found = search.below(folder.path());
    assert!(found.files > 900, "only {} files were read", found.files);
    assert_eq!(found.hits, Vec::<String>::new());

    // The search finds what was planted, and what the product itself stores in clear.
    let (heap, wal) = ("/data/postgres/base/", "/data/postgres/pg_wal/");
    for (text, places) in [(&control, &[heap, wal, "/planted.txt"][..]), (&people.clear, &[heap, wal])] {
        let hits = Search::of(&[("control", text.as_str())]).below(folder.path()).hits;
        for place in places {
            assert!(hits.iter().any(|hit| hit.contains(place)), "the search overlooks {place}: {hits:#?}");
        }
    }
}
