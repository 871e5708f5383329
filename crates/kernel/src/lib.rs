//! What every part of Lethe shares: ids, the clock, the caller, personal values and user-facing errors. No I/O.

pub mod caller;
pub mod clock;
pub mod code;
pub mod error;
pub mod id;
pub mod patch;
pub mod personal;
pub mod subject;
pub mod text;

pub use caller::{Caller, Role, Session};
pub use clock::{Clock, IdSource};
pub use code::Code;
pub use error::{Detail, ErrorCode, Rule, UserError};
pub use id::{
    AlertId, CommandId, CompanyId, ConsentId, ContactId, DeviceId, EventId, ImportId, MailId, NoteId,
    ProspectId, RequestId, RevealId, UnitId, UserGroupId, UserId,
};
pub use patch::Patch;
pub use personal::{Personal, PersonalValue, Seal, SealedText};
pub use subject::{KeyClass, Subject, SubjectKind};
