use lethe_crm::contact::{
    Amended, CompanyLinked, CompanyUnlinked, ContactEvent, CprDate, CprSerial, Details, Email, FirstName,
    ItemAttached, ItemDetached, ItemKind, LastName, Mobile, Origin, Phone, Registered, Remark, SealedCpr,
    Title,
};
use lethe_kernel::{Patch, Personal, PersonalValue};

use super::{COMPANY, CONTACT, IMPORT, NOTE, UNIT, day};
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
    [
        ContactEvent::Registered(registered),
        ContactEvent::Amended(Amended { details: details() }),
        ContactEvent::CompanyLinked(CompanyLinked { company: COMPANY }),
        ContactEvent::CompanyUnlinked(CompanyUnlinked { company: COMPANY }),
        ContactEvent::ItemAttached(attached),
        ContactEvent::ItemDetached(ItemDetached { item: NOTE, expired: true }),
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
