//! Several processes, of which one sends.

use std::time::Duration;

use lethe_mail::MailStatus;

use crate::peer::{Manner, Peer};
use crate::world::{ANNA, World};

#[tokio::test]
async fn of_two_senders_one_sends_and_the_other_takes_its_place() {
    let world = World::create().await;
    let peer = Peer::start(Manner::Takes).await;
    let mut mails = Vec::new();
    for _ in 0..20 {
        mails.push(world.queue(ANNA).await);
    }
    let first = world.sender_to_peer(&peer);
    for mail in &mails {
        world.reaches(*mail, MailStatus::Sent).await;
    }
    // The second one finds the lock taken; when the first one is gone it sends.
    let second = world.sender_to_peer(&peer);
    let also = world.queue(ANNA).await;
    world.reaches(also, MailStatus::Sent).await;
    first.cut_off().await;
    let last = world.queue(ANNA).await;
    world.reaches(last, MailStatus::Sent).await;
    mails.extend([also, last]);
    let letters = peer.letters();
    assert_eq!(letters.len(), mails.len(), "one was sent twice");
    for mail in mails {
        let id = format!("Message-ID: <{mail}@");
        assert_eq!(letters.iter().filter(|letter| letter.contains(&id)).count(), 1);
        assert_eq!(world.row(mail).await.unwrap().attempts, 1);
    }
    second.end().await;
}

#[tokio::test]
async fn two_senders_at_once_send_every_mail_once() {
    let world = World::create().await;
    let peer = Peer::start(Manner::Takes).await;
    let senders = [world.sender_to_peer(&peer), world.sender_to_peer(&peer)];
    let mut mails = Vec::new();
    for _ in 0..30 {
        mails.push(world.queue(ANNA).await);
    }
    for mail in &mails {
        world.reaches(*mail, MailStatus::Sent).await;
    }
    assert_eq!(peer.letters().len(), mails.len());
    for sender in senders {
        sender.end().await;
    }
}

#[tokio::test]
async fn while_one_sends_the_other_neither_sends_nor_takes_it_for_dead() {
    let world = World::create().await;
    let peer = Peer::start(Manner::Hangs).await;
    let first = world.patient_sender_to(&peer);
    let mail = world.queue(ANNA).await;
    while peer.letters().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let second = world.patient_sender_to(&peer);
    let next = world.queue(ANNA).await;
    // Long enough for several looks of the second one.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.row(mail).await.unwrap().status, MailStatus::Sending);
    assert_eq!(world.row(next).await.unwrap().status, MailStatus::Queued);
    peer.now(Manner::Takes);
    for mail in [mail, next] {
        let row = world.reaches(mail, MailStatus::Sent).await;
        assert_eq!((row.attempts, row.in_doubt), (1, false));
    }
    assert_eq!(peer.letters().len(), 2);
    for sender in [first, second] {
        sender.end().await;
    }
}
