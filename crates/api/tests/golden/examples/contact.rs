use lethe_crm::contact::{
    Amended, BelongingKind, Bound, CompanyLinked, CompanyUnlinked, ContactEvent, CprDate, CprSerial, Details,
    Email, Erased, ErasureKind, ErasureReason, Fate, Fated, FirstName, FoundByImport, LastName, Mobile,
    Origin, Phone, Registered, Remains, Remark, SealedCpr, Title, Unbound,
};
use lethe_crm::expiry::ExpirySource;
use lethe_kernel::{Patch, Personal, PersonalValue};

use super::{COMPANY, CONTACT, IMPORT, NOTE, UNIT, day, id};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let registered = Registered {
        unit: UNIT,
        external_reference: Some("DK-K-9000001".into()),
        origin: Some(Origin { import: IMPORT, row: 2 }),
        details: details(),
    };
    let bound = Bound {
        kind: BelongingKind::Note,
        id: NOTE.0,
        unit: UNIT,
        personal: true,
        created: day("2026-11-01"),
        expires: Some(day("2029-11-01")),
        source: ExpirySource::Policy,
    };
    let (consent, prospect) = (id(0x91), id(0x92));
    let given = Bound { kind: BelongingKind::Consent, id: consent, source: ExpirySource::Chosen, ..bound };
    let dateless = Bound {
        kind: BelongingKind::Prospect,
        id: prospect,
        expires: None,
        source: ExpirySource::Event,
        ..bound
    };
    let fated = |(kind, id, fate)| Fated { kind, id, fate };
    let erased = Erased {
        kind: ErasureKind::Anonymised,
        reason: ErasureReason::RequestOfPerson,
        on: day("2027-02-28"),
        belongings: [
            (BelongingKind::Note, NOTE.0, Fate::Died),
            (BelongingKind::Note, id(0xd1), Fate::Survived),
            (BelongingKind::Note, id(0xd2), Fate::Unlinked),
            (BelongingKind::Consent, consent, Fate::Kept),
            (BelongingKind::Prospect, prospect, Fate::Died),
        ]
        .map(fated)
        .to_vec(),
        companies: vec![COMPANY],
        remains: Remains::ALL.to_vec(),
    };
    [
        ContactEvent::Registered(registered),
        ContactEvent::Amended(Amended { details: details() }),
        ContactEvent::CompanyLinked(CompanyLinked { company: COMPANY, proprietor: true }),
        ContactEvent::CompanyUnlinked(CompanyUnlinked { company: COMPANY }),
        ContactEvent::Bound(bound),
        ContactEvent::Unbound(Unbound { was: bound, expired: true }),
        ContactEvent::FoundByImport(FoundByImport { import: IMPORT }),
        ContactEvent::Erased(erased),
    ]
    .map(|event| Example::of(event, CONTACT.0, None))
    .into_iter()
    .chain([
        Example::of(ContactEvent::Amended(Amended { details: emptied() }), CONTACT.0, Some("emptied")),
        Example::of(ContactEvent::Bound(given), CONTACT.0, Some("consent")),
        Example::of(ContactEvent::Bound(dateless), CONTACT.0, Some("prospect")),
    ])
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
