//! Erasing a contact: a preview that says what goes and what stays, and the command that brings the preview's token.
//!
//! The contact's own stream knows everything that is sealed for the contact or names it, so that the decision is taken
//! on one consistent state. The events go to every stream that is affected; in the same transaction the keys are
//! destroyed, those of the contact, those of what dies with it and has its own (R28), and those by which the files are recognised
//! that name it or may name it.

mod error;
mod examine;
mod facts;
mod letter;
mod preview;
mod reconcile;
mod tell;
mod work;

pub use error::ErasureError;
pub use preview::{Preview, preview};
pub use reconcile::FinishErasures;
pub use tell::{TellOfErasure, TellOfErasures};
pub use work::{EraseContact, FinishErasure};
