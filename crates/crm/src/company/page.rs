//! Lists of companies.

use chrono::{DateTime, Utc};
use lethe_kernel::{UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, page};
use lethe_nordic::Country;
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{CompanyRow, CompanyStatus, CompanyView, Nace, company_id};

/// Which companies are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct CompanyFilter {
    /// Those that a unit registered.
    pub unit: Option<UnitId>,
    /// Those of a country.
    pub country: Option<Country>,
    /// Those that are active, or closed.
    pub status: Option<CompanyStatus>,
    /// Those whose industry code begins so, with or without dots.
    pub nace: Option<String>,
    /// The one with this public number, in any usual spelling. A sole trader's personnummer finds nothing.
    pub number: Option<String>,
    /// Those registered at or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Those registered before.
    pub created_until: Option<DateTime<Utc>>,
    /// Those changed at or after.
    pub changed_from: Option<DateTime<Utc>>,
    /// Those changed before.
    pub changed_until: Option<DateTime<Utc>>,
}

impl CompanyFilter {
    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        if let Some(unit) = self.unit {
            sql.push(" AND r.unit_id = ").push_bind(unit.0);
        }
        if let Some(country) = self.country {
            sql.push(" AND r.country = ").push_bind(country.as_str());
        }
        if let Some(status) = self.status {
            sql.push(" AND r.status = ").push_bind(status.name());
        }
        if let Some(begin) = &self.nace {
            // Text that begins no code is kept as it is: it then finds nothing.
            let begin = Nace::prefix(begin).unwrap_or_else(|| begin.clone());
            sql.push(" AND starts_with(r.nace_code, ").push_bind(begin).push(")");
        }
        if let Some(number) = &self.number {
            sql.push(" AND r.id = ANY(").push_bind(ids_of(number)).push(")");
        }
        for (condition, time) in [
            (" AND r.created_at >= ", self.created_from),
            (" AND r.created_at < ", self.created_until),
            (" AND r.changed_at >= ", self.changed_from),
            (" AND r.changed_at < ", self.changed_until),
        ] {
            if let Some(time) = time {
                sql.push(condition).push_bind(time);
            }
        }
    }
}

/// The ids that companies of any country would have under this number.
fn ids_of(number: &str) -> Vec<Uuid> {
    Country::ALL.into_iter().filter_map(|country| company_id(country, number).ok()).map(Uuid::from).collect()
}

codes! {
    /// What companies are ordered by.
    pub enum CompanyOrder {
        /// When they were registered.
        Created = "CREATED",
        /// When they last changed.
        Changed = "CHANGED",
    }
    default Created
}

impl CompanyOrder {
    /// The order in SQL.
    #[must_use]
    pub fn sql(self, descending: bool) -> Order {
        let by = match self {
            Self::Created => "r.created_at",
            Self::Changed => "r.changed_at",
        };
        Order { by, sql_type: "timestamptz", descending }
    }
}

/// A page of companies.
///
/// # Errors
/// Errors of the database.
pub async fn company_page(
    pool: &PgPool,
    filter: &CompanyFilter,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<CompanyRow>>, LedgerError> {
    page::<CompanyView>(pool, |sql| filter.push(sql), order, wanted).await
}
