//! A prospect: a business idea of one contact, without a company number. It is linked to the company it founded and
//! never becomes one (R2).

mod aggregate;
mod command;
mod error;
mod event;
mod view;
mod work;

pub use aggregate::Prospect;
pub use command::ProspectCommand;
pub use error::ProspectError;
pub use event::{Erased, Linked, ProspectEvent, Registered, Title};
pub use view::{ProspectFilter, ProspectOrder, ProspectRow, ProspectView, prospect_page};
pub use work::{LinkProspect, RegisterProspect};
