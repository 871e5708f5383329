use chrono::{DateTime, Utc};
use lethe_kernel::{Detail, ErrorCode, Rule, UnitId};

/// The rules a user's command can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// There is no such user.
    #[error("No user has this id. Check the id, or query for the user again.")]
    Unknown,
    /// A user with this id is there already.
    #[error("This user is registered already. Amend it instead.")]
    AlreadyRegistered,
    /// The user has left.
    #[error("This user was off-boarded and takes no more changes. Somebody who comes back is a new user.")]
    OffBoarded,
    /// Whoever works here cannot be forgotten.
    #[error("This user has not left. Off-board the user first, with userOffBoard.")]
    NotOffBoarded,
    /// The role comes with the appointment alone.
    #[error("The role DPM comes and goes with the appointment. Use unitDpmAppoint.")]
    DpmByAppointment,
    /// A unit has exactly one DPM at any time (R51).
    #[error("This user is the DPM of unit {0}. Appoint a successor first, with unitDpmAppoint.")]
    IsDpm(UnitId),
    /// A programme has the role INTEGRATION alone, and nobody else has it.
    #[error(
        "An integration has the role INTEGRATION and no other, and a person never has it. Choose another role."
    )]
    RoleOfIntegration,
    /// A programme works for one unit.
    #[error(
        "An integration works for the unit that it was registered for. Register another one for another unit."
    )]
    UnitOfIntegration,
    /// The role is nobody's to grant.
    #[error("The role SYSTEM is Lethe's own. Choose another role.")]
    RoleOfSystem,
    /// Mails about devices go somewhere.
    #[error("A person needs an e-mail address: the mail that approves a new device goes there.")]
    EmailRequired,
    /// Another user is known by that identity.
    #[error("Another user has this identity, or you named it twice. One identity belongs to one user.")]
    IdentityTaken,
    /// Too many devices within an hour.
    #[error(
        "You asked for {most} new devices within an hour, so no mail was sent about this one. Approve one of those, or try \
         again within the hour."
    )]
    TooManyDevices {
        /// How many may be asked for.
        most: usize,
        /// From when on the next one may be.
        again: DateTime<Utc>,
    },
}

impl Rule for UserRefusal {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::AlreadyRegistered | Self::IdentityTaken => ErrorCode::AlreadyExists,
            Self::OffBoarded => ErrorCode::Ended,
            Self::EmailRequired => ErrorCode::Required,
            Self::NotOffBoarded
            | Self::DpmByAppointment
            | Self::IsDpm(_)
            | Self::RoleOfIntegration
            | Self::UnitOfIntegration
            | Self::RoleOfSystem => ErrorCode::RuleViolated,
            Self::TooManyDevices { .. } => ErrorCode::RateLimited,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Unknown
            | Self::AlreadyRegistered
            | Self::OffBoarded
            | Self::NotOffBoarded
            | Self::IsDpm(_) => "userId",
            Self::DpmByAppointment | Self::RoleOfIntegration | Self::RoleOfSystem => "role",
            Self::UnitOfIntegration => "unitId",
            Self::EmailRequired => "email",
            Self::IdentityTaken => "identities",
            Self::TooManyDevices { .. } => return Vec::new(),
        };
        vec![field.to_owned()]
    }

    fn detail(&self) -> Detail {
        match self {
            Self::TooManyDevices { again, .. } => Detail::RetryAt(*again),
            _ => Detail::None,
        }
    }
}
