//! Who sees what (R67): a unit sees the contacts it has, and what is its own. Those who look after all units see every
//! object; personal values only if they need them.

use std::collections::{HashMap, HashSet};

use async_graphql::Context;
use lethe_access::device::DeviceView;
use lethe_access::user::{UserRow, UserView};
use lethe_crm::contact::ContactView;
use lethe_crm::import::OperationView;
use lethe_crm::note::NoteView;
use lethe_crm::prospect::ProspectView;
use lethe_kernel::{Caller, Role, Subject, SubjectKind, UnitId, UserId};
use lethe_ledger::{LedgerError, Parts, Projection, Reads, Recorded, rows, rows_with};
use lethe_privacy::consent::ConsentView;
use uuid::Uuid;

use crate::app::request;
use crate::loader::Identified;

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

    /// Whether the caller is this user.
    pub(crate) fn is_user(self, user: UserId) -> bool {
        self.0.user == user
    }

    /// Whether what an event says is shown: of a contact that several units have, each sees what the others did, but
    /// not about which items and consents; of a company, which all units see, not which files of others name it.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    pub(crate) fn reads_event(self, event: &Recorded) -> Result<bool, LedgerError> {
        const OF_ONE_UNIT: [&str; 5] = [
            "contact.item_attached",
            "contact.item_detached",
            "contact.consent_recorded",
            "contact.prospect_registered",
            "company.found_by_import",
        ];
        Ok(!OF_ONE_UNIT.contains(&event.event_type.as_str()) || self.is_own(event.metadata()?.unit))
    }

    /// The events among these that are about something that is seen.
    pub(crate) async fn seen(
        self,
        parts: &Parts,
        events: Vec<Recorded>,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let Some(own) = self.unit() else { return Ok(events) };
        let mut streams: HashMap<String, Vec<Uuid>> = HashMap::new();
        for event in &events {
            streams.entry(event.aggregate_type.clone()).or_default().push(event.stream);
        }
        let mut seen = HashSet::new();
        for (kind, ids) in &streams {
            let found = match kind.as_str() {
                "contact" => self.rows::<ContactView>(parts, ids).await?,
                "note" => self.rows::<NoteView>(parts, ids).await?,
                "consent" => self.rows::<ConsentView>(parts, ids).await?,
                "prospect" => self.rows::<ProspectView>(parts, ids).await?,
                "import" => self.rows::<OperationView>(parts, ids).await?,
                "user" => {
                    let found = rows::<UserView>(&parts.pool, ids).await?;
                    found.iter().filter(|row| self.reads_user(row)).map(|row| row.id.0).collect()
                }
                "device" => self.rows::<DeviceView>(parts, ids).await?,
                "company" | "company_reference" | "unit" | "user_group" | "vault" => ids.clone(),
                "expiry_policy" | "reveal_policy" => ids.iter().copied().filter(|id| *id == own.0).collect(),
                // What is not known here is for those alone who see everything.
                _ => Vec::new(),
            };
            seen.extend(found);
        }
        Ok(events.into_iter().filter(|event| seen.contains(&event.stream)).collect())
    }

    async fn rows<P: Projection<Row: Identified>>(
        self,
        parts: &Parts,
        ids: &[Uuid],
    ) -> Result<Vec<Uuid>, LedgerError> {
        let found = rows_with::<P>(&parts.pool, ids, &Reads::nothing()).await?;
        Ok(found.into_iter().filter(|row| row.is_seen(self)).map(|row| row.id()).collect())
    }
}
