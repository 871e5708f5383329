//! The lists of what belongs to a contact: each kind says where its rows are, and is read as the others are.

use std::collections::HashMap;

use async_graphql::connection::Connection;
use async_graphql::{Context, OutputType};
use chrono::{DateTime, Utc};
use lethe_crm::contact::BelongingKind;
use lethe_crm::note::{NoteRow, NoteView, notes_of_contacts};
use lethe_kernel::{Subject, UnitId};
use lethe_ledger::{Found, LedgerError, Page, Projection, Reads};
use lethe_privacy::consent::{ConsentOrder, ConsentRow, ConsentView, consents_of_contacts};
use sqlx::PgPool;
use uuid::Uuid;

use super::{by_parent, newest, notes_at, pages};
use crate::app::parts;
use crate::connection::{Opaque, PageArguments};
use crate::contact::Contact;
use crate::error::Result;
use crate::loader::asked;
use crate::visibility::Visibility;

/// A view with a kind of belonging of which a contact has a list, the newest first.
pub(super) trait Listed: Projection {
    /// The field of the contact.
    const FIELD: &'static str;

    /// The lists of its rows that the graph shows.
    const LISTS: &'static [&'static str];

    /// The same page of the lists of several contacts, with these lists of its rows; of what is one unit's, if one is named.
    async fn of_contacts(
        pool: &PgPool,
        contacts: &[Uuid],
        only: (&Reads, Option<UnitId>),
        page: &Page,
    ) -> Result<Vec<Found<Self::Row>>, LedgerError>;

    /// What belonged to a contact at an earlier position, as it may be shown today.
    async fn at(context: &Context<'_>, contact: &Contact, position: i64) -> Result<Vec<Self::Row>>;

    /// When a row was made, and its id.
    fn place(row: &Self::Row) -> (DateTime<Utc>, Uuid);

    /// Whose key a row needs besides that of the contact.
    fn subject(row: &Self::Row) -> Option<Subject>;
}

/// Pages of the lists of contacts.
type Read<R> = HashMap<Page, HashMap<Uuid, Vec<Found<R>>>>;

/// What was read ahead of one list of a page of contacts.
pub(super) struct Lists<P: Listed>(Read<P::Row>);

impl<P: Listed> Default for Lists<P> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<P: Listed> Lists<P> {
    /// Reads the pages that the query asks for, and names the subjects whose keys their rows need.
    pub(super) async fn read_ahead(
        context: &Context<'_>,
        contacts: &[Uuid],
        subjects: &mut Vec<Subject>,
    ) -> Result<Self> {
        let (mut read, own) = (Self::default(), Visibility::of(context).unit());
        let list = context.look_ahead();
        let mut reads = asked(&list.field("nodes").field(P::FIELD), P::LISTS);
        reads.add(asked(&list.field("edges").field("node").field(P::FIELD), P::LISTS));
        for page in pages(context, P::FIELD)? {
            let found = P::of_contacts(&parts(context).pool, contacts, (&reads, own), &page).await?;
            subjects.extend(found.iter().filter_map(|found| P::subject(&found.row)));
            read.0.insert(page, by_parent(found));
        }
        Ok(read)
    }

    /// A page of the list of one contact.
    pub(super) async fn page<N: OutputType>(
        &self,
        context: &Context<'_>,
        contact: &Contact,
        slice: &PageArguments,
        shown: fn(P::Row) -> N,
    ) -> Result<Connection<Opaque, N>> {
        let (page, id) = (slice.page()?, contact.row.id.0);
        let found = match (self.0.get(&page), contact.as_of) {
            (Some(read), _) => read.get(&id).cloned().unwrap_or_default(),
            (None, Some(position)) => {
                let rows = P::at(context, contact, position.0).await?;
                let placed = rows.into_iter().map(|row| {
                    let (at, id) = P::place(&row);
                    (at, id, row)
                });
                newest(placed.collect(), &page)
            }
            (None, None) => {
                let only = (&asked(&context.look_ahead(), P::LISTS), Visibility::of(context).unit());
                P::of_contacts(&parts(context).pool, &[id], only, &page).await?
            }
        };
        slice.connection(found, shown)
    }
}

impl Listed for NoteView {
    const FIELD: &'static str = "notes";
    const LISTS: &'static [&'static str] = &["contacts"];

    async fn of_contacts(
        pool: &PgPool,
        contacts: &[Uuid],
        only: (&Reads, Option<UnitId>),
        page: &Page,
    ) -> Result<Vec<Found<NoteRow>>, LedgerError> {
        notes_of_contacts(pool, contacts, only, page).await
    }

    async fn at(context: &Context<'_>, contact: &Contact, position: i64) -> Result<Vec<NoteRow>> {
        let notes = contact.row.items.iter().filter(|item| item.kind == BelongingKind::Note);
        let ids: Vec<Uuid> = notes.map(|item| item.item).collect();
        Ok(notes_at(context, &ids, position).await?.into_values().collect())
    }

    fn place(row: &NoteRow) -> (DateTime<Utc>, Uuid) {
        (row.created_at, row.id.0)
    }

    fn subject(row: &NoteRow) -> Option<Subject> {
        Some(row.id.into())
    }
}

impl Listed for ConsentView {
    const FIELD: &'static str = "consents";
    const LISTS: &'static [&'static str] = &[];

    async fn of_contacts(
        pool: &PgPool,
        contacts: &[Uuid],
        (_, unit): (&Reads, Option<UnitId>),
        page: &Page,
    ) -> Result<Vec<Found<ConsentRow>>, LedgerError> {
        consents_of_contacts(pool, contacts, unit, ConsentOrder::Created.sql(true), page).await
    }

    async fn at(context: &Context<'_>, contact: &Contact, position: i64) -> Result<Vec<ConsentRow>> {
        let all = Page { limit: i64::MAX, ..Page::default() };
        let own = Visibility::of(context).unit();
        let only = (&Reads::nothing(), own);
        let now = Self::of_contacts(&parts(context).pool, &[contact.row.id.0], only, &all).await;
        let ids: Vec<Uuid> = now?.iter().map(|found| found.row.id.0).collect();
        let rows = parts(context).rows_at::<Self>(&ids, position).await;
        Ok(rows?.into_values().collect())
    }

    fn place(row: &ConsentRow) -> (DateTime<Utc>, Uuid) {
        (row.created_at, row.id.0)
    }

    fn subject(_: &ConsentRow) -> Option<Subject> {
        None
    }
}
