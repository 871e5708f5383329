//! The kinds of notes of a unit: a list of codes, each of which is by nature a note, a call, a meeting or a mail. The
//! stream has the unit's id.

mod aggregate;
mod error;
mod event;
mod view;
mod work;

pub use aggregate::{NoteKinds, default_kinds};
pub use error::KindError;
pub use event::{KindsEvent, KindsSet, Nature, NoteKind};
pub use view::{NoteKindsRow, NoteKindsView};
pub use work::SetKinds;
