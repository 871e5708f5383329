use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_kernel::{CompanyId, ContactId, NoteId, UnitId, UserError, UserId};
use lethe_ledger::{Found, Page};
use lethe_privacy::reveal::{
    AccessFilter, AccessLogView, AccessRow, AlertView, access_of_contacts, access_page, alert_page,
};
use uuid::Uuid;

use super::alert::RevealAlert;
use super::entry::{AccessLogEntry, RevealedFieldName, load_keys};
use crate::app::{parts, request};
use crate::argument::wait_for;
use crate::connection::{Opaque, PageArguments};
use crate::error::{Result, refused};
use crate::id::Kind;
use crate::kind::shown;
use crate::permission::{allowed, check};
use crate::scalar::Position;
use crate::visibility::Visibility;

/// Which entries of the access log are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct AccessLogFilter {
    /// Those about a contact: its CPR number, and notes that named it.
    contact: Option<ID>,
    /// Those of a note.
    note: Option<ID>,
    /// Those of a company.
    company: Option<ID>,
    /// Those by a user.
    user: Option<ID>,
    /// Those in the name of a unit.
    unit: Option<ID>,
    /// Those of a field.
    field: Option<RevealedFieldName>,
    /// Those at or after.
    from: Option<DateTime<Utc>>,
    /// Those before.
    until: Option<DateTime<Utc>>,
}

/// Queries about reveals.
#[derive(Default)]
pub(crate) struct RevealQuery;

#[Object]
impl RevealQuery {
    /// Who was shown which masked value, when and what for, the newest first. DPMs read that of their unit, auditors that
    /// of all units. It survives those whom it names.
    #[doc = allowed!(accessLog)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn access_log(
        &self,
        context: &Context<'_>,
        filter: Option<AccessLogFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, AccessLogEntry>> {
        wait_for(context, &[shown::<AccessLogView>()], min_position).await?;
        let filter = filter.unwrap_or_default().read().map_err(refused)?;
        entries(context, filter, &PageArguments { first, after, last, before }).await
    }

    /// The warnings about users who revealed unusually much within an hour, the newest first. DPMs read those of their
    /// unit, auditors those of all units.
    #[doc = allowed!(revealAlerts)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn reveal_alerts(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, RevealAlert>> {
        wait_for(context, &[shown::<AlertView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let found = alert_page(&parts(context).pool, Visibility::of(context).unit(), &slice.page()?).await;
        slice.connection(found?, RevealAlert)
    }
}

/// The same page of the reveals about several contacts, as far as the caller may read it.
pub(crate) async fn access_logs(
    context: &Context<'_>,
    contacts: &[Uuid],
    page: &Page,
) -> Result<Vec<Found<AccessRow>>> {
    check("accessLog", &request(context).session)?;
    let own = Visibility::of(context).unit();
    Ok(access_of_contacts(&parts(context).pool, contacts, own, page).await?)
}

/// A page of the access log, as far as the caller may read it.
pub(super) async fn entries(
    context: &Context<'_>,
    filter: AccessFilter,
    slice: &PageArguments,
) -> Result<Connection<Opaque, AccessLogEntry>> {
    check("accessLog", &request(context).session)?;
    let units = filter.units.into_iter().chain(Visibility::of(context).unit()).collect();
    let filter = AccessFilter { units, ..filter };
    let found = access_page(&parts(context).pool, &filter, &slice.page()?).await?;
    load_keys(context, &found).await?;
    slice.connection(found, AccessLogEntry)
}

impl AccessLogFilter {
    fn read(self) -> Result<AccessFilter, UserError> {
        let read = |kind: Kind, id: Option<ID>, field: &str| id.map(|id| kind.read(&id, field)).transpose();
        Ok(AccessFilter {
            contact: read(Kind::Contact, self.contact, "filter.contact")?.map(ContactId),
            note: read(Kind::Note, self.note, "filter.note")?.map(NoteId),
            company: read(Kind::Company, self.company, "filter.company")?.map(CompanyId),
            user: read(Kind::User, self.user, "filter.user")?.map(UserId),
            units: read(Kind::Unit, self.unit, "filter.unit")?.map(UnitId).into_iter().collect(),
            field: self.field.map(Into::into),
            from: self.from,
            until: self.until,
        })
    }
}
