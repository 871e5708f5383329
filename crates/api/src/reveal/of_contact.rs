use async_graphql::connection::Connection;
use async_graphql::{Context, Object};
use lethe_access::UnitKind;
use lethe_access::unit::UnitView;
use lethe_crm::contact::{ContactRow, ContactStatus};
use lethe_privacy::reveal::{AccessFilter, access_log_of};

use super::entry::AccessLogEntry;
use super::query::entries;
use super::subject::AccessForSubject;
use crate::app::{parts, request};
use crate::connection::{Opaque, PageArguments};
use crate::contact::Nested;
use crate::error::Result;
use crate::loader::by_id;
use crate::permission::{check, permits};

/// What a contact says of reveals.
pub(crate) struct ContactReveals<'c> {
    pub(crate) contact: &'c ContactRow,
    /// Whether it is shown as of the past; what is revealed is always the present.
    pub(crate) past: bool,
    pub(crate) nested: &'c Nested,
}

#[Object]
impl ContactReveals<'_> {
    /// Whether `cprReveal` would show you its CPR number: it has one, your unit has the contact and may use the field, and
    /// your role may. It does not tell whether you have to sign in with a second factor first.
    async fn viewer_can_reveal(&self, context: &Context<'_>) -> Result<bool> {
        let (caller, contact) = (request(context).session.caller, self.contact);
        let shown = !self.past && contact.status == ContactStatus::Active && contact.cpr_serial.is_some();
        if !(shown && permits("cprReveal", caller.role) && contact.units.contains(&caller.unit)) {
            return Ok(false);
        }
        let unit = by_id::<UnitView>(context, caller.unit.0).await?;
        Ok(unit.is_some_and(|unit| unit.kind == UnitKind::BusinessHub))
    }

    /// Who was shown its CPR number, or the sensitive text of a note about it; the newest first. For those
    /// who may use `accessLog`.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn access_log(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, AccessLogEntry>> {
        let slice = PageArguments { first, after, last, before };
        if let Some(read) = self.nested.access(self.contact.id.0, &slice.page()?) {
            return slice.connection(read, AccessLogEntry);
        }
        let filter = AccessFilter { contact: Some(self.contact.id), ..AccessFilter::default() };
        entries(context, filter, &slice).await
    }

    /// What the person may know of that: the reveals at all units, without the names of colleagues; the newest first. For
    /// those who may use `accessLog`.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn access_log_for_subject(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, AccessForSubject>> {
        check("accessLog", &request(context).session)?;
        let slice = PageArguments { first, after, last, before };
        let found = access_log_of(&parts(context).pool, self.contact.id, &slice.page()?).await;
        slice.connection(found?, AccessForSubject)
    }
}
