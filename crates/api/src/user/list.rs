use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object};
use lethe_access::user::{UserView, user_page};
use lethe_kernel::{Subject, UnitId};

use super::User;
use crate::app::parts;
use crate::argument::wait_for;
use crate::connection::{Opaque, PageArguments};
use crate::error::{Result, refused};
use crate::id::Kind;
use crate::keys;
use crate::kind::shown;
use crate::permission::allowed;
use crate::scalar::Position;
use crate::visibility::Visibility;

/// Queries about users.
#[derive(Default)]
pub(crate) struct UserQuery;

#[Object]
impl UserQuery {
    /// The users that a unit takes care of or that have a role in it, in the order in which they were registered: those of
    /// your own unit, or of any if you look after all units.
    #[doc = allowed!(users)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn users(
        &self,
        context: &Context<'_>,
        unit: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, User>> {
        wait_for(context, &[shown::<UserView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let asked = unit.map(|id| Kind::Unit.read(&id, "unit").map(UnitId)).transpose();
        let units = Visibility::of(context).narrowed(asked.map_err(refused)?);
        let found = user_page(&parts(context).pool, &units, &slice.page()?).await?;
        let subjects: Vec<Subject> = found.iter().map(|found| found.row.id.into()).collect();
        keys::load(context, &subjects).await?;
        slice.connection(found, User)
    }
}
