use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use lethe_privacy::reveal::AlertRow;

use super::entry::event;
use crate::error::Result;
use crate::event::{Event, RoleField};
use crate::id::Kind;
use crate::scalar::Position;
use crate::unit::Unit;

pub(crate) struct RevealAlert(pub(super) AlertRow);

/// A warning: a user revealed unusually much within an hour. It is given once an hour.
#[Object]
impl RevealAlert {
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Where in the ledger it stands.
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    /// Who.
    async fn user_id(&self) -> ID {
        Kind::User.id(self.0.user_id)
    }

    /// The unit in whose name the reveal was made that passed what is usual.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// In which role.
    async fn role(&self) -> RoleField {
        self.0.role.into()
    }

    /// How many reveals the hour had then.
    async fn count(&self) -> u32 {
        self.0.count
    }

    /// How many are usual.
    async fn usual(&self) -> u32 {
        self.0.usual
    }

    /// The event that it is.
    async fn event(&self, context: &Context<'_>) -> Result<Event> {
        event(context, self.0.position).await
    }
}
