//! The commands on groups of users.

use lethe_kernel::{ErrorCode, UserError, UserGroupId, UserId, text};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::{Created, UserGroup, UserGroupCommand, UserGroupError};
use crate::unit::own_unit;
use crate::user::{UserRefusal, administers, existing_user, forbidden};

/// Creates a group in the name of the caller's unit. Its administrators, and system administrators. Answers the group.
pub struct CreateUserGroup {
    /// What it is called.
    pub name: String,
}

impl Work for CreateUserGroup {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let caller = unit.caller();
        if !administers(caller, caller.unit) {
            return Err(forbidden("Only an administrator of a unit may create user groups.").into());
        }
        let id = UserGroupId(unit.new_id());
        let created = Created { unit: caller.unit, name: name(&self.name)? };
        unit.handle::<UserGroup>(id, UserGroupCommand::Create(created)).await?;
        Ok(Answer::of(id))
    }
}

/// Calls a group otherwise. Administrators of its unit, and system administrators, as for every change of it. Answers
/// the group.
pub struct RenameUserGroup {
    /// The group.
    pub group: UserGroupId,
    /// Its name.
    pub name: String,
}

impl Work for RenameUserGroup {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        change(unit, self.group, UserGroupCommand::Rename(name(&self.name)?)).await
    }
}

/// Takes a user of any unit into a group. Answers the group.
pub struct AddMember {
    /// The group.
    pub group: UserGroupId,
    /// The user.
    pub user: UserId,
}

impl Work for AddMember {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let user = existing_user(unit, self.user).await?;
        if user.is_off_boarded() {
            return Err(UserError::from(UserRefusal::OffBoarded).into());
        }
        change(unit, self.group, UserGroupCommand::AddMember(self.user)).await
    }
}

/// Lets a user go from a group. Answers the group.
pub struct RemoveMember {
    /// The group.
    pub group: UserGroupId,
    /// The user.
    pub user: UserId,
}

impl Work for RemoveMember {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        change(unit, self.group, UserGroupCommand::RemoveMember(self.user)).await
    }
}

/// Ends a group. Answers the group.
pub struct CloseUserGroup {
    /// The group.
    pub group: UserGroupId,
}

impl Work for CloseUserGroup {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        change(unit, self.group, UserGroupCommand::Close).await
    }
}

async fn change(
    unit: &mut UnitOfWork<'_>,
    group: UserGroupId,
    command: UserGroupCommand,
) -> Result<Answer, Failure> {
    let caller = unit.caller();
    let of = unit.load::<UserGroup>(group).await?.unit();
    let of = of.ok_or_else(|| UserError::from(UserGroupError::Unknown))?;
    if !administers(caller, of) {
        return Err(forbidden("Only an administrator of the group's unit may change it.").into());
    }
    unit.handle::<UserGroup>(group, command).await?;
    Ok(Answer::of(group))
}

fn name(text: &str) -> Result<String, UserError> {
    text::line("name", text)?
        .ok_or_else(|| UserError::at(ErrorCode::Required, "name", "A user group needs a name."))
}
