use lethe_kernel::{ErrorCode, Rule};

/// The rules a group's command can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserGroupError {
    /// There is no such group.
    #[error("No user group has this id. Check the id, or query for the group again.")]
    Unknown,
    /// A group with this id is there already.
    #[error("This user group is there already. Rename it instead.")]
    AlreadyCreated,
    /// The group has ended.
    #[error("This user group was closed and takes no more changes. Create another one.")]
    Closed,
    /// A group has a bounded size.
    #[error("A user group has at most 1,000 members. Create another one.")]
    Full,
}

impl Rule for UserGroupError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::AlreadyCreated => ErrorCode::AlreadyExists,
            Self::Closed => ErrorCode::Ended,
            Self::Full => ErrorCode::RuleViolated,
        }
    }

    fn field(&self) -> Vec<String> {
        vec!["userGroupId".to_owned()]
    }
}
