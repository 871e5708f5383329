//! People all of whose values are markers.

use lethe_crm::contact::{AmendContact, ContactInput};
use lethe_kernel::{ContactId, Patch};
use lethe_ledger::Ledger;

use crate::marker::Markers;
use crate::people::{consent, context, note, register};

fn details(markers: &mut Markers) -> ContactInput {
    ContactInput {
        first_name: Patch::Set(markers.word("first name")),
        last_name: Patch::Set(markers.word("last name")),
        title: Patch::Set(markers.word("title")),
        email: Patch::Set(markers.email("e-mail")),
        phone: Patch::Set(markers.phone("phone")),
        mobile: Patch::Set(markers.phone("mobile")),
        remark: Patch::Set(markers.word("remark")),
        cpr: Patch::Set(markers.cpr("CPR")),
    }
}

/// Registers somebody, with notes and a consent, and changes everything once.
pub(crate) async fn enter(ledger: &Ledger, markers: &mut Markers) -> ContactId {
    let contact = register(ledger, details(markers)).await;
    amend(ledger, markers, contact).await;
    for _ in 0..2 {
        let text = format!("{} \"{}\"\n", markers.word("note"), markers.word("quoted in a note"));
        note(ledger, contact, text).await;
    }
    consent(ledger, contact, markers.word("wording"), markers.word("proof")).await;
    contact
}

/// Changes everything about somebody.
pub(crate) async fn amend(ledger: &Ledger, markers: &mut Markers, contact: ContactId) {
    let work = AmendContact { contact, expected_version: None, input: details(markers) };
    ledger.execute(&context(), &work).await.unwrap();
}
