//! The root of the graph: one line per area.

use std::sync::Arc;

use async_graphql::dataloader::DataLoader;
use async_graphql::{MergedObject, SchemaBuilder};
use lethe_access::device::DeviceView;
use lethe_access::unit::UnitView;
use lethe_access::user::UserView;
use lethe_access::user_group::UserGroupView;
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::expiry::PolicyView;
use lethe_crm::import::{OperationOutcomeView, OperationView};
use lethe_crm::note::NoteView;
use lethe_crm::note_kind::NoteKindsView;
use lethe_crm::prospect::ProspectView;
use lethe_graphql::{Documents, Limits, Persisted};
use lethe_ledger::{Parts, Projection, ViewsBuilder};
use lethe_mail::OutgoingMailView;
use lethe_privacy::consent::ConsentView;
use lethe_privacy::retention::ScheduleView;
use lethe_privacy::reveal::{AccessLogView, AlertView, RevealPolicyView};
use lethe_privacy::rotation::RotationView;

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
use crate::known_types::KnownTypes;
use crate::loader::{ById, Identified};
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

/// The views the API reads.
#[must_use]
pub fn views() -> ViewsBuilder {
    ViewsBuilder::default()
        .with::<UnitView>()
        .with::<UserView>()
        .with::<DeviceView>()
        .with::<UserGroupView>()
        .with::<ContactView>()
        .with::<CompanyView>()
        .with::<ProspectView>()
        .with::<NoteView>()
        .with::<NoteKindsView>()
        .with::<ConsentView>()
        .with::<AccessLogView>()
        .with::<AlertView>()
        .with::<RevealPolicyView>()
        .with::<RotationView>()
        .with::<PolicyView>()
        .with::<ScheduleView>()
        .with::<OperationView>()
        .with::<OperationOutcomeView>()
        .with::<OutgoingMailView>()
}

/// The schema over a running system, with limits on how deep and how costly one query may be.
pub(crate) fn schema(app: App, depth: usize, complexity: usize) -> Schema {
    let parts = app.ledger.parts().clone();
    let page = |size| usize::try_from(size).unwrap_or(1);
    let limits = Limits { depth, complexity, usual_page: page(USUAL), largest_page: page(LARGEST) };
    build()
        .data(by_id::<UnitView>(&parts))
        .data(by_id::<UserView>(&parts))
        .data(by_id::<DeviceView>(&parts))
        .data(by_id::<UserGroupView>(&parts))
        .data(by_id::<ContactView>(&parts))
        .data(by_id::<CompanyView>(&parts))
        .data(by_id::<ProspectView>(&parts))
        .data(by_id::<NoteView>(&parts))
        .data(by_id::<NoteKindsView>(&parts))
        .data(by_id::<ConsentView>(&parts))
        .data(by_id::<RevealPolicyView>(&parts))
        .data(by_id::<OperationView>(&parts))
        .data(by_id::<OutgoingMailView>(&parts))
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

fn by_id<P: Projection>(parts: &Arc<Parts>) -> DataLoader<ById<P>>
where
    P::Row: Identified,
{
    ById::<P>::new(parts.clone())
}

/// The schema, of which nothing is running yet.
pub(crate) fn build() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
}
