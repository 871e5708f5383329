use async_graphql::{Context, ID, InputObject, Object};
use lethe_crm::prospect::{LinkProspect, ProspectView, RegisterProspect};
use lethe_kernel::{CompanyId, ContactId, ProspectId, UserError};

use super::Prospect;
use crate::company::NaceVersionField;
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;

/// A prospect to register.
#[derive(InputObject)]
pub(crate) struct ProspectRegisterInput {
    /// The contact whose idea it is.
    contact_id: ID,
    /// What it is called.
    title: String,
    /// Its industry code.
    nace_code: Option<String>,
    /// The list the industry code is from; required with one.
    nace_version: Option<NaceVersionField>,
    /// A stable, non-personal reference of yours; a second registration under it is refused.
    external_reference: Option<String>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A prospect and the company it founded.
#[derive(InputObject)]
pub(crate) struct ProspectLinkInput {
    /// The prospect.
    prospect_id: ID,
    /// The company.
    company_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `prospectRegister`.
    ProspectRegisterPayload { prospect: Prospect },
    /// The answer to `prospectLink`.
    ProspectLinkPayload { prospect: Prospect },
}

/// Mutations of prospects.
#[derive(Default)]
pub(crate) struct ProspectMutation;

#[Object]
impl ProspectMutation {
    /// Registers a business idea of a contact.
    #[doc = allowed!(prospectRegister)]
    async fn prospect_register(
        &self,
        context: &Context<'_>,
        input: ProspectRegisterInput,
    ) -> Result<ProspectRegisterPayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "prospectRegister", key.as_ref(), input.work(), ProspectRegisterPayload::VIEWS)
                .await?;
        let prospect = changed::<ProspectView>(context, &outcome).await?.map(Prospect);
        Ok(ProspectRegisterPayload::new(outcome, prospect))
    }

    /// Links a prospect to the company it founded.
    #[doc = allowed!(prospectLink)]
    async fn prospect_link(
        &self,
        context: &Context<'_>,
        input: ProspectLinkInput,
    ) -> Result<ProspectLinkPayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "prospectLink", key.as_ref(), input.work(), ProspectLinkPayload::VIEWS).await?;
        let prospect = changed::<ProspectView>(context, &outcome).await?.map(Prospect);
        Ok(ProspectLinkPayload::new(outcome, prospect))
    }
}

impl ProspectRegisterInput {
    fn work(self) -> Result<RegisterProspect, UserError> {
        Ok(RegisterProspect {
            contact: ContactId(Kind::Contact.read(&self.contact_id, "contactId")?),
            title: self.title,
            nace_code: self.nace_code,
            nace_version: self.nace_version.map(Into::into),
            external_reference: self.external_reference,
        })
    }
}

impl ProspectLinkInput {
    fn work(self) -> Result<LinkProspect, UserError> {
        Ok(LinkProspect {
            prospect: ProspectId(Kind::Prospect.read(&self.prospect_id, "prospectId")?),
            company: CompanyId(Kind::Company.read(&self.company_id, "companyId")?),
            expected_version: self.expected_version,
        })
    }
}
