//! A device from which a user works: asked for at first use, approved by the user, revoked (R53).

mod aggregate;
mod command;
mod error;
mod event;
mod invitation;
mod secret;
mod view;
mod work;

pub use aggregate::Device;
pub use command::DeviceCommand;
pub use error::DeviceError;
pub use event::{Approved, DeviceEvent, Label, Requested, Revoked};
pub use secret::ApprovalSecret;
pub use view::{DeviceRow, DeviceStatus, DeviceView, device_page};
pub use work::{ApproveDevice, RequestDevice, RevokeDevice};

use lethe_kernel::{DeviceId, UserId};
use uuid::Uuid;

const DEVICES: Uuid = Uuid::from_u128(0x6c65_7468_655f_6465_7669_6365_7300_0000);

/// The stream of a device as one user has it: every user approves every device, also one that two of them share.
#[must_use]
pub fn device_stream(user: UserId, device: DeviceId) -> Uuid {
    let name = [user.0.as_bytes().as_slice(), device.0.as_bytes()].concat();
    Uuid::new_v5(&DEVICES, &name)
}
