//! Every type of streams, with the events that stand in them.

use lethe_access::{Device, Unit, User, UserGroup};
use lethe_crm::company::{Company, CompanyReference};
use lethe_crm::contact::Contact;
use lethe_crm::expiry::ExpiryPolicies;
use lethe_crm::import::{Import, RecognisedFiles};
use lethe_crm::note::Note;
use lethe_crm::note_kind::NoteKinds;
use lethe_crm::prospect::Prospect;
use lethe_ledger::{Audience, Change, Described, EventType, LedgerError, Recorded, Stored, Versioned};
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
    /// What one of these events says.
    pub description: fn(&Recorded) -> Result<Description, LedgerError>,
}

/// What an event says, and to whom.
#[derive(Clone, Debug)]
pub struct Description {
    /// What it changed.
    pub changes: Vec<Change>,
    /// Who is shown that.
    pub audience: Audience,
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
        description: |event| {
            let decoded = event.decode::<A::Event>()?;
            Ok(Description { changes: decoded.changes(event.stream), audience: decoded.audience() })
        },
    }
}

pub(crate) fn description(event: &Recorded) -> Result<Description, LedgerError> {
    let stream = STREAM_TYPES.iter().find(|stream| stream.name == event.aggregate_type);
    (stream.ok_or_else(|| event.unknown())?.description)(event)
}
