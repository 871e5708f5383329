//! Official numbers, phone numbers, e-mail addresses and the calendar of the Nordics.
//!
//! Every type is read once, at the door, with `parse`; after that it is known to be well formed and has one
//! written form (`as_str`), so that equal things compare equal. Serde writes that form and checks it again when
//! it reads it back.
//!
//! Values that belong to a person ([`Cpr`], [`Personnummer`], [`Phone`], [`EmailAddress`]) have no `Display` and a
//! `Debug` that shows only the type, and no error here repeats what was read. [`Cvr`], [`PNumber`] and
//! [`Organisationsnummer`] name companies and print as they are.
//!
//! ```
//! use lethe_nordic::{Country, Cvr, Phone};
//!
//! assert_eq!(Cvr::parse("DK 13 74 81 36")?.as_str(), "13748136");
//! assert_eq!(Phone::parse("+45 20 20 30 30", Country::Denmark)?.as_str(), "20203030");
//! # Ok::<(), lethe_nordic::Error>(())
//! ```

pub mod calendar;

mod country;
mod cpr;
mod cvr;
mod digits;
mod email;
mod error;
mod organisationsnummer;
mod personnummer;
mod phone;
mod reference;
mod text;

pub use country::Country;
pub use cpr::Cpr;
pub use cvr::{Cvr, PNumber};
pub use email::EmailAddress;
pub use error::Error;
pub use organisationsnummer::{Organisationsnummer, SwedishOrganisation};
pub use personnummer::Personnummer;
pub use phone::Phone;
pub use reference::looks_personal;
