use lethe_crm::contact::{
    Amended, CompanyLinked, CompanyUnlinked, ConsentRecorded, ContactEvent, CprDate, CprSerial, Details,
    Email, Erased, ErasureKind, ErasureReason, FirstName, FoundByImport, ItemAttached, ItemDetached,
    ItemKind, LastName, Mobile, Origin, Phone, ProspectRegistered, Registered, Remains, Remark, SealedCpr,
    Title,
};
use lethe_kernel::{ConsentId, NoteId, Patch, Personal, PersonalValue, ProspectId};

use super::{COMPANY, CONTACT, IMPORT, NOTE, UNIT, day, id};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let registered = Registered {
        unit: UNIT,
        external_reference: Some("DK-K-9000001".into()),
        origin: Some(Origin { import: IMPORT, row: 2 }),
        details: details(),
    };
    let attached = ItemAttached {
        kind: ItemKind::Note,
        item: NOTE,
        unit: UNIT,
        personal: true,
        expires: Some(day("2029-11-01")),
    };
    let consent = ConsentId(id(0x91));
    let prospect = ProspectId(id(0x92));
    let recorded = ConsentRecorded { consent, unit: UNIT, purpose: "NEWSLETTER".into() };
    let erased = Erased {
        kind: ErasureKind::Anonymised,
        reason: ErasureReason::RequestOfPerson,
        on: day("2027-02-28"),
        died: vec![NOTE],
        survived: vec![NoteId(id(0xd1))],
        consents: vec![consent],
        prospects: vec![prospect],
        companies: vec![COMPANY],
        remains: vec![
            Remains::Ids,
            Remains::Audit,
            Remains::Statistics,
            Remains::Consents,
            Remains::FreeNotes,
            Remains::NoteShells,
            Remains::SoleProprietors,
            Remains::Accounting,
        ],
    };
    [
        ContactEvent::Registered(registered),
        ContactEvent::Amended(Amended { details: details() }),
        ContactEvent::CompanyLinked(CompanyLinked { company: COMPANY, proprietor: true }),
        ContactEvent::CompanyUnlinked(CompanyUnlinked { company: COMPANY }),
        ContactEvent::ItemAttached(attached),
        ContactEvent::ItemDetached(ItemDetached { item: NOTE, expired: true }),
        ContactEvent::ConsentRecorded(recorded),
        ContactEvent::ProspectRegistered(ProspectRegistered { prospect }),
        ContactEvent::FoundByImport(FoundByImport { import: IMPORT }),
        ContactEvent::Erased(erased),
    ]
    .map(|event| Example::of(event, CONTACT.0, None))
    .into_iter()
    .chain([Example::of(ContactEvent::Amended(Amended { details: emptied() }), CONTACT.0, Some("emptied"))])
    .collect()
}

fn details() -> Details {
    Details {
        first_name: set(FirstName("Øjvind-Åse".into())),
        last_name: set(LastName("Prøvesen".into())),
        title: set(Title("Bagermester".into())),
        email: set(Email("oejvind.proevesen@example.com".into())),
        phone: set(Phone("+12025550150".into())),
        mobile: set(Mobile("+12025550151".into())),
        remark: set(Remark("Ringer helst \"efter\" kl. 15.\nGår på ferie i uge 30.".into())),
        cpr: Patch::Set(SealedCpr {
            date: Personal::of(CONTACT, CprDate("250863".into())),
            serial: Personal::of(CONTACT, CprSerial("5109".into())),
        }),
    }
}

fn emptied() -> Details {
    Details {
        first_name: Patch::Clear,
        last_name: Patch::Clear,
        title: Patch::Clear,
        email: Patch::Clear,
        phone: Patch::Clear,
        mobile: Patch::Clear,
        remark: Patch::Clear,
        cpr: Patch::Clear,
    }
}

fn set<T: PersonalValue>(value: T) -> Patch<Personal<T>> {
    Patch::Set(Personal::of(CONTACT, value))
}
