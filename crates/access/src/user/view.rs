use chrono::{DateTime, Utc};
use lethe_kernel::{Personal, Role, UnitId, UserId};
use lethe_ledger::{Child, Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Email, Grant, Identity, IdentitySubject, Name, Registered, UserEvent};

/// The users.
pub struct UserView;

/// One user; personal values as they are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// The user's id.
    pub id: UserId,
    /// The number of its events.
    pub version: i64,
    /// The unit that takes care of the user.
    pub unit_id: UnitId,
    /// Whether it is a programme.
    pub integration: bool,
    /// The name; gone once the user was forgotten.
    pub name: Option<Personal<Name>>,
    /// The e-mail address; likewise.
    pub email: Option<Personal<Email>>,
    /// When the user was registered.
    pub created_at: DateTime<Utc>,
    /// When the user last changed.
    pub changed_at: DateTime<Utc>,
    /// When the user left.
    pub off_boarded_at: Option<DateTime<Utc>>,
    /// When the user was forgotten.
    pub anonymised_at: Option<DateTime<Utc>>,
    /// How the user proves who they are; likewise gone.
    pub identities: Vec<UserIdentity>,
    /// The roles the user has, by unit and name.
    pub grants: Vec<GrantTerm>,
}

/// An identity of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserIdentity {
    user_id: UserId,
    number: i64,
    /// The provider.
    pub issuer: String,
    /// How the provider names the user.
    pub subject: Personal<IdentitySubject>,
}

/// A role that a user has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantTerm {
    user_id: UserId,
    /// The unit.
    pub unit_id: UnitId,
    /// The role.
    pub role: Role,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Projection for UserView {
    // `user` alone is a word of SQL.
    const NAME: &'static str = "users";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const CHILDREN: &'static [Child] = &[
        Child {
            field: "identities",
            table: "user_identity",
            owner: "user_id",
            key: &["number"],
            first: None,
        },
        Child {
            field: "grants",
            table: "user_grant",
            owner: "user_id",
            key: &["unit_id", "role"],
            first: None,
        },
    ];
    const SOURCES: &'static [&'static str] = &["user"];
    type Row = UserRow;

    fn fold(row: Option<UserRow>, id: Uuid, event: &Recorded) -> Result<Option<UserRow>, LedgerError> {
        let decoded: UserEvent = event.decode()?;
        let mut row = match (row, &decoded) {
            (Some(row), _) => row,
            (None, UserEvent::Registered(registered)) => UserRow::new(UserId(id), registered, event),
            (None, _) => return Ok(None),
        };
        row.version = event.sequence;
        row.changed_at = event.recorded_at;
        row.apply(decoded, event.recorded_at);
        Ok(Some(row))
    }
}

impl UserRow {
    /// Whether a unit takes care of the user, or the user has a role in it.
    #[must_use]
    pub fn is_of(&self, unit: UnitId) -> bool {
        self.unit_id == unit || self.grants.iter().any(|grant| grant.unit_id == unit)
    }

    fn new(id: UserId, registered: &Registered, event: &Recorded) -> Self {
        Self {
            id,
            version: event.sequence,
            unit_id: registered.unit,
            integration: registered.integration,
            name: None,
            email: None,
            created_at: event.recorded_at,
            changed_at: event.recorded_at,
            off_boarded_at: None,
            anonymised_at: None,
            identities: Vec::new(),
            grants: Vec::new(),
        }
    }

    fn apply(&mut self, event: UserEvent, at: DateTime<Utc>) {
        match event {
            UserEvent::Registered(event) => {
                (self.name, self.email) = (Some(event.name), event.email);
                self.identify(event.identities);
            }
            UserEvent::Amended(event) => {
                self.name = event.name.or(self.name.take());
                event.email.apply(&mut self.email);
                if let Some(identities) = event.identities {
                    self.identify(identities);
                }
            }
            UserEvent::Granted(granted) => {
                let Grant { unit, role } = granted.grant;
                self.grants.retain(|term| term.unit_id != unit || term.role != role);
                self.grants.push(GrantTerm { user_id: self.id, unit_id: unit, role, since: at });
                self.grants.sort_by_key(|term| (term.unit_id, term.role.name()));
            }
            UserEvent::Revoked(revoked) => {
                let Grant { unit, role } = revoked.grant;
                self.grants.retain(|term| term.unit_id != unit || term.role != role);
            }
            UserEvent::DeviceRequested(_) => {}
            UserEvent::OffBoarded(_) => {
                self.off_boarded_at = Some(at);
                self.grants.clear();
            }
            UserEvent::Anonymised(_) => self.anonymise(at),
        }
    }

    fn anonymise(&mut self, at: DateTime<Utc>) {
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            version: _,
            unit_id: _,
            integration: _,
            created_at: _,
            changed_at: _,
            off_boarded_at: _,
            grants: _,
            name,
            email,
            anonymised_at,
            identities,
        } = self;
        *anonymised_at = Some(at);
        (*name, *email) = (None, None);
        identities.clear();
    }

    fn identify(&mut self, identities: Vec<Identity>) {
        let user_id = self.id;
        let numbered = (1..).zip(identities).map(|(number, identity)| {
            let Identity { issuer, subject } = identity;
            UserIdentity { user_id, number, issuer, subject }
        });
        self.identities = numbered.collect();
    }
}

/// A page of users in the order in which they were registered: those that each of these units takes care of or in which
/// they have a role; all if no unit is named.
///
/// # Errors
/// Errors of the database.
pub async fn user_page(
    pool: &PgPool,
    units: &[UnitId],
    wanted: &Page,
) -> Result<Vec<Found<UserRow>>, LedgerError> {
    let order = Order { by: "r.created_at", sql_type: "timestamptz", descending: false };
    page::<UserView>(
        pool,
        |sql| {
            for unit in units {
                sql.push(" AND (r.unit_id = ").push_bind(unit.0);
                sql.push(" OR EXISTS (SELECT FROM view.user_grant g WHERE g.user_id = r.id AND g.unit_id = ");
                sql.push_bind(unit.0).push("))");
            }
        },
        order,
        wanted,
    )
    .await
}
