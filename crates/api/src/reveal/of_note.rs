use async_graphql::connection::Connection;
use async_graphql::{Context, Object};
use lethe_crm::note::NoteRow;
use lethe_privacy::reveal::AccessFilter;

use super::entry::AccessLogEntry;
use super::query::entries;
use crate::app::request;
use crate::connection::{Opaque, PageArguments};
use crate::error::Result;
use crate::permission::permits;

/// What a note says of reveals.
pub(crate) struct NoteReveals<'n>(pub(crate) &'n NoteRow);

#[Object]
impl NoteReveals<'_> {
    /// Whether `noteReveal` would show you its text: it is masked and still there, it is a note of your unit, and your role
    /// may. It does not tell whether you have to sign in with a second factor first.
    async fn viewer_can_reveal(&self, context: &Context<'_>) -> bool {
        let caller = request(context).session.caller;
        self.0.contains_sensitive
            && self.0.text.is_some()
            && self.0.unit_id == caller.unit
            && permits("noteReveal", caller.role)
    }

    /// Who was shown its text; the newest first. For those who may use `accessLog`.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn access_log(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, AccessLogEntry>> {
        let filter = AccessFilter { note: Some(self.0.id), ..AccessFilter::default() };
        entries(context, filter, &PageArguments { first, after, last, before }).await
    }
}
