//! Every type of streams, with the events that stand in them.

use lethe_access::{Device, Unit, User, UserGroup};
use lethe_crm::company::{Company, CompanyReference};
use lethe_crm::contact::Contact;
use lethe_crm::expiry::ExpiryPolicies;
use lethe_crm::import::{Import, RecognisedFiles};
use lethe_crm::note::Note;
use lethe_crm::note_kind::NoteKinds;
use lethe_crm::prospect::Prospect;
use lethe_ledger::{Change, Described, EventType, LedgerError, Recorded, Stored, Versioned};
use lethe_mail::Mail;
use lethe_privacy::consent::Consent;
use lethe_privacy::reveal::{RevealPolicy, Reveals};
use lethe_privacy::rotation::KeyVault;

/// A type of streams.
#[derive(Clone, Copy, Debug)]
pub struct StreamType {
    /// Its stored name, for example `contact`.
    pub name: &'static str,
    /// The types of events that stand in such streams.
    pub events: &'static [EventType],
    /// What one of these events changed.
    pub changes: fn(&Recorded) -> Result<Vec<Change>, LedgerError>,
}

/// Every type of streams.
pub const STREAM_TYPES: &[StreamType] = &[
    of::<Contact>(),
    of::<Company>(),
    of::<CompanyReference>(),
    of::<Prospect>(),
    of::<Note>(),
    of::<NoteKinds>(),
    of::<Consent>(),
    of::<ExpiryPolicies>(),
    of::<Import>(),
    of::<RecognisedFiles>(),
    of::<Unit>(),
    of::<User>(),
    of::<Device>(),
    of::<UserGroup>(),
    of::<Mail>(),
    of::<KeyVault>(),
    of::<Reveals>(),
    of::<RevealPolicy>(),
];

const fn of<A: Stored<Event: Described>>() -> StreamType {
    StreamType {
        name: A::TYPE,
        events: A::Event::TYPES,
        changes: |event| Ok(event.decode::<A::Event>()?.changes(event.stream)),
    }
}

pub(crate) fn changes(event: &Recorded) -> Result<Vec<Change>, LedgerError> {
    let stream = STREAM_TYPES.iter().find(|stream| stream.name == event.aggregate_type);
    (stream.ok_or_else(|| event.unknown())?.changes)(event)
}
