use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use lethe_crm::contact::{
    AmendContact, ContactInput, ContactView, LinkContact, RegisterContact, UnlinkContact,
};
use lethe_kernel::{CompanyId, ContactId, Patch, UserError};

use super::Contact;
use crate::argument::patch;
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;

/// A contact to register. A name is the only thing it needs.
#[derive(InputObject)]
pub(crate) struct ContactRegisterInput {
    /// The given name.
    first_name: Option<String>,
    /// The family name.
    last_name: Option<String>,
    /// The title or position.
    title: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// The phone number, in any usual spelling.
    phone: Option<String>,
    /// The mobile number, likewise.
    mobile: Option<String>,
    /// A remark.
    remark: Option<String>,
    /// The CPR number, `DDMMYY-SSSS`; business hubs only.
    cpr: Option<String>,
    /// The companies it belongs to.
    #[graphql(default)]
    company_ids: Vec<ID>,
    /// A stable, non-personal reference of yours; a second registration under it is refused.
    external_reference: Option<String>,
    /// A UUID of your choice; sending the same input with it again gives the same answer and changes nothing.
    idempotency_key: Option<ID>,
}

/// What to change of a contact: a field that is absent stays, one that is null becomes empty.
#[derive(InputObject)]
pub(crate) struct ContactAmendInput {
    /// The contact.
    contact_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// The given name.
    first_name: MaybeUndefined<String>,
    /// The family name.
    last_name: MaybeUndefined<String>,
    /// The title or position.
    title: MaybeUndefined<String>,
    /// The e-mail address.
    email: MaybeUndefined<String>,
    /// The phone number.
    phone: MaybeUndefined<String>,
    /// The mobile number.
    mobile: MaybeUndefined<String>,
    /// The remark.
    remark: MaybeUndefined<String>,
    /// The CPR number.
    cpr: MaybeUndefined<String>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A contact and a company.
#[derive(InputObject)]
pub(crate) struct ContactLinkInput {
    /// The contact.
    contact_id: ID,
    /// The company.
    company_id: ID,
    /// Whether the company is this person: its sole proprietor. Erasing the contact then erases the company's personal
    /// values too. Linking again with another value corrects it.
    #[graphql(default)]
    proprietor: bool,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A contact and a company.
#[derive(InputObject)]
pub(crate) struct ContactUnlinkInput {
    /// The contact.
    contact_id: ID,
    /// The company.
    company_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `contactRegister`.
    ContactRegisterPayload { contact: Contact },
    /// The answer to `contactAmend`.
    ContactAmendPayload { contact: Contact },
    /// The answer to `contactLink`.
    ContactLinkPayload { contact: Contact },
    /// The answer to `contactUnlink`.
    ContactUnlinkPayload { contact: Contact },
}

/// Mutations of contacts.
#[derive(Default)]
pub(crate) struct ContactMutation;

#[Object]
impl ContactMutation {
    /// Registers a contact in the name of your unit.
    #[doc = allowed!(contactRegister)]
    async fn contact_register(
        &self,
        context: &Context<'_>,
        input: ContactRegisterInput,
    ) -> Result<ContactRegisterPayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "contactRegister", key.as_ref(), input.work(), ContactRegisterPayload::VIEWS)
                .await?;
        let contact = changed::<ContactView>(context, &outcome).await?.map(Contact::now);
        Ok(ContactRegisterPayload::new(outcome, contact))
    }

    /// Changes a contact's details.
    #[doc = allowed!(contactAmend)]
    async fn contact_amend(
        &self,
        context: &Context<'_>,
        input: ContactAmendInput,
    ) -> Result<ContactAmendPayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "contactAmend", key.as_ref(), input.work(), ContactAmendPayload::VIEWS).await?;
        let contact = changed::<ContactView>(context, &outcome).await?.map(Contact::now);
        Ok(ContactAmendPayload::new(outcome, contact))
    }

    /// Links a contact to a company.
    #[doc = allowed!(contactLink)]
    async fn contact_link(
        &self,
        context: &Context<'_>,
        input: ContactLinkInput,
    ) -> Result<ContactLinkPayload> {
        let work = both(&input.contact_id, &input.company_id).map(|(contact, company)| LinkContact {
            contact,
            company,
            proprietor: input.proprietor,
        });
        let key = input.idempotency_key.as_ref();
        let outcome = execute(context, "contactLink", key, work, ContactLinkPayload::VIEWS).await?;
        let contact = changed::<ContactView>(context, &outcome).await?.map(Contact::now);
        Ok(ContactLinkPayload::new(outcome, contact))
    }

    /// Removes the link between a contact and a company.
    #[doc = allowed!(contactUnlink)]
    async fn contact_unlink(
        &self,
        context: &Context<'_>,
        input: ContactUnlinkInput,
    ) -> Result<ContactUnlinkPayload> {
        let work = both(&input.contact_id, &input.company_id)
            .map(|(contact, company)| UnlinkContact { contact, company });
        let key = input.idempotency_key.as_ref();
        let outcome = execute(context, "contactUnlink", key, work, ContactUnlinkPayload::VIEWS).await?;
        let contact = changed::<ContactView>(context, &outcome).await?.map(Contact::now);
        Ok(ContactUnlinkPayload::new(outcome, contact))
    }
}

impl ContactRegisterInput {
    fn work(self) -> Result<RegisterContact, UserError> {
        let set = |field: Option<String>| field.map_or(Patch::Keep, Patch::Set);
        let companies = self.company_ids.iter().map(|id| Kind::Company.read(id, "companyIds").map(CompanyId));
        Ok(RegisterContact {
            companies: companies.collect::<Result<_, _>>()?,
            input: ContactInput {
                first_name: set(self.first_name),
                last_name: set(self.last_name),
                title: set(self.title),
                email: set(self.email),
                phone: set(self.phone),
                mobile: set(self.mobile),
                remark: set(self.remark),
                cpr: set(self.cpr),
            },
            external_reference: self.external_reference,
            origin: None,
        })
    }
}

impl ContactAmendInput {
    fn work(self) -> Result<AmendContact, UserError> {
        Ok(AmendContact {
            contact: ContactId(Kind::Contact.read(&self.contact_id, "contactId")?),
            expected_version: self.expected_version,
            input: ContactInput {
                first_name: patch(self.first_name),
                last_name: patch(self.last_name),
                title: patch(self.title),
                email: patch(self.email),
                phone: patch(self.phone),
                mobile: patch(self.mobile),
                remark: patch(self.remark),
                cpr: patch(self.cpr),
            },
        })
    }
}

fn both(contact: &ID, company: &ID) -> Result<(ContactId, CompanyId), UserError> {
    let contact = Kind::Contact.read(contact, "contactId")?;
    Ok((ContactId(contact), CompanyId(Kind::Company.read(company, "companyId")?)))
}
