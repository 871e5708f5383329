use chrono::{DateTime, Utc};
use lethe_kernel::{DeviceId, Personal, UserId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{DeviceEvent, Label};

/// The devices.
pub struct DeviceView;

codes! {
    /// Whether a device may be used.
    pub enum DeviceStatus {
        /// Not yet: it waits for approval by the link that was mailed to the user.
        Requested = "REQUESTED",
        /// Yes.
        Approved = "APPROVED",
        /// Never again.
        Revoked = "REVOKED",
    }
}

/// One device of one user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// The id of its stream.
    pub id: Uuid,
    /// The number of its events.
    pub version: i64,
    /// Whose it is.
    pub user_id: UserId,
    /// The device's own id.
    pub device_id: DeviceId,
    /// What it calls itself, as it is sealed for the user.
    pub label: Option<Personal<Label>>,
    /// Whether it may be used.
    pub status: DeviceStatus,
    /// When it was last asked for.
    pub requested_at: DateTime<Utc>,
    /// Until when it can be approved.
    pub expires_at: DateTime<Utc>,
    /// When it was approved.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Projection for DeviceView {
    const NAME: &'static str = "device";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["device"];
    type Row = DeviceRow;

    fn fold(row: Option<DeviceRow>, id: Uuid, event: &Recorded) -> Result<Option<DeviceRow>, LedgerError> {
        let at = event.recorded_at;
        let row = match (row, event.decode()?) {
            (_, DeviceEvent::Requested(requested)) => DeviceRow {
                id,
                version: event.sequence,
                user_id: requested.user,
                device_id: requested.device,
                label: requested.label,
                status: DeviceStatus::Requested,
                requested_at: at,
                expires_at: requested.expires,
                approved_at: None,
                revoked_at: None,
            },
            (Some(row), DeviceEvent::Approved(_)) => {
                DeviceRow { status: DeviceStatus::Approved, approved_at: Some(at), ..row }
            }
            (Some(row), DeviceEvent::Revoked(_)) => {
                DeviceRow { status: DeviceStatus::Revoked, revoked_at: Some(at), ..row }
            }
            (None, DeviceEvent::Approved(_) | DeviceEvent::Revoked(_)) => return Ok(None),
        };
        Ok(Some(DeviceRow { version: event.sequence, ..row }))
    }
}

/// A page of the devices of a user, the newest first.
///
/// # Errors
/// Errors of the database.
pub async fn device_page(
    pool: &PgPool,
    user: UserId,
    wanted: &Page,
) -> Result<Vec<Found<DeviceRow>>, LedgerError> {
    let order = Order { by: "r.requested_at", sql_type: "timestamptz", descending: true };
    let of_user = |sql: &mut sqlx::QueryBuilder<'_, sqlx::Postgres>| {
        sql.push(" AND r.user_id = ").push_bind(user.0);
    };
    page::<DeviceView>(pool, of_user, order, wanted).await
}
