use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use lethe_crm::contact::{ContactFilter, ContactOrder, ContactView, contact_page};
use lethe_kernel::{CompanyId, UnitId};

use super::{Contact, ContactStatusField, Nested, contact_at};
use crate::app::parts;
use crate::argument::{AsOf, TimeRange, wait_for};
use crate::code::code;
use crate::connection::{Opaque, PageArguments};
use crate::error::{Result, refused};
use crate::id::Kind;
use crate::kind::{ShownView, shown};
use crate::loader::{asked, by_id};
use crate::permission::allowed;
use crate::scalar::{Date, Position};
use crate::visibility::Visibility;
use lethe_crm::company::CompanyView;
use lethe_crm::note::NoteView;
use lethe_privacy::consent::ConsentView;

/// Which contacts are wanted; everything given must hold. Names and other personal values are sealed, so no list
/// filters or sorts by them.
#[derive(InputObject, Default)]
pub(crate) struct ContactFilterInput {
    /// Those that a unit has.
    unit: Option<ID>,
    /// Those with a status: active ones, unless you ask for those that were anonymised. Deleted ones are in no list.
    #[graphql(default)]
    status: ContactStatusField,
    /// Those of a company.
    company: Option<ID>,
    /// By when they were registered.
    created: Option<TimeRange>,
    /// By when they last changed.
    changed: Option<TimeRange>,
    /// Those of which an item expires before this day.
    expires_before: Option<Date>,
}

/// What a list of contacts is ordered by.
#[derive(InputObject, Clone, Copy, Default)]
pub(crate) struct ContactOrderInput {
    /// The field.
    #[graphql(default)]
    by: ContactOrderField,
    /// Whether the latest comes first.
    #[graphql(default)]
    descending: bool,
}

code! {
    /// The fields a list of contacts can be ordered by.
    ContactOrderField: "ContactOrderField" = ContactOrder
}

/// The views that a contact with its lists is read from.
const VIEWS: &[ShownView] =
    &[shown::<ContactView>(), shown::<CompanyView>(), shown::<NoteView>(), shown::<ConsentView>()];

/// Queries about contacts.
#[derive(Default)]
pub(crate) struct ContactQuery;

#[Object]
impl ContactQuery {
    /// One contact, now or as of a moment of the past.
    #[doc = allowed!(contact)]
    async fn contact(
        &self,
        context: &Context<'_>,
        id: ID,
        as_of: Option<AsOf>,
        min_position: Option<Position>,
    ) -> Result<Option<Contact>> {
        let id = Kind::Contact.read(&id, "id").map_err(refused)?;
        wait_for(context, VIEWS, min_position).await?;
        match as_of {
            Some(moment) => contact_at(context, id, moment.position(context).await?).await,
            None => Ok(by_id::<ContactView>(context, id).await?.map(Contact::now)),
        }
    }

    /// A list of contacts.
    #[doc = allowed!(contacts)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn contacts(
        &self,
        context: &Context<'_>,
        filter: Option<ContactFilterInput>,
        order_by: Option<ContactOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, Contact>> {
        wait_for(context, VIEWS, min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default().read(Visibility::of(context)).map_err(refused)?;
        let order = order_by.unwrap_or_default();
        let order = ContactOrder::from(order.by).sql(order.descending);
        let reads = asked(&context.look_ahead(), &["companies"]);
        let found = contact_page(&parts(context).pool, &reads, &filter, order, &slice.page()?).await?;
        let rows: Vec<_> = found.iter().map(|found| &found.row).collect();
        let nested = Arc::new(Nested::read_ahead(context, &rows).await?);
        slice.connection(found, |row| Contact::with(row, nested.clone()))
    }
}

impl ContactFilterInput {
    fn read(self, seen: Visibility) -> Result<ContactFilter, lethe_kernel::UserError> {
        let created = self.created.unwrap_or_default();
        let changed = self.changed.unwrap_or_default();
        Ok(ContactFilter {
            units: seen
                .narrowed(self.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose()?),
            status: self.status.into(),
            company: self
                .company
                .map(|id| Kind::Company.read(&id, "filter.company").map(CompanyId))
                .transpose()?,
            created_from: created.from,
            created_until: created.until,
            changed_from: changed.from,
            changed_until: changed.until,
            expires_before: self.expires_before.map(|date| date.0),
        })
    }
}
