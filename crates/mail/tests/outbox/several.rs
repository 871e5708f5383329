//! Several processes, of which one sends.

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
