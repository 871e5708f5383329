//! Without a mail server.

use std::fs;

use lethe_mail::{Destination, MailStatus, ShowError, show};

use crate::world::{ANNA, BO, MARKER, World};

#[tokio::test]
async fn a_kept_mail_is_sealed_and_gone_with_the_person() {
    let world = World::create().await;
    let (anna, bo) = (world.queue(ANNA).await, world.queue(BO).await);
    let folder = world.folder();
    let sender = world.sender(Destination::Folder(folder.clone()));
    for mail in [anna, bo] {
        let row = world.reaches(mail, MailStatus::Sent).await;
        assert_eq!((row.attempts, row.code), (1, None));
    }
    sender.end().await;
    let parts = world.ledger.parts();
    let shown = show(parts, &folder, anna).await.unwrap();
    assert!(shown.contains("To: maerkelig@example.org\r\n"), "{shown}");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    let mut expected = [format!("{anna}.eml"), format!("{bo}.eml")];
    expected.sort();
    assert_eq!(names, expected.map(std::ffi::OsString::from));
    for name in names {
        let kept = fs::read_to_string(folder.join(&name)).unwrap();
        for clear in [MARKER, "maerkelig", "Subject", "example.org"] {
            assert!(!kept.contains(clear), "{clear} is in {name:?}");
        }
    }
    world.erase(ANNA).await;
    assert!(matches!(show(parts, &folder, anna).await, Err(ShowError::Erased)));
    assert!(show(parts, &folder, bo).await.is_ok());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_no_attempt() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    // A file is in the way.
    fs::write(world.folder(), "").unwrap();
    let sender = world.sender(Destination::Folder(world.folder()));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let row = world.row(mail).await.unwrap();
    assert_eq!((row.status, row.attempts), (MailStatus::Queued, 0));
    fs::remove_file(world.folder()).unwrap();
    world.reaches(mail, MailStatus::Sent).await;
    sender.end().await;
}
