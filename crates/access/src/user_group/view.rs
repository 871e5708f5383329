use chrono::{DateTime, Utc};
use lethe_kernel::{UnitId, UserGroupId, UserId};
use lethe_ledger::{Child, LedgerError, Projection, Reads, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Created, UserGroupEvent};

/// The groups of users.
pub struct UserGroupView;

/// One group of users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserGroupRow {
    /// The group's id.
    pub id: UserGroupId,
    /// The number of its events.
    pub version: i64,
    /// The unit whose administrators take care of it.
    pub unit_id: UnitId,
    /// What it is called.
    pub name: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Its members, in the order of their ids.
    pub members: Vec<GroupMember>,
}

/// A user in a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupMember {
    group_id: UserGroupId,
    /// The user.
    pub user_id: UserId,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Projection for UserGroupView {
    const NAME: &'static str = "user_group";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const CHILDREN: &'static [Child] = &[Child {
        field: "members",
        table: "user_group_member",
        owner: "group_id",
        key: &["user_id"],
        first: None,
    }];
    const SOURCES: &'static [&'static str] = &["user_group"];
    type Row = UserGroupRow;

    fn reads(event: &Recorded) -> Result<Reads, LedgerError> {
        let member = |id: UserId| Reads::nothing().item("members", json!({ "user_id": id }));
        Ok(match event.decode()? {
            UserGroupEvent::MemberAdded(added) => member(added.user),
            UserGroupEvent::MemberRemoved(removed) => member(removed.user),
            UserGroupEvent::Renamed(_) | UserGroupEvent::Closed(_) => Reads::nothing(),
            UserGroupEvent::Created(_) => Reads::all(),
        })
    }

    fn fold(
        row: Option<UserGroupRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<UserGroupRow>, LedgerError> {
        let at = event.recorded_at;
        let mut row = match (row, event.decode()?) {
            (_, UserGroupEvent::Created(Created { unit, name })) => UserGroupRow {
                id: UserGroupId(id),
                version: event.sequence,
                unit_id: unit,
                name,
                created_at: at,
                closed_at: None,
                members: Vec::new(),
            },
            (Some(row), UserGroupEvent::Renamed(renamed)) => UserGroupRow { name: renamed.name, ..row },
            (Some(mut row), UserGroupEvent::MemberAdded(added)) => {
                row.members.retain(|member| member.user_id != added.user);
                row.members.push(GroupMember { group_id: row.id, user_id: added.user, since: at });
                row.members.sort_by_key(|member| member.user_id);
                row
            }
            (Some(mut row), UserGroupEvent::MemberRemoved(removed)) => {
                row.members.retain(|member| member.user_id != removed.user);
                row
            }
            (Some(row), UserGroupEvent::Closed(_)) => UserGroupRow { closed_at: Some(at), ..row },
            (None, _) => return Ok(None),
        };
        row.version = event.sequence;
        Ok(Some(row))
    }
}
