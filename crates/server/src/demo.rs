//! The demo data of a first start: invented units, companies, contacts and notes, through the same doors as real
//! data, and the people of those units. It may be cut off at any time; the next start goes on where it stopped and doubles nothing.

mod people;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use lethe_access::unit::Registered;
use lethe_crm::expiry::{Effect, Expiry, Longest};
use lethe_crm::import::{ImportFile, ImportKind, Source, prepare, run};
use lethe_crm::note::{ExpiryChoice, WriteNote};
use lethe_crm::reference;
use lethe_kernel::{Caller, ContactId, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Failure, Idempotency, Ledger, LedgerError};
use serde::Deserialize;
use uuid::Uuid;

use crate::data_dir::DataDir;
use crate::error::Error;
use crate::output;

const UNITS: &str = include_str!("../../../fixtures/demo/units.json");
const NOTES: &str = include_str!("../../../fixtures/demo/notes.jsonl");
const FILES: [(ImportKind, &str, &[u8]); 4] = [
    (ImportKind::Companies, "DK", include_bytes!("../../../fixtures/demo/companies-dk.csv")),
    (ImportKind::Companies, "SE", include_bytes!("../../../fixtures/demo/companies-se.csv")),
    (ImportKind::Contacts, "DK", include_bytes!("../../../fixtures/demo/contacts-dk.csv")),
    (ImportKind::Contacts, "SE", include_bytes!("../../../fixtures/demo/contacts-se.csv")),
];

/// Who loaded the demo data: a consultant of the first demo unit.
pub(crate) const CONSULTANT: Caller = Caller {
    user: UserId(Uuid::from_u128(0x0d3e_0000_0000_8000_8000_0000_0000_0001)),
    unit: UnitId(Uuid::from_u128(0x9eab_5b04_5ebc_5824_843b_c3fe_65dc_6dd6)),
    role: Role::Consultant,
};

/// The user of the first demo unit that has a role.
pub(crate) const fn user(role: Role) -> UserId {
    let number = match role {
        Role::Consultant => 1,
        Role::UnitAdministrator => 2,
        Role::SystemAdministrator => 3,
        Role::Dpm => 4,
        Role::Auditor => 5,
        Role::Integration => 6,
        Role::System => return Caller::SYSTEM,
    };
    UserId(Uuid::from_u128(0x0d3e_0000_0000_8000_8000_0000_0000_0000 + number))
}

#[derive(Deserialize)]
struct Unit {
    id: Uuid,
    #[serde(flatten)]
    registered: Registered,
}

#[derive(Deserialize)]
struct Note {
    contacts: Vec<String>,
    unit: UnitId,
    kind: String,
    text: String,
    contains_personal: bool,
    contains_sensitive: bool,
    expires: Option<NaiveDate>,
    effect: Option<Effect>,
}

/// Loads the demo data into a ledger that is empty, or in which an earlier start began to.
///
/// # Errors
/// [`Error::Ledger`], [`Error::Import`], [`Error::File`].
pub(crate) async fn load(ledger: &Ledger, folder: &DataDir) -> Result<(), Error> {
    let begun = marker(folder);
    if ledger.parts().head().await? > 0 && !begun.exists() {
        return Ok(());
    }
    fs::write(&begun, b"").map_err(Error::file("write", &begun))?;
    output::note("Loading the demo data.");
    let units: Vec<Unit> = parse(UNITS)?;
    people::register(ledger, &units).await?;
    for (kind, country, bytes) in FILES {
        let context = context(ledger, importer(&units, country));
        let file = ImportFile { source: Source::Bytes(Arc::from(bytes)), kind, overrides: Vec::new() };
        let prepared = prepare(ledger, &context, file).await?;
        run(prepared, ledger, &context, |_| {}).await?;
    }
    for (index, line) in (0_u128..).zip(NOTES.lines()) {
        write_note(ledger, &units, index, parse(line)?).await?;
    }
    fs::remove_file(&begun).map_err(Error::file("remove", &begun))
}

/// Registers the units of the demo data and the people in them, without contacts; answers the units, in their order.
///
/// # Errors
/// [`Error::Ledger`], [`Error::Import`].
pub(crate) async fn units(ledger: &Ledger) -> Result<Vec<UnitId>, Error> {
    let units: Vec<Unit> = parse(UNITS)?;
    people::register(ledger, &units).await?;
    Ok(units.iter().map(|unit| UnitId(unit.id)).collect())
}

async fn write_note(ledger: &Ledger, units: &[Unit], index: u128, note: Note) -> Result<(), Error> {
    let today = lethe_nordic::calendar::copenhagen_date(ledger.parts().clock.now());
    let expiry = note.expires.zip(note.effect).map(|(on, effect)| Expiry { on, effect });
    let work = WriteNote {
        contacts: note.contacts.iter().map(|text| contact(units, text)).collect(),
        company: None,
        kind: note.kind,
        text: note.text,
        contains_personal: note.contains_personal,
        contains_sensitive: note.contains_sensitive,
        expiry: match expiry {
            Some(expiry) if expiry.on > today => ExpiryChoice::On(expiry),
            None if !note.contains_personal && !note.contains_sensitive => ExpiryChoice::Never,
            // The files get older; what would have expired by now lives as long as a new note does.
            _ => ExpiryChoice::Default,
        },
        longest: Longest::default(),
    };
    // A unit gets a contact of another one by a transfer, which no user can do yet.
    let has_all = note.contacts.iter().all(|text| importer_of(units, text).unit == note.unit);
    let caller = if has_all { Caller { unit: note.unit, ..CONSULTANT } } else { Caller::system(note.unit) };
    let idempotency = Idempotency { key: Uuid::from_u128(index), mutation: "demo", input: Vec::new() };
    let context = Context { idempotency: Some(idempotency), ..context(ledger, caller) };
    done(ledger.execute(&context, &work).await)
}

/// The contact that the unit of its country imported under a reference.
fn contact(units: &[Unit], reference: &str) -> ContactId {
    ContactId(reference::id("contact", importer_of(units, reference).unit, reference))
}

fn importer_of(units: &[Unit], reference: &str) -> Caller {
    importer(units, reference.get(..2).unwrap_or_default())
}

/// Who imports the files of a country: the first unit there.
fn importer(units: &[Unit], country: &str) -> Caller {
    let unit = units.iter().find(|unit| unit.registered.country.as_str() == country);
    Caller { unit: unit.map_or(CONSULTANT.unit, |unit| UnitId(unit.id)), ..CONSULTANT }
}

fn context(ledger: &Ledger, caller: Caller) -> Context {
    Context::new(caller, RequestId(ledger.parts().ids.next()))
}

fn done<T>(result: Result<T, Failure>) -> Result<(), Error> {
    result.map(drop).map_err(|failure| Error::Import(failure.into()))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| LedgerError::Encode(format!("the demo data: {error}")).into())
}

fn marker(folder: &DataDir) -> PathBuf {
    folder.path().join("demo.loading")
}

#[cfg(test)]
mod tests {
    use lethe_access::UnitKind;

    use super::*;

    #[test]
    fn the_default_caller_is_of_the_first_unit_a_danish_business_hub() {
        let units: Vec<Unit> = parse(UNITS).unwrap();
        assert_eq!(units[0].id, CONSULTANT.unit.0);
        assert_eq!(units[0].registered.kind, UnitKind::BusinessHub);
        assert_eq!(user(Role::Consultant), CONSULTANT.user);
        assert_eq!(importer(&units, "DK"), CONSULTANT);
        assert_eq!(importer(&units, "SE").unit.0, units[3].id);
    }
}
