//! The root of the graph: one line per area.

use async_graphql::{MergedObject, SchemaBuilder};
use lethe_graphql::{Documents, Limits, Persisted};

use crate::app::App;
use crate::change::Subscription;
use crate::company::{CompanyMutation, CompanyQuery};
use crate::connection::{LARGEST, USUAL};
use crate::consent::{ConsentMutation, ConsentQuery};
use crate::contact::{ContactMutation, ContactQuery, ErasureMutation, ErasureQuery};
use crate::device::DeviceMutation;
use crate::event::EventQuery;
use crate::expiry::{ExpiryMutation, ExpiryQuery};
use crate::import::{ImportMutation, ImportQuery};
use crate::kind::with_loaders;
use crate::known_types::KnownTypes;
use crate::mail::{MailMutation, MailQuery};
use crate::node::NodeQuery;
use crate::notary::{LeafHashes, NotaryQuery};
use crate::note::{NoteKindMutation, NoteMutation, NoteQuery};
use crate::null_on_error::NullOnError;
use crate::permission::Permissions;
use crate::prospect::{ProspectMutation, ProspectQuery};
use crate::reveal::{RevealMutation, RevealPolicyMutation, RevealQuery};
use crate::scalar::SCALARS;
use crate::unit::{UnitMutation, UnitQuery};
use crate::user::{UserMutation, UserQuery};
use crate::user_group::{UserGroupMutation, UserGroupQuery};
use crate::viewer::ViewerQuery;

/// Everything that can be asked. Areas that belong together are merged first: the compiler follows every object that is
/// merged one level deeper than the one before.
#[derive(MergedObject, Default)]
pub(crate) struct Query(ViewerQuery, NodeQuery, CrmQuery, PrivacyQuery, AccessQuery, AuditQuery);

/// Everything that can be done.
#[derive(MergedObject, Default)]
pub(crate) struct Mutation(CrmMutation, PrivacyMutation, AccessMutation);

/// What can be asked about contacts, companies, and what is written about them.
#[derive(MergedObject, Default)]
pub(crate) struct CrmQuery(ContactQuery, CompanyQuery, ProspectQuery, NoteQuery, ImportQuery);

/// What can be done with them.
#[derive(MergedObject, Default)]
pub(crate) struct CrmMutation(
    ContactMutation,
    CompanyMutation,
    ProspectMutation,
    NoteMutation,
    NoteKindMutation,
    ImportMutation,
);

/// What can be asked about consents, reveals, and how long anything stays.
#[derive(MergedObject, Default)]
pub(crate) struct PrivacyQuery(ErasureQuery, ConsentQuery, RevealQuery, ExpiryQuery);

/// What can be done about them.
#[derive(MergedObject, Default)]
pub(crate) struct PrivacyMutation(
    ErasureMutation,
    ConsentMutation,
    RevealMutation,
    RevealPolicyMutation,
    ExpiryMutation,
);

/// What can be asked about who works here, and the mails they get.
#[derive(MergedObject, Default)]
pub(crate) struct AccessQuery(UnitQuery, UserQuery, UserGroupQuery, MailQuery);

/// What can be done about them.
#[derive(MergedObject, Default)]
pub(crate) struct AccessMutation(UnitMutation, UserMutation, DeviceMutation, UserGroupMutation, MailMutation);

/// What can be asked about all that happened, and its proof.
#[derive(MergedObject, Default)]
pub(crate) struct AuditQuery(EventQuery, NotaryQuery);

/// The schema of the API. No other crate sees it: they have [`crate::Graph`].
pub(crate) type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema over a running system, with limits on how deep and how costly one query may be.
pub(crate) fn schema(app: App, depth: usize, complexity: usize) -> Schema {
    let parts = app.ledger.parts().clone();
    let page = |size| usize::try_from(size).unwrap_or(1);
    let limits = Limits { depth, complexity, usual_page: page(USUAL), largest_page: page(LARGEST) };
    with_loaders(build(), &parts)
        .data(LeafHashes::new(app.notary.clone()))
        .data(app)
        .limit_depth(depth)
        .limit_complexity(complexity)
        .extension(KnownTypes)
        .extension(Permissions)
        .extension(NullOnError)
        .extension(Persisted::default())
        .extension(Documents::new(limits, SCALARS))
        .finish()
}

/// The schema, of which nothing is running yet.
pub(crate) fn build() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
}
