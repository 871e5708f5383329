//! Users: who works here.

mod list;
mod mutation;

pub(crate) use list::UserQuery;
pub(crate) use mutation::UserMutation;

use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_access::user::{IdentitySubject, UserRow, UserView};
use lethe_kernel::{Personal, PersonalValue, UserId};
use uuid::Uuid;

use crate::connection::{Opaque, PageArguments};
use crate::contact::{Withheld, WithheldReason};
use crate::device::{Device, devices};
use crate::error::Result;
use crate::event::{Event, RoleField};
use crate::history::history;
use crate::id::Kind;
use crate::keys::{is_erased, open};
use crate::loader::{Identified, by_id};
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct User(pub(crate) UserRow);

impl Identified for UserRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, _: Visibility) -> bool {
        // That there is a user, and what they may do, is no secret; who it is is told by `reads_user`.
        true
    }
}

/// What is sealed for a user.
const PERSONAL: [&str; 3] = ["name", "email", "identities"];

/// A role that a user has in a unit.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct UserGrant {
    #[graphql(skip)]
    unit_id: Uuid,
    /// The role.
    role: RoleField,
    /// Since when.
    since: DateTime<Utc>,
}

#[ComplexObject]
impl UserGrant {
    /// The unit.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.unit_id).await
    }
}

/// How a user proves who they are: whom a provider of identities vouches for.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct UserIdentity {
    #[graphql(skip)]
    user: UserId,
    #[graphql(skip)]
    sealed: Personal<IdentitySubject>,
    /// The provider.
    issuer: String,
}

#[ComplexObject]
impl UserIdentity {
    /// How the provider names the user.
    async fn subject(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, Some(&self.sealed), self.user).await?.map(|subject| subject.0))
    }
}

impl User {
    pub(crate) async fn by_id(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        Ok(by_id::<UserView>(context, id).await?.map(Self))
    }

    fn is_read(&self, context: &Context<'_>) -> bool {
        Visibility::of(context).reads_user(&self.0)
    }

    async fn open<T: PersonalValue>(
        &self,
        context: &Context<'_>,
        value: Option<&Personal<T>>,
    ) -> Result<Option<T>> {
        if self.is_read(context) { open(context, value, self.0.id).await } else { Ok(None) }
    }
}

/// Somebody, or a programme, that works here. Name, e-mail address, identities and devices are shown to the user, to the
/// administrators of the units the user is of, to system administrators and auditors; `withheld` names what is not.
#[Object]
impl User {
    /// The user's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// The name.
    async fn name(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(self.open(context, self.0.name.as_ref()).await?.map(|name| name.0))
    }

    /// The e-mail address.
    async fn email(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(self.open(context, self.0.email.as_ref()).await?.map(|email| email.0))
    }

    /// How the user proves who they are; empty if that is withheld.
    async fn identities(&self, context: &Context<'_>) -> Vec<UserIdentity> {
        let shown = self.0.identities.iter().filter(|_| self.is_read(context));
        shown
            .map(|identity| UserIdentity {
                user: self.0.id,
                sealed: identity.subject.clone(),
                issuer: identity.issuer.clone(),
            })
            .collect()
    }

    /// The fields whose values are not shown, and why.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        let reason = if self.0.anonymised_at.is_some() || is_erased(context, self.0.id).await? {
            WithheldReason::Erased
        } else if self.is_read(context) {
            return Ok(Vec::new());
        } else {
            WithheldReason::Forbidden
        };
        Ok(PERSONAL.iter().map(|field| Withheld { field, reason }).collect())
    }

    /// The unit that takes care of the user.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// Whether it is a programme, not a person.
    async fn integration(&self) -> bool {
        self.0.integration
    }

    /// The roles the user has, by unit.
    async fn grants(&self) -> Vec<UserGrant> {
        let grants = self.0.grants.iter();
        grants
            .map(|grant| UserGrant { unit_id: grant.unit_id.0, role: grant.role.into(), since: grant.since })
            .collect()
    }

    /// The devices from which the user works or wants to, the newest first; none if they are withheld.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn devices(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Device>> {
        let slice = PageArguments { first, after, last, before };
        if self.is_read(context) {
            devices(context, self.0.id, &slice).await
        } else {
            slice.connection(Vec::new(), Device)
        }
    }

    /// When the user was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the user left; null while they work here.
    async fn off_boarded_at(&self) -> Option<DateTime<Utc>> {
        self.0.off_boarded_at
    }

    /// When the user was forgotten.
    async fn anonymised_at(&self) -> Option<DateTime<Utc>> {
        self.0.anonymised_at
    }

    /// Everything that happened to the user, the oldest first. Values that are withheld above are withheld here too.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        history(context, "user", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}
