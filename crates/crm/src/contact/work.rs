//! The commands on contacts, over every aggregate they touch.

use lethe_access::UnitKind;
use lethe_access::unit::{own_unit, storing_unit};
use lethe_kernel::{CompanyId, ContactId, Detail, ErrorCode, Patch, UserError};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::{
    CompanyLinked, Contact, ContactCommand, ContactError, ContactInput, Details, Origin, Registered,
};
use crate::company::{Company, CompanyCommand, existing_company};
use crate::reference;

/// Registers a contact in the name of the caller's unit, which needs a DPM for it (R51). Answers the contact.
pub struct RegisterContact {
    /// What is known about the person.
    pub input: ContactInput,
    /// The reference of another system (R68); a second registration under it is refused.
    pub external_reference: Option<String>,
    /// The companies it belongs to.
    pub companies: Vec<CompanyId>,
    /// The row it was imported from.
    pub origin: Option<Origin>,
}

impl Work for RegisterContact {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let own = storing_unit(unit).await?;
        let (id, reference) = self.identity(unit)?;
        if unit.version::<Contact>(id).await? > 0 {
            let erased = unit.load::<Contact>(id).await?.is_erased();
            let rule = if erased { ContactError::ReferenceEnded } else { ContactError::AlreadyRegistered };
            let rule = UserError::from(rule);
            return Err(UserError { detail: Detail::Existing("Contact", id.0), ..rule }.into());
        }
        let details = self.input.check(id, own.country).map_err(Failure::Refused)?;
        refuse_cpr(&details, own.kind)?;
        let registered = Registered {
            unit: unit.caller().unit,
            external_reference: reference,
            origin: self.origin,
            details,
        };
        unit.handle::<Contact>(id, ContactCommand::Register(registered)).await?;
        for company in &self.companies {
            existing_company(unit, *company).await.map_err(|failure| failure.at("companyIds"))?;
            let link = CompanyLinked { company: *company, proprietor: false };
            unit.handle::<Contact>(id, ContactCommand::Link(link)).await?;
        }
        Ok(Answer::about(id, id))
    }
}

impl RegisterContact {
    /// The id follows from the reference, or from import and row, so that neither can be registered twice.
    fn identity(&self, unit: &mut UnitOfWork<'_>) -> Result<(ContactId, Option<String>), UserError> {
        let reference = self.external_reference.as_deref().map(reference::check).transpose()?.flatten();
        let id = match (&reference, self.origin) {
            (Some(text), _) => reference::id("contact", unit.caller().unit, text),
            (None, Some(origin)) => reference::row_id(origin.import, origin.row),
            (None, None) => unit.new_id(),
        };
        Ok((ContactId(id), reference))
    }
}

/// Changes a contact's details. Answers the contact.
pub struct AmendContact {
    /// The contact.
    pub contact: ContactId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
    /// What to change.
    pub input: ContactInput,
}

impl Work for AmendContact {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let own = own_unit(unit).await?;
        living_contact(unit, self.contact).await?;
        unit.expect::<Contact>(self.contact, self.expected_version).await?;
        let details = self.input.check(self.contact, own.country).map_err(Failure::Refused)?;
        refuse_cpr(&details, own.kind)?;
        unit.handle::<Contact>(self.contact, ContactCommand::Amend { contact: self.contact, details })
            .await?;
        Ok(Answer::about(self.contact, self.contact))
    }
}

/// Links a contact to a company. Answers the contact.
pub struct LinkContact {
    /// The contact.
    pub contact: ContactId,
    /// The company.
    pub company: CompanyId,
    /// Whether the company is this person: its sole proprietor.
    pub proprietor: bool,
}

impl Work for LinkContact {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let was = living_contact(unit, self.contact).await?.is_proprietor_of(self.company);
        existing_company(unit, self.company).await?;
        let proprietor = match (was, self.proprietor) {
            (_, true) => Some(CompanyCommand::NameProprietor(self.contact)),
            (true, false) => Some(CompanyCommand::ReleaseProprietor(self.contact)),
            (false, false) => None,
        };
        if let Some(command) = proprietor {
            unit.handle::<Company>(self.company, command).await?;
        }
        let link = CompanyLinked { company: self.company, proprietor: self.proprietor };
        unit.handle::<Contact>(self.contact, ContactCommand::Link(link)).await?;
        Ok(Answer::about(self.contact, self.contact))
    }
}

/// Removes the link between a contact and a company. Answers the contact.
pub struct UnlinkContact {
    /// The contact.
    pub contact: ContactId,
    /// The company.
    pub company: CompanyId,
}

impl Work for UnlinkContact {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        if existing_contact(unit, self.contact).await?.is_proprietor_of(self.company) {
            let release = CompanyCommand::ReleaseProprietor(self.contact);
            unit.handle::<Company>(self.company, release).await?;
        }
        unit.handle::<Contact>(self.contact, ContactCommand::Unlink(self.company)).await?;
        Ok(Answer::about(self.contact, self.contact))
    }
}

/// A contact that must be registered, and may be erased. One that the caller's unit does not have (R67) is refused in
/// the same words as one that was never registered.
///
/// # Errors
/// `NOT_FOUND`, and what can fail in loading.
pub async fn existing_contact<'u>(
    unit: &'u mut UnitOfWork<'_>,
    contact: ContactId,
) -> Result<&'u Contact, Failure> {
    let confined = unit.caller().confined_to();
    let found = unit.existing::<Contact>(contact, ContactError::Unknown.into()).await?;
    match confined {
        Some(own) if !found.is_of(own) => Err(UserError::from(ContactError::Unknown).into()),
        _ => Ok(found),
    }
}

/// A contact that must be registered and not erased.
///
/// # Errors
/// `NOT_FOUND`, `ERASED`, and what can fail in loading.
pub async fn living_contact<'u>(
    unit: &'u mut UnitOfWork<'_>,
    contact: ContactId,
) -> Result<&'u Contact, Failure> {
    let found = existing_contact(unit, contact).await?;
    match found.erased_on() {
        Some(on) => Err(UserError::from(ContactError::Erased(on)).into()),
        None => Ok(found),
    }
}

/// The built-in CPR field belongs to business hubs (R9).
fn refuse_cpr(details: &Details, kind: UnitKind) -> Result<(), UserError> {
    match (&details.cpr, kind) {
        (Patch::Set(_), UnitKind::Other) => Err(UserError::at(
            ErrorCode::Forbidden,
            "cpr",
            "Only business hubs may store a CPR number in the built-in field. Leave it out.",
        )),
        _ => Ok(()),
    }
}
