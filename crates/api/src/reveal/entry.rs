use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use lethe_ledger::Found;
use lethe_privacy::reveal::{AccessRow, RevealedField};
use uuid::Uuid;

use crate::app::parts;
use crate::code::code;
use crate::contact::{Withheld, erased};
use crate::error::{Result, top_level};
use crate::event::{Event, RoleField};
use crate::id::Kind;
use crate::keys::{self, is_erased, open};
use crate::loader::Identified;
use crate::scalar::Position;
use crate::unit::Unit;
use crate::visibility::Visibility;

code! {
    /// A field that can be revealed.
    RevealedFieldName: "RevealedField" = RevealedField
}

#[derive(Clone)]
pub(crate) struct AccessLogEntry(pub(crate) AccessRow);

impl Identified for AccessRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.permits("accessLog") && by.is_own(self.unit_id)
    }
}

/// One reveal: who was shown which masked value, when and what for. Never the value.
#[Object]
impl AccessLogEntry {
    /// The entry's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::AccessLogEntry.id(self.0.id)
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Where in the ledger it stands.
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    /// Who was shown the value.
    async fn user_id(&self) -> ID {
        Kind::User.id(self.0.user_id)
    }

    /// In the name of which unit.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// In which role.
    async fn role(&self) -> RoleField {
        self.0.role.into()
    }

    /// What was shown.
    async fn field(&self) -> RevealedFieldName {
        self.0.field.into()
    }

    /// The contacts it is about: the one whose CPR number it was, or those whom the note named then.
    async fn contact_ids(&self) -> Vec<ID> {
        self.0.contacts.iter().map(|contact| Kind::Contact.id(*contact)).collect()
    }

    /// The note whose text it was.
    async fn note_id(&self) -> Option<ID> {
        self.0.note_id.map(|note| Kind::Note.id(note))
    }

    /// The company whose number it was.
    async fn company_id(&self) -> Option<ID> {
        self.0.company_id.map(|company| Kind::Company.id(company))
    }

    /// On which device; null if on none that is known.
    async fn device_id(&self) -> Option<ID> {
        self.0.device_id.map(|device| Kind::Device.id(device))
    }

    /// What for: a code from the unit's list.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// What the user wrote about that; null if nothing, or if it is withheld.
    async fn purpose_text(&self, context: &Context<'_>) -> Result<Option<String>> {
        let Some(subject) = self.0.subject() else { return Ok(None) };
        Ok(open(context, self.0.purpose_text.as_ref(), subject).await?.map(|text| text.0))
    }

    /// The fields whose values are not shown, and why: what was written about the purpose is gone with the person or the
    /// note.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        let Some(subject) = self.0.subject().filter(|_| self.0.purpose_text.is_some()) else {
            return Ok(Vec::new());
        };
        Ok(if is_erased(context, subject).await? { erased(&["purposeText"]) } else { Vec::new() })
    }

    /// The entry of the request that was sent again, with the same idempotency key, so that the value was shown twice.
    async fn repeats(&self) -> Option<ID> {
        self.0.repeats.map(|first| Kind::AccessLogEntry.id(first))
    }

    /// The event that it is.
    async fn event(&self, context: &Context<'_>) -> Result<Event> {
        event(context, self.0.position).await
    }
}

/// An event that a row of a view names.
pub(super) async fn event(context: &Context<'_>, position: i64) -> Result<Event> {
    let found = parts(context).event(position).await?;
    found.map(Event).ok_or_else(|| top_level("INTERNAL", "The event of this entry is not in the ledger."))
}

/// Reads the keys for a page of entries at once.
pub(super) async fn load_keys(context: &Context<'_>, found: &[Found<AccessRow>]) -> Result<()> {
    let written = found.iter().filter(|found| found.row.purpose_text.is_some());
    let subjects: Vec<_> = written.filter_map(|found| found.row.subject()).collect();
    keys::load(context, &subjects).await
}
