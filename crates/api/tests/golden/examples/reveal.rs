use lethe_kernel::{AlertId, DeviceId, Personal, RevealId, Subject};
use lethe_privacy::reveal::{
    LimitsSet, PolicyEvent, PurposeText, PurposesSet, RevealEvent, RevealRecorded, RevealUnusual, Revealed,
};

use super::{COMPANY, CONTACT, NOTE, OTHER, UNIT, id, time};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    reveals().into_iter().chain(policies()).collect()
}

fn reveals() -> Vec<Example> {
    let at = time("2026-11-01T09:30:00.123456Z");
    let cpr = RevealRecorded {
        reveal: RevealId(id(0x80)),
        what: Revealed::Cpr { contact: CONTACT },
        unit: UNIT,
        purpose: "IDENTITY_CHECK".into(),
        purpose_text: Some(Personal::of(CONTACT, PurposeText("Ringer og vil ændre sin adresse.".into()))),
        device: Some(DeviceId(id(0x81))),
        repeats: Some(RevealId(id(0x82))),
        at,
    };
    let text = RevealRecorded {
        what: Revealed::NoteText { note: NOTE, contacts: vec![CONTACT] },
        purpose_text: Some(Personal::of(NOTE, PurposeText("Tilsyn med bagerikurset.".into()))),
        ..cpr.clone()
    };
    let number = RevealRecorded {
        what: Revealed::CompanyNumber { company: COMPANY },
        purpose_text: Some(Personal::of(
            Subject::sole_proprietor(COMPANY),
            PurposeText("Skatteverket frågar om F-skatt.".into()),
        )),
        ..cpr.clone()
    };
    let unusual = RevealUnusual { alert: AlertId(id(0x83)), unit: UNIT, count: 31, usual: 30, at };
    vec![
        Example::of(RevealEvent::Recorded(cpr), OTHER, None),
        Example::of(RevealEvent::Recorded(text), OTHER, Some("note")),
        Example::of(RevealEvent::Recorded(number), OTHER, Some("company")),
        Example::of(RevealEvent::Unusual(unusual), OTHER, None),
    ]
}

fn policies() -> Vec<Example> {
    let purposes = PurposesSet { codes: vec!["CASE_WORK".into(), "COURT".into()] };
    let limits = LimitsSet { usual: 20, most: 60 };
    [PolicyEvent::PurposesSet(purposes), PolicyEvent::LimitsSet(limits)]
        .map(|event| Example::of(event, UNIT.0, None))
        .into()
}
