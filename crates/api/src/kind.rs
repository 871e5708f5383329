//! The types of the graph that have ids: one row each. What is not in its row does not exist.

mod seen;
mod table;

use lethe_access as access;
use lethe_access::device::DeviceView;
use lethe_access::unit::UnitView;
use lethe_access::user::UserView;
use lethe_access::user_group::UserGroupView;
use lethe_crm as crm;
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::expiry::PolicyView;
use lethe_crm::import::{OperationOutcomeView, OperationView};
use lethe_crm::note::NoteView;
use lethe_crm::note_kind::NoteKindsView;
use lethe_crm::prospect::ProspectView;
use lethe_mail::{Mail, OutgoingMailView};
use lethe_privacy as privacy;
use lethe_privacy::consent::ConsentView;
use lethe_privacy::retention::ScheduleView;
use lethe_privacy::reveal::{AccessLogView, AlertView, RevealPolicyView};
use lethe_privacy::rotation::RotationView;

use crate::company::Company;
use crate::consent::Consent;
use crate::contact::Contact;
use crate::device::Device;
use crate::event::Event;
use crate::import::Operation;
use crate::mail::OutgoingMail;
use crate::note::Note;
use crate::prospect::Prospect;
use crate::reveal::AccessLogEntry;
use crate::unit::Unit;
use crate::user::User;
use crate::user_group::UserGroup;
use seen::{all, by_row, by_user, none, own};
use table::{kinds, of};

pub(crate) use seen::Seen;
pub use table::{Description, StreamType};
pub(crate) use table::{Shown, ShownView, shown};

// What a row says:
//   object:  its type of the graph; `view` is the view that it is read from by its id, and how a row becomes an object.
//   shows:   the views that the fields of an object are read from, beside its own. A mutation that answers with such an
//            object waits for those of them that follow a stream it changed.
//   streams: the types of its streams, and who sees what happened in them.
//   beside:  the views that are read by the ids of its streams too.
//   lists:   the views that are read as lists alone.
kinds! {
    Unit {
        object: Unit, view: UnitView => Unit, shows: [UserView, NoteKindsView, RevealPolicyView],
        streams: {
            access::Unit => all,
            crm::note_kind::NoteKinds => none,
            crm::expiry::ExpiryPolicies => own,
            crm::import::RecognisedFiles => none,
            privacy::reveal::RevealPolicy => own,
        },
        beside: [NoteKindsView, PolicyView, RevealPolicyView],
        lists: [],
    }
    User {
        object: User, view: UserView => User, shows: [UnitView, DeviceView],
        streams: { access::User => by_user },
        beside: [], lists: [],
    }
    Device {
        object: Device, view: DeviceView => Device, shows: [UserView],
        streams: { access::Device => by_row::<DeviceView> },
        beside: [], lists: [],
    }
    UserGroup {
        object: UserGroup, view: UserGroupView => UserGroup, shows: [UnitView, UserView],
        streams: { access::UserGroup => all },
        beside: [], lists: [],
    }
    Contact {
        object: Contact, view: ContactView => Contact::now, shows: [CompanyView, NoteView, ConsentView, ProspectView, ScheduleView, AccessLogView, AlertView, UnitView],
        streams: { crm::contact::Contact => by_row::<ContactView> },
        beside: [], lists: [ScheduleView],
    }
    Company {
        object: Company, view: CompanyView => Company, shows: [ContactView, AccessLogView, AlertView, UnitView],
        streams: { crm::company::Company => all, crm::company::CompanyReference => all },
        beside: [], lists: [],
    }
    Prospect {
        object: Prospect, view: ProspectView => Prospect, shows: [ContactView, CompanyView, UnitView],
        streams: { crm::prospect::Prospect => by_row::<ProspectView> },
        beside: [], lists: [],
    }
    Note {
        object: Note, view: NoteView => Note, shows: [ContactView, CompanyView, ScheduleView, AccessLogView, AlertView, UnitView],
        streams: { crm::note::Note => by_row::<NoteView> },
        beside: [], lists: [],
    }
    Consent {
        object: Consent, view: ConsentView => Consent, shows: [ContactView, ScheduleView, UnitView],
        streams: { privacy::consent::Consent => by_row::<ConsentView> },
        beside: [], lists: [],
    }
    Reveals {
        streams: { privacy::reveal::Reveals => none },
        beside: [], lists: [AlertView],
    }
    AccessLogEntry {
        object: AccessLogEntry, view: AccessLogView => AccessLogEntry, shows: [AlertView, UnitView],
        streams: {},
        beside: [], lists: [],
    }
    Installation {
        streams: { privacy::rotation::KeyVault => all },
        beside: [], lists: [RotationView],
    }
    Operation {
        object: Operation, view: OperationView => Operation, shows: [OperationOutcomeView, UnitView],
        streams: { crm::import::Import => by_row::<OperationView> },
        beside: [], lists: [OperationOutcomeView],
    }
    OutgoingMail {
        object: OutgoingMail, view: OutgoingMailView => OutgoingMail, shows: [UnitView],
        streams: { Mail => none },
        beside: [], lists: [],
    }
    Event {
        streams: {},
        beside: [], lists: [],
    }
}

#[cfg(test)]
mod tests;
