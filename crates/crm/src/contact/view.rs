use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use lethe_kernel::{CompanyId, ContactId, Personal, UnitId, codes};
use lethe_ledger::{Child, Found, LedgerError, Order, Page, Projection, Reads, Recorded, page_with};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    BelongingKind, Bound, ContactEvent, CprDate, CprSerial, Details, Email, ErasureKind, ErasureReason,
    FirstName, Held, LastName, Mobile, Phone, Remark, SealedCpr, Title,
};

/// The contacts.
pub struct ContactView;

/// One contact; personal values as they are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactRow {
    /// The contact's id.
    pub id: ContactId,
    /// The number of its events.
    pub version: i64,
    /// Whether it was erased.
    pub status: ContactStatus,
    /// How much of it stays, if it was erased.
    pub erasure_kind: Option<ErasureKind>,
    /// Why it was erased.
    pub erasure_reason: Option<ErasureReason>,
    /// When that was recorded.
    pub erased_at: Option<DateTime<Utc>>,
    /// The position of the event that says so.
    pub erased_position: Option<i64>,
    /// The unit that registered it; gone once it was deleted.
    pub unit_id: Option<UnitId>,
    /// The units that have it (R67); once it is anonymised, those that had it then.
    pub units: BTreeSet<UnitId>,
    /// How many items each unit has.
    pub unit_items: BTreeMap<UnitId, i64>,
    /// The reference of another system.
    pub external_reference: Option<String>,
    /// The given name.
    pub first_name: Option<Personal<FirstName>>,
    /// The family name.
    pub last_name: Option<Personal<LastName>>,
    /// The title or position.
    pub title: Option<Personal<Title>>,
    /// The e-mail address.
    pub email: Option<Personal<Email>>,
    /// The phone number.
    pub phone: Option<Personal<Phone>>,
    /// The mobile number.
    pub mobile: Option<Personal<Mobile>>,
    /// The remark on the card.
    pub remark: Option<Personal<Remark>>,
    /// The first six digits of the CPR number.
    pub cpr_date: Option<Personal<CprDate>>,
    /// The last four; sealed, and not opened by any query.
    pub cpr_serial: Option<Personal<CprSerial>>,
    /// When the first of its items expires.
    pub next_expiry: Option<NaiveDate>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// The companies it belongs to, in the order of their ids.
    pub companies: Vec<CompanyLink>,
    /// What belongs to it and justifies it, in the order of their ids.
    pub items: Vec<ContactItem>,
}

codes! {
    /// Whether a contact was erased.
    pub enum ContactStatus {
        /// It was not.
        Active = "ACTIVE",
        /// It was: anonymised, or deleted.
        Erased = "ERASED",
    }
    default Active
}

/// A contact belongs to a company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyLink {
    contact_id: ContactId,
    /// The company.
    pub company_id: CompanyId,
    /// Since when.
    pub linked_at: DateTime<Utc>,
    /// Whether it is the company's sole proprietor.
    pub proprietor: bool,
}

/// Something belongs to a contact and justifies it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactItem {
    contact_id: ContactId,
    /// The item.
    pub item: Uuid,
    /// What kind of item.
    pub kind: BelongingKind,
    /// Whose item it is; that unit has the contact (R67).
    pub unit: UnitId,
    /// Whether it dies with the contact (R28).
    pub personal: bool,
    /// The first day on which it no longer justifies the contact; none if no day is set.
    pub expires: Option<NaiveDate>,
}

impl ContactItem {
    fn of(contact_id: ContactId, bound: &Bound) -> Self {
        let Bound { kind, id, unit, personal, expires, created: _, source: _ } = *bound;
        Self { contact_id, item: id, kind, unit, personal, expires }
    }
}

impl Projection for ContactView {
    const NAME: &'static str = "contact";
    const VERSION: i32 = 6;
    const SQL: &'static str = include_str!("view.sql");
    const CHILDREN: &'static [Child] = &[
        Child {
            field: "companies",
            table: "contact_company",
            owner: "contact_id",
            key: &["company_id"],
            first: None,
        },
        Child {
            field: "items",
            table: "contact_item",
            owner: "contact_id",
            key: &["item"],
            first: Some("expires"),
        },
    ];
    const SOURCES: &'static [&'static str] = &["contact"];
    type Row = ContactRow;

    fn reads(event: &Recorded) -> Result<Reads, LedgerError> {
        let company = |id: CompanyId| Reads::nothing().item("companies", json!({ "company_id": id }));
        let item = |id: Uuid| Reads::nothing().item("items", json!({ "item": id })).first("items");
        Ok(match event.decode()? {
            ContactEvent::CompanyLinked(event) => company(event.company),
            ContactEvent::CompanyUnlinked(event) => company(event.company),
            ContactEvent::Bound(event) => item(event.id),
            ContactEvent::Unbound(event) => item(event.was.id),
            ContactEvent::Erased(_) => Reads::all(),
            ContactEvent::Registered(_) | ContactEvent::Amended(_) | ContactEvent::FoundByImport(_) => {
                Reads::nothing()
            }
        })
    }

    fn fold(row: Option<ContactRow>, id: Uuid, event: &Recorded) -> Result<Option<ContactRow>, LedgerError> {
        let decoded: ContactEvent = event.decode()?;
        let mut row = match (row, &decoded) {
            (Some(row), _) => row,
            (None, ContactEvent::Registered(registered)) => {
                ContactRow::new(ContactId(id), registered.unit, event)
            }
            (None, _) => return Ok(None),
        };
        row.version = event.sequence;
        // That a file names it changes nothing of it.
        if !matches!(decoded, ContactEvent::FoundByImport(_)) {
            row.changed_at = event.recorded_at;
        }
        row.apply(decoded, event);
        Ok(Some(row))
    }
}

impl ContactRow {
    fn new(id: ContactId, unit: UnitId, event: &Recorded) -> Self {
        Self {
            id,
            version: 0,
            status: ContactStatus::Active,
            erasure_kind: None,
            erasure_reason: None,
            erased_at: None,
            erased_position: None,
            unit_id: Some(unit),
            units: BTreeSet::from([unit]),
            unit_items: BTreeMap::new(),
            external_reference: None,
            first_name: None,
            last_name: None,
            title: None,
            email: None,
            phone: None,
            mobile: None,
            remark: None,
            cpr_date: None,
            cpr_serial: None,
            next_expiry: None,
            created_at: event.recorded_at,
            changed_at: event.recorded_at,
            companies: Vec::new(),
            items: Vec::new(),
        }
    }

    fn apply(&mut self, event: ContactEvent, recorded: &Recorded) {
        match event {
            ContactEvent::Registered(event) => {
                self.external_reference = event.external_reference;
                self.amend(event.details);
            }
            ContactEvent::Amended(event) => self.amend(event.details),
            ContactEvent::CompanyLinked(event) => {
                let before = self.companies.iter().find(|link| link.company_id == event.company);
                let linked_at = before.map_or(recorded.recorded_at, |link| link.linked_at);
                self.companies.retain(|link| link.company_id != event.company);
                self.companies.push(CompanyLink {
                    contact_id: self.id,
                    company_id: event.company,
                    linked_at,
                    proprietor: event.proprietor,
                });
                self.companies.sort_by_key(|link| link.company_id);
            }
            ContactEvent::CompanyUnlinked(event) => {
                self.companies.retain(|link| link.company_id != event.company);
            }
            ContactEvent::Bound(bound) => {
                self.drop_item(bound.id);
                if bound.kind.facts().justifies {
                    *self.unit_items.entry(bound.unit).or_default() += 1;
                    self.items.push(ContactItem::of(self.id, &bound));
                    self.items.sort_by_key(|item| item.item);
                }
                self.follow_items();
            }
            ContactEvent::Unbound(event) => {
                self.drop_item(event.was.id);
                self.follow_items();
            }
            ContactEvent::FoundByImport(_) => {}
            ContactEvent::Erased(event) => {
                self.status = ContactStatus::Erased;
                self.erasure_kind = Some(event.kind);
                self.erasure_reason = Some(event.reason);
                self.erased_at = Some(recorded.recorded_at);
                self.erased_position = Some(recorded.position);
                self.forget();
            }
        }
    }

    /// Drops an item, if it is there.
    fn drop_item(&mut self, item: Uuid) {
        let Some(at) = self.items.iter().position(|there| there.item == item) else { return };
        let unit = self.items.remove(at).unit;
        if let Some(count) = self.unit_items.get_mut(&unit) {
            *count -= 1;
        }
        self.unit_items.retain(|_, count| *count > 0);
    }

    /// What follows from the items. Perhaps not all are read, but the first to expire is, if there is one.
    fn follow_items(&mut self) {
        self.next_expiry = self.items.iter().filter_map(|item| item.expires).min();
        // Once it is erased, they stay those that had it then.
        if self.status != ContactStatus::Erased {
            self.units = self.unit_id.into_iter().chain(self.unit_items.keys().copied()).collect();
        }
    }

    /// Drops what an erasure of its kind takes; nothing if it was not erased.
    fn forget(&mut self) {
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            version: _,
            status: _,
            erasure_reason: _,
            erased_at: _,
            erased_position: _,
            units: _,
            created_at: _,
            changed_at: _,
            erasure_kind,
            unit_id,
            external_reference,
            first_name,
            last_name,
            title,
            email,
            phone,
            mobile,
            remark,
            cpr_date,
            cpr_serial,
            next_expiry,
            companies,
            items,
            unit_items,
        } = self;
        let Some(kind) = erasure_kind else { return };
        *external_reference = None;
        *first_name = None;
        *last_name = None;
        *title = None;
        *email = None;
        *phone = None;
        *mobile = None;
        *remark = None;
        *cpr_date = None;
        *cpr_serial = None;
        *next_expiry = None;
        items.clear();
        unit_items.clear();
        if *kind == ErasureKind::Deleted {
            *unit_id = None;
            companies.clear();
        }
    }

    /// The contact as it was at an earlier moment, without what was erased since.
    #[must_use]
    pub fn without_erased(self, now: &Self) -> Self {
        let mut past = Self {
            status: now.status,
            erasure_kind: now.erasure_kind,
            erasure_reason: now.erasure_reason,
            erased_at: now.erased_at,
            erased_position: now.erased_position,
            ..self
        };
        past.forget();
        past
    }

    /// Whether it was deleted, so that no list shows it.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.erasure_kind == Some(ErasureKind::Deleted)
    }

    fn amend(&mut self, details: Details) {
        let mut held = Held {
            first_name: self.first_name.take(),
            last_name: self.last_name.take(),
            title: self.title.take(),
            email: self.email.take(),
            phone: self.phone.take(),
            mobile: self.mobile.take(),
            remark: self.remark.take(),
            cpr: self
                .cpr_date
                .take()
                .zip(self.cpr_serial.take())
                .map(|(date, serial)| SealedCpr { date, serial }),
        };
        held.apply(details);
        self.first_name = held.first_name;
        self.last_name = held.last_name;
        self.title = held.title;
        self.email = held.email;
        self.phone = held.phone;
        self.mobile = held.mobile;
        self.remark = held.remark;
        (self.cpr_date, self.cpr_serial) = held.cpr.map(|cpr| (cpr.date, cpr.serial)).unzip();
    }
}

/// Which contacts are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Those that each of these units has.
    pub units: Vec<UnitId>,
    /// Those with a status; the active ones if nothing else is said. Deleted ones are in no list.
    pub status: ContactStatus,
    /// Those of a company.
    pub company: Option<CompanyId>,
    /// Those registered at or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Those registered before.
    pub created_until: Option<DateTime<Utc>>,
    /// Those changed at or after.
    pub changed_from: Option<DateTime<Utc>>,
    /// Those changed before.
    pub changed_until: Option<DateTime<Utc>>,
    /// Those of which an item expires before.
    pub expires_before: Option<NaiveDate>,
}

codes! {
    /// What contacts are ordered by.
    pub enum ContactOrder {
        /// When they were registered.
        Created = "CREATED",
        /// When they last changed.
        Changed = "CHANGED",
        /// When the first of their items expires.
        Expiry = "EXPIRY",
    }
    default Created
}

impl ContactOrder {
    /// The order in SQL.
    #[must_use]
    pub fn sql(self, descending: bool) -> Order {
        let (by, sql_type) = match self {
            Self::Created => ("r.created_at", "timestamptz"),
            Self::Changed => ("r.changed_at", "timestamptz"),
            Self::Expiry => ("coalesce(r.next_expiry, 'infinity'::date)", "date"),
        };
        Order { by, sql_type, descending }
    }
}

/// A page of contacts, with these of their lists.
///
/// # Errors
/// Errors of the database.
pub async fn contact_page(
    pool: &PgPool,
    reads: &Reads,
    filter: &ContactFilter,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<ContactRow>>, LedgerError> {
    page_with::<ContactView>(
        pool,
        reads,
        |sql| {
            sql.push(" AND r.status = ").push_bind(filter.status.name());
            if filter.status == ContactStatus::Erased {
                sql.push(" AND r.erasure_kind <> ").push_bind(ErasureKind::Deleted.name());
            }
            for unit in &filter.units {
                sql.push(" AND r.units @> ARRAY[").push_bind(unit.0).push("]");
            }
            if let Some(company) = filter.company {
                sql.push(" AND EXISTS (SELECT FROM view.contact_company l WHERE l.contact_id = r.id AND l.company_id = ")
                    .push_bind(company.0)
                    .push(")");
            }
            for (condition, time) in [
                (" AND r.created_at >= ", filter.created_from),
                (" AND r.created_at < ", filter.created_until),
                (" AND r.changed_at >= ", filter.changed_from),
                (" AND r.changed_at < ", filter.changed_until),
            ] {
                if let Some(time) = time {
                    sql.push(condition).push_bind(time);
                }
            }
            if let Some(date) = filter.expires_before {
                sql.push(" AND r.next_expiry < ").push_bind(date);
            }
        },
        order,
        wanted,
    )
    .await
}
