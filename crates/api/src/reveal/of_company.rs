use async_graphql::connection::Connection;
use async_graphql::{Context, Object};
use lethe_crm::company::CompanyRow;
use lethe_kernel::Subject;
use lethe_privacy::reveal::AccessFilter;

use super::entry::AccessLogEntry;
use super::query::entries;
use crate::app::request;
use crate::connection::{Opaque, PageArguments};
use crate::error::Result;
use crate::keys::is_erased;
use crate::permission::permits;

/// What a company says of reveals.
pub(crate) struct CompanyReveals<'c>(pub(crate) &'c CompanyRow);

#[Object]
impl CompanyReveals<'_> {
    /// Whether `companyNumberReveal` would show you its number: that is a personnummer, your unit registered the company,
    /// and your role may. It does not tell whether you have to sign in with a second factor first.
    async fn viewer_can_reveal(&self, context: &Context<'_>) -> Result<bool> {
        let caller = request(context).session.caller;
        let may = self.0.number_serial.is_some()
            && self.0.unit_id == caller.unit
            && permits("companyNumberReveal", caller.role);
        Ok(may && !is_erased(context, Subject::sole_proprietor(self.0.id)).await?)
    }

    /// Who was shown its number; the newest first. For those who may use `accessLog`.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn access_log(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, AccessLogEntry>> {
        let filter = AccessFilter { company: Some(self.0.id), ..AccessFilter::default() };
        entries(context, filter, &PageArguments { first, after, last, before }).await
    }
}
