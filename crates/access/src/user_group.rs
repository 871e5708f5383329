//! A group of users across units, with whom lists are shared (R39).

mod aggregate;
mod command;
mod error;
mod event;
mod view;
mod work;

pub use aggregate::UserGroup;
pub use command::UserGroupCommand;
pub use error::UserGroupError;
pub use event::{Closed, Created, MemberAdded, MemberRemoved, Renamed, UserGroupEvent};
pub use view::{GroupMember, UserGroupRow, UserGroupView};
pub use work::{AddMember, CloseUserGroup, CreateUserGroup, RemoveMember, RenameUserGroup};
