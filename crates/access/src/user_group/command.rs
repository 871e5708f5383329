use lethe_kernel::UserId;

use super::Created;

/// What a group can be asked to do.
#[derive(Clone, Debug)]
pub enum UserGroupCommand {
    /// Begin.
    Create(Created),
    /// Be called otherwise.
    Rename(String),
    /// Take a user in.
    AddMember(UserId),
    /// Let a user go.
    RemoveMember(UserId),
    /// End.
    Close,
}
