//! The lists of a contact: read for a whole page of contacts at once, as far as the query's look-ahead sees them.

mod belongings;

use std::collections::HashMap;

use async_graphql::connection::Connection;
use async_graphql::{Context, Lookahead, SelectionField, Value};
use lethe_crm::company::{CompanyRow, CompanyView};
use lethe_crm::contact::ContactRow;
use lethe_crm::note::{NoteRow, NoteView};
use lethe_kernel::{CompanyId, Subject};
use lethe_ledger::{Cursor, Found, Page, Reads, rows};
use lethe_privacy::consent::ConsentView;
use lethe_privacy::reveal::AccessRow;
use lethe_privacy::rotation::{Finality, finalities};
use uuid::Uuid;

use self::belongings::Lists;
use super::Contact;
use crate::app::{app, parts};
use crate::company::Company;
use crate::connection::{Opaque, PageArguments};
use crate::consent::Consent;
use crate::error::{ApiError, Result, top_level};
use crate::keys;
use crate::loader::Identified;
use crate::note::Note;
use crate::reveal::access_logs;
use crate::visibility::Visibility;

/// What was read ahead for a page of contacts.
#[derive(Default)]
pub(crate) struct Nested {
    companies: Option<HashMap<CompanyId, CompanyRow>>,
    notes: Lists<NoteView>,
    consents: Lists<ConsentView>,
    access: HashMap<Page, HashMap<Uuid, Vec<Found<AccessRow>>>>,
    /// What made erasures final, by the erasure's position.
    finalities: Option<HashMap<i64, Finality>>,
}

impl Nested {
    /// Reads what the selection of a list of contacts asks for: one statement for companies, one per list of notes,
    /// of consents and of reveals, one for what made erasures final if there are any, and one for all keys.
    pub(crate) async fn read_ahead(context: &Context<'_>, contacts: &[&ContactRow]) -> Result<Self> {
        let pool = &parts(context).pool;
        let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.id.0).collect();
        let mut subjects: Vec<Subject> = contacts.iter().map(|contact| contact.id.into()).collect();
        let mut nested = Self::default();
        if !selected(context, "companies").is_empty() {
            let companies = linked(contacts);
            let found = rows::<CompanyView>(pool, &companies).await?;
            subjects.extend(
                found.iter().filter(|row| row.is_personal()).map(|row| Subject::sole_proprietor(row.id)),
            );
            nested.companies = Some(found.into_iter().map(|row| (row.id, row)).collect());
        }
        nested.notes = Lists::read_ahead(context, &ids, &mut subjects).await?;
        nested.consents = Lists::read_ahead(context, &ids, &mut subjects).await?;
        for page in pages(context, "accessLog")? {
            let found = access_logs(context, &ids, &page).await?;
            subjects.extend(found.iter().filter_map(|found| found.row.subject()));
            nested.access.insert(page, by_parent(found));
        }
        if !selected(context, "erasure").is_empty() {
            let erased: Vec<i64> = contacts.iter().filter_map(|contact| contact.erased_position).collect();
            nested.finalities = Some(finalities(pool, &erased).await?);
        }
        keys::load(context, &subjects).await?;
        Ok(nested)
    }

    /// A page of the reveals about a contact; none if it was not read ahead.
    pub(crate) fn access(&self, contact: Uuid, page: &Page) -> Option<Vec<Found<AccessRow>>> {
        Some(self.access.get(page)?.get(&contact).cloned().unwrap_or_default())
    }

    /// What made an erasure final, if it is; read ahead, or now.
    pub(super) async fn finality(&self, context: &Context<'_>, position: i64) -> Result<Option<Finality>> {
        if let Some(read) = &self.finalities {
            return Ok(read.get(&position).cloned());
        }
        let found = finalities(&parts(context).pool, &[position]).await;
        Ok(found?.remove(&position))
    }
}

fn linked(contacts: &[&ContactRow]) -> Vec<Uuid> {
    contacts.iter().flat_map(|contact| &contact.companies).map(|link| link.company_id.0).collect()
}

fn by_parent<R>(found: Vec<Found<R>>) -> HashMap<Uuid, Vec<Found<R>>> {
    let mut lists: HashMap<Uuid, Vec<Found<R>>> = HashMap::new();
    for found in found {
        lists.entry(found.parent).or_default().push(found);
    }
    lists
}

/// The selections of a field of the contacts of the list that is being resolved.
fn selected<'c>(context: &'c Context<'_>, field: &str) -> Vec<SelectionField<'c>> {
    let list: Lookahead<'_> = context.look_ahead();
    [list.field("edges").field("node").field(field), list.field("nodes").field(field)]
        .iter()
        .flat_map(Lookahead::selection_fields)
        .collect()
}

fn unreadable() -> ApiError {
    top_level("INVALID_VALUE", "The arguments of a list cannot be read. Give every variable that they name.")
}

/// The pages of a nested list that the query asks for; usually one.
fn pages(context: &Context<'_>, field: &str) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for selection in selected(context, field) {
        let mut slice = PageArguments::default();
        for (name, value) in selection.arguments().map_err(|_| unreadable())? {
            let number = || match &value {
                Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
                _ => None,
            };
            let text = || match &value {
                Value::String(text) => Some(text.clone()),
                _ => None,
            };
            match name.as_str() {
                "first" => slice.first = number(),
                "last" => slice.last = number(),
                "after" => slice.after = text(),
                "before" => slice.before = text(),
                _ => {}
            }
        }
        let page = slice.page()?;
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    Ok(pages)
}

pub(super) async fn companies(
    context: &Context<'_>,
    contact: &Contact,
    slice: &PageArguments,
) -> Result<Connection<Opaque, Company>> {
    let ids = linked(&[&contact.row]);
    let mut rows: HashMap<CompanyId, CompanyRow> = match (&contact.nested.companies, contact.as_of) {
        (Some(read), _) => {
            ids.iter().filter_map(|id| read.get(&CompanyId(*id)).cloned()).map(|row| (row.id, row)).collect()
        }
        (None, Some(position)) => {
            let rows = parts(context).rows_at::<CompanyView>(&ids, position.0).await;
            rows?.into_values().map(|row| (row.id, row)).collect()
        }
        (None, None) => {
            let rows = rows::<CompanyView>(&parts(context).pool, &ids).await;
            rows?.into_iter().map(|row| (row.id, row)).collect()
        }
    };
    let found = ids.into_iter().filter_map(|id| {
        let row = rows.remove(&CompanyId(id))?;
        Some(Found { parent: contact.row.id.0, cursor: Cursor { key: String::new(), id }, row })
    });
    let found = cut(found.collect(), &slice.page()?, |found| found.cursor.id);
    slice.connection(found, Company)
}

pub(super) async fn notes(
    context: &Context<'_>,
    contact: &Contact,
    slice: &PageArguments,
) -> Result<Connection<Opaque, Note>> {
    contact.nested.notes.page(context, contact, slice, Note).await
}

/// Notes as they were, but with no text that may not be shown today: of a note that has ended since, or was declared
/// sensitive since.
pub(crate) async fn notes_at(
    context: &Context<'_>,
    ids: &[Uuid],
    position: i64,
) -> Result<HashMap<Uuid, NoteRow>> {
    let parts = parts(context);
    let mut then = parts.rows_at::<NoteView>(ids, position).await?;
    let now = app(context).views.rows_at::<NoteView>(ids, i64::MAX, &Reads::nothing()).await?;
    then.retain(|_, note| note.is_seen(Visibility::of(context)));
    for (id, note) in &mut then {
        let Some(now) = now.get(id) else { continue };
        note.contains_sensitive |= now.contains_sensitive;
        if now.text.is_none() {
            note.text = None;
        }
    }
    Ok(then)
}

pub(super) async fn consents(
    context: &Context<'_>,
    contact: &Contact,
    slice: &PageArguments,
) -> Result<Connection<Opaque, Consent>> {
    contact.nested.consents.page(context, contact, slice, Consent).await
}

/// A page of rows in memory, the newest first. Its cursors name a place in this list alone.
fn newest<R>(mut rows: Vec<(chrono::DateTime<chrono::Utc>, Uuid, R)>, page: &Page) -> Vec<Found<R>> {
    rows.sort_by_key(|(at, id, _)| std::cmp::Reverse((*at, *id)));
    let found = rows.into_iter().map(|(at, id, row)| {
        let cursor = Cursor { key: at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true), id };
        Found { parent: Uuid::nil(), cursor, row }
    });
    cut(found.collect(), page, |found| found.cursor.id)
}

/// Cuts a list in memory to a page; a cursor that is no longer in the list cuts nothing.
fn cut<R>(mut found: Vec<Found<R>>, page: &Page, id: impl Fn(&Found<R>) -> Uuid) -> Vec<Found<R>> {
    let place = |found: &[Found<R>], cursor: &Option<Cursor>| {
        cursor.as_ref().and_then(|cursor| found.iter().position(|row| id(row) == cursor.id))
    };
    if let Some(at) = place(&found, &page.before) {
        found.truncate(at);
    }
    if let Some(at) = place(&found, &page.after) {
        found.drain(..=at);
    }
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    if page.from_end {
        found.drain(..found.len().saturating_sub(limit));
    } else {
        found.truncate(limit);
    }
    found
}
