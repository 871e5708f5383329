//! The commands on prospects, over every aggregate they touch.

use lethe_access::unit::own_unit;
use lethe_kernel::{CompanyId, ContactId, Detail, ErrorCode, Personal, ProspectId, UserError, text};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_nordic::calendar;

use super::{Prospect, ProspectCommand, ProspectError, Registered, Title};
use crate::company::{Nace, NaceVersion, existing_company};
use crate::contact::{BelongingKind, Bound, Contact, ContactCommand, living_contact};
use crate::expiry::ExpirySource;
use crate::reference;

/// Registers a prospect in the name of the caller's unit. Answers the prospect.
pub struct RegisterProspect {
    /// The one contact whose idea it is.
    pub contact: ContactId,
    /// What it is called.
    pub title: String,
    /// The industry code, with or without dots.
    pub nace_code: Option<String>,
    /// The list the industry code is from; required with one.
    pub nace_version: Option<NaceVersion>,
    /// The reference of another system (R68); a second registration under it is refused.
    pub external_reference: Option<String>,
}

impl Work for RegisterProspect {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let reference = self.external_reference.as_deref().map(reference::check).transpose()?.flatten();
        let known = reference.as_deref().map(|text| reference::id("prospect", unit.caller().unit, text));
        let id = ProspectId(known.unwrap_or_else(|| unit.new_id()));
        if unit.version::<Prospect>(id).await? > 0 {
            let erased = unit.load::<Prospect>(id).await?.is_erased();
            let rule = if erased { ProspectError::ReferenceEnded } else { ProspectError::AlreadyRegistered };
            let rule = UserError::from(rule);
            return Err(UserError { detail: Detail::Existing("Prospect", id.0), ..rule }.into());
        }
        living_contact(unit, self.contact).await?;
        let (title, nace) = self.check()?;
        let registered = Registered {
            unit: unit.caller().unit,
            external_reference: reference,
            contact: self.contact,
            title: Personal::of(self.contact, title),
            nace,
        };
        unit.handle::<Prospect>(id, ProspectCommand::Register(registered)).await?;
        let bound = Bound {
            kind: BelongingKind::Prospect,
            id: id.0,
            unit: unit.caller().unit,
            personal: true,
            created: calendar::copenhagen_date(unit.now()),
            expires: None,
            source: ExpirySource::Event,
        };
        unit.handle::<Contact>(self.contact, ContactCommand::Bind(bound)).await?;
        Ok(Answer::about(id, self.contact))
    }
}

impl RegisterProspect {
    fn check(&self) -> Result<(Title, Option<Nace>), Failure> {
        let title = text::line("title", &self.title).and_then(|title| {
            title.map(Title).ok_or_else(|| {
                UserError::at(
                    ErrorCode::Required,
                    "title",
                    "A prospect needs a title that says what the idea is.",
                )
            })
        });
        let nace = Nace::check(self.nace_code.as_deref().unwrap_or_default(), self.nace_version);
        match (title, nace) {
            (Ok(title), Ok(nace)) => Ok((title, nace)),
            (title, nace) => Err(Failure::Refused(title.err().into_iter().chain(nace.err()).collect())),
        }
    }
}

/// Links a prospect to the company it founded (R2). Answers the prospect.
pub struct LinkProspect {
    /// The prospect.
    pub prospect: ProspectId,
    /// The company.
    pub company: CompanyId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
}

impl Work for LinkProspect {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let confined = unit.caller().confined_to();
        let prospect = unit.existing::<Prospect>(self.prospect, ProspectError::Unknown.into()).await?;
        if confined.is_some() && prospect.unit() != confined {
            return Err(UserError::from(ProspectError::Unknown).into());
        }
        let linked = prospect.company();
        unit.expect::<Prospect>(self.prospect, self.expected_version).await?;
        // The same link again stays quiet, even if the company was closed since.
        if linked != Some(self.company) {
            existing_company(unit, self.company).await?;
        }
        unit.handle::<Prospect>(self.prospect, ProspectCommand::Link(self.company)).await?;
        Ok(Answer::of(self.prospect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_at_fault_is_named_and_no_value_is_quoted() {
        let wrong = RegisterProspect {
            contact: ContactId(uuid::Uuid::nil()),
            title: "mark\0er".into(),
            nace_code: Some("marker".into()),
            nace_version: None,
            external_reference: None,
        };
        let Err(Failure::Refused(errors)) = wrong.check() else { panic!("accepted") };
        let fields: Vec<_> = errors.iter().flat_map(|error| error.field.clone()).collect();
        assert_eq!(fields, ["title", "naceCode"]);
        assert!(errors.iter().all(|error| !error.message.contains("mark")));
        let Err(Failure::Refused(errors)) =
            (RegisterProspect { title: " ".into(), nace_code: None, ..wrong }).check()
        else {
            panic!("accepted")
        };
        assert_eq!((errors.len(), errors[0].code), (1, ErrorCode::Required));
    }
}
