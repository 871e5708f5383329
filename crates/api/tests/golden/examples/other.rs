use lethe_access::UnitKind;
use lethe_access::unit::{self, UnitEvent};
use lethe_crm::company::{Nace, NaceVersion};
use lethe_crm::contact::{ErasureKind, ItemKind};
use lethe_crm::expiry::{Effect, PolicyEvent, PolicySet};
use lethe_crm::import::{
    Added, Because, FilesEvent, Finished, Forgotten, ImportEvent, ImportKind, NoLonger, Outcome, Progressed,
    RowOutcome, Settled, Started, Tally,
};
use lethe_crm::prospect::{self, Linked, ProspectEvent, Registered, Title};
use lethe_kernel::Personal;
use lethe_nordic::Country;
use lethe_privacy::consent::{
    self, ConsentEvent, Given, LegalBasis, Proof, WithdrawalNote, Withdrawn, Wording,
};

use super::{COMPANY, CONTACT, IMPORT, OTHER, UNIT, day, time};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    [prospects(), consents(), imports(), recognised_files(), settings()].into_iter().flatten().collect()
}

fn prospects() -> Vec<Example> {
    let registered = Registered {
        unit: UNIT,
        external_reference: Some("DK-P-9000001".into()),
        contact: CONTACT,
        title: Personal::of(CONTACT, Title("Surdejsbageri på en husbåd".into())),
        nace: Some(Nace { code: "10.71".into(), version: NaceVersion::Db07 }),
    };
    let erased = prospect::Erased { kind: ErasureKind::Anonymised };
    [
        ProspectEvent::Registered(registered),
        ProspectEvent::Linked(Linked { company: COMPANY }),
        ProspectEvent::Erased(erased),
    ]
    .map(|event| Example::of(event, OTHER, None))
    .into()
}

fn consents() -> Vec<Example> {
    let given = Given {
        contact: CONTACT,
        unit: UNIT,
        purpose: "NEWSLETTER".into(),
        legal_basis: LegalBasis::Consent,
        source: "WEB_FORM".into(),
        wording: Some(Personal::of(CONTACT, Wording("Ja tak til nyheder om bagning.".into()))),
        proof: Some(Personal::of(CONTACT, Proof("Skema 17, arkivskab 3".into()))),
        effective_at: time("2026-11-01T09:30:00.123456Z"),
        kept_until: Some(day("2028-11-01")),
    };
    let withdrawn = Withdrawn {
        contact: CONTACT,
        effective_at: time("2026-12-01T00:00:00Z"),
        reason: Some("BY_PHONE".into()),
        note: Some(Personal::of(CONTACT, WithdrawalNote("Bager ikke mere.".into()))),
    };
    let erased = consent::Erased { kind: ErasureKind::Deleted };
    let expired = consent::Expired { due: day("2028-11-01") };
    [
        ConsentEvent::Given(given),
        ConsentEvent::Withdrawn(withdrawn),
        ConsentEvent::Expired(expired),
        ConsentEvent::Erased(erased),
    ]
    .map(|event| Example::of(event, OTHER, None))
    .into()
}

fn imports() -> Vec<Example> {
    let started = Started {
        kind: ImportKind::Contacts,
        unit: UNIT,
        fingerprint: "TGV0aGUgdGVzdCBmaW5nZXJwcmludCwgMzIgYnl0ZXM=".into(),
        rows: 3,
    };
    let tally = Tally { created: 1, existing: 1, refused: 1 };
    let row = |row, outcome, object, code: Option<&str>, column: Option<&str>| RowOutcome {
        row,
        outcome,
        object,
        code: code.map(Into::into),
        column: column.map(Into::into),
    };
    // No row has all of it in life; this one shows the form.
    let whole = row(2, Outcome::Created, Some(CONTACT.0), Some("INVALID_VALUE"), Some("email"));
    let each = vec![
        row(2, Outcome::Created, Some(CONTACT.0), None, None),
        row(3, Outcome::Existing, Some(CONTACT.0), None, None),
        row(4, Outcome::Refused, None, Some("INVALID_VALUE"), Some("email")),
    ];
    let progressed = |outcomes| ImportEvent::Progressed(Progressed { through_row: 4, tally, outcomes });
    [
        (ImportEvent::Started(started), None),
        (progressed(vec![whole]), None),
        (progressed(each), Some("each-outcome")),
        (ImportEvent::Finished(Finished { rows: 3, tally }), None),
        (ImportEvent::Forgotten(Forgotten { because: Because::Erasure }), None),
        (ImportEvent::Forgotten(Forgotten { because: Because::Age }), Some("age")),
        (ImportEvent::Forgotten(Forgotten { because: Because::EarlierVersion }), Some("earlier-version")),
    ]
    .map(|(event, case)| Example::of(event, IMPORT.0, case))
    .into()
}

fn recognised_files() -> Vec<Example> {
    [
        FilesEvent::Added(Added { import: IMPORT }),
        FilesEvent::Settled(Settled { import: IMPORT }),
        FilesEvent::Forgotten(NoLonger { import: IMPORT }),
    ]
    .map(|event| Example::of(event, UNIT.0, None))
    .into()
}

fn settings() -> Vec<Example> {
    let unit = unit::Registered {
        name: "Erhvervshus Prøveland".into(),
        country: Country::Denmark,
        kind: UnitKind::BusinessHub,
    };
    let policy = PolicySet {
        kind: ItemKind::Note,
        months: 24,
        effect: Effect::Delete,
        effective_from: day("2027-01-01"),
    };
    vec![
        Example::of(UnitEvent::Registered(unit), UNIT.0, None),
        Example::of(PolicyEvent::Set(policy), UNIT.0, None),
    ]
}
