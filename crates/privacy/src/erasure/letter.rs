//! The mail that tells the DPM of a unit that a contact of the unit was erased.

use chrono::{DateTime, Utc};
use lethe_crm::contact::{ErasureKind, ErasureReason, Remains};
use lethe_kernel::{ContactId, Role, UserId};
use lethe_mail::Outgoing;

const KIND: &str = "CONTACT_ERASED";

/// What became of a contact. Nothing of it is a personal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) contact: ContactId,
    pub(super) kind: ErasureKind,
    pub(super) reason: ErasureReason,
    pub(super) remains: Vec<Remains>,
    pub(super) at: DateTime<Utc>,
    /// In what role somebody erased it.
    pub(super) role: Role,
}

/// The mail to an address of a DPM. The names are those of the unit that is told, and of the one in whose name the contact
/// was erased.
pub(super) fn letter(facts: &Told, (dpm, to): (UserId, String), [told, by]: [&str; 2]) -> Outgoing {
    let done = match facts.kind {
        ErasureKind::Anonymised => "anonymised",
        ErasureKind::Deleted => "deleted",
    };
    let by = match facts.role {
        Role::Dpm => format!("by the data protection manager of {by}"),
        Role::System => {
            "by Lethe itself: the database was restored from a backup that was older than the erasure, \
                         which was then done again"
                .to_owned()
        }
        _ => format!("by a system administrator, in the name of {by}"),
    };
    let remains: Vec<_> = facts.remains.iter().map(|remains| format!("- {}\n", remains.why())).collect();
    let text = format!(
        "To the data protection manager of {told}.\n\n\
         A contact that {told} has was {done} on {at}, {by}.\n\n\
         Contact: {contact}\nReason: {reason}\nLegal basis: {basis}\n\n\
         The keys of its values are destroyed, for all units: Lethe shows them to nobody any more, and after the next \
         rotation of the root key no backup does. So it is with the texts of your notes about it, unless they were \
         declared free of personal data. What remains, and why:\n\n{remains}\n\
         In Lethe there is nothing for you to do, and nothing can be undone. If {told} keeps data of this person \
         elsewhere, such as in files, on paper or in mails, decide whether they must go for the same reason (Article 17 \
         of the GDPR). Whom the id above stood for, Lethe can no longer tell.\n",
        remains = remains.concat(),
        at = facts.at.format("%Y-%m-%d at %H:%M UTC"),
        contact = facts.contact.0,
        reason = facts.reason.name(),
        basis = facts.reason.legal_basis(),
    );
    let title = format!("A contact of your unit was {done}");
    Outgoing { about: dpm.into(), to, title, text, kind: KIND }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn written(kind: ErasureKind, role: Role) -> Outgoing {
        let facts = Told {
            contact: ContactId(Uuid::from_u128(0x42)),
            kind,
            reason: ErasureReason::Objection,
            remains: vec![Remains::Ids, Remains::FreeNotes],
            at: "2026-03-01T09:05:59Z".parse().unwrap(),
            role,
        };
        letter(&facts, (UserId(Uuid::from_u128(2)), "dana@example.org".into()), ["Syd", "Nord"])
    }

    #[test]
    fn it_says_what_was_done_to_which_contact_when_in_whose_name_and_why() {
        let mail = written(ErasureKind::Anonymised, Role::Dpm);
        assert_eq!(mail.title, "A contact of your unit was anonymised");
        assert_eq!((mail.to.as_str(), mail.about.id), ("dana@example.org", Uuid::from_u128(2)));
        let first = "A contact that Syd has was anonymised on 2026-03-01 at 09:05 UTC, by the data protection manager \
                     of Nord.\n";
        for line in [
            first,
            "Contact: 00000000-0000-0000-0000-000000000042\n",
            "Reason: OBJECTION\n",
            "Legal basis: GDPR Article 17(1)(c) and Article 21\n",
            "- Notes declared free of personal content survive the contact.\n\nIn Lethe there is nothing for you to do",
        ] {
            assert!(mail.text.contains(line), "{line:?} is not in {}", mail.text);
        }
    }

    #[test]
    fn what_was_deleted_is_not_called_anonymised() {
        let mail = written(ErasureKind::Deleted, Role::Dpm);
        assert_eq!(mail.title, "A contact of your unit was deleted");
        assert!(mail.text.contains("was deleted on") && !mail.text.contains("anonymised"), "{}", mail.text);
    }

    #[test]
    fn who_had_it_done_is_told_by_role_and_unit() {
        let by = |role| written(ErasureKind::Deleted, role).text;
        assert!(
            by(Role::SystemAdministrator).contains(", by a system administrator, in the name of Nord.\n")
        );
        let restored = by(Role::System);
        assert!(
            restored.contains(", by Lethe itself: the database was restored") && !restored.contains("Nord")
        );
    }
}
