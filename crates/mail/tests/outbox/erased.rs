//! What becomes of the mails of somebody who is erased.

use std::time::Duration;

use lethe_kernel::{ErrorCode, Role};
use lethe_ledger::{Failure, LedgerError};
use lethe_mail::MailStatus;
use lethe_vault::VaultError;

use crate::peer::{Manner, Peer};
use crate::world::{ANNA, BO, World};

#[tokio::test]
async fn a_mail_about_somebody_who_was_erased_is_never_sent() {
    let world = World::create().await;
    let (anna, bo) = (world.queue(ANNA).await, world.queue(BO).await);
    world.erase(ANNA).await;
    let peer = Peer::start(Manner::Takes).await;
    let sender = world.sender_to_peer(&peer);
    assert_eq!(world.reaches(anna, MailStatus::Withdrawn).await.attempts, 0);
    world.reaches(bo, MailStatus::Sent).await;
    let anna_in = |letter: &String| letter.contains(&format!("<{anna}@"));
    assert!(!peer.letters().iter().any(anna_in), "it was sent all the same");
    let Err(Failure::Refused(errors)) = world.resend(anna, Role::SystemAdministrator).await else {
        panic!("it was done")
    };
    assert_eq!(errors[0].code, ErrorCode::Erased);
    sender.end().await;
}

#[tokio::test]
async fn a_mail_that_waits_for_its_next_attempt_is_withdrawn_at_once() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Later).await;
    let sender = world.sender_to_peer(&peer);
    world.reaches(mail, MailStatus::Deferred).await;
    world.erase(ANNA).await;
    // The clock stands still, so it is not due.
    assert_eq!(world.reaches(mail, MailStatus::Withdrawn).await.attempts, 1);
    sender.end().await;
}

#[tokio::test]
async fn an_erasure_at_the_last_moment_is_before_the_attempt_or_behind_it() {
    let world = World::create().await;
    let mail = world.queue(ANNA).await;
    let peer = Peer::start(Manner::Waits).await;
    let sender = world.patient_sender_to(&peer);
    // By now the sender has read the mail, in clear, and waits for the greeting.
    while peer.visits() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.erase(ANNA).await;
    peer.now(Manner::Takes);
    assert_eq!(world.reaches(mail, MailStatus::Withdrawn).await.attempts, 0);
    assert!(!peer.letters().iter().any(|letter| letter.contains(&format!("<{mail}@"))));
    sender.end().await;
}

#[tokio::test]
async fn no_mail_about_somebody_who_was_erased_is_queued() {
    let world = World::create().await;
    world.queue(ANNA).await;
    world.erase(ANNA).await;
    let failure = world.try_queue(ANNA).await.unwrap_err();
    assert!(matches!(failure, Failure::Failed(LedgerError::Vault(VaultError::Erased(ANNA)))), "{failure}");
}
