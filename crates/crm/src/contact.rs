//! A contact: a natural person, the data subject.

mod aggregate;
mod command;
mod details;
mod error;
mod event;
mod input;
mod view;
mod work;

pub use aggregate::Contact;
pub use command::ContactCommand;
pub use details::{
    CprDate, CprSerial, Details, Email, FirstName, Held, LastName, Mobile, Phone, Remark, SealedCpr, Title,
};
pub use error::ContactError;
pub use event::{
    Amended, CompanyLinked, CompanyUnlinked, ContactEvent, ItemAttached, ItemDetached, ItemKind, Origin,
    Registered,
};
pub use input::ContactInput;
pub use view::{
    CompanyLink, ContactFilter, ContactItem, ContactOrder, ContactRow, ContactView, contact_page,
};
pub use work::{AmendContact, LinkContact, RegisterContact, UnlinkContact, existing_contact};
