use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::note::NoteView;
use lethe_kernel::{CompanyId, ContactId, ErrorCode, NoteId, RevealId, Subject, UserError};
use lethe_ledger::{Projection, Reads, Work};
use lethe_privacy::reveal::{AccessRow, Occasion, RevealCompanyNumber, RevealCpr, RevealNote};

use super::entry::AccessLogEntry;
use uuid::Uuid;

use crate::app::{app, parts, request};
use crate::error::{Result, UserError as ShownError};
use crate::id::Kind;
use crate::keys::open;
use crate::kind::Shown;
use crate::mutate::{Outcome, execute};
use crate::permission::allowed;
use crate::scalar::Position;

/// A CPR number to reveal.
#[derive(InputObject)]
pub(crate) struct CprRevealInput {
    /// The contact.
    contact_id: ID,
    /// What you need it for: one of your unit's `revealPurposes`.
    purpose: String,
    /// What else there is to say about that. It is sealed for the contact.
    purpose_text: Option<String>,
    /// A UUID of your choice. Sent again with it, the value is shown again, as a reveal of its own.
    idempotency_key: Option<ID>,
}

/// The text of a note to reveal.
#[derive(InputObject)]
pub(crate) struct NoteRevealInput {
    /// The note.
    note_id: ID,
    /// What you need it for: one of your unit's `revealPurposes`.
    purpose: String,
    /// What else there is to say about that. It is sealed for the note.
    purpose_text: Option<String>,
    /// A UUID of your choice. Sent again with it, the value is shown again, as a reveal of its own.
    idempotency_key: Option<ID>,
}

/// The number of a company to reveal.
#[derive(InputObject)]
pub(crate) struct CompanyNumberRevealInput {
    /// The company.
    company_id: ID,
    /// What you need it for: one of your unit's `revealPurposes`.
    purpose: String,
    /// What else there is to say about that. It is sealed for the sole trader.
    purpose_text: Option<String>,
    /// A UUID of your choice. Sent again with it, the value is shown again, as a reveal of its own.
    idempotency_key: Option<ID>,
}

/// The answer to `cprReveal`.
#[derive(SimpleObject)]
pub(crate) struct CprRevealPayload {
    /// The whole number, `DDMMYY-SSSS`; null if it was refused.
    cpr: Option<String>,
    /// The reveal, as the access log has it.
    entry: Option<AccessLogEntry>,
    /// Pass it as `minPosition` to see this reveal in the access log.
    position: Option<Position>,
    /// Whether the access log does not show it yet, although it is durable.
    view_pending: bool,
    /// Why it was refused; empty if it was done.
    user_errors: Vec<ShownError>,
}

/// The answer to `noteReveal`.
#[derive(SimpleObject)]
pub(crate) struct NoteRevealPayload {
    /// The text; null if it was refused.
    text: Option<String>,
    /// The reveal, as the access log has it.
    entry: Option<AccessLogEntry>,
    /// Pass it as `minPosition` to see this reveal in the access log.
    position: Option<Position>,
    /// Whether the access log does not show it yet, although it is durable.
    view_pending: bool,
    /// Why it was refused; empty if it was done.
    user_errors: Vec<ShownError>,
}

/// The answer to `companyNumberReveal`.
#[derive(SimpleObject)]
pub(crate) struct CompanyNumberRevealPayload {
    /// The whole number, `YYMMDD-SSSS`, `YYMMDD+SSSS` or `YYYYMMDD-SSSS`; null if it was refused.
    number: Option<String>,
    /// The reveal, as the access log has it.
    entry: Option<AccessLogEntry>,
    /// Pass it as `minPosition` to see this reveal in the access log.
    position: Option<Position>,
    /// Whether the access log does not show it yet, although it is durable.
    view_pending: bool,
    /// Why it was refused; empty if it was done.
    user_errors: Vec<ShownError>,
}

/// Mutations that show masked values.
#[derive(Default)]
pub(crate) struct RevealMutation;

#[Object]
impl RevealMutation {
    /// Shows the whole CPR number of a contact of your unit. That you were shown it, and what for, is in the access log
    /// before the number leaves the server. Business hubs only.
    #[doc = allowed!(cprReveal)]
    async fn cpr_reveal(&self, context: &Context<'_>, input: CprRevealInput) -> Result<CprRevealPayload> {
        let contact = Kind::Contact.read(&input.contact_id, "contactId").map(ContactId);
        let occasion = occasion(context, input.purpose, input.purpose_text);
        let work = |occasion| contact.clone().map(|contact| RevealCpr { contact, occasion });
        let key = input.idempotency_key.as_ref();
        let (mut outcome, entry) = record(context, "cprReveal", key, occasion, work).await?;
        let cpr = match &entry {
            Some(entry) => cpr(context, entry).await?,
            None => None,
        };
        refuse_if_gone(&mut outcome, entry.is_some() && cpr.is_none(), "contactId");
        Ok(CprRevealPayload {
            cpr,
            entry: entry.map(AccessLogEntry),
            position: outcome.position(),
            view_pending: outcome.view_pending,
            user_errors: outcome.errors,
        })
    }

    /// Shows the text of a note of your unit that contains sensitive data. That you were shown it, and what for, is in the
    /// access log before the text leaves the server.
    #[doc = allowed!(noteReveal)]
    async fn note_reveal(&self, context: &Context<'_>, input: NoteRevealInput) -> Result<NoteRevealPayload> {
        let note = Kind::Note.read(&input.note_id, "noteId").map(NoteId);
        let occasion = occasion(context, input.purpose, input.purpose_text);
        let work = |occasion| note.clone().map(|note| RevealNote { note, occasion });
        let key = input.idempotency_key.as_ref();
        let (mut outcome, entry) = record(context, "noteReveal", key, occasion, work).await?;
        let text = match &entry {
            Some(entry) => note_text(context, entry).await?,
            None => None,
        };
        refuse_if_gone(&mut outcome, entry.is_some() && text.is_none(), "noteId");
        Ok(NoteRevealPayload {
            text,
            entry: entry.map(AccessLogEntry),
            position: outcome.position(),
            view_pending: outcome.view_pending,
            user_errors: outcome.errors,
        })
    }

    /// Shows the whole personnummer that is the number of a Swedish sole trader whom your unit registered. That you were
    /// shown it, and what for, is in the access log before the number leaves the server.
    #[doc = allowed!(companyNumberReveal)]
    async fn company_number_reveal(
        &self,
        context: &Context<'_>,
        input: CompanyNumberRevealInput,
    ) -> Result<CompanyNumberRevealPayload> {
        let company = Kind::Company.read(&input.company_id, "companyId").map(CompanyId);
        let occasion = occasion(context, input.purpose, input.purpose_text);
        let work = |occasion| company.clone().map(|company| RevealCompanyNumber { company, occasion });
        let key = input.idempotency_key.as_ref();
        let (mut outcome, entry) = record(context, "companyNumberReveal", key, occasion, work).await?;
        let number = match &entry {
            Some(entry) => company_number(context, entry).await?,
            None => None,
        };
        refuse_if_gone(&mut outcome, entry.is_some() && number.is_none(), "companyId");
        Ok(CompanyNumberRevealPayload {
            number,
            entry: entry.map(AccessLogEntry),
            position: outcome.position(),
            view_pending: outcome.view_pending,
            user_errors: outcome.errors,
        })
    }
}

fn occasion(context: &Context<'_>, purpose: String, purpose_text: Option<String>) -> Occasion {
    Occasion { purpose, purpose_text, device: request(context).session.device, repeats: None }
}

/// Records a reveal, and answers it as the ledger has it: read back from there, so that whoever opens a value holds the
/// event that says so. A request that is sent again shows the value again, and that is a reveal of its own: nobody knows
/// whether the first answer arrived.
async fn record<W: Work>(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<&ID>,
    occasion: Occasion,
    work: impl Fn(Occasion) -> Result<W, UserError>,
) -> Result<(Outcome, Option<AccessRow>)> {
    let mut outcome = execute(context, mutation, key, work(occasion.clone()), AccessLogEntry::VIEWS).await?;
    if outcome.repeated {
        let again = Occasion { repeats: outcome.object().map(RevealId), ..occasion };
        outcome = execute(context, mutation, None, work(again), AccessLogEntry::VIEWS).await?;
    }
    let Some(position) = outcome.position else { return Ok((outcome, None)) };
    let event = parts(context).event(position).await?;
    let entry = event.as_ref().map(AccessRow::of).transpose()?.flatten();
    if let Some(entry) = &entry {
        metrics::counter!("lethe_reveals_total", "field" => entry.field.name()).increment(1);
        if outcome.objects.len() > 1 {
            metrics::counter!("lethe_reveal_alerts_total").increment(1);
            tracing::warn!(user = %entry.user_id, unit = %entry.unit_id, "a user reveals unusually much");
        }
    }
    Ok((outcome, entry))
}

/// The whole CPR number, as it was when its reveal was recorded; none if it was erased since.
async fn cpr(context: &Context<'_>, entry: &AccessRow) -> Result<Option<String>> {
    let Some(contact) = entry.contacts.first().copied() else { return Ok(None) };
    let Some(row) = then::<ContactView>(context, contact.0, entry).await? else { return Ok(None) };
    let date = open(context, row.cpr_date.as_ref(), contact).await?;
    let serial = open(context, row.cpr_serial.as_ref(), contact).await?;
    Ok(date.zip(serial).map(|(date, serial)| format!("{}-{}", date.0, serial.0)))
}

/// The text of the note, as it was when its reveal was recorded; none if it was erased since.
async fn note_text(context: &Context<'_>, entry: &AccessRow) -> Result<Option<String>> {
    let Some(note) = entry.note_id else { return Ok(None) };
    let Some(row) = then::<NoteView>(context, note.0, entry).await? else { return Ok(None) };
    Ok(open(context, row.text.as_ref(), note).await?.map(|text| text.0))
}

/// The whole number of the company, which never changes; none if it was erased since.
async fn company_number(context: &Context<'_>, entry: &AccessRow) -> Result<Option<String>> {
    let Some(company) = entry.company_id else { return Ok(None) };
    let Some(row) = then::<CompanyView>(context, company.0, entry).await? else { return Ok(None) };
    let proprietor = Subject::sole_proprietor(company);
    let date = open(context, row.number_date.as_ref(), proprietor).await?;
    let serial = open(context, row.number_serial.as_ref(), proprietor).await?;
    Ok(date.zip(serial).map(|(date, serial)| format!("{}{}", date.0, serial.0)))
}

/// An object as it was when a reveal was recorded, without its lists.
async fn then<P: Projection>(context: &Context<'_>, id: Uuid, entry: &AccessRow) -> Result<Option<P::Row>> {
    let rows = app(context).views.rows_at::<P>(&[id], entry.position, &Reads::nothing()).await;
    Ok(rows?.remove(&id))
}

/// What was erased behind the reveal's back is not shown, although the log says it was about to be.
fn refuse_if_gone(outcome: &mut Outcome, gone: bool, field: &str) {
    if gone {
        let message = "It was erased at this moment, and nobody can be shown it any more.";
        outcome.errors.push(UserError::at(ErrorCode::Erased, field, message).into());
    }
}
