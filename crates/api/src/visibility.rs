//! Who sees what (R67): a unit sees the contacts it has, and what is its own. Those who look after all units see every
//! object; personal values only if they need them.

use std::collections::{HashMap, HashSet};

use async_graphql::Context;
use lethe_access::user::UserRow;
use lethe_kernel::{Caller, Role, Subject, SubjectKind, UnitId, UserId};
use lethe_ledger::{Audience, LedgerError, Parts, Recorded};
use uuid::Uuid;

use crate::app::request;
use crate::kind::{Seen, StreamType};
use crate::permission::permits;

/// What one caller sees.
#[derive(Clone, Copy)]
pub(crate) struct Visibility(Caller);

impl Visibility {
    /// What the caller of a request sees.
    pub(crate) fn of(context: &Context<'_>) -> Self {
        Self(request(context).session.caller)
    }

    /// The one unit whose data is seen; none if that of all units is.
    pub(crate) fn unit(self) -> Option<UnitId> {
        self.0.confined_to()
    }

    /// Whether something that is one unit's own is seen.
    pub(crate) fn is_own(self, unit: UnitId) -> bool {
        self.unit().is_none_or(|own| own == unit)
    }

    /// The units that a list is narrowed to: the one that was asked for, and the one whose data is seen.
    pub(crate) fn narrowed(self, asked: Option<UnitId>) -> Vec<UnitId> {
        asked.into_iter().chain(self.unit()).collect()
    }

    /// Whether personal values of a subject are shown. Who runs the database needs none but those of its users.
    pub(crate) fn reads(self, subject: Subject) -> bool {
        self.0.role != Role::SystemAdministrator || subject.kind == SubjectKind::User
    }

    /// Whether personal values of contacts, notes and companies are shown.
    pub(crate) fn reads_values(self) -> bool {
        self.0.role != Role::SystemAdministrator
    }

    /// Whether who a user is is shown: to the user, to the administrators of the units they are of, and to those who look
    /// after all units.
    pub(crate) fn reads_user(self, user: &UserRow) -> bool {
        match self.0.role {
            _ if self.0.user == user.id => true,
            Role::SystemAdministrator | Role::Auditor | Role::System => true,
            Role::UnitAdministrator => user.is_of(self.0.unit),
            Role::Consultant | Role::Dpm | Role::Integration => false,
        }
    }

    /// Whether the caller looks after what runs in the name of a unit.
    pub(crate) fn administers(self, unit: UnitId) -> bool {
        match self.0.role {
            Role::SystemAdministrator | Role::Auditor => true,
            Role::UnitAdministrator => self.0.unit == unit,
            _ => false,
        }
    }

    /// Whether the caller's role may ask for this.
    pub(crate) fn permits(self, operation: &str) -> bool {
        permits(operation, self.0.role)
    }

    /// Whether the caller is this user.
    pub(crate) fn is_user(self, user: UserId) -> bool {
        self.0.user == user
    }

    /// Whether what an event says is shown: of a contact that several units have, each sees what the others did, but
    /// not what of theirs belongs to it; of a company, which all units see, not which files of others name it.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    pub(crate) fn is_told(self, audience: Audience, event: &Recorded) -> Result<bool, LedgerError> {
        Ok(match audience {
            Audience::Everybody => true,
            Audience::ItsUnit => self.is_own(event.metadata()?.unit),
        })
    }

    /// The events among these that are about something that is seen.
    ///
    /// # Errors
    /// Errors of the database; [`LedgerError::Unreadable`] of a type of streams that nobody knows.
    pub(crate) async fn seen(
        self,
        parts: &Parts,
        events: Vec<Recorded>,
    ) -> Result<Vec<Recorded>, LedgerError> {
        if self.unit().is_none() {
            return Ok(events);
        }
        let mut streams: HashMap<&str, (Seen, Vec<Uuid>)> = HashMap::new();
        for event in &events {
            let known = StreamType::of(event)?;
            streams.entry(known.name).or_insert((known.seen, Vec::new())).1.push(event.stream);
        }
        // Streams of several types have the id of a unit, so an id alone is not seen.
        let mut shown = HashSet::new();
        for (name, (seen, ids)) in &streams {
            shown.extend(seen(self, parts, ids).await?.into_iter().map(|id| (*name, id)));
        }
        let is_shown = |event: &Recorded| shown.contains(&(event.aggregate_type.as_str(), event.stream));
        Ok(events.iter().filter(|event| is_shown(event)).cloned().collect())
    }
}
