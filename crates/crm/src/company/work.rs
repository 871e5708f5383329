//! The commands on companies, over every aggregate they touch.

use std::collections::BTreeSet;

use lethe_access::unit::own_unit;
use lethe_kernel::{CompanyId, ErrorCode, Subject, UserError};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_nordic::{Country, PNumber};
use uuid::Uuid;

use super::identity::identify;
use super::{
    Closed, Company, CompanyCommand, CompanyError, CompanyInput, CompanyReference, Details, LegalForm,
    Registered,
};
use crate::contact::Origin;
use crate::reference;

/// Registers a company in the name of the caller's unit. Answers the company.
pub struct RegisterCompany {
    /// The country of its register.
    pub country: Country,
    /// Its number, in any usual spelling; a second registration of a public one is refused.
    pub number: String,
    /// The numbers of its production units.
    pub p_numbers: Vec<String>,
    /// Its legal form and master data.
    pub input: CompanyInput,
    /// The reference of another system (R68).
    pub external_reference: Option<String>,
    /// The row it was imported from.
    pub origin: Option<Origin>,
}

/// A registration of which everything was checked and nothing is staged.
pub(super) struct Checked {
    pub(super) id: CompanyId,
    registered: Registered,
    slot: Option<Uuid>,
}

impl Work for RegisterCompany {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        self.check(unit).await?.stage(unit).await
    }
}

impl Checked {
    /// Registers it.
    pub(super) async fn stage(self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let Self { id, registered, slot } = self;
        let personal = registered.legal_form.is_personal();
        let registered = Box::new(registered);
        unit.handle::<Company>(id, CompanyCommand::Register { company: id, registered }).await?;
        if let Some(slot) = slot {
            unit.handle::<CompanyReference>(slot, id).await?;
        }
        Ok(answer(id, personal))
    }
}

impl RegisterCompany {
    /// Checks everything about it, without registering anything.
    pub(super) async fn check(&self, unit: &mut UnitOfWork<'_>) -> Result<Checked, Failure> {
        let own = own_unit(unit).await?;
        let reference = self.external_reference.as_deref().map(reference::check).transpose()?.flatten();
        let slot = reference.as_deref().map(|text| reference::id("company", unit.caller().unit, text));
        let (id, identity) = identify(self.country, &self.number, self.fresh_id(unit))?;
        if let Some(slot) = slot {
            refuse_reference(unit, slot, id).await?;
        }
        refuse_registered(unit, id).await?;
        let legal_form = self.legal_form()?;
        let (p_numbers, details) = self.values(id, legal_form, own.country).map_err(Failure::Refused)?;
        let registered = Registered {
            unit: unit.caller().unit,
            external_reference: reference,
            origin: self.origin,
            identity,
            p_numbers,
            legal_form,
            details,
        };
        unit.load::<Company>(id).await?.may_become(id, &registered).map_err(UserError::from)?;
        Ok(Checked { id, registered, slot })
    }

    /// The id of a company without a public number; it follows from import and row, if there are any, so that no
    /// row is registered twice.
    fn fresh_id(&self, unit: &mut UnitOfWork<'_>) -> CompanyId {
        let row = self.origin.map(|origin| reference::row_id(origin.import, origin.row));
        CompanyId(row.unwrap_or_else(|| unit.new_id()))
    }

    fn legal_form(&self) -> Result<LegalForm, UserError> {
        self.input.legal_form.ok_or_else(|| {
            let message = "A company needs a legal form. It decides whether its master data are personal.";
            UserError::at(ErrorCode::Required, "legalForm", message)
        })
    }

    fn values(
        &self,
        id: CompanyId,
        legal_form: LegalForm,
        home: Country,
    ) -> Result<(Vec<PNumber>, Details), Vec<UserError>> {
        let mut errors = Vec::new();
        let mut p_numbers = BTreeSet::new();
        for (index, text) in self.p_numbers.iter().enumerate() {
            match PNumber::parse(text) {
                Ok(number) => drop(p_numbers.insert(number)),
                Err(error) => errors.push(UserError {
                    field: vec!["pNumbers".to_owned(), index.to_string()],
                    ..UserError::new(ErrorCode::InvalidValue, error.to_string())
                }),
            }
        }
        match self.input.check(legal_form.is_personal().then_some(id), home) {
            Ok(details) if errors.is_empty() => Ok((p_numbers.into_iter().collect(), details)),
            Ok(_) => Err(errors),
            Err(more) => Err(errors.into_iter().chain(more).collect()),
        }
    }
}

/// Refuses a reference that another company has, or that ended with its company or with the person whose it was. If it is the company being
/// registered that has it, that is refused as such.
async fn refuse_reference(
    unit: &mut UnitOfWork<'_>,
    slot: Uuid,
    registering: CompanyId,
) -> Result<(), Failure> {
    let Some(company) = unit.load::<CompanyReference>(slot).await?.company() else { return Ok(()) };
    let state = unit.load::<Company>(company).await?;
    if state.is_erased() {
        return refuse(CompanyError::Erased);
    }
    if state.closed().is_some() {
        return refuse(CompanyError::ReferenceEnded(company));
    }
    if company == registering { Ok(()) } else { refuse(CompanyError::ReferenceTaken(company)) }
}

async fn refuse_registered(unit: &mut UnitOfWork<'_>, company: CompanyId) -> Result<(), Failure> {
    let exists = unit.version::<Company>(company).await? > 0;
    if unit.load::<Company>(company).await?.is_erased() {
        return refuse(CompanyError::Erased);
    }
    match (exists, unit.load::<Company>(company).await?.closed()) {
        (false, _) => Ok(()),
        (true, None) => refuse(CompanyError::AlreadyRegistered(company)),
        (true, Some(_)) => refuse(CompanyError::NumberEnded(company)),
    }
}

pub(super) fn refuse<T>(error: CompanyError) -> Result<T, Failure> {
    Err(UserError::from(error).into())
}

fn answer(company: CompanyId, personal: bool) -> Answer {
    if personal { Answer::about(company, Subject::sole_proprietor(company)) } else { Answer::of(company) }
}

/// Changes a company's master data. Answers the company.
pub struct AmendCompany {
    /// The company.
    pub company: CompanyId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
    /// What to change.
    pub input: CompanyInput,
}

impl Work for AmendCompany {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let own = own_unit(unit).await?;
        let personal = existing_company(unit, self.company).await?.is_personal();
        unit.expect::<Company>(self.company, self.expected_version).await?;
        let details =
            self.input.check(personal.then_some(self.company), own.country).map_err(Failure::Refused)?;
        let command = CompanyCommand::Amend {
            company: self.company,
            legal_form: self.input.legal_form,
            details: Box::new(details),
        };
        unit.handle::<Company>(self.company, command).await?;
        Ok(answer(self.company, personal))
    }
}

/// Closes a company (R1). Answers the company.
pub struct CloseCompany {
    /// The company.
    pub company: CompanyId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
    /// The company that takes its place.
    pub superseded_by: Option<CompanyId>,
    /// The code of the reason, for example `WRONG_NUMBER`.
    pub reason: String,
}

impl Work for CloseCompany {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let open =
            unit.existing::<Company>(self.company, CompanyError::Unknown.into()).await?.closed().is_none();
        unit.expect::<Company>(self.company, self.expected_version).await?;
        // The same closing again stays quiet, whatever became of the other company since.
        if let Some(by) = self.superseded_by.filter(|by| open && *by != self.company) {
            superseding_company(unit, by).await?;
        }
        let closed =
            Closed { superseded_by: self.superseded_by, reason: reference::code("reason", &self.reason)? };
        unit.handle::<Company>(self.company, CompanyCommand::Close { company: self.company, closed }).await?;
        Ok(Answer::of(self.company))
    }
}

async fn superseding_company(unit: &mut UnitOfWork<'_>, company: CompanyId) -> Result<(), Failure> {
    let state = unit.existing::<Company>(company, CompanyError::SupersedingUnknown.into()).await?;
    match state.closed() {
        Some(closed) => refuse(CompanyError::SupersedingClosed(closed.superseded_by)),
        None => Ok(()),
    }
}

/// A company that must be registered and not closed.
///
/// # Errors
/// `NOT_FOUND`, `ENDED`, and what can fail in loading.
pub async fn existing_company<'u>(
    unit: &'u mut UnitOfWork<'_>,
    company: CompanyId,
) -> Result<&'u Company, Failure> {
    let state = unit.existing::<Company>(company, CompanyError::Unknown.into()).await?;
    match state.closed() {
        _ if state.is_erased() => refuse(CompanyError::Erased),
        Some(closed) => refuse(CompanyError::Closed(closed.superseded_by)),
        None => Ok(state),
    }
}
