//! The access log: who was shown which masked value, when, and what for. Its rows hold ids and codes, and survive those
//! whom they name; only what was written about a purpose dies with the person or the note.

use chrono::{DateTime, Utc};
use lethe_kernel::{
    CompanyId, ContactId, DeviceId, NoteId, Personal, RevealId, Role, Subject, UnitId, UserId,
};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Reads, Recorded, nested, page};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{PurposeText, RevealEvent, RevealRecorded, RevealedField};

/// Every reveal, from the newest on.
const NEWEST: Order = Order { by: "r.position", sql_type: "bigint", descending: true };

/// The access log.
pub struct AccessLogView;

/// One reveal; what was written about its purpose as it is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessRow {
    /// The reveal's id.
    pub id: RevealId,
    /// Where in the ledger it stands.
    pub position: i64,
    /// When the ledger took it.
    pub at: DateTime<Utc>,
    /// Who was shown the value.
    pub user_id: UserId,
    /// In the name of which unit.
    pub unit_id: UnitId,
    /// In which role.
    pub role: Role,
    /// What was shown.
    pub field: RevealedField,
    /// The note it is of, if it is a note's.
    pub note_id: Option<NoteId>,
    /// The company it is of, if it is a company's.
    pub company_id: Option<CompanyId>,
    /// The contacts it is about.
    pub contacts: Vec<ContactId>,
    /// What for.
    pub purpose: String,
    /// What the user wrote about that.
    pub purpose_text: Option<Personal<PurposeText>>,
    /// On which device.
    pub device_id: Option<DeviceId>,
    /// The reveal whose request was sent again.
    pub repeats: Option<RevealId>,
}

impl AccessRow {
    /// The entry that an event makes; none if the event shows no value.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    pub fn of(event: &Recorded) -> Result<Option<Self>, LedgerError> {
        Ok(match event.decode()? {
            RevealEvent::Recorded(recorded) => Some(Self::new(recorded, event)?),
            RevealEvent::Unusual(_) => None,
        })
    }

    fn new(recorded: RevealRecorded, event: &Recorded) -> Result<Self, LedgerError> {
        let metadata = event.metadata()?;
        Ok(Self {
            id: recorded.reveal,
            position: event.position,
            at: event.recorded_at,
            user_id: metadata.user,
            unit_id: recorded.unit,
            role: metadata.role,
            field: recorded.what.field(),
            note_id: recorded.what.note(),
            company_id: recorded.what.company(),
            contacts: recorded.what.contacts().to_vec(),
            purpose: recorded.purpose,
            purpose_text: recorded.purpose_text,
            device_id: recorded.device,
            repeats: recorded.repeats,
        })
    }

    /// Whose key seals the value, and what was written about the purpose; none only of a row that somebody altered.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        match (self.note_id, self.company_id) {
            (Some(note), _) => Some(note.into()),
            (None, Some(company)) => Some(Subject::sole_proprietor(company)),
            (None, None) => self.contacts.first().map(|contact| (*contact).into()),
        }
    }
}

impl Projection for AccessLogView {
    const NAME: &'static str = "access_log";
    const VERSION: i32 = 2;
    const SQL: &'static str = include_str!("log.sql");
    const SOURCES: &'static [&'static str] = &["reveals"];
    type Row = AccessRow;

    fn keys(event: &Recorded) -> Result<Vec<Uuid>, LedgerError> {
        Ok(AccessRow::of(event)?.map(|row| row.id.0).into_iter().collect())
    }

    fn fold(row: Option<AccessRow>, _: Uuid, event: &Recorded) -> Result<Option<AccessRow>, LedgerError> {
        Ok(AccessRow::of(event)?.or(row))
    }
}

/// Which reveals are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct AccessFilter {
    /// Those about a contact.
    pub contact: Option<ContactId>,
    /// Those of a note.
    pub note: Option<NoteId>,
    /// Those of a company.
    pub company: Option<CompanyId>,
    /// Those by a user.
    pub user: Option<UserId>,
    /// Those in the name of all these units. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those of a field.
    pub field: Option<RevealedField>,
    /// Those at or after.
    pub from: Option<DateTime<Utc>>,
    /// Those before.
    pub until: Option<DateTime<Utc>>,
}

/// A page of the access log, the newest reveal first.
///
/// # Errors
/// Errors of the database.
pub async fn access_page(
    pool: &PgPool,
    filter: &AccessFilter,
    wanted: &Page,
) -> Result<Vec<Found<AccessRow>>, LedgerError> {
    page::<AccessLogView>(
        pool,
        |sql| {
            for unit in &filter.units {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            for (condition, id) in [
                (" AND r.note_id = ", filter.note.map(|note| note.0)),
                (" AND r.company_id = ", filter.company.map(|company| company.0)),
                (" AND r.user_id = ", filter.user.map(|user| user.0)),
            ] {
                if let Some(id) = id {
                    sql.push(condition).push_bind(id);
                }
            }
            if let Some(contact) = filter.contact {
                sql.push(" AND r.contacts @> ARRAY[").push_bind(contact.0).push("]");
            }
            if let Some(field) = filter.field {
                sql.push(" AND r.field = ").push_bind(field.name());
            }
            for (condition, time) in [(" AND r.at >= ", filter.from), (" AND r.at < ", filter.until)] {
                if let Some(time) = time {
                    sql.push(condition).push_bind(time);
                }
            }
        },
        NEWEST,
        wanted,
    )
    .await
}

/// The same page of the reveals about several contacts, in one statement; those in the name of one unit, if one is named.
///
/// # Errors
/// Errors of the database.
pub async fn access_of_contacts(
    pool: &PgPool,
    contacts: &[Uuid],
    unit: Option<UnitId>,
    wanted: &Page,
) -> Result<Vec<Found<AccessRow>>, LedgerError> {
    // The row names its parents itself; PostgreSQL drops the empty join and looks them up in its index.
    let join = "JOIN (SELECT 1) o ON r.contacts @> ARRAY[p.id]";
    let only = |sql: &mut QueryBuilder<'_, Postgres>| {
        if let Some(unit) = unit {
            sql.push(" AND r.unit_id = ").push_bind(unit.0);
        }
    };
    nested::<AccessLogView>(pool, contacts, &Reads::nothing(), (join, only), NEWEST, wanted).await
}

/// One reveal as the person whom the value is about may know it: not who the colleague was, and not what was written
/// about the purpose, which may speak of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectAccess {
    /// When.
    pub at: DateTime<Utc>,
    /// In the name of which unit.
    pub unit: UnitId,
    /// In which role.
    pub role: Role,
    /// What was shown.
    pub field: RevealedField,
    /// What for.
    pub purpose: String,
}

impl From<AccessRow> for SubjectAccess {
    fn from(row: AccessRow) -> Self {
        Self { at: row.at, unit: row.unit_id, role: row.role, field: row.field, purpose: row.purpose }
    }
}

/// A page of what a contact may know of the access log: the reveals about it at all units, the newest first.
///
/// # Errors
/// Errors of the database.
pub async fn access_log_of(
    pool: &PgPool,
    contact: ContactId,
    wanted: &Page,
) -> Result<Vec<Found<SubjectAccess>>, LedgerError> {
    let filter = AccessFilter { contact: Some(contact), ..AccessFilter::default() };
    let found = access_page(pool, &filter, wanted).await?;
    let known = |Found { parent, cursor, row }| Found { parent, cursor, row: SubjectAccess::from(row) };
    Ok(found.into_iter().map(known).collect())
}

#[cfg(test)]
mod tests;
