use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use lethe_crm::company::{
    AmendCompany, CloseCompany, CompanyInput, CompanyView, EraseCompany, RegisterCompany, RegisterOnce,
};
use lethe_kernel::{CompanyId, Patch, UserError};

use super::Company;
use super::fields::{LegalFormField, NaceVersionField};
use crate::app::{parts, request};
use crate::argument::patch;
use crate::contact::ErasureReasonField;
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;
use crate::unit::CountryField;

/// A company to register.
#[derive(InputObject)]
pub(crate) struct CompanyRegisterInput {
    /// The country of its register.
    country: CountryField,
    /// Its number: CVR, organisationsnummer or the number of another register.
    number: String,
    /// Its legal form.
    legal_form: LegalFormField,
    /// Its name.
    name: String,
    /// The lines of its street address.
    address: Option<String>,
    /// Its postal code.
    postal_code: Option<String>,
    /// Its city.
    city: Option<String>,
    /// Its phone number, in any usual spelling.
    phone: Option<String>,
    /// Its e-mail address.
    email: Option<String>,
    /// Its industry code.
    nace_code: Option<String>,
    /// The list the industry code is from; required with one.
    nace_version: Option<NaceVersionField>,
    /// The numbers of its production units; they cannot change later.
    #[graphql(default)]
    p_numbers: Vec<String>,
    /// A stable, non-personal reference of yours; a second registration under it is refused.
    external_reference: Option<String>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// What to change of a company: a field that is absent stays, one that is null becomes empty.
#[derive(InputObject)]
pub(crate) struct CompanyAmendInput {
    /// The company.
    company_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// Its legal form.
    legal_form: Option<LegalFormField>,
    /// Its name.
    name: MaybeUndefined<String>,
    /// The lines of its street address.
    address: MaybeUndefined<String>,
    /// Its postal code.
    postal_code: MaybeUndefined<String>,
    /// Its city.
    city: MaybeUndefined<String>,
    /// Its phone number.
    phone: MaybeUndefined<String>,
    /// Its e-mail address.
    email: MaybeUndefined<String>,
    /// Its industry code.
    nace_code: MaybeUndefined<String>,
    /// The list the industry code is from; required with one.
    nace_version: Option<NaceVersionField>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A company to close.
#[derive(InputObject)]
pub(crate) struct CompanyCloseInput {
    /// The company.
    company_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// The company that takes its place, if one does.
    superseded_by: Option<ID>,
    /// The code of the reason, for example `WRONG_NUMBER`.
    reason: String,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A company whose personal values are to be erased. It cannot be undone.
#[derive(InputObject)]
pub(crate) struct CompanyEraseInput {
    /// The company.
    company_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: i64,
    /// Why.
    reason: ErasureReasonField,
    /// A UUID of your choice; sending the same input with it again gives the same answer and changes nothing.
    idempotency_key: ID,
}

payload! {
    /// The answer to `companyErase`.
    CompanyErasePayload { company: Company },
    /// The answer to `companyRegister`.
    CompanyRegisterPayload { company: Company },
    /// The answer to `companyAmend`.
    CompanyAmendPayload { company: Company },
    /// The answer to `companyClose`.
    CompanyClosePayload { company: Company },
}

/// Mutations of companies.
#[derive(Default)]
pub(crate) struct CompanyMutation;

#[Object]
impl CompanyMutation {
    /// Registers a company. Each public number can be registered once, and each personnummer once by a unit.
    #[doc = allowed!(companyRegister)]
    async fn company_register(
        &self,
        context: &Context<'_>,
        input: CompanyRegisterInput,
    ) -> Result<CompanyRegisterPayload> {
        let key = input.idempotency_key.clone();
        let unit = request(context).session.caller.unit;
        let work = RegisterOnce::from(input.work()).knowing(parts(context), unit).await?;
        let outcome =
            execute(context, "companyRegister", key.as_ref(), Ok(work), CompanyRegisterPayload::VIEWS)
                .await?;
        let company = changed::<CompanyView>(context, &outcome).await?.map(Company);
        Ok(CompanyRegisterPayload::new(outcome, company))
    }

    /// Changes a company's master data; its number never changes.
    #[doc = allowed!(companyAmend)]
    async fn company_amend(
        &self,
        context: &Context<'_>,
        input: CompanyAmendInput,
    ) -> Result<CompanyAmendPayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "companyAmend", key.as_ref(), input.work(), CompanyAmendPayload::VIEWS).await?;
        let company = changed::<CompanyView>(context, &outcome).await?.map(Company);
        Ok(CompanyAmendPayload::new(outcome, company))
    }

    /// Erases the personal values of a company that is one person, for good, whether it is closed or not: nobody can open
    /// them any more. Imports whose files name it, or may name it, are not recognised by their files any more. If a contact
    /// is its proprietor, erase the contact instead. For the DPM of the unit that registered it, and for system
    /// administrators.
    #[doc = allowed!(companyErase)]
    async fn company_erase(
        &self,
        context: &Context<'_>,
        input: CompanyEraseInput,
    ) -> Result<CompanyErasePayload> {
        let key = &input.idempotency_key;
        let outcome =
            execute(context, "companyErase", Some(key), input.work(), CompanyErasePayload::VIEWS).await?;
        let company = changed::<CompanyView>(context, &outcome).await?.map(Company);
        Ok(CompanyErasePayload::new(outcome, company))
    }

    /// Closes a company, for example because its number was wrong; name the right company as `supersededBy`.
    #[doc = allowed!(companyClose)]
    async fn company_close(
        &self,
        context: &Context<'_>,
        input: CompanyCloseInput,
    ) -> Result<CompanyClosePayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "companyClose", key.as_ref(), input.work(), CompanyClosePayload::VIEWS).await?;
        let company = changed::<CompanyView>(context, &outcome).await?.map(Company);
        Ok(CompanyClosePayload::new(outcome, company))
    }
}

impl CompanyEraseInput {
    fn work(&self) -> Result<EraseCompany, UserError> {
        Ok(EraseCompany {
            company: CompanyId(Kind::Company.read(&self.company_id, "companyId")?),
            expected_version: self.expected_version,
            reason: self.reason.into(),
        })
    }
}

impl CompanyRegisterInput {
    fn work(self) -> RegisterCompany {
        let set = |field: Option<String>| field.map_or(Patch::Keep, Patch::Set);
        RegisterCompany {
            country: self.country.into(),
            number: self.number,
            p_numbers: self.p_numbers,
            input: CompanyInput {
                legal_form: Some(self.legal_form.into()),
                name: Patch::Set(self.name),
                address: set(self.address),
                postal_code: set(self.postal_code),
                city: set(self.city),
                phone: set(self.phone),
                email: set(self.email),
                nace_code: set(self.nace_code),
                nace_version: self.nace_version.map(Into::into),
            },
            external_reference: self.external_reference,
            origin: None,
        }
    }
}

impl CompanyAmendInput {
    fn work(self) -> Result<AmendCompany, UserError> {
        Ok(AmendCompany {
            company: CompanyId(Kind::Company.read(&self.company_id, "companyId")?),
            expected_version: self.expected_version,
            input: CompanyInput {
                legal_form: self.legal_form.map(Into::into),
                name: patch(self.name),
                address: patch(self.address),
                postal_code: patch(self.postal_code),
                city: patch(self.city),
                phone: patch(self.phone),
                email: patch(self.email),
                nace_code: patch(self.nace_code),
                nace_version: self.nace_version.map(Into::into),
            },
        })
    }
}

impl CompanyCloseInput {
    fn work(self) -> Result<CloseCompany, UserError> {
        let successor = self.superseded_by.map(|id| Kind::Company.read(&id, "supersededBy").map(CompanyId));
        Ok(CloseCompany {
            company: CompanyId(Kind::Company.read(&self.company_id, "companyId")?),
            expected_version: self.expected_version,
            superseded_by: successor.transpose()?,
            reason: self.reason,
        })
    }
}
