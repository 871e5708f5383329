use lethe_kernel::{UnitId, UserId};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What happened to a group of users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserGroupEvent {
    /// It began.
    Created(Created),
    /// It is called otherwise.
    Renamed(Renamed),
    /// A user came in.
    MemberAdded(MemberAdded),
    /// A user went.
    MemberRemoved(MemberRemoved),
    /// It ended.
    Closed(Closed),
}

/// A group of users began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The unit whose administrators take care of it.
    pub unit: UnitId,
    /// What it is called.
    pub name: String,
}

/// A group is called otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// What it is called now.
    pub name: String,
}

/// A user came into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAdded {
    /// The user.
    pub user: UserId,
}

/// A user went out of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRemoved {
    /// The user.
    pub user: UserId,
}

/// A group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {}

domain_event!(UserGroupEvent {
    Created = "user_group.created" v "1",
    Renamed = "user_group.renamed" v "1",
    MemberAdded = "user_group.member_added" v "1",
    MemberRemoved = "user_group.member_removed" v "1",
    Closed = "user_group.closed" v "1",
});

impl Described for UserGroupEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Created(Created { unit, name }) => {
                vec![Change::object("unit", "Unit", *unit), Change::set("name", name.as_str())]
            }
            Self::Renamed(Renamed { name }) => vec![Change::set("name", name.as_str())],
            Self::MemberAdded(MemberAdded { user }) => vec![Change::object("member", "User", *user)],
            Self::MemberRemoved(MemberRemoved { user }) => {
                vec![Change::object("formerMember", "User", *user)]
            }
            Self::Closed(_) => vec![Change::set("closed", true)],
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Created(_)
            | Self::Renamed(_)
            | Self::MemberAdded(_)
            | Self::MemberRemoved(_)
            | Self::Closed(_) => Audience::Everybody,
        }
    }
}
