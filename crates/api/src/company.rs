//! Companies.

mod fields;
mod list;
mod mutation;

pub(crate) use fields::{LegalFormField, NaceVersionField};
pub(crate) use list::CompanyQuery;
pub(crate) use mutation::CompanyMutation;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use lethe_crm::company::{CompanyRow, CompanyView, Master};
use lethe_crm::contact::ContactView;
use lethe_kernel::{PersonalValue, Subject};
use uuid::Uuid;

use self::fields::{CompanyStatusField, SchemeField};
use crate::connection::{Opaque, PageArguments};
use crate::contact::{Contact, Withheld, WithheldReason, erased, forbidden};
use crate::error::Result;
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::keys::{is_erased, open};
use crate::loader::{Identified, by_id};
use crate::reveal::CompanyReveals;
use crate::scalar::MaskedCpr;
use crate::unit::{CountryField, Unit};
use crate::visibility::Visibility;

/// The fields of a sole proprietor's company that are sealed for that person.
const PERSONAL: [&str; 7] = ["maskedNumber", "name", "address", "postalCode", "city", "phone", "email"];

#[derive(Clone)]
pub(crate) struct Company(pub(crate) CompanyRow);

impl Identified for CompanyRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, _: Visibility) -> bool {
        true
    }
}

impl Company {
    async fn text<T: PersonalValue>(
        &self,
        context: &Context<'_>,
        value: Option<&Master<T>>,
        text: impl Fn(T) -> String,
    ) -> Result<Option<String>> {
        match value {
            None => Ok(None),
            Some(Master::Public(value)) => Ok(Some(text(value.clone()))),
            Some(Master::Personal(value)) => {
                Ok(open(context, Some(value), Subject::sole_proprietor(self.0.id)).await?.map(text))
            }
        }
    }
}

/// A company. Its number never changes; a wrong one is corrected by registering the right company and closing this
/// one.
#[Object]
impl Company {
    /// The company's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Company.id(self.0.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Whether it takes changes.
    async fn status(&self) -> CompanyStatusField {
        self.0.status.into()
    }

    /// The country of its register.
    async fn country(&self) -> CountryField {
        self.0.country.into()
    }

    /// The kind of its number.
    async fn scheme(&self) -> SchemeField {
        self.0.scheme.into()
    }

    /// Its number; null if that is a personnummer.
    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// The number of a Swedish sole trader, which is a personnummer: masked, `YYMMDD-****`. `companyNumberReveal`
    /// shows it, and logs it.
    async fn masked_number(&self, context: &Context<'_>) -> Result<Option<MaskedCpr>> {
        let date = open(context, self.0.number_date.as_ref(), Subject::sole_proprietor(self.0.id)).await?;
        Ok(date.map(|date| MaskedCpr(date.masked())))
    }

    #[graphql(flatten)]
    #[expect(clippy::unused_async, reason = "the macro takes a flattened field as it takes every other")]
    async fn reveals(&self) -> CompanyReveals<'_> {
        CompanyReveals(&self.0)
    }

    /// The fields whose values are not shown, and why.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        if self.0.is_personal() && is_erased(context, Subject::sole_proprietor(self.0.id)).await? {
            return Ok(erased(&PERSONAL));
        }
        if self.0.is_personal()
            && let Some(withheld) = forbidden(context, &PERSONAL)
        {
            return Ok(withheld);
        }
        let hidden = self.0.number_date.as_ref();
        let masked = hidden.map(|_| Withheld { field: "number", reason: WithheldReason::Masked });
        Ok(masked.into_iter().collect())
    }

    /// The numbers of its production units.
    async fn p_numbers(&self) -> Vec<&str> {
        self.0.p_numbers.iter().map(lethe_nordic::PNumber::as_str).collect()
    }

    /// Its legal form.
    async fn legal_form(&self) -> LegalFormField {
        self.0.legal_form.into()
    }

    /// Its name.
    async fn name(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.text(context, self.0.name.as_ref(), |value| value.0).await
    }

    /// The lines of its street address.
    async fn address(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.text(context, self.0.address.as_ref(), |value| value.0).await
    }

    /// Its postal code.
    async fn postal_code(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.text(context, self.0.postal_code.as_ref(), |value| value.0).await
    }

    /// Its city.
    async fn city(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.text(context, self.0.city.as_ref(), |value| value.0).await
    }

    /// Its phone number.
    async fn phone(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.text(context, self.0.phone.as_ref(), |value| value.0).await
    }

    /// Its e-mail address.
    async fn email(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.text(context, self.0.email.as_ref(), |value| value.0).await
    }

    /// Its industry code, with dots.
    async fn nace_code(&self) -> Option<&str> {
        self.0.nace_code.as_deref()
    }

    /// The list the industry code is from.
    async fn nace_version(&self) -> Option<NaceVersionField> {
        self.0.nace_version.map(Into::into)
    }

    /// The stable reference under which another system knows it.
    async fn external_reference(&self) -> Option<&str> {
        self.0.external_reference.as_deref()
    }

    /// The company that took its place, once it is closed.
    async fn superseded_by(&self, context: &Context<'_>) -> Result<Option<Self>> {
        let Some(company) = self.0.superseded_by else { return Ok(None) };
        Ok(by_id::<CompanyView>(context, company.0).await?.map(Self))
    }

    /// The code of the reason it was closed for.
    async fn close_reason(&self) -> Option<&str> {
        self.0.close_reason.as_deref()
    }

    /// The contact who is its sole proprietor, if that is known and you see it.
    async fn proprietor(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        let Some(contact) = self.0.proprietor_id else { return Ok(None) };
        Ok(by_id::<ContactView>(context, contact.0).await?.map(Contact::now))
    }

    /// The unit that registered it.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it last changed.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.0.changed_at
    }

    /// Everything that happened to it, the oldest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        history(context, "company", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}
