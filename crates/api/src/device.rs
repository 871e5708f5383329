//! Devices from which users work.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_access::device::{DeviceRow, DeviceStatus, DeviceView, RevokeDevice, device_page};
use lethe_access::user::UserView;
use lethe_kernel::UserId;
use uuid::Uuid;

use crate::app::parts;
use crate::code::code;
use crate::connection::{Opaque, PageArguments};
use crate::error::Result;
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::keys::open;
use crate::kind::Shown;
use crate::loader::{Identified, by_id};
use crate::mutate::{changed, execute_access, payload};
use crate::permission::allowed;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Device(pub(crate) DeviceRow);

impl Identified for DeviceRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn is_seen(&self, by: Visibility) -> bool {
        // Administrators come to a user's devices through the user.
        by.unit().is_none() || by.is_user(self.user_id)
    }
}

code! {
    /// Whether a device may be used.
    DeviceStatusField: "DeviceStatus" = DeviceStatus
}

/// A device from which a user works, or wants to.
#[Object]
impl Device {
    /// The id of the device as this user has it.
    pub(crate) async fn id(&self) -> ID {
        Kind::Device.id(self.0.id)
    }

    /// The number of its events.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// The device's own id, a UUID, as requests from it carry it.
    async fn device_id(&self) -> String {
        self.0.device_id.to_string()
    }

    /// The user's id.
    async fn user_id(&self) -> ID {
        Kind::User.id(self.0.user_id)
    }

    /// What it calls itself; null if it says nothing, or if that is withheld.
    async fn label(&self, context: &Context<'_>) -> Result<Option<String>> {
        let user = by_id::<UserView>(context, self.0.user_id.0).await?;
        if !user.is_some_and(|user| Visibility::of(context).reads_user(&user)) {
            return Ok(None);
        }
        Ok(open(context, self.0.label.as_ref(), self.0.user_id).await?.map(|label| label.0))
    }

    /// Whether it may be used.
    async fn status(&self) -> DeviceStatusField {
        self.0.status.into()
    }

    /// When it was last asked for.
    async fn requested_at(&self) -> DateTime<Utc> {
        self.0.requested_at
    }

    /// Until when it can be approved; null once it was approved or revoked.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        (self.0.status == DeviceStatus::Requested).then_some(self.0.expires_at)
    }

    /// When it was approved.
    async fn approved_at(&self) -> Option<DateTime<Utc>> {
        self.0.approved_at
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// Everything that happened to it, the oldest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        history(context, "device", self.0.id, None, &PageArguments { first, after, last, before }).await
    }
}

/// A page of the devices of a user; whether they are to be seen was decided before.
pub(crate) async fn devices(
    context: &Context<'_>,
    user: UserId,
    slice: &PageArguments,
) -> Result<Connection<Opaque, Device>> {
    let found = device_page(&parts(context).pool, user, &slice.page()?).await;
    slice.connection(found?, Device)
}

/// A device to revoke.
#[derive(InputObject)]
pub(crate) struct DeviceRevokeInput {
    /// The device.
    device_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `deviceRevoke`.
    DeviceRevokePayload { device: Device },
}

/// Mutations of devices.
#[derive(Default)]
pub(crate) struct DeviceMutation;

#[Object]
impl DeviceMutation {
    /// Revokes a device for good, within a second in force everywhere: one of your own, or of a user whom you may
    /// off-board.
    #[doc = allowed!(deviceRevoke)]
    async fn device_revoke(
        &self,
        context: &Context<'_>,
        input: DeviceRevokeInput,
    ) -> Result<DeviceRevokePayload> {
        let work = Kind::Device.read(&input.device_id, "deviceId").map(|stream| RevokeDevice { stream });
        let key = input.idempotency_key.as_ref();
        let outcome = execute_access(context, "deviceRevoke", key, work, DeviceRevokePayload::VIEWS).await?;
        let device = changed::<DeviceView>(context, &outcome).await?.map(Device);
        Ok(DeviceRevokePayload::new(outcome, device))
    }
}
