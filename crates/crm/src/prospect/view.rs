use chrono::{DateTime, Utc};
use lethe_kernel::{CompanyId, ContactId, Personal, ProspectId, UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{ProspectEvent, Registered, Title};
use crate::company::NaceVersion;
use crate::contact::ErasureKind;

/// The prospects.
pub struct ProspectView;

/// One prospect; its title as it is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProspectRow {
    /// The prospect's id.
    pub id: ProspectId,
    /// The number of its events.
    pub version: i64,
    /// The unit that registered it.
    pub unit_id: UnitId,
    /// The contact whose idea it is; the title is sealed for that contact.
    pub contact_id: ContactId,
    /// The company it founded.
    pub company_id: Option<CompanyId>,
    /// The reference of another system.
    pub external_reference: Option<String>,
    /// What it is called; gone once the contact was erased.
    pub title: Option<Personal<Title>>,
    /// The industry code with its dots.
    pub nace_code: Option<String>,
    /// The list the industry code is from.
    pub nace_version: Option<NaceVersion>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

impl Projection for ProspectView {
    const NAME: &'static str = "prospect";
    const VERSION: i32 = 2;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["prospect"];
    type Row = ProspectRow;

    fn fold(
        row: Option<ProspectRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<ProspectRow>, LedgerError> {
        let row = match (row, event.decode()?) {
            (_, ProspectEvent::Registered(registered)) => ProspectRow::new(ProspectId(id), registered, event),
            (Some(row), ProspectEvent::Linked(linked)) => {
                ProspectRow { company_id: Some(linked.company), ..row }
            }
            (Some(mut row), ProspectEvent::Erased(erased)) if erased.kind == ErasureKind::Anonymised => {
                row.anonymise();
                row
            }
            // Nothing of it is left, if its contact was deleted.
            (_, ProspectEvent::Erased(_)) | (None, ProspectEvent::Linked(_)) => return Ok(None),
        };
        Ok(Some(ProspectRow { version: event.sequence, changed_at: event.recorded_at, ..row }))
    }
}

impl ProspectRow {
    fn anonymise(&mut self) {
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            version: _,
            unit_id: _,
            contact_id: _,
            company_id: _,
            nace_code: _,
            nace_version: _,
            created_at: _,
            changed_at: _,
            external_reference,
            title,
        } = self;
        (*external_reference, *title) = (None, None);
    }

    fn new(id: ProspectId, registered: Registered, event: &Recorded) -> Self {
        let (nace_code, nace_version) = registered.nace.map(|nace| (nace.code, nace.version)).unzip();
        Self {
            id,
            version: event.sequence,
            unit_id: registered.unit,
            contact_id: registered.contact,
            company_id: None,
            external_reference: registered.external_reference,
            title: Some(registered.title),
            nace_code,
            nace_version,
            created_at: event.recorded_at,
            changed_at: event.recorded_at,
        }
    }
}

/// Which prospects are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct ProspectFilter {
    /// Those that all these units registered. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those of a contact.
    pub contact: Option<ContactId>,
    /// Those that founded a company.
    pub company: Option<CompanyId>,
    /// Those registered at or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Those registered before.
    pub created_until: Option<DateTime<Utc>>,
    /// Those changed at or after.
    pub changed_from: Option<DateTime<Utc>>,
    /// Those changed before.
    pub changed_until: Option<DateTime<Utc>>,
}

codes! {
    /// What prospects are ordered by.
    pub enum ProspectOrder {
        /// When they were registered.
        Created = "CREATED",
        /// When they last changed.
        Changed = "CHANGED",
    }
    default Created
}

impl ProspectOrder {
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

/// A page of prospects.
///
/// # Errors
/// Errors of the database.
pub async fn prospect_page(
    pool: &PgPool,
    filter: &ProspectFilter,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<ProspectRow>>, LedgerError> {
    page::<ProspectView>(
        pool,
        |sql| {
            for unit in &filter.units {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            for (condition, id) in [
                (" AND r.contact_id = ", filter.contact.map(Uuid::from)),
                (" AND r.company_id = ", filter.company.map(Uuid::from)),
            ] {
                if let Some(id) = id {
                    sql.push(condition).push_bind(id);
                }
            }
            for (condition, time) in [
                (" AND r.created_at >= ", filter.created_from),
                (" AND r.created_at < ", filter.created_until),
                (" AND r.changed_at >= ", filter.changed_from),
                (" AND r.changed_at < ", filter.changed_until),
            ] {
                if let Some(time) = time {
                    sql.push(condition).push_bind(time);
                }
            }
        },
        order,
        wanted,
    )
    .await
}
