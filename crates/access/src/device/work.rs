//! The commands on devices.

use chrono::TimeDelta;
use lethe_kernel::{DeviceId, Personal, UserError, UserId, text};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_mail::queue;

use super::invitation::invitation;
use super::{ApprovalSecret, Device, DeviceCommand, DeviceError, Label, Requested, device_stream};
use crate::user::{User, UserCommand, UserRefusal, existing_user, manages};

/// How long a secret approves a device.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// Asks for a device of a user, at its first use; asking again changes nothing while it waits, or once it is approved.
/// Answers the device's stream.
pub struct RequestDevice {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// What the device calls itself; what is too long for a line is cut off.
    pub label: Option<String>,
    /// What approves it.
    pub secret: ApprovalSecret,
    /// The address of the page that approves devices; a link to it is mailed to the user. Without one nobody is told but
    /// who asks, and has the secret.
    pub page: Option<String>,
}

impl Work for RequestDevice {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let stream = device_stream(self.user, self.device);
        let user = existing_user(unit, self.user).await?;
        if user.is_off_boarded() {
            return Err(UserError::from(UserRefusal::OffBoarded).into());
        }
        let now = unit.now();
        let request = Requested {
            user: self.user,
            device: self.device,
            label: self.label().map(|label| Personal::of(self.user, Label(label))),
            secret: self.secret.digest(),
            expires: now + LIFE,
        };
        if unit.handle::<Device>(stream, DeviceCommand::Request { request, at: now }).await? {
            let asked = UserCommand::RequestDevice { device: self.device, at: now };
            unit.handle::<User>(self.user, asked).await?;
            if let Some(page) = &self.page {
                self.invite(unit, page).await?;
            }
        }
        Ok(Answer::about(stream, self.user))
    }
}

impl RequestDevice {
    /// Queues the mail, in the same step: whoever is waited for is told.
    async fn invite(&self, unit: &mut UnitOfWork<'_>, page: &str) -> Result<(), Failure> {
        let Some(email) = unit.load::<User>(self.user).await?.email().cloned() else { return Ok(()) };
        let to = unit.open(&email, self.user).await?.0;
        queue(unit, invitation(self.user, to, page, (self.label().as_deref(), &self.secret))).await?;
        Ok(())
    }

    /// What a browser says about itself is no reason to refuse it.
    fn label(&self) -> Option<String> {
        let readable = self.label.as_ref()?.chars().filter(|c| !c.is_control()).take(text::LINE);
        let label = readable.collect::<String>().trim().to_owned();
        (!label.is_empty()).then_some(label)
    }
}

/// Approves the device that a secret belongs to. Whoever holds the secret may, because it was mailed to the user.
/// Answers the device's stream.
pub struct ApproveDevice {
    /// What was mailed.
    pub secret: ApprovalSecret,
}

impl Work for ApproveDevice {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let stream = self.secret.stream();
        if let Some(user) = unit.load::<Device>(stream).await?.user()
            && unit.load::<User>(user).await?.is_off_boarded()
        {
            return Err(UserError::from(DeviceError::NotApproved).into());
        }
        let approve = DeviceCommand::Approve { digest: self.secret.digest(), at: unit.now() };
        unit.handle::<Device>(stream, approve).await?;
        Ok(Answer::of(stream))
    }
}

/// Revokes a device: the user's own, or that of a user whom the caller may off-board. Answers the device's stream.
pub struct RevokeDevice {
    /// The device's stream.
    pub stream: uuid::Uuid,
}

impl Work for RevokeDevice {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        let unknown = || UserError::from(DeviceError::Unknown);
        let user = unit.load::<Device>(self.stream).await?.user().ok_or_else(unknown)?;
        if caller.user != user && !manages(caller, unit.load::<User>(user).await?) {
            return Err(unknown().into());
        }
        unit.handle::<Device>(self.stream, DeviceCommand::Revoke).await?;
        Ok(Answer::of(self.stream))
    }
}
