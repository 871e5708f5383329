use chrono::{DateTime, Utc};
use lethe_kernel::{CompanyId, ContactId, Personal, UnitId, codes};
use lethe_ledger::{LedgerError, Projection, Recorded};
use lethe_nordic::{Country, PNumber};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Address, City, CompanyEvent, Details, Email, Held, LegalForm, Master, Nace, NaceVersion, Name, Number,
    NumberDate, NumberSerial, Phone, PostalCode, Registered, Scheme,
};

/// The companies.
pub struct CompanyView;

/// One company; personal values as they are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyRow {
    /// The company's id.
    pub id: CompanyId,
    /// The number of its events.
    pub version: i64,
    /// The unit that registered it.
    pub unit_id: UnitId,
    /// The country of its register.
    pub country: Country,
    /// The kind of number.
    pub scheme: Scheme,
    /// The number, unless it is a personnummer.
    pub number: Option<String>,
    /// All of a personnummer but the last four digits; see [`NumberDate::masked`].
    pub number_date: Option<Personal<NumberDate>>,
    /// The last four; sealed, and not opened by any query.
    pub number_serial: Option<Personal<NumberSerial>>,
    /// The legal form.
    pub legal_form: LegalForm,
    /// The name.
    pub name: Option<Master<Name>>,
    /// The lines of the street address.
    pub address: Option<Master<Address>>,
    /// The postal code.
    pub postal_code: Option<Master<PostalCode>>,
    /// The city.
    pub city: Option<Master<City>>,
    /// The phone number.
    pub phone: Option<Master<Phone>>,
    /// The e-mail address.
    pub email: Option<Master<Email>>,
    /// The industry code with its dots.
    pub nace_code: Option<String>,
    /// The list the industry code is from.
    pub nace_version: Option<NaceVersion>,
    /// The numbers of its production units.
    pub p_numbers: Vec<PNumber>,
    /// The reference of another system.
    pub external_reference: Option<String>,
    /// Whether it takes changes.
    pub status: CompanyStatus,
    /// The company that took its place.
    pub superseded_by: Option<CompanyId>,
    /// The code of the reason it was closed for.
    pub close_reason: Option<String>,
    /// The contact who is its sole proprietor, if that is known.
    pub proprietor_id: Option<ContactId>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

codes! {
    /// Whether a company takes changes.
    pub enum CompanyStatus {
        /// It does.
        Active = "ACTIVE",
        /// It was closed.
        Closed = "CLOSED",
        /// The person whose company it is was erased.
        Erased = "ERASED",
    }
}

impl Projection for CompanyView {
    const NAME: &'static str = "company";
    const VERSION: i32 = 3;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["company"];
    type Row = CompanyRow;

    fn fold(row: Option<CompanyRow>, id: Uuid, event: &Recorded) -> Result<Option<CompanyRow>, LedgerError> {
        let decoded: CompanyEvent = event.decode()?;
        // That a file names it changes nothing of it.
        let changes = !matches!(decoded, CompanyEvent::FoundByImport(_));
        let mut row = match (row, decoded) {
            (_, CompanyEvent::Registered(registered)) => CompanyRow::new(CompanyId(id), registered, event),
            (Some(mut row), CompanyEvent::Amended(amended)) => {
                row.legal_form = amended.legal_form.unwrap_or(row.legal_form);
                row.amend(amended.details);
                row
            }
            (Some(row), CompanyEvent::Closed(closed)) => CompanyRow {
                status: CompanyStatus::Closed,
                superseded_by: closed.superseded_by,
                close_reason: Some(closed.reason),
                ..row
            },
            (Some(row), CompanyEvent::ProprietorSet(set)) => CompanyRow { proprietor_id: set.contact, ..row },
            (Some(row), CompanyEvent::FoundByImport(_)) => row,
            (Some(mut row), CompanyEvent::Erased(_)) => {
                row.erase();
                row
            }
            (None, _) => return Ok(None),
        };
        row.version = event.sequence;
        if changes {
            row.changed_at = event.recorded_at;
        }
        Ok(Some(row))
    }
}

impl CompanyRow {
    /// Whether the company is one person, so that its master data are sealed.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.legal_form.is_personal()
    }

    fn new(id: CompanyId, registered: Registered, event: &Recorded) -> Self {
        let (number, sealed) = match registered.identity.number {
            Number::Public(number) => (Some(number), None),
            Number::Personal(sealed) => (None, Some((sealed.date, sealed.serial))),
        };
        let (number_date, number_serial) = sealed.unzip();
        let mut row = Self {
            id,
            version: 0,
            unit_id: registered.unit,
            country: registered.identity.country,
            scheme: registered.identity.scheme,
            number,
            number_date,
            number_serial,
            legal_form: registered.legal_form,
            name: None,
            address: None,
            postal_code: None,
            city: None,
            phone: None,
            email: None,
            nace_code: None,
            nace_version: None,
            p_numbers: registered.p_numbers,
            external_reference: registered.external_reference,
            status: CompanyStatus::Active,
            superseded_by: None,
            close_reason: None,
            proprietor_id: None,
            created_at: event.recorded_at,
            changed_at: event.recorded_at,
        };
        row.amend(registered.details);
        row
    }

    /// Without what was sealed for the person; a public number, codes and dates stay.
    fn erase(&mut self) {
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            version: _,
            unit_id: _,
            country: _,
            scheme: _,
            number: _,
            legal_form: _,
            nace_code: _,
            nace_version: _,
            p_numbers: _,
            external_reference: _,
            superseded_by: _,
            close_reason: _,
            proprietor_id: _,
            created_at: _,
            changed_at: _,
            status,
            number_date,
            number_serial,
            name,
            address,
            postal_code,
            city,
            phone,
            email,
        } = self;
        *status = CompanyStatus::Erased;
        (*number_date, *number_serial) = (None, None);
        (*name, *address, *postal_code, *city) = (None, None, None, None);
        (*phone, *email) = (None, None);
    }

    fn amend(&mut self, details: Details) {
        let mut held = Held {
            name: self.name.take(),
            address: self.address.take(),
            postal_code: self.postal_code.take(),
            city: self.city.take(),
            phone: self.phone.take(),
            email: self.email.take(),
            nace: self.nace_code.take().zip(self.nace_version).map(|(code, version)| Nace { code, version }),
        };
        held.apply(details);
        self.name = held.name;
        self.address = held.address;
        self.postal_code = held.postal_code;
        self.city = held.city;
        self.phone = held.phone;
        self.email = held.email;
        (self.nace_code, self.nace_version) = held.nace.map(|nace| (nace.code, nace.version)).unzip();
    }
}
