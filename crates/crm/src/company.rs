//! A company: known by country, scheme and number (R1); its master data are shared with all units (R4).

mod aggregate;
mod command;
mod details;
mod erase;
mod error;
mod event;
mod identity;
mod input;
mod known;
mod legal_form;
mod master;
mod nace;
mod page;
mod reference;
mod view;
mod work;

pub use aggregate::Company;
pub use command::CompanyCommand;
pub use details::{Details, Held};
pub use erase::{EraseCompany, erase_alone};
pub use error::CompanyError;
pub use event::{Amended, Closed, CompanyEvent, Erased, FoundByImport, ProprietorSet, Registered};
pub use identity::{Identity, Number, NumberDate, NumberSerial, Scheme, SealedNumber, company_id};
pub use input::CompanyInput;
pub use known::RegisterOnce;
pub(crate) use known::fingerprint;
pub use legal_form::LegalForm;
pub use master::{Address, City, Email, Master, Name, Phone, PostalCode};
pub use nace::{Nace, NaceVersion};
pub use page::{CompanyFilter, CompanyOrder, company_page};
pub use reference::{Assigned, CompanyReference, CompanyReferenceEvent};
pub use view::{CompanyRow, CompanyStatus, CompanyView};
pub use work::{AmendCompany, CloseCompany, RegisterCompany, existing_company};
