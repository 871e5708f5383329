//! People all of whose values are markers.

use lethe_access::Directory;
use lethe_access::device::{ApprovalSecret, RequestDevice};
use lethe_access::user::{AmendUser, Enrolment, IdentityInput, RegisterUser, UserInput};
use lethe_crm::contact::{AmendContact, ContactInput};
use lethe_kernel::{ContactId, DeviceId, Patch, UserId};
use lethe_ledger::Ledger;

use crate::marker::Markers;
use crate::people::{consent, context, note, register, system};

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

/// Registers a user, changes everything about them, and has them asked about a device by mail.
pub(crate) async fn engage(ledger: &Ledger, directory: &Directory, markers: &mut Markers) -> UserId {
    let (input, enrolment) = user(directory, markers);
    let work = RegisterUser { id: None, unit: None, integration: false, input, enrolment };
    let user = UserId(ledger.execute(&system(), &work).await.unwrap().object());
    alter(ledger, directory, markers, user).await;
    user
}

/// Changes everything about a user, and has them asked about another device.
pub(crate) async fn alter(ledger: &Ledger, directory: &Directory, markers: &mut Markers, id: UserId) {
    let (input, enrolment) = user(directory, markers);
    let work = AmendUser { user: id, expected_version: None, input, enrolment };
    ledger.execute(&system(), &work).await.unwrap();
    let device = DeviceId(ledger.parts().ids.next());
    let secret = ApprovalSecret::random(id, device).unwrap();
    markers.made("secret that approves a device", &secret.token());
    let (label, page) =
        (Some(markers.word("label")), Some("https://lethe.example/device/approve".to_owned()));
    ledger.execute(&system(), &RequestDevice { user: id, device, label, secret, page }).await.unwrap();
}

fn user(directory: &Directory, markers: &mut Markers) -> (UserInput, Option<Enrolment>) {
    let input = UserInput {
        name: Patch::Set(markers.word("name of a user")),
        email: Patch::Set(markers.email("e-mail of a user")),
    };
    let issuer = "https://login.example.org".to_owned();
    let identities = vec![IdentityInput { issuer, subject: markers.word("identity of a user") }];
    (input, Some(Enrolment { directory: directory.clone(), identities }))
}
