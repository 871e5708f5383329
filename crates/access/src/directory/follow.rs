//! How the directory follows the ledger: on every hint, and a few times a second without one.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use lethe_kernel::{Subject, UnitId, UserId};
use lethe_ledger::{LedgerError, Parts, Recorded};
use lethe_vault::{Keyring, VaultError};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::{Known, Roster};
use crate::user::{Identity, UserEvent};

const SOURCES: [&str; 3] = ["unit", "user", "device"];
const PAGE: i64 = 1000;

/// How often it asks without a hint.
const INTERVAL: Duration = Duration::from_millis(300);

/// How long it rests after each time, however many hints there are.
const PAUSE: Duration = Duration::from_millis(50);

/// What was read so far.
#[derive(Default)]
pub(super) struct Follower {
    pub(super) roster: Roster,
    pub(super) position: i64,
}

/// Asks again and again, until the ledger is dropped.
pub(super) async fn follow(
    parts: Weak<Parts>,
    mut follower: Follower,
    known: watch::Sender<Known>,
    ask: Arc<Notify>,
) {
    let Some(mut head) = parts.upgrade().map(|parts| parts.head_watch()) else { return };
    loop {
        sleep(PAUSE).await;
        tokio::select! {
            () = sleep(INTERVAL) => {}
            () = ask.notified() => {}
            changed = head.changed() => if changed.is_err() { return },
        }
        let Some(parts) = parts.upgrade() else { return };
        let asked = Instant::now();
        match follower.ask(&parts).await {
            Ok(changed) => known.send_modify(|known| {
                if changed {
                    known.roster = Arc::new(follower.roster.clone());
                }
                (known.position, known.asked) = (follower.position, asked);
            }),
            Err(LedgerError::Database(sqlx::Error::PoolClosed)) => return,
            Err(error) => {
                tracing::warn!(%error, "who may work here could not be asked");
                known.send_modify(|known| known.failures += 1);
            }
        }
    }
}

impl Follower {
    /// Reads what the ledger holds beyond what is known; tells whether anything of it matters.
    pub(super) async fn ask(&mut self, parts: &Parts) -> Result<bool, LedgerError> {
        let head = parts.head().await?;
        let mut changed = false;
        if head < self.position {
            // The ledger was restored to an earlier state.
            (*self, changed) = (Self::default(), true);
        }
        while self.position < head {
            let events = parts.between((self.position, head), &SOURCES, PAGE).await?;
            let read = if is_full(&events) { events.last().map_or(head, |last| last.position) } else { head };
            self.fold(parts, &events).await?;
            self.position = read;
            changed |= !events.is_empty();
        }
        Ok(changed)
    }

    /// Folds a page, wholly or not at all.
    async fn fold(&mut self, parts: &Parts, events: &[Recorded]) -> Result<(), LedgerError> {
        if events.is_empty() {
            return Ok(());
        }
        let users = events.iter().filter(|event| event.aggregate_type == "user");
        let subjects: Vec<Subject> = users.map(|event| UserId(event.stream).into()).collect();
        let keys = parts.vault.keyring(&subjects).await?;
        let mut roster = self.roster.clone();
        for event in events {
            take(&mut roster, event, (parts, &keys))?;
        }
        self.roster = roster;
        Ok(())
    }
}

fn is_full(events: &[Recorded]) -> bool {
    i64::try_from(events.len()).is_ok_and(|read| read == PAGE)
}

fn take(roster: &mut Roster, event: &Recorded, (parts, keys): (&Parts, &Keyring)) -> Result<(), LedgerError> {
    match event.aggregate_type.as_str() {
        "unit" => roster.unit_event(UnitId(event.stream), &event.decode()?),
        "device" => roster.device_event(event.stream, &event.decode()?),
        _ => {
            let user = UserId(event.stream);
            let decoded: UserEvent = event.decode()?;
            roster.user_event(user, &decoded);
            match decoded {
                UserEvent::Registered(event) => {
                    roster.identify(user, open(&event.identities, user, (parts, keys)));
                }
                UserEvent::Amended(event) => {
                    if let Some(identities) = event.identities {
                        roster.identify(user, open(&identities, user, (parts, keys)));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The identities of a user, in clear; none once the user was forgotten. One that is damaged lets nobody in, and shuts
/// nobody else out.
fn open(identities: &[Identity], user: UserId, (parts, keys): (&Parts, &Keyring)) -> Vec<(String, String)> {
    let mut opened = Vec::new();
    for identity in identities {
        match keys.open(&identity.subject, user) {
            Ok(subject) => opened.push((identity.issuer.clone(), subject.0)),
            Err(VaultError::Erased(_)) => {}
            Err(error) => {
                tracing::error!(%error, "an identity does not open");
                parts.vault.alarm(&error);
            }
        }
    }
    opened
}
