//! A user: somebody, or a programme, that works here; their roles, and how they leave.

mod aggregate;
mod command;
mod details;
mod error;
mod event;
mod input;
mod leave;
mod permission;
mod view;
mod work;

pub use aggregate::User;
pub use command::UserCommand;
pub use details::{Email, Identity, IdentitySubject, Name};
pub use error::UserRefusal;
pub use event::{
    Amended, Anonymised, DeviceRequested, Grant, Granted, OffBoarded, Registered, Revoked, UserEvent,
};
pub use input::{Enrolment, IdentityInput, UserInput};
pub use leave::{AnonymiseUser, OffBoardUser};
pub use permission::{administers, forbidden, manages};
pub use view::{GrantTerm, UserIdentity, UserRow, UserView, user_page};
pub(crate) use work::existing_user;
pub use work::{AmendUser, GrantRole, RegisterUser, RevokeRole};
