//! The commands on consents; each is one unit of work over the consent and the contact who gives it.

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound, Utc};
use lethe_access::unit::own_unit;
use lethe_crm::contact::{BelongingKind, Bound, Contact, ContactCommand, living_contact};
use lethe_crm::expiry::{ExpirySource, Longest};
use lethe_crm::reference;
use lethe_kernel::{ConsentId, ContactId, ErrorCode, Personal, UserError, text};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_nordic::calendar;

use super::{
    Consent, ConsentCommand, Given, LegalBasis, Proof, WithdrawalNote, Withdrawn, Wording, consent_id,
};

/// Records that a contact gave consent, or that another legal basis holds, for a purpose of the caller's unit.
/// Answers the consent.
pub struct GiveConsent {
    /// The contact.
    pub contact: ContactId,
    /// What for: a code.
    pub purpose: String,
    /// What makes that lawful.
    pub legal_basis: LegalBasis,
    /// Where it comes from: a code.
    pub source: String,
    /// The words agreed to.
    pub wording: Option<String>,
    /// Where the proof is, or what it is.
    pub proof: Option<String>,
    /// Since when it holds; now if left out.
    pub effective_at: Option<DateTime<Utc>>,
    /// The first day on which the data is no longer kept for this purpose.
    pub kept_until: Option<NaiveDate>,
    /// How long data may be kept.
    pub longest: Longest,
}

impl Work for GiveConsent {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        living_contact(unit, self.contact).await?;
        let now = unit.now();
        let given = Given {
            contact: self.contact,
            unit: unit.caller().unit,
            purpose: reference::code("purpose", &self.purpose)?,
            legal_basis: self.legal_basis,
            source: reference::code("source", &self.source)?,
            wording: block("wording", self.wording.as_deref())?
                .map(|text| Personal::of(self.contact, Wording(text))),
            proof: block("proof", self.proof.as_deref())?.map(|text| Personal::of(self.contact, Proof(text))),
            effective_at: effect(self.effective_at, now)?,
            kept_until: self.kept_until.map(|date| plausible("keptUntil", date)).transpose()?,
        };
        let id = consent_id(given.contact, given.unit, &given.purpose);
        let expires = given.kept_until;
        let bound = Bound {
            kind: BelongingKind::Consent,
            id: id.0,
            unit: given.unit,
            personal: true,
            created: calendar::copenhagen_date(now),
            expires,
            // Without a day, it is its withdrawal that ends it.
            source: expires.map_or(ExpirySource::Event, |_| ExpirySource::Chosen),
        };
        let dated = self.effective_at.is_some();
        let command = ConsentCommand::Give { given, dated, now, longest: self.longest };
        unit.handle::<Consent>(id, command).await?;
        unit.handle::<Contact>(self.contact, ContactCommand::Bind(bound)).await?;
        Ok(Answer::about(id, self.contact))
    }
}

/// Records that a contact withdrew what was given for a purpose of the caller's unit. Answers the consent.
pub struct WithdrawConsent {
    /// The contact.
    pub contact: ContactId,
    /// The purpose.
    pub purpose: String,
    /// Since when it holds no longer; now if left out.
    pub effective_at: Option<DateTime<Utc>>,
    /// Why: a code.
    pub reason: Option<String>,
    /// What was said.
    pub note: Option<String>,
    /// The version of the consent the caller has seen.
    pub expected_version: Option<i64>,
}

impl Work for WithdrawConsent {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        living_contact(unit, self.contact).await?;
        let id = consent_id(self.contact, unit.caller().unit, &reference::code("purpose", &self.purpose)?);
        unit.expect::<Consent>(id, self.expected_version).await?;
        let now = unit.now();
        let withdrawn = Withdrawn {
            contact: self.contact,
            effective_at: effect(self.effective_at, now)?,
            reason: self.reason.as_deref().map(|reason| reference::code("reason", reason)).transpose()?,
            note: block("note", self.note.as_deref())?
                .map(|text| Personal::of(self.contact, WithdrawalNote(text))),
        };
        unit.handle::<Consent>(id, ConsentCommand::Withdraw { withdrawn, now }).await?;
        Ok(Answer::about(id, self.contact))
    }
}

/// Ends a consent if the first day has come on which data is no longer kept for its purpose. Answers the consent.
pub struct ExpireConsent {
    /// The consent.
    pub consent: ConsentId,
}

impl Work for ExpireConsent {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let today = calendar::copenhagen_date(unit.now());
        unit.handle::<Consent>(self.consent, ConsentCommand::Expire { today }).await?;
        Ok(Answer::of(self.consent))
    }
}

fn block(field: &str, text: Option<&str>) -> Result<Option<String>, UserError> {
    Ok(text.map(|text| text::block(field, text)).transpose()?.flatten())
}

/// The time of effect in whole microseconds, as PostgreSQL keeps it, so that a view equals its rebuild.
fn effect(given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, UserError> {
    given.map_or(Ok(now), |time| plausible("effectiveAt", time.trunc_subsecs(6)))
}

/// Refuses years that are slips of the pen, and with them those that PostgreSQL reads in another form.
fn plausible<T: Datelike>(field: &str, date: T) -> Result<T, UserError> {
    if (1900..=9999).contains(&date.year()) {
        return Ok(date);
    }
    Err(UserError::at(
        ErrorCode::InvalidValue,
        field,
        "The year must lie between 1900 and 9999. Correct the date.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_effect_defaults_to_now_and_has_whole_microseconds() {
        let now = "2026-06-01T12:00:00.000001Z".parse().unwrap();
        assert_eq!(effect(None, now).unwrap(), now);
        let fine = "2026-06-01T12:00:00.000001999Z".parse().unwrap();
        assert_eq!(effect(Some(fine), now).unwrap(), now);
    }

    #[test]
    fn years_that_cannot_be_meant_are_refused() {
        for (year, fine) in [(-1, false), (206, false), (1900, true), (9999, true), (10_000, false)] {
            let date = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            assert_eq!(plausible("keptUntil", date).is_ok(), fine, "{year}");
        }
        let error = effect(DateTime::from_timestamp(-62_200_000_000, 0), DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!((error.code, error.field), (ErrorCode::InvalidValue, vec!["effectiveAt".to_owned()]));
    }
}
