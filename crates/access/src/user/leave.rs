//! How users leave, and are forgotten.

use lethe_kernel::UserId;
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::permission::manages;
use super::{User, UserCommand, existing_user, forbidden};
use crate::device::{Device, DeviceCommand, device_stream};

/// Ends a user's work: every role and every device at once (R52). Whoever could have given the user every role they
/// have. Answers the user.
pub struct OffBoardUser {
    /// The user.
    pub user: UserId,
}

impl Work for OffBoardUser {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        let user = existing_user(unit, self.user).await?;
        let devices: Vec<_> = user.devices().collect();
        if !manages(caller, user) {
            return Err(forbidden(
                "Only an administrator who may give every role that this user has may off-board the user.",
            )
            .into());
        }
        unit.handle::<User>(self.user, UserCommand::OffBoard).await?;
        for device in devices {
            unit.handle::<Device>(device_stream(self.user, device), DeviceCommand::Revoke).await?;
        }
        Ok(Answer::of(self.user))
    }
}

/// Forgets a user who has left: their key is destroyed, what they did stays under their id. The administrators of the
/// unit that took care of the user, and system administrators. Answers the user.
pub struct AnonymiseUser {
    /// The user.
    pub user: UserId,
}

impl Work for AnonymiseUser {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        if !manages(caller, existing_user(unit, self.user).await?) {
            return Err(
                forbidden("Only an administrator of the user's unit may have the user forgotten.").into()
            );
        }
        if unit.handle::<User>(self.user, UserCommand::Anonymise).await? {
            unit.destroy(self.user, |_| true).await?;
        }
        Ok(Answer::of(self.user))
    }
}
