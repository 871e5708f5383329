//! How the directory follows the ledger: on every hint, and a few times a second without one.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use lethe_kernel::{Subject, UnitId, UserId};
use lethe_ledger::{LedgerError, Parts, Recorded};
use lethe_vault::{Keyring, VaultError};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Known, Roster};
use crate::device::DeviceEvent;
use crate::unit::UnitEvent;
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
    /// The streams with an event that cannot be read, by type and id.
    unreadable: BTreeSet<(String, Uuid)>,
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
        // The ledger was restored to an earlier state, or can be read where it could not.
        if head < self.position || self.is_mended(parts).await? {
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

    /// Folds a page, wholly or, if its keys cannot be read, not at all. An event that cannot be read shuts out the user or
    /// the device that it is of, and nobody else; the views of them stop at it, so that readiness and doctor name it.
    async fn fold(&mut self, parts: &Parts, events: &[Recorded]) -> Result<(), LedgerError> {
        if events.is_empty() {
            return Ok(());
        }
        let users = events.iter().filter(|event| event.aggregate_type == "user");
        let subjects: Vec<Subject> = users.map(|event| UserId(event.stream).into()).collect();
        let mut keys = Keyring::default();
        parts.vault.load_each(&mut keys, &subjects).await?;
        for event in events {
            match Fact::of(event) {
                Ok(fact) => take(&mut self.roster, event.stream, fact, (parts, &keys)),
                Err(error) => {
                    tracing::error!(%error, "of whom this event is, is shut out");
                    self.roster.distrust(&event.aggregate_type, event.stream);
                    self.unreadable.insert((event.aggregate_type.clone(), event.stream));
                }
            }
        }
        Ok(())
    }

    /// Whether a stream can be read that could not.
    async fn is_mended(&self, parts: &Parts) -> Result<bool, LedgerError> {
        for (kind, stream) in &self.unreadable {
            let events = parts.stream_until(kind, &[*stream], None).await?;
            if events.iter().all(|event| Fact::of(event).is_ok()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What an event says that the directory follows.
enum Fact {
    Unit(UnitEvent),
    User(UserEvent),
    Device(DeviceEvent),
}

impl Fact {
    fn of(event: &Recorded) -> Result<Self, LedgerError> {
        match event.aggregate_type.as_str() {
            "unit" => event.decode().map(Self::Unit),
            "device" => event.decode().map(Self::Device),
            _ => event.decode().map(Self::User),
        }
    }
}

fn is_full(events: &[Recorded]) -> bool {
    i64::try_from(events.len()).is_ok_and(|read| read == PAGE)
}

fn take(roster: &mut Roster, stream: Uuid, fact: Fact, (parts, keys): (&Parts, &Keyring)) {
    match fact {
        Fact::Unit(event) => roster.unit_event(UnitId(stream), &event),
        Fact::Device(event) => roster.device_event(stream, &event),
        Fact::User(event) => {
            let user = UserId(stream);
            roster.user_event(user, &event);
            let identities = match event {
                UserEvent::Registered(event) => Some(event.identities),
                UserEvent::Amended(event) => event.identities,
                _ => None,
            };
            if let Some(identities) = identities {
                roster.identify(user, open(&identities, user, (parts, keys)));
            }
        }
    }
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
