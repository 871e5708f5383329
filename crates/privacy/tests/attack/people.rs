//! People in a database, and how they are forgotten.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::{AnonymiseUser, OffBoardUser, RegisterUser};
use lethe_crm::contact::{ContactInput, ErasureKind, ErasureReason, RegisterContact};
use lethe_crm::note::{ExpiryChoice, WriteNote};
use lethe_kernel::{Caller, Clock, ContactId, NoteId, Patch, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Ledger};
use lethe_nordic::Country;
use lethe_privacy::consent::{GiveConsent, LegalBasis};
use lethe_privacy::erasure::{EraseContact, preview};
use lethe_vault::custodian::CustodianSpec;
use lethe_vault::mirror::Mirrors;
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::cluster::Cluster;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));

pub(crate) fn context() -> Context {
    let caller = Caller { user: DPM, unit: UNIT, role: Role::Consultant };
    Context::new(caller, RequestId(Uuid::from_u128(1)))
}

/// Creates the tables of Lethe in a cluster.
pub(crate) async fn migrated(cluster: &Cluster) {
    let pool = lethe_ledger::connect(cluster.options(), 2).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    pool.close().await;
}

/// A process on a database with tables, and with few buckets.
pub(crate) async fn process(options: PgConnectOptions, files: &[PathBuf]) -> Ledger {
    process_with(options, files, &[]).await
}

/// The same with mirrors.
pub(crate) async fn process_with(
    options: PgConnectOptions,
    files: &[PathBuf],
    mirrors: &[PathBuf],
) -> Ledger {
    let pool = lethe_ledger::connect(options, 12).await.unwrap();
    let custodians = files.iter().cloned().map(CustodianSpec::File).collect();
    let vault = Vault::open(pool.clone(), &Custody { custodians, buckets: 4 }).await.unwrap();
    let vault = vault.with_mirrors(Mirrors::new(mirrors));
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}

/// A process of a cluster, which has a mirror in its folder.
pub(crate) async fn process_of(cluster: &Cluster) -> Ledger {
    process_with(cluster.options(), &cluster.custodians(), &[cluster.mirror()]).await
}

/// Has the mirror follow, and keeps a copy of it: a rotation removes the exports of earlier roots.
pub(crate) async fn copy_of_mirror(cluster: &Cluster, ledger: &Ledger) {
    ledger.parts().vault.mirrors().feed(&ledger.parts().pool).await.unwrap();
    let target = cluster.path().join("mirror-before");
    fs::create_dir(&target).unwrap();
    let mut copied = 0;
    for entry in fs::read_dir(cluster.mirror()).unwrap().flatten() {
        fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
        copied += 1;
    }
    assert!(copied > 0, "the mirror is empty");
}

/// Registers the unit that everybody acts for.
pub(crate) async fn found(ledger: &Ledger) {
    let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
    employ(ledger, DPM, "Dana").await;
    ledger.execute(&system(), &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
}

pub(crate) fn named(name: &str) -> ContactInput {
    ContactInput { first_name: Patch::Set(name.into()), ..ContactInput::default() }
}

pub(crate) async fn register(ledger: &Ledger, input: ContactInput) -> ContactId {
    let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    ContactId(ledger.execute(&context(), &work).await.unwrap().object())
}

/// A note about one person alone.
pub(crate) fn write_note(contact: ContactId, text: String) -> WriteNote {
    WriteNote {
        contacts: vec![contact],
        company: None,
        kind: "CALL".into(),
        text,
        contains_personal: true,
        contains_sensitive: false,
        expiry: ExpiryChoice::Default,
        longest: lethe_crm::expiry::Longest::default(),
    }
}

/// Writes it.
pub(crate) async fn note(ledger: &Ledger, contact: ContactId, text: String) -> NoteId {
    let work = write_note(contact, text);
    NoteId(ledger.execute(&context(), &work).await.unwrap().object())
}

/// Has a person agree to these words.
pub(crate) async fn consent(ledger: &Ledger, contact: ContactId, wording: String, proof: String) {
    let work = GiveConsent {
        contact,
        purpose: "NEWSLETTER".into(),
        legal_basis: LegalBasis::Consent,
        source: "WEB_FORM".into(),
        wording: Some(wording),
        proof: Some(proof),
        effective_at: None,
        kept_until: None,
        longest: lethe_crm::expiry::Longest::default(),
    };
    ledger.execute(&context(), &work).await.unwrap();
}

/// Erases a person, as somebody who may.
pub(crate) async fn erase(ledger: &Ledger, contact: ContactId, kind: ErasureKind) {
    let caller = Caller { role: Role::Dpm, ..context().caller };
    let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
    let token = preview(ledger, &context, contact, kind).await.unwrap().token;
    let work = EraseContact { contact, kind, reason: ErasureReason::RequestOfPerson, token };
    ledger.execute(&context, &work).await.unwrap();
}

/// Lethe itself, in the name of the unit.
pub(crate) fn system() -> Context {
    Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)))
}

/// Registers a user.
pub(crate) async fn employ(ledger: &Ledger, user: UserId, name: &str) {
    let person = RegisterUser::person(user, name, "somebody@example.org");
    ledger.execute(&system(), &person).await.unwrap();
}

/// Has a user leave, and forgets them.
pub(crate) async fn forget(ledger: &Ledger, user: UserId) {
    ledger.execute(&system(), &OffBoardUser { user }).await.unwrap();
    ledger.execute(&system(), &AnonymiseUser { user }).await.unwrap();
}

/// Says something past what collects the output of tests that pass.
pub(crate) fn tell(text: &str) {
    std::io::stderr().write_all(format!("\n{text}\n").as_bytes()).unwrap();
}
