//! Units.

mod mutation;

pub(crate) use mutation::UnitMutation;

use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_access::unit::{UnitKind, UnitRow, UnitView};
use lethe_ledger::{Order, page};
use lethe_nordic::Country;
use uuid::Uuid;

use crate::app::parts;
use crate::code::code;
use crate::connection::{Opaque, PageArguments};
use crate::error::Result;
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::loader::{Identified, by_id};
use crate::note::NoteRules;
use crate::permission::allowed;
use crate::reveal::RevealRules;
use crate::user::User;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Unit(pub(crate) UnitRow);

code! {
    /// What a unit is.
    UnitKindField: "UnitKind" = UnitKind
}

/// A Nordic country.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "Country", remote = "Country")]
pub(crate) enum CountryField {
    /// Denmark.
    #[graphql(name = "DK")]
    Denmark,
    /// Sweden.
    #[graphql(name = "SE")]
    Sweden,
    /// Norway.
    #[graphql(name = "NO")]
    Norway,
    /// Finland.
    #[graphql(name = "FI")]
    Finland,
    /// Iceland.
    #[graphql(name = "IS")]
    Iceland,
}

impl Identified for UnitRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn is_seen(&self, _: Visibility) -> bool {
        true
    }
}

impl Unit {
    pub(crate) async fn by_id(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        Ok(by_id::<UnitView>(context, id).await?.map(Self))
    }
}

/// An organisation that shares the database with others.
#[Object]
impl Unit {
    /// The unit's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Unit.id(self.0.id)
    }

    /// The number of its events.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it is.
    async fn country(&self) -> CountryField {
        self.0.country.into()
    }

    /// What it is.
    async fn kind(&self) -> UnitKindField {
        self.0.kind.into()
    }

    #[graphql(flatten)]
    async fn reveals(&self, context: &Context<'_>) -> Result<RevealRules> {
        RevealRules::of(context, self.0.id).await
    }

    #[graphql(flatten)]
    async fn notes(&self, context: &Context<'_>) -> Result<NoteRules> {
        NoteRules::of(context, self.0.id).await
    }

    /// The number of its production unit, 10 digits.
    async fn p_number(&self) -> Option<&str> {
        self.0.p_number.as_deref()
    }

    /// Its data protection manager; null if it never had one, and then it stores no contacts.
    async fn dpm(&self, context: &Context<'_>) -> Result<Option<User>> {
        let Some(dpm) = self.0.dpm() else { return Ok(None) };
        User::by_id(context, dpm.0).await
    }

    /// Everybody who was its data protection manager, the present one last.
    async fn dpms(&self) -> Vec<DpmTerm> {
        self.0
            .dpms
            .iter()
            .map(|term| DpmTerm { user: term.user_id.0, since: term.since, until: term.until })
            .collect()
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
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
        history(context, "unit", self.0.id, None, &PageArguments { first, after, last, before }).await
    }
}

/// How long somebody was the data protection manager of a unit.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct DpmTerm {
    #[graphql(skip)]
    user: Uuid,
    /// Since when.
    since: DateTime<Utc>,
    /// Until when; null for the present one.
    until: Option<DateTime<Utc>>,
}

#[ComplexObject]
impl DpmTerm {
    /// The manager.
    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        User::by_id(context, self.user).await
    }
}

/// Queries about units.
#[derive(Default)]
pub(crate) struct UnitQuery;

#[Object]
impl UnitQuery {
    /// The units that share the database, by name.
    #[doc = allowed!(units)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn units(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Unit>> {
        let slice = PageArguments { first, after, last, before };
        let order = Order { by: "r.name", sql_type: "text", descending: false };
        let found = page::<UnitView>(&parts(context).pool, |_| {}, order, &slice.page()?).await;
        slice.connection(found?, Unit)
    }
}
