//! Any object by its global id.

use async_graphql::{Context, ID, Interface, Object, Result};
use lethe_access::device::DeviceView;
use lethe_access::user_group::UserGroupView;
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::note::NoteView;
use uuid::Uuid;

use crate::app::parts;
use crate::company::Company;
use crate::connection::LARGEST;
use crate::consent::{Consent, consent_by_id};
use crate::contact::Contact;
use crate::device::Device;
use crate::error::{fault, top_level};
use crate::event::Event;
use crate::id::{self, Kind};
use crate::import::Operation;
use crate::loader::by_id;
use crate::mail::OutgoingMail;
use crate::note::Note;
use crate::permission::allowed;
use crate::prospect::{Prospect, prospect_by_id};
use crate::reveal::{AccessLogEntry, entry_by_id};
use crate::unit::Unit;
use crate::user::User;
use crate::user_group::UserGroup;
use crate::visibility::Visibility;

/// Anything with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The object's id, unlike any other's."))]
pub(crate) enum Node {
    Contact(Contact),
    Company(Company),
    Prospect(Prospect),
    Note(Note),
    Consent(Consent),
    Unit(Unit),
    User(User),
    Device(Device),
    UserGroup(UserGroup),
    Operation(Operation),
    AccessLogEntry(AccessLogEntry),
    OutgoingMail(OutgoingMail),
    Event(Event),
}

/// Queries by global id.
#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object with this id; null if there is none.
    #[doc = allowed!(node)]
    async fn node(&self, context: &Context<'_>, id: ID) -> Result<Option<Node>> {
        find(context, &id).await
    }

    /// The objects with these ids, at most 100, in the same order; null where there is none.
    #[doc = allowed!(nodes)]
    #[graphql(complexity = "crate::connection::cost(ids.len(), child_complexity)")]
    async fn nodes(&self, context: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > usize::try_from(LARGEST).unwrap_or(0) {
            return Err(top_level(
                "INVALID_VALUE",
                format!("At most {LARGEST} ids may be asked for at once."),
            ));
        }
        let mut nodes = Vec::new();
        for node in
            async_graphql::futures_util::future::join_all(ids.iter().map(|id| find(context, id))).await
        {
            nodes.push(node?);
        }
        Ok(nodes)
    }
}

/// An object by its global id.
pub(crate) async fn find(context: &Context<'_>, global: &ID) -> Result<Option<Node>> {
    let malformed =
        || top_level("INVALID_VALUE", "This is no id of this API. Use an id that the API gave you.");
    let (kind, inner) = id::decode(global).ok_or_else(malformed)?;
    if kind == Kind::Event {
        let position = inner.parse().map_err(|_| malformed())?;
        let event = parts(context).event(position).await.map_err(|error| fault(&error))?;
        let seen = Visibility::of(context).seen(parts(context), event.into_iter().collect()).await;
        return Ok(seen.map_err(|error| fault(&error))?.pop().map(Event).map(Node::Event));
    }
    by_kind(context, kind, inner.parse().map_err(|_| malformed())?).await
}

/// An object by its type and own id.
pub(crate) async fn by_kind(context: &Context<'_>, kind: Kind, id: Uuid) -> Result<Option<Node>> {
    Ok(match kind {
        Kind::Contact => by_id::<ContactView>(context, id).await?.map(Contact::now).map(Node::Contact),
        Kind::Company => by_id::<CompanyView>(context, id).await?.map(Company).map(Node::Company),
        Kind::Prospect => prospect_by_id(context, id).await?.map(Node::Prospect),
        Kind::Note => by_id::<NoteView>(context, id).await?.map(Note).map(Node::Note),
        Kind::Consent => consent_by_id(context, id).await?.map(Node::Consent),
        Kind::Unit => Unit::by_id(context, id).await?.map(Node::Unit),
        Kind::Operation => Operation::by_id(context, id).await?.map(Node::Operation),
        Kind::User => User::by_id(context, id).await?.map(Node::User),
        Kind::Device => by_id::<DeviceView>(context, id).await?.map(Device).map(Node::Device),
        Kind::UserGroup => by_id::<UserGroupView>(context, id).await?.map(UserGroup).map(Node::UserGroup),
        Kind::AccessLogEntry => entry_by_id(context, id).await?.map(Node::AccessLogEntry),
        Kind::OutgoingMail => OutgoingMail::by_id(context, id).await?.map(Node::OutgoingMail),
        Kind::Event | Kind::Installation | Kind::Reveals => None,
    })
}
