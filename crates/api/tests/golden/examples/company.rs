use lethe_crm::company::{
    Address, Amended, Assigned, City, Closed, CompanyEvent, CompanyReferenceEvent, Details, Email, Erased,
    FoundByImport, Identity, LegalForm, Master, Nace, NaceVersion, Name, Number, NumberDate, NumberSerial,
    Phone, PostalCode, ProprietorSet, Registered, Scheme, SealedNumber,
};
use lethe_crm::contact::{ErasureReason, Origin};
use lethe_kernel::{CompanyId, ContactId, Patch, Personal, PersonalValue, Subject};
use lethe_nordic::{Country, PNumber};

use super::{COMPANY, CONTACT, IMPORT, OTHER, UNIT, id};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let company = |event, case| Example::of(event, COMPANY.0, case);
    let assigned = CompanyReferenceEvent::Assigned(Assigned { company: COMPANY });
    let closed = Closed { superseded_by: Some(CompanyId(id(0xb1))), reason: "MERGED".into() };
    let personal = Amended { legal_form: Some(LegalForm::SoleProprietor), details: details(Some(COMPANY)) };
    let public = Amended { legal_form: Some(LegalForm::Limited), details: details(None) };
    let found = CompanyEvent::FoundByImport(FoundByImport { import: IMPORT, unit: UNIT });
    let emptied = Amended { legal_form: None, details: emptied() };
    vec![
        company(CompanyEvent::Registered(danish_sole_proprietor()), None),
        company(CompanyEvent::Registered(swedish_sole_trader()), Some("swedish-sole-trader")),
        company(CompanyEvent::Registered(legal_person()), Some("legal-person")),
        company(CompanyEvent::Amended(personal), None),
        company(CompanyEvent::Amended(public), Some("legal-person")),
        company(CompanyEvent::Amended(emptied), Some("emptied")),
        company(CompanyEvent::Closed(closed), None),
        company(proprietor(Some(CONTACT)), None),
        company(proprietor(None), Some("unknown")),
        company(found, None),
        company(CompanyEvent::Erased(erased(Some(CONTACT))), None),
        company(CompanyEvent::Erased(erased(None)), Some("alone")),
        Example::of(assigned, OTHER, None),
    ]
}

fn proprietor(contact: Option<ContactId>) -> CompanyEvent {
    CompanyEvent::ProprietorSet(ProprietorSet { contact })
}

fn erased(with: Option<ContactId>) -> Erased {
    Erased { reason: ErasureReason::RequestOfPerson, with }
}

/// The number is public, all else is personal.
fn danish_sole_proprietor() -> Registered {
    Registered {
        unit: UNIT,
        external_reference: Some("DK-V-9000001".into()),
        origin: Some(Origin { import: IMPORT, row: 3 }),
        identity: Identity {
            country: Country::Denmark,
            scheme: Scheme::Cvr,
            number: Number::Public("99000007".into()),
        },
        p_numbers: ["9900000000", "9900000001"].map(|text| PNumber::parse(text).unwrap()).into(),
        legal_form: LegalForm::SoleProprietor,
        details: details(Some(COMPANY)),
    }
}

/// The number is personal too.
fn swedish_sole_trader() -> Registered {
    let subject = Subject::sole_proprietor(COMPANY);
    let number = SealedNumber {
        date: Personal::of(subject, NumberDate("991332-".into())),
        serial: Personal::of(subject, NumberSerial("9173".into())),
    };
    Registered {
        identity: Identity {
            country: Country::Sweden,
            scheme: Scheme::Organisationsnummer,
            number: Number::Personal(number),
        },
        p_numbers: Vec::new(),
        ..danish_sole_proprietor()
    }
}

/// Nothing is personal.
fn legal_person() -> Registered {
    Registered { legal_form: LegalForm::Limited, details: details(None), ..danish_sole_proprietor() }
}

fn details(owner: Option<CompanyId>) -> Details {
    fn set<T: PersonalValue>(owner: Option<CompanyId>, value: T) -> Patch<Master<T>> {
        Patch::Set(Master::of(owner, value))
    }
    Details {
        name: set(owner, Name("Sølvpil Demo v/Øjvind-Åse Prøvesen".into())),
        address: set(owner, Address("Testtorvet 119, 2. tv.".into())),
        postal_code: set(owner, PostalCode("9998".into())),
        city: set(owner, City("Skabelonby".into())),
        phone: set(owner, Phone("+12025550152".into())),
        email: set(owner, Email("post@soelvpil.example.com".into())),
        nace: Patch::Set(Nace { code: "62.01.00".into(), version: NaceVersion::Db25 }),
    }
}

fn emptied() -> Details {
    Details {
        name: Patch::Clear,
        address: Patch::Clear,
        postal_code: Patch::Clear,
        city: Patch::Clear,
        phone: Patch::Clear,
        email: Patch::Clear,
        nace: Patch::Clear,
    }
}
