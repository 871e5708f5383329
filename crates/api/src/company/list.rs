use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use lethe_crm::company::{CompanyFilter, CompanyOrder, CompanyView, company_page};
use lethe_kernel::{Subject, UnitId, UserError};

use super::Company;
use super::fields::{CompanyOrderField, CompanyStatusField};
use crate::app::parts;
use crate::argument::{AsOf, TimeRange, wait_for};
use crate::connection::{Opaque, PageArguments};
use crate::error::{Result, refused};
use crate::id::Kind;
use crate::keys;
use crate::kind::shown;
use crate::loader::by_id;
use crate::permission::allowed;
use crate::scalar::{CvrNumber, Position};
use crate::unit::CountryField;

/// Which companies are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct CompanyFilterInput {
    /// Those that a unit registered.
    unit: Option<ID>,
    /// Those of a country.
    country: Option<CountryField>,
    /// Those that are active, or closed.
    status: Option<CompanyStatusField>,
    /// Those whose industry code begins so.
    nace_code: Option<String>,
    /// The one with this CVR number.
    cvr: Option<CvrNumber>,
    /// The one with this public number, of any country.
    number: Option<String>,
    /// By when they were registered.
    created: Option<TimeRange>,
    /// By when they last changed.
    changed: Option<TimeRange>,
}

/// What a list of companies is ordered by.
#[derive(InputObject, Clone, Copy, Default)]
pub(crate) struct CompanyOrderInput {
    /// The field.
    #[graphql(default)]
    by: CompanyOrderField,
    /// Whether the latest comes first.
    #[graphql(default)]
    descending: bool,
}

/// Queries about companies.
#[derive(Default)]
pub(crate) struct CompanyQuery;

#[Object]
impl CompanyQuery {
    /// One company, now or as of a moment of the past.
    #[doc = allowed!(company)]
    async fn company(
        &self,
        context: &Context<'_>,
        id: ID,
        as_of: Option<AsOf>,
        min_position: Option<Position>,
    ) -> Result<Option<Company>> {
        let id = Kind::Company.read(&id, "id").map_err(refused)?;
        wait_for(context, &[shown::<CompanyView>()], min_position).await?;
        let Some(moment) = as_of else { return Ok(by_id::<CompanyView>(context, id).await?.map(Company)) };
        let position = moment.position(context).await?;
        let mut rows = parts(context).rows_at::<CompanyView>(&[id], position).await?;
        Ok(rows.remove(&id).map(Company))
    }

    /// A list of companies.
    #[doc = allowed!(companies)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn companies(
        &self,
        context: &Context<'_>,
        filter: Option<CompanyFilterInput>,
        order_by: Option<CompanyOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, Company>> {
        wait_for(context, &[shown::<CompanyView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default().read().map_err(refused)?;
        let order = order_by.unwrap_or_default();
        let order = CompanyOrder::from(order.by).sql(order.descending);
        let found = company_page(&parts(context).pool, &filter, order, &slice.page()?).await?;
        let personal = found.iter().filter(|found| found.row.is_personal());
        let owners: Vec<Subject> = personal.map(|found| Subject::sole_proprietor(found.row.id)).collect();
        keys::load(context, &owners).await?;
        slice.connection(found, Company)
    }
}

impl CompanyFilterInput {
    fn read(self) -> Result<CompanyFilter, UserError> {
        let created = self.created.unwrap_or_default();
        let changed = self.changed.unwrap_or_default();
        Ok(CompanyFilter {
            unit: self.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose()?,
            country: self.country.map(Into::into),
            status: self.status.map(Into::into),
            nace: self.nace_code,
            number: self.cvr.map(|cvr| cvr.0.as_str().to_owned()).or(self.number),
            created_from: created.from,
            created_until: created.until,
            changed_from: changed.from,
            changed_until: changed.until,
        })
    }
}
