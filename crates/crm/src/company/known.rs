//! Which personnummer the sole traders of a unit have, in memory, so that the same one is not registered again.
//!
//! No id follows from a personnummer, and no hash of one is stored. So the sealed numbers are read from the view and
//! remembered as digests under a key that this process made for itself and never writes down. A unit is told of its own
//! companies alone, and only when everything else about a registration is right: who tries numbers out to find somebody's
//! last four digits leaves a company for every miss, and a dry run tells nothing of what is stored.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use lethe_kernel::{CompanyId, Personal, SealedText, Subject, UnitId, UserError};
use lethe_ledger::{Answer, Failure, LedgerError, Parts, UnitOfWork, Work};
use lethe_nordic::{Country, Personnummer, SwedishOrganisation};
use lethe_vault::{Keyring, VaultError};
use uuid::Uuid;

use super::{Company, CompanyError, NumberDate, NumberSerial, RegisterCompany};

/// How long what other processes registered may go unnoticed.
const PAUSE: Duration = Duration::from_secs(1);
/// How far back rows are looked at again, since they appear in another order than they were decided in.
const OVERLAP: TimeDelta = TimeDelta::seconds(30);
const PAGE: i64 = 1000;

static KEY: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
/// By installation and unit: several ledgers may be open in one process.
type OfUnits = HashMap<(Uuid, UnitId), Arc<Known>>;

static OF_UNITS: LazyLock<Mutex<OfUnits>> = LazyLock::new(Mutex::default);

/// A digest of a sole trader's number, if it is one; it means nothing outside this process.
pub(crate) fn fingerprint(country: Country, number: &str) -> Option<Uuid> {
    match (country, SwedishOrganisation::parse(number)) {
        (Country::Sweden, Ok(SwedishOrganisation::SoleTrader(number))) => Some(digest(&number)),
        _ => None,
    }
}

fn digest(number: &Personnummer) -> Uuid {
    let digits = number.ten_digits();
    let [high, low] = KEY.each_ref().map(|key| u128::from(key.hash_one(&digits)));
    Uuid::from_u128((high << 64) | low)
}

/// The sole traders of one unit.
#[derive(Default)]
struct Known {
    companies: Mutex<HashMap<Uuid, Vec<CompanyId>>>,
    read: tokio::sync::Mutex<Reading>,
}

/// How far the view was read.
#[derive(Default)]
struct Reading {
    at: Option<Instant>,
    through: DateTime<Utc>,
    seen: HashSet<Uuid>,
}

impl Known {
    /// What is known of a unit, read up to now. Each row is opened once.
    async fn of(parts: &Parts, unit: UnitId) -> Result<Arc<Self>, LedgerError> {
        let key = (parts.vault.installation(), unit);
        let known = OF_UNITS.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        let mut reading = known.read.lock().await;
        if reading.at.is_none_or(|at| at.elapsed() >= PAUSE) {
            let started = Instant::now();
            known.read_on(parts, unit, &mut reading).await?;
            reading.at = Some(started);
        }
        drop(reading);
        Ok(known)
    }

    async fn read_on(&self, parts: &Parts, unit: UnitId, reading: &mut Reading) -> Result<(), LedgerError> {
        let mut after = (reading.through - OVERLAP, Uuid::nil());
        loop {
            let rows: Vec<(Uuid, DateTime<Utc>, String, String)> = sqlx::query_as(
                "SELECT id, created_at, number_date, number_serial FROM view.company WHERE unit_id = $1 \
                 AND number_serial IS NOT NULL AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4",
            )
            .bind(unit.0)
            .bind(after.0)
            .bind(after.1)
            .bind(PAGE)
            .fetch_all(&parts.pool)
            .await?;
            let Some((id, created_at, ..)) = rows.last() else { return Ok(()) };
            after = (*created_at, *id);
            reading.through = reading.through.max(*created_at);
            let new: Vec<_> = rows.into_iter().filter(|(id, ..)| reading.seen.insert(*id)).collect();
            self.open(parts, new).await?;
        }
    }

    async fn open(
        &self,
        parts: &Parts,
        rows: Vec<(Uuid, DateTime<Utc>, String, String)>,
    ) -> Result<(), LedgerError> {
        let subjects: Vec<Subject> =
            rows.iter().map(|(id, ..)| Subject::sole_proprietor(CompanyId(*id))).collect();
        let mut keyring = Keyring::default();
        parts.vault.load_each(&mut keyring, &subjects).await?;
        for ((id, _, date, serial), subject) in rows.into_iter().zip(subjects) {
            let date = Personal::<NumberDate>::Sealed(SealedText(date));
            let serial = Personal::<NumberSerial>::Sealed(SealedText(serial));
            let opened = keyring
                .open(&date, subject)
                .and_then(|date| Ok(format!("{}{}", date.0, keyring.open(&serial, subject)?.0)));
            match opened.map(|text| Personnummer::parse(&text)) {
                Ok(Ok(number)) => drop(self.claim(digest(&number), CompanyId(id))),
                Ok(Err(_)) | Err(VaultError::Erased(_)) => {}
                Err(error) => parts.vault.alarm(&error),
            }
        }
        Ok(())
    }

    /// Notes that a company has, or is about to have, a number; answers the others that have it.
    fn claim(&self, number: Uuid, company: CompanyId) -> Vec<CompanyId> {
        let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        let having = companies.entry(number).or_default();
        let others = having.iter().copied().filter(|other| *other != company).collect();
        if !having.contains(&company) {
            having.push(company);
        }
        others
    }
}

/// Registers a company, unless the caller's unit has an open one with the same personnummer. Answers the company.
pub struct RegisterOnce {
    work: RegisterCompany,
    known: Option<(Arc<Known>, Uuid)>,
}

impl From<RegisterCompany> for RegisterOnce {
    /// A registration that looks at public numbers alone, until [`RegisterOnce::knowing`].
    fn from(work: RegisterCompany) -> Self {
        Self { work, known: None }
    }
}

impl RegisterOnce {
    /// The same, knowing the sole traders that the unit has.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn knowing(self, parts: &Parts, unit: UnitId) -> Result<Self, LedgerError> {
        let Some(number) = fingerprint(self.work.country, &self.work.number) else { return Ok(self) };
        let known = Known::of(parts, unit).await?;
        Ok(Self { known: Some((known, number)), ..self })
    }

    /// The registration itself.
    #[must_use]
    pub fn registration(&self) -> &RegisterCompany {
        &self.work
    }
}

impl Work for RegisterOnce {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let checked = self.work.check(unit).await?;
        let Some((known, number)) = &self.known else { return checked.stage(unit).await };
        // One that is about to be registered has no events yet; if it comes first, this command runs again.
        for other in known.claim(*number, checked.id) {
            if unit.version::<Company>(other).await? > 0 && unit.load::<Company>(other).await?.is_open() {
                return Err(UserError::from(CompanyError::AlreadyRegistered(other)).into());
            }
        }
        // Not before, so that a row that finds another company registers none.
        checked.stage(unit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_personnummer_is_one() {
        let of = |number| fingerprint(Country::Sweden, number);
        assert!(of("811218-9876").is_some());
        assert_eq!(of("811218-9876"), of("198112189876"));
        assert_ne!(of("811218-9876"), of("811278-9873"));
        assert_eq!(
            (of("599999-9997"), of("x"), fingerprint(Country::Denmark, "811218-9876")),
            (None, None, None)
        );
    }

    #[test]
    fn a_number_is_claimed_by_whoever_comes_and_others_are_told() {
        let (known, number) = (Known::default(), Uuid::from_u128(1));
        let (one, two) = (CompanyId(Uuid::from_u128(2)), CompanyId(Uuid::from_u128(3)));
        assert_eq!(known.claim(number, one), []);
        assert_eq!(known.claim(number, one), []);
        assert_eq!(known.claim(number, two), [one]);
        assert_eq!(known.claim(Uuid::from_u128(9), two), []);
    }
}
