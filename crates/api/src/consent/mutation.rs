use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_crm::expiry::Longest;
use lethe_kernel::{ContactId, UserError};
use lethe_privacy::consent::{ConsentView, GiveConsent, WithdrawConsent};

use super::{Consent, LegalBasisField};
use crate::app::app;
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;
use crate::scalar::Date;

/// A consent that was given to your unit.
#[derive(InputObject)]
pub(crate) struct ConsentGiveInput {
    /// The contact.
    contact_id: ID,
    /// What for: a code such as `NEWSLETTER`.
    purpose: String,
    /// The basis in law.
    legal_basis: LegalBasisField,
    /// Where it comes from: a code such as `WEB_FORM`.
    source: String,
    /// The wording the person agreed to; required if the basis is consent.
    wording: Option<String>,
    /// What proves it.
    proof: Option<String>,
    /// When it took effect; now, if left out.
    effective_at: Option<DateTime<Utc>>,
    /// The first day on which the data is no longer kept for this purpose; a day after today.
    kept_until: Option<Date>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A consent that was withdrawn from your unit.
#[derive(InputObject)]
pub(crate) struct ConsentWithdrawInput {
    /// The contact.
    contact_id: ID,
    /// What for.
    purpose: String,
    /// When the withdrawal took effect; now, if left out.
    effective_at: Option<DateTime<Utc>>,
    /// The code of the reason.
    reason: Option<String>,
    /// A note about it.
    note: Option<String>,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `consentGive`.
    ConsentGivePayload { consent: Consent },
    /// The answer to `consentWithdraw`.
    ConsentWithdrawPayload { consent: Consent },
}

/// Mutations of consents.
#[derive(Default)]
pub(crate) struct ConsentMutation;

#[Object]
impl ConsentMutation {
    /// Records that a contact's data may be used for a purpose.
    #[doc = allowed!(consentGive)]
    async fn consent_give(
        &self,
        context: &Context<'_>,
        input: ConsentGiveInput,
    ) -> Result<ConsentGivePayload> {
        let key = input.idempotency_key.clone();
        let outcome = execute(
            context,
            "consentGive",
            key.as_ref(),
            input.work(app(context).longest),
            ConsentGivePayload::VIEWS,
        )
        .await?;
        let consent = changed::<ConsentView>(context, &outcome).await?.map(Consent);
        Ok(ConsentGivePayload::new(outcome, consent))
    }

    /// Records that a consent was withdrawn.
    #[doc = allowed!(consentWithdraw)]
    async fn consent_withdraw(
        &self,
        context: &Context<'_>,
        input: ConsentWithdrawInput,
    ) -> Result<ConsentWithdrawPayload> {
        let key = input.idempotency_key.clone();
        let outcome =
            execute(context, "consentWithdraw", key.as_ref(), input.work(), ConsentWithdrawPayload::VIEWS)
                .await?;
        let consent = changed::<ConsentView>(context, &outcome).await?.map(Consent);
        Ok(ConsentWithdrawPayload::new(outcome, consent))
    }
}

impl ConsentGiveInput {
    fn work(self, longest: Longest) -> Result<GiveConsent, UserError> {
        Ok(GiveConsent {
            contact: ContactId(Kind::Contact.read(&self.contact_id, "contactId")?),
            purpose: self.purpose,
            legal_basis: self.legal_basis.into(),
            source: self.source,
            wording: self.wording,
            proof: self.proof,
            effective_at: self.effective_at,
            kept_until: self.kept_until.map(|date| date.0),
            longest,
        })
    }
}

impl ConsentWithdrawInput {
    fn work(self) -> Result<WithdrawConsent, UserError> {
        Ok(WithdrawConsent {
            contact: ContactId(Kind::Contact.read(&self.contact_id, "contactId")?),
            purpose: self.purpose,
            effective_at: self.effective_at,
            reason: self.reason,
            note: self.note,
            expected_version: self.expected_version,
        })
    }
}
