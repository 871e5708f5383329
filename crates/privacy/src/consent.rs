//! A consent: on what legal basis one unit may use a contact's data for one purpose, and whether that was withdrawn
//! (R40). What the person agreed to and the basis in law are two things: a purpose may rest on a contract or on
//! legitimate interest without anybody having been asked.

mod aggregate;
mod command;
mod error;
mod event;
mod id;
mod legal_basis;
mod view;
mod work;

pub use aggregate::Consent;
pub use command::ConsentCommand;
pub use error::ConsentError;
pub use event::{ConsentEvent, Erased, Expired, Given, Proof, WithdrawalNote, Withdrawn, Wording};
pub use id::consent_id;
pub use legal_basis::LegalBasis;
pub use view::{
    ConsentFilter, ConsentOrder, ConsentRow, ConsentStatus, ConsentView, consent_page, consents_of_contacts,
};
pub use work::{ExpireConsent, GiveConsent, WithdrawConsent};
