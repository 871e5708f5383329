use lethe_kernel::Personal;
use lethe_mail::{
    Attempted, Deferred, Doubtful, Failed, MailEvent, MailText, MailTitle, MailTo, Queued, Reason, Requeued,
    Sent, Withdrawn,
};

use super::{CONTACT, OTHER, UNIT, time};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let queued = Queued {
        kind: "DEVICE_APPROVAL".into(),
        unit: UNIT,
        about: CONTACT.into(),
        to: Personal::of(CONTACT, MailTo("bolette.bager@example.org".into())),
        title: Personal::of(CONTACT, MailTitle("Ny enhed på Ærø".into())),
        text: Personal::of(CONTACT, MailText("Er den din?\nSå godkend den.".into())),
    };
    let next_attempt = time("2026-11-01T09:31:00.123456Z");
    let deferred = Deferred { attempt: 1, reason: Reason::Refused, code: Some(451), next_attempt };
    let doubtful = Doubtful { attempt: 2, reason: Reason::ConnectionLost, next_attempt };
    [
        MailEvent::Queued(queued),
        MailEvent::Attempted(Attempted {
            attempt: 1,
            message_id: "00000000-0000-7000-8000-000000000090@nord.example".into(),
        }),
        MailEvent::Sent(Sent { attempt: 3, code: Some(250) }),
        MailEvent::Deferred(deferred),
        MailEvent::Doubtful(doubtful),
        MailEvent::Failed(Failed { attempt: 3, reason: Reason::Refused, code: Some(550) }),
        MailEvent::Withdrawn(Withdrawn { attempts: 2 }),
        MailEvent::Requeued(Requeued { next_attempt }),
    ]
    .map(|event| Example::of(event, OTHER, None))
    .into()
}
