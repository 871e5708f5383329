//! The caller, as the server understood the request.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object};

use crate::app::request;
use crate::connection::{Opaque, PageArguments};
use crate::device::{Device, devices};
use crate::error::Result;
use crate::event::RoleField;
use crate::id::Kind;
use crate::permission::allowed;
use crate::unit::Unit;
use crate::user::User;

pub(crate) struct Viewer;

/// Who you are to the server.
#[Object]
impl Viewer {
    /// Your user id.
    async fn user_id(&self, context: &Context<'_>) -> ID {
        Kind::User.id(request(context).session.caller.user)
    }

    /// You, as a user; null if you are not registered.
    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        User::by_id(context, request(context).session.caller.user.0).await
    }

    /// The devices from which you work or want to, the newest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn devices(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Device>> {
        devices(context, request(context).session.caller.user, &PageArguments { first, after, last, before })
            .await
    }

    /// The unit you act for; null if it is not registered.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, request(context).session.caller.unit.0).await
    }

    /// The role you act in.
    async fn role(&self, context: &Context<'_>) -> RoleField {
        request(context).session.caller.role.into()
    }
}

/// The query about the caller.
#[derive(Default)]
pub(crate) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who you are to the server.
    #[doc = allowed!(viewer)]
    async fn viewer(&self) -> Viewer {
        Viewer
    }
}
