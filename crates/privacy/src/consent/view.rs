use chrono::{DateTime, NaiveDate, Utc};
use lethe_crm::contact::ErasureKind;
use lethe_kernel::{ConsentId, ContactId, Personal, UnitId, UserId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Reads, Recorded, nested, page};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{ConsentEvent, Given, LegalBasis, Proof, WithdrawalNote, Withdrawn, Wording};

/// The consents.
pub struct ConsentView;

/// One consent; personal values as they are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsentRow {
    /// The consent's id.
    pub id: ConsentId,
    /// The number of its events.
    pub version: i64,
    /// The person.
    pub contact_id: ContactId,
    /// The unit that may use the data.
    pub unit_id: UnitId,
    /// What for.
    pub purpose: String,
    /// Whether it holds.
    pub status: ConsentStatus,
    /// What makes it lawful.
    pub legal_basis: LegalBasis,
    /// Where it comes from.
    pub source: String,
    /// The words agreed to.
    pub wording: Option<Personal<Wording>>,
    /// Where the proof is, or what it is.
    pub proof: Option<Personal<Proof>>,
    /// Since when it holds on these terms.
    pub effective_at: DateTime<Utc>,
    /// When these terms were recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who recorded them.
    pub recorded_by: UserId,
    /// Since when it holds no longer.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// When the withdrawal was recorded.
    pub withdrawal_recorded_at: Option<DateTime<Utc>>,
    /// Why it was withdrawn.
    pub withdrawal_reason: Option<String>,
    /// What was said when it was withdrawn.
    pub withdrawal_note: Option<Personal<WithdrawalNote>>,
    /// The first day on which the data is no longer kept for this purpose.
    pub kept_until: Option<NaiveDate>,
    /// Since when it holds no longer, for whatever reason.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was first recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

codes! {
    /// Whether a consent holds.
    pub enum ConsentStatus {
        /// It was given and stands.
        Given = "GIVEN",
        /// It was withdrawn.
        Withdrawn = "WITHDRAWN",
        /// The first day came on which data is no longer kept for its purpose.
        Expired = "EXPIRED",
        /// Its contact was erased.
        Erased = "ERASED",
    }
}

impl Projection for ConsentView {
    const NAME: &'static str = "consent";
    const VERSION: i32 = 3;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["consent"];
    type Row = ConsentRow;

    fn fold(row: Option<ConsentRow>, id: Uuid, event: &Recorded) -> Result<Option<ConsentRow>, LedgerError> {
        Ok(match (event.decode()?, row) {
            (ConsentEvent::Given(given), row) => {
                let created_at = row.map_or(event.recorded_at, |row| row.created_at);
                Some(ConsentRow::new(ConsentId(id), given, event, created_at)?)
            }
            (ConsentEvent::Withdrawn(withdrawn), Some(row)) => Some(row.withdraw(withdrawn, event)),
            (ConsentEvent::Expired(_), Some(row)) => Some(row.expire(event)),
            (ConsentEvent::Erased(erased), Some(mut row)) if erased.kind == ErasureKind::Anonymised => {
                row.erase(event);
                Some(row)
            }
            // Nothing of it is left, if its contact was deleted.
            (ConsentEvent::Erased(_), _) | (ConsentEvent::Withdrawn(_) | ConsentEvent::Expired(_), None) => {
                None
            }
        })
    }
}

impl ConsentRow {
    fn new(
        id: ConsentId,
        given: Given,
        event: &Recorded,
        created_at: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            id,
            version: event.sequence,
            contact_id: given.contact,
            unit_id: given.unit,
            purpose: given.purpose,
            status: ConsentStatus::Given,
            legal_basis: given.legal_basis,
            source: given.source,
            wording: given.wording,
            proof: given.proof,
            effective_at: given.effective_at,
            recorded_at: event.recorded_at,
            recorded_by: event.metadata()?.user,
            withdrawn_at: None,
            withdrawal_recorded_at: None,
            withdrawal_reason: None,
            withdrawal_note: None,
            kept_until: given.kept_until,
            ended_at: None,
            created_at,
            changed_at: event.recorded_at,
        })
    }

    fn expire(self, event: &Recorded) -> Self {
        Self {
            version: event.sequence,
            status: ConsentStatus::Expired,
            ended_at: Some(event.recorded_at),
            changed_at: event.recorded_at,
            ..self
        }
    }

    fn erase(&mut self, event: &Recorded) {
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            contact_id: _,
            unit_id: _,
            purpose: _,
            legal_basis: _,
            source: _,
            effective_at: _,
            recorded_at: _,
            recorded_by: _,
            withdrawn_at: _,
            withdrawal_recorded_at: _,
            withdrawal_reason: _,
            kept_until: _,
            created_at: _,
            version,
            status,
            wording,
            proof,
            withdrawal_note,
            ended_at,
            changed_at,
        } = self;
        (*version, *changed_at) = (event.sequence, event.recorded_at);
        *status = ConsentStatus::Erased;
        (*wording, *proof, *withdrawal_note) = (None, None, None);
        *ended_at = ended_at.or(Some(event.recorded_at));
    }

    fn withdraw(self, withdrawn: Withdrawn, event: &Recorded) -> Self {
        Self {
            version: event.sequence,
            status: ConsentStatus::Withdrawn,
            ended_at: self.ended_at.or(Some(withdrawn.effective_at)),
            withdrawn_at: Some(withdrawn.effective_at),
            withdrawal_recorded_at: Some(event.recorded_at),
            withdrawal_reason: withdrawn.reason,
            withdrawal_note: withdrawn.note,
            changed_at: event.recorded_at,
            ..self
        }
    }
}

/// Which consents are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct ConsentFilter {
    /// Those of all these units. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those of a contact.
    pub contact: Option<ContactId>,
    /// Those for a purpose.
    pub purpose: Option<String>,
    /// Those with a status.
    pub status: Option<ConsentStatus>,
    /// Those first recorded at or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Those first recorded before.
    pub created_until: Option<DateTime<Utc>>,
    /// Those changed at or after.
    pub changed_from: Option<DateTime<Utc>>,
    /// Those changed before.
    pub changed_until: Option<DateTime<Utc>>,
}

codes! {
    /// What consents are ordered by.
    pub enum ConsentOrder {
        /// When they were first recorded.
        Created = "CREATED",
        /// When they last changed.
        Changed = "CHANGED",
        /// When they took effect.
        Effective = "EFFECTIVE",
    }
    default Created
}

impl ConsentOrder {
    /// The order in SQL.
    #[must_use]
    pub fn sql(self, descending: bool) -> Order {
        let by = match self {
            Self::Created => "r.created_at",
            Self::Changed => "r.changed_at",
            Self::Effective => "r.effective_at",
        };
        Order { by, sql_type: "timestamptz", descending }
    }
}

/// A page of consents.
///
/// # Errors
/// Errors of the database.
pub async fn consent_page(
    pool: &PgPool,
    filter: &ConsentFilter,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<ConsentRow>>, LedgerError> {
    page::<ConsentView>(
        pool,
        |sql| {
            for unit in &filter.units {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            if let Some(contact) = filter.contact {
                sql.push(" AND r.contact_id = ").push_bind(contact.0);
            }
            for (condition, text) in [
                (" AND r.purpose = ", filter.purpose.clone()),
                (" AND r.status = ", filter.status.map(|status| status.name().to_owned())),
            ] {
                if let Some(text) = text {
                    sql.push(condition).push_bind(text);
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

/// The same page of the consents of several contacts, in one statement; those of one unit, if one is named.
///
/// # Errors
/// Errors of the database.
pub async fn consents_of_contacts(
    pool: &PgPool,
    contacts: &[Uuid],
    unit: Option<UnitId>,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<ConsentRow>>, LedgerError> {
    // The row names its parent itself; PostgreSQL drops the empty join and looks the contact up in its index.
    let join = "JOIN (SELECT 1) o ON r.contact_id = p.id";
    let only = |sql: &mut QueryBuilder<'_, Postgres>| {
        if let Some(unit) = unit {
            sql.push(" AND r.unit_id = ").push_bind(unit.0);
        }
    };
    nested::<ConsentView>(pool, contacts, &Reads::nothing(), (join, only), order, wanted).await
}

#[cfg(test)]
mod tests;
