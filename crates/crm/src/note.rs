//! A note: free text about contacts, sealed under a key of its own so that it can expire alone.

mod aggregate;
mod change;
mod command;
mod error;
mod event;
mod page;
mod view;
mod work;

pub use aggregate::{Note, Standing};
pub use command::{Amendment, NoteCommand};
pub use error::NoteError;
pub use event::{
    Amended, ContactUnlinked, Erased, Expired, ExpirySet, NoteEvent, NoteText, Removed, Written,
};
pub use page::{NoteFilter, NoteOrder, note_page, notes_of_contacts};
pub use view::{NoteContact, NoteRow, NoteStatus, NoteView};
pub use work::{AmendNote, ExpireNote, ExpiryChoice, RemoveNote, WriteNote, own_note};
