//! Stored events, as those who read history see them.

mod field_change;
mod query;

pub(crate) use query::EventQuery;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_kernel::Role;
use lethe_ledger::Recorded;

use crate::code::code;
use crate::error::Result;
use crate::id::{self, Kind};
use crate::kind::{Description, StreamType};
use crate::notary::{self, InclusionProof};
use crate::scalar::{Position, TreeSize};
use crate::unit::Unit;
use crate::visibility::Visibility;
use field_change::FieldChange;

#[derive(Clone)]
pub(crate) struct Event(pub(crate) Recorded);

/// A proof is three statements.
const PROOF: usize = 10;

/// The stream an event belongs to.
#[derive(SimpleObject)]
pub(crate) struct Stream {
    /// The type of the stream, for example `contact`.
    #[graphql(name = "type")]
    kind: String,
    /// The object whose stream it is.
    id: ID,
    /// The event's place in it, from 1.
    sequence: i64,
}

pub(crate) struct CallerRef(lethe_kernel::Caller);

code! {
    /// A role.
    RoleField: "Role" = Role
}

/// Who caused an event.
#[Object]
impl CallerRef {
    /// The user.
    async fn user_id(&self) -> ID {
        Kind::User.id(self.0.user)
    }

    /// The unit in whose name.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit.0).await
    }

    /// The role in which.
    async fn role(&self) -> RoleField {
        self.0.role.into()
    }
}

/// One stored event: what happened, who caused it and when.
#[Object]
impl Event {
    /// The event's id.
    pub(crate) async fn id(&self) -> ID {
        id::event(self.0.position)
    }

    /// Its place in the order of all events.
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    /// What happened, for example `contact.registered`.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.event_type
    }

    /// The version of the event's form.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// The stream it belongs to.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn stream(&self) -> Result<Stream> {
        let known = StreamType::of(&self.0)?;
        Ok(Stream {
            kind: self.0.aggregate_type.clone(),
            id: known.kind.id(self.0.stream),
            sequence: self.0.sequence,
        })
    }

    /// When the command was decided.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn occurred_at(&self) -> Result<DateTime<Utc>> {
        Ok(self.0.metadata()?.occurred)
    }

    /// When the ledger took it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }

    /// Who caused it.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn caller(&self) -> Result<CallerRef> {
        Ok(CallerRef(self.0.metadata()?.caller()))
    }

    /// Its leaf in the log: SHA-256(`00` ‖ entry), in base64. `docs/log-format.md` says what an entry is.
    async fn leaf_hash(&self, context: &Context<'_>) -> Result<String> {
        notary::leaf_hash(context, self.0.position).await
    }

    /// The proof that it is in the log: in the tree of this size, or of the newest checkpoint. Null as long as no
    /// checkpoint covers it, which is for about a second.
    #[graphql(complexity = "PROOF + child_complexity")]
    async fn inclusion_proof(
        &self,
        context: &Context<'_>,
        tree_size: Option<TreeSize>,
    ) -> Result<Option<InclusionProof>> {
        notary::inclusion_proof(context, self.0.position, tree_size).await
    }

    /// The same as a file `.tlog-proof` (C2SP `tlog-proof`), with the signed checkpoint: it is verified without a server.
    #[graphql(complexity = "PROOF")]
    async fn tlog_proof(&self, context: &Context<'_>) -> Result<Option<String>> {
        notary::tlog_proof(context, self.0.position).await
    }

    /// What it changed, field by field. CPR numbers and the texts of notes are masked; what was erased since, and what
    /// is another unit's alone, is withheld.
    async fn changes(&self, context: &Context<'_>) -> Result<Vec<FieldChange>> {
        let known = StreamType::of(&self.0)?;
        let Description { changes, audience } = (known.description)(&self.0)?;
        let is_told = Visibility::of(context).is_told(audience, &self.0)?;
        let mut shown = Vec::new();
        for change in changes {
            shown.push(if is_told {
                FieldChange::of(context, change, &self.0).await?
            } else {
                FieldChange::forbidden(change)
            });
        }
        Ok(shown)
    }
}
