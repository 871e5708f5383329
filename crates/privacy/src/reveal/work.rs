use lethe_access::UnitKind;
use lethe_access::unit::own_unit;
use lethe_crm::company::{Company, CompanyError};
use lethe_crm::contact::living_contact;
use lethe_crm::note::own_note;
use lethe_kernel::{
    AlertId, Caller, CompanyId, ContactId, DeviceId, NoteId, Personal, RevealId, Subject, UserError, text,
};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_nordic::calendar;

use super::aggregate::HOUR;
use super::{
    PurposeText, RecordReveal, RevealError, RevealPolicy, RevealRecorded, Revealed, Reveals, reveals_id,
};

/// Why, and on what, a masked value is to be shown.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// What for: a code from the unit's list.
    pub purpose: String,
    /// What the user writes about it.
    pub purpose_text: Option<String>,
    /// The device it is shown on.
    pub device: Option<DeviceId>,
    /// The reveal whose request is sent again.
    pub repeats: Option<RevealId>,
}

/// Records that the CPR number of a contact is shown to the caller. Answers the reveal, and the warning if it gave one.
pub struct RevealCpr {
    /// The contact.
    pub contact: ContactId,
    /// Why, and on what.
    pub occasion: Occasion,
}

impl Work for RevealCpr {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        if own_unit(unit).await?.kind != UnitKind::BusinessHub {
            return refuse(RevealError::NotBusinessHub);
        }
        if !living_contact(unit, self.contact).await?.has_cpr() {
            return refuse(RevealError::NoCpr);
        }
        record(unit, Revealed::Cpr { contact: self.contact }, &self.occasion).await
    }
}

/// Records that the text of a note declared sensitive is shown to the caller. Answers the reveal, and the warning if it
/// gave one.
pub struct RevealNote {
    /// The note.
    pub note: NoteId,
    /// Why, and on what.
    pub occasion: Occasion,
}

impl Work for RevealNote {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let Some(standing) = own_note(unit, self.note).await?.active() else {
            return refuse(RevealError::NoteEnded);
        };
        if !standing.contains_sensitive {
            return refuse(RevealError::NotSensitive);
        }
        if !standing.has_text() {
            return refuse(RevealError::TextErased);
        }
        let contacts = standing.contacts.clone();
        record(unit, Revealed::NoteText { note: self.note, contacts }, &self.occasion).await
    }
}

/// Records that the number of a company, which is the personnummer of a sole trader, is shown to the caller. Answers the
/// reveal, and the warning if it gave one.
pub struct RevealCompanyNumber {
    /// The company.
    pub company: CompanyId,
    /// Why, and on what.
    pub occasion: Occasion,
}

impl Work for RevealCompanyNumber {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let own = unit.caller().unit;
        // One that is closed hides its number still.
        let company = unit.existing::<Company>(self.company, CompanyError::Unknown.into()).await?;
        if company.is_erased() {
            return Err(UserError::from(CompanyError::Erased).into());
        }
        if !company.hides_number() {
            return refuse(RevealError::PublicNumber);
        }
        // All units see a company; the number is known to the one that brought it.
        if company.unit() != Some(own) {
            return refuse(RevealError::NotItsUnit);
        }
        record(unit, Revealed::CompanyNumber { company: self.company }, &self.occasion).await
    }
}

fn refuse(error: RevealError) -> Result<Answer, Failure> {
    Err(UserError::from(error).into())
}

async fn record(unit: &mut UnitOfWork<'_>, what: Revealed, occasion: &Occasion) -> Result<Answer, Failure> {
    let Caller { user, unit: own, .. } = unit.caller();
    let subject = what.subject();
    let (at, reveal) = (unit.now(), RevealId(unit.new_id()));
    let policy = unit.load::<RevealPolicy>(own).await?;
    let limits = policy.limits();
    let recorded = RevealRecorded {
        reveal,
        what,
        unit: own,
        purpose: policy.purpose(&occasion.purpose).map_err(UserError::from)?,
        purpose_text: purpose_text(occasion, subject)?,
        device: occasion.device,
        repeats: occasion.repeats,
        at,
    };
    let today = calendar::copenhagen_date(at);
    let before = match today.pred_opt() {
        Some(yesterday) if calendar::start_of(today) > at - HOUR => {
            unit.load::<Reveals>(reveals_id(user, yesterday)).await?.clone()
        }
        _ => Reveals::default(),
    };
    let stream = reveals_id(user, today);
    let alert = AlertId(unit.new_id());
    unit.handle::<Reveals>(stream, RecordReveal { recorded, limits, before, alert }).await?;
    let mut answer = Answer::about(reveal, subject);
    if unit.load::<Reveals>(stream).await?.warned_at() == Some(at) {
        answer.objects.push(alert.0);
    }
    Ok(answer)
}

fn purpose_text(occasion: &Occasion, subject: Subject) -> Result<Option<Personal<PurposeText>>, UserError> {
    let Some(given) = &occasion.purpose_text else { return Ok(None) };
    let text =
        text::block("purposeText", given)?.ok_or_else(|| UserError::from(RevealError::BlankPurposeText))?;
    Ok(Some(Personal::of(subject, PurposeText(text))))
}
