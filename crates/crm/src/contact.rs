//! A contact: a natural person, the data subject.

mod aggregate;
mod belonging;
mod command;
mod details;
mod erasure;
mod error;
mod event;
mod hold;
mod input;
mod view;
mod work;

pub use aggregate::Contact;
pub use belonging::{BelongingKind, Bound, Fate, Fated, ItemKind, KindFacts, Unbound};
pub use command::ContactCommand;
pub use details::{
    CprDate, CprSerial, Details, Email, FirstName, Held, LastName, Mobile, Phone, Remark, SealedCpr, Title,
};
pub use erasure::{Erase, Erased, ErasureKind, ErasureReason, Remains};
pub use error::ContactError;
pub use event::{Amended, CompanyLinked, CompanyUnlinked, ContactEvent, FoundByImport, Origin, Registered};
pub use hold::{Hold, HoldKind};
pub use input::ContactInput;
pub use view::{
    CompanyLink, ContactFilter, ContactItem, ContactOrder, ContactRow, ContactStatus, ContactView,
    contact_page,
};
pub use work::{AmendContact, LinkContact, RegisterContact, UnlinkContact, existing_contact, living_contact};
