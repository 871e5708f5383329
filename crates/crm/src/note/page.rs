use chrono::{DateTime, NaiveDate, Utc};
use lethe_kernel::{CompanyId, ContactId, UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Reads, nested, page_with};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{NoteRow, NoteStatus, NoteView};

/// Which notes are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct NoteFilter {
    /// Those of all these units. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those that name a contact.
    pub contact: Option<ContactId>,
    /// Those about a company.
    pub company: Option<CompanyId>,
    /// Those with a status.
    pub status: Option<NoteStatus>,
    /// Those written at or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Those written before.
    pub created_until: Option<DateTime<Utc>>,
    /// Those changed at or after.
    pub changed_from: Option<DateTime<Utc>>,
    /// Those changed before.
    pub changed_until: Option<DateTime<Utc>>,
    /// Those that expire on or after.
    pub expires_from: Option<NaiveDate>,
    /// Those that expire before.
    pub expires_before: Option<NaiveDate>,
}

codes! {
    /// What notes are ordered by.
    pub enum NoteOrder {
        /// When they were written.
        Created = "CREATED",
        /// When they last changed.
        Changed = "CHANGED",
        /// When they expire.
        Expiry = "EXPIRY",
    }
    default Created
}

impl NoteOrder {
    /// The order in SQL.
    #[must_use]
    pub fn sql(self, descending: bool) -> Order {
        let (by, sql_type) = match self {
            Self::Created => ("r.created_at", "timestamptz"),
            Self::Changed => ("r.changed_at", "timestamptz"),
            Self::Expiry => ("coalesce(r.expires_on, 'infinity'::date)", "date"),
        };
        Order { by, sql_type, descending }
    }
}

/// The notes of a contact, the newest first: a range of an index, however many there are.
const NEWEST_OF_CONTACT: Order = Order { by: "l.created_at", sql_type: "timestamptz", descending: true };

/// A page of notes, with these of their lists.
///
/// # Errors
/// Errors of the database.
pub async fn note_page(
    pool: &PgPool,
    reads: &Reads,
    filter: &NoteFilter,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<NoteRow>>, LedgerError> {
    page_with::<NoteView>(
        pool,
        reads,
        |sql| {
            if let Some(contact) = filter.contact {
                sql.push(
                    " AND EXISTS (SELECT FROM view.note_contact l WHERE l.note_id = r.id AND l.contact_id = ",
                )
                .push_bind(contact.0)
                .push(")");
            }
            for unit in &filter.units {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            if let Some(company) = filter.company {
                sql.push(" AND r.company_id = ").push_bind(company.0);
            }
            if let Some(status) = filter.status {
                sql.push(" AND r.status = ").push_bind(status.name());
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
            for (condition, date) in [
                (" AND r.expires_on >= ", filter.expires_from),
                (" AND r.expires_on < ", filter.expires_before),
            ] {
                if let Some(date) = date {
                    sql.push(condition).push_bind(date);
                }
            }
        },
        order,
        wanted,
    )
    .await
}

/// The same page of the notes of several contacts, the newest first, with these of their lists, in one statement; those of one unit, if one
/// is named.
///
/// # Errors
/// Errors of the database.
pub async fn notes_of_contacts(
    pool: &PgPool,
    contacts: &[Uuid],
    (reads, unit): (&Reads, Option<UnitId>),
    wanted: &Page,
) -> Result<Vec<Found<NoteRow>>, LedgerError> {
    let only = |sql: &mut QueryBuilder<'_, Postgres>| {
        if let Some(unit) = unit {
            sql.push(" AND r.unit_id = ").push_bind(unit.0);
        }
    };
    let join = "JOIN view.note_contact l ON l.note_id = r.id AND l.contact_id = p.id";
    nested::<NoteView>(pool, contacts, reads, (join, only), NEWEST_OF_CONTACT, wanted).await
}
