//! Mails of which nobody knows whether they arrived.

use std::time::Duration;

use lethe_kernel::MailId;
use lethe_mail::{MailStatus, OutgoingMailRow, Reason};

use crate::peer::{Manner, Peer};
use crate::world::{ANNA, World};

/// A mail that was in doubt is sent again, is the same mail, and stays flagged.
async fn sent_again(world: &World, peer: &Peer, mail: MailId) -> OutgoingMailRow {
    peer.now(Manner::Takes);
    world.later();
    let row = world.reaches(mail, MailStatus::Sent).await;
    assert!(row.in_doubt, "the flag is lost: {row:?}");
    let letters = peer.letters();
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert_eq!(letters[0], letters[1], "another Message-ID, or another text");
    row
}

#[tokio::test]
async fn a_connection_that_breaks_behind_the_text_leaves_a_doubt() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::BreaksBehind).await;
    let sender = world.sender_to_peer(&peer);
    let row = world.reaches(mail, MailStatus::Doubtful).await;
    assert_eq!((row.reason, row.code, row.in_doubt), (Some(Reason::ConnectionLost), None, true));
    assert_eq!(sent_again(&world, &peer, mail).await.attempts, 2);
    let events = ["mail.queued", "mail.attempted", "mail.doubtful", "mail.attempted", "mail.sent"];
    assert_eq!(world.events(mail).await, events);
    sender.end().await;
}

#[tokio::test]
async fn a_mail_server_that_falls_silent_behind_the_text_leaves_a_doubt() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Hangs).await;
    let sender = world.sender_to_peer(&peer);
    assert_eq!(world.reaches(mail, MailStatus::Doubtful).await.reason, Some(Reason::ConnectionLost));
    sent_again(&world, &peer, mail).await;
    sender.end().await;
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_text_leaves_none() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::BreaksBefore).await;
    let sender = world.sender_to_peer(&peer);
    let row = world.reaches(mail, MailStatus::Deferred).await;
    assert_eq!((row.reason, row.in_doubt), (Some(Reason::ConnectionLost), false));
    sender.end().await;
}

#[tokio::test]
async fn a_process_that_ends_in_the_middle_leaves_a_doubt_that_the_next_one_tells() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Hangs).await;
    let sender = world.sender_to_peer(&peer);
    while peer.letters().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sender.cut_off().await;
    assert_eq!(world.row(mail).await.unwrap().status, MailStatus::Sending);
    let sender = world.sender_to_peer(&peer);
    let row = world.reaches(mail, MailStatus::Doubtful).await;
    assert_eq!((row.reason, row.attempts), (Some(Reason::Interrupted), 1));
    assert_eq!(sent_again(&world, &peer, mail).await.attempts, 2);
    sender.end().await;
}

#[tokio::test]
async fn a_stop_waits_for_the_mail_that_is_being_sent() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Hangs).await;
    let sender = world.sender_to_peer(&peer);
    while peer.letters().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = tokio::spawn(sender.end());
    peer.now(Manner::Takes);
    ended.await.unwrap();
    assert_eq!(world.row(mail).await.unwrap().status, MailStatus::Sent);
}
