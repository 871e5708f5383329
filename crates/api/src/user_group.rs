//! Groups of users across units.

mod mutation;

pub(crate) use mutation::UserGroupMutation;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use lethe_access::user::UserView;
use lethe_access::user_group::{UserGroupRow, UserGroupView};
use lethe_ledger::{Order, page};
use uuid::Uuid;

use crate::app::parts;
use crate::connection::{Opaque, PageArguments};
use crate::error::Result;
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::loader::{Identified, by_ids};
use crate::permission::allowed;
use crate::unit::Unit;
use crate::user::User;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct UserGroup(pub(crate) UserGroupRow);

impl Identified for UserGroupRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, _: Visibility) -> bool {
        true
    }
}

/// A group of users across units, with whom lists are shared.
#[Object]
impl UserGroup {
    /// The group's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::UserGroup.id(self.0.id)
    }

    /// The number of its events.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The unit whose administrators take care of it.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// Its members, at most 1,000, in the order of their ids.
    #[graphql(complexity = "100 * child_complexity")]
    async fn members(&self, context: &Context<'_>) -> Result<Vec<User>> {
        let ids: Vec<Uuid> = self.0.members.iter().map(|member| member.user_id.0).collect();
        Ok(by_ids::<UserView>(context, &ids).await?.into_iter().map(User).collect())
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was closed; null while it is used.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// Everything that happened to it, the oldest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        history(context, "user_group", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}

/// Queries about groups of users.
#[derive(Default)]
pub(crate) struct UserGroupQuery;

#[Object]
impl UserGroupQuery {
    /// The groups of users, by name; closed ones too.
    #[doc = allowed!(userGroups)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn user_groups(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, UserGroup>> {
        let slice = PageArguments { first, after, last, before };
        let order = Order { by: "r.name", sql_type: "text", descending: false };
        let found = page::<UserGroupView>(&parts(context).pool, |_| {}, order, &slice.page()?).await;
        slice.connection(found?, UserGroup)
    }
}
