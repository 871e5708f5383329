//! Mails that are taken at once, later, or never.

use lethe_kernel::{ErrorCode, Role};
use lethe_ledger::Failure;
use lethe_mail::{MailStatus, Reason};

use crate::peer::{Manner, Peer, free_port};
use crate::world::{ANNA, MARKER, World};

#[tokio::test]
async fn a_mail_is_taken_and_nothing_of_it_is_in_any_table() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Takes).await;
    let sender = world.sender_to_peer(&peer);
    let row = world.reaches(mail, MailStatus::Sent).await;
    assert_eq!((row.attempts, row.code, row.in_doubt, row.due_at), (1, Some(250), false, None));
    assert_eq!(row.message_id, Some(format!("{mail}@nord.example")));
    let [letter] = &peer.letters()[..] else { panic!("{:?}", peer.letters()) };
    assert!(letter.contains(&format!("Message-ID: <{mail}@nord.example>\n")), "{letter}");
    assert!(letter.contains("To: maerkelig@example.org\n"), "{letter}");
    assert!(letter.contains("Hej m=C3=A6rkelig\n.\nEr den din?"), "{letter}");
    assert_eq!(world.events(mail).await, ["mail.queued", "mail.attempted", "mail.sent"]);
    let everything = world.everything().await;
    for clear in [MARKER, "maerkelig", "Er den din"] {
        assert!(!everything.contains(clear), "{clear} is in clear");
    }
    sender.end().await;
}

#[tokio::test]
async fn a_unit_of_work_that_is_refused_queues_no_mail() {
    let world = World::create().await;
    world.queue_in_vain(ANNA).await;
    let peer = Peer::start(Manner::Takes).await;
    let sender = world.sender_to_peer(&peer);
    let mail = world.queue(ANNA).await;
    world.reaches(mail, MailStatus::Sent).await;
    assert_eq!(peer.letters().len(), 1);
    sender.end().await;
}

#[tokio::test]
async fn a_mail_that_is_refused_for_now_is_the_same_at_the_next_attempt() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Later).await;
    let sender = world.sender_to_peer(&peer);
    let row = world.reaches(mail, MailStatus::Deferred).await;
    assert_eq!((row.attempts, row.reason, row.code), (1, Some(Reason::Refused), Some(451)));
    assert!(row.due_at.unwrap() > world.now(), "{row:?}");
    assert!(!row.in_doubt);
    peer.now(Manner::Takes);
    world.later();
    let row = world.reaches(mail, MailStatus::Sent).await;
    assert_eq!((row.attempts, row.reason, row.code), (2, None, Some(250)));
    let letters = peer.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0], letters[1]);
    // The server quoted the address in its answer.
    assert!(!world.everything().await.contains("maerkelig"));
    sender.end().await;
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_not_tried_again_unless_an_administrator_wants_it() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Never).await;
    let sender = world.sender_to_peer(&peer);
    let row = world.reaches(mail, MailStatus::Failed).await;
    assert_eq!((row.attempts, row.reason, row.code, row.due_at), (1, Some(Reason::Refused), Some(550), None));
    assert!(!world.everything().await.contains("maerkelig"));
    peer.now(Manner::Takes);
    world.later();
    let Err(Failure::Refused(errors)) = world.resend(mail, Role::Dpm).await else { panic!("it was done") };
    assert_eq!(errors[0].code, ErrorCode::Forbidden);
    assert_eq!(world.row(mail).await.unwrap().status, MailStatus::Failed);
    world.resend(mail, Role::UnitAdministrator).await.unwrap();
    assert_eq!(world.reaches(mail, MailStatus::Sent).await.attempts, 2);
    assert_eq!(peer.letters().len(), 1);
    sender.end().await;
}

#[tokio::test]
async fn a_mail_is_given_up_after_the_most_attempts() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Later).await;
    let sender = world.sender_to_peer(&peer);
    for attempts in 1..=2 {
        let row = world.reaches(mail, MailStatus::Deferred).await;
        assert_eq!(row.attempts, attempts);
        world.later();
        while world.row(mail).await.unwrap().attempts == attempts {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    let row = world.reaches(mail, MailStatus::Failed).await;
    assert_eq!((row.attempts, row.reason, row.code), (3, Some(Reason::TooOften), Some(451)));
    assert_eq!(peer.letters().len(), 3);
    sender.end().await;
}

#[tokio::test]
async fn a_mail_server_that_is_away_costs_no_attempt() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let port = free_port().await;
    let sender = world.sender_to(port);
    // Long enough for several looks.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let row = world.row(mail).await.unwrap();
    assert_eq!((row.status, row.attempts), (MailStatus::Queued, 0));
    let peer = Peer::start_at(port, Manner::Takes).await;
    assert_eq!(world.reaches(mail, MailStatus::Sent).await.attempts, 1);
    assert_eq!(peer.letters().len(), 1);
    sender.end().await;
}
