//! How long a file of companies is recognised: no longer than the sole proprietors whom it names, or may name.

use lethe_crm::company::CompanyView;
use lethe_crm::contact::{ErasureKind, LinkContact};
use lethe_crm::import::{ImportKind, Outcome, Prepared, RowOutcome, prepare};
use lethe_kernel::{CompanyId, ImportId, Role, UnitId};

use crate::imports::{file_of, finish, outcomes};
use crate::world::{OTHER, UNIT, World, by};

const SOLE: &str = "10000009;Prøve;Enkeltmandsvirksomhed\n";
const LEGAL: &str = "13748136;Nord;Anpartsselskab\n";

fn text(rows: &[&str]) -> String {
    format!("CVR-nr.;Navn;Virksomhedsform\n{}", rows.concat())
}

fn company(rows: &[RowOutcome], at: usize) -> CompanyId {
    CompanyId(rows[at].object.unwrap())
}

impl World {
    async fn begin(&self, unit: UnitId, rows: &[&str]) -> Prepared {
        let file = file_of(ImportKind::Companies, &text(rows));
        prepare(&self.ledger, &by(Role::Consultant, unit), file).await.unwrap()
    }

    async fn companies(&self, unit: UnitId, rows: &[&str]) -> (ImportId, Vec<RowOutcome>) {
        let prepared = self.begin(unit, rows).await;
        finish(&self.ledger, &by(Role::Consultant, unit), prepared).await
    }

    async fn company_found_by(&self, company: CompanyId) -> i64 {
        let sql = "SELECT count(*) FROM ledger.events WHERE event_type = 'company.found_by_import' AND aggregate_id = ";
        self.database.count(&format!("{sql}'{company}'")).await
    }

    /// How many events of this type are of units of work that destroyed the key of an import.
    async fn named(&self, event: &str, import: ImportId) -> i64 {
        let sql = "SELECT count(*) FROM ledger.events WHERE event_type = ";
        let key = format!("metadata ->> 'destroyed' LIKE '%document/{import}/%'");
        self.database.count(&format!("{sql}'{event}' AND {key}")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_companies_is_forgotten_with_a_sole_proprietor_that_it_created() {
    let world = World::create().await;
    let (import, rows) = world.companies(UNIT, &[SOLE, LEGAL]).await;
    assert_eq!(outcomes(&rows), [Outcome::Created; 2]);
    let stranger = world.contact("Kim").await;
    world.forgets(stranger).await;
    assert!(world.recognises(import).await, "nobody whom it names was erased");
    world.erase_company(Role::Dpm, company(&rows, 0)).await.unwrap();
    assert!(!world.recognises(import).await);
    assert_eq!(world.named("company.erased", import).await, 1);
    // Sent again it is another import. It names somebody who is erased, so it is forgotten at once.
    let (again, rows) = world.companies(UNIT, &[SOLE, LEGAL]).await;
    assert_eq!(outcomes(&rows), [Outcome::Refused, Outcome::Existing]);
    assert_eq!((rows[0].code.as_deref(), rows[0].column.as_deref()), (Some("ERASED"), Some("number")));
    assert!(again != import && !world.recognises(again).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_companies_is_forgotten_with_a_sole_proprietor_that_it_found_in_whatever_unit() {
    let world = World::create().await;
    let (first, rows) = world.companies(UNIT, &[SOLE]).await;
    let sole = company(&rows, 0);
    world.caught_up().await;
    let before = world.row::<CompanyView>(sole).await.unwrap();
    let (second, rows) = world.companies(OTHER, &[LEGAL, SOLE]).await;
    assert_eq!(outcomes(&rows), [Outcome::Created, Outcome::Existing]);
    let (legal, ours) = (company(&rows, 0), world.companies(UNIT, &[LEGAL]).await.0);
    // Once for each import, not by the one that it came with, and of no legal person.
    assert_eq!(world.companies(OTHER, &[LEGAL, SOLE]).await.0, second);
    assert_eq!(world.companies(UNIT, &[SOLE]).await.0, first);
    assert_eq!((world.company_found_by(sole).await, world.company_found_by(legal).await), (1, 0));
    world.caught_up().await;
    let after = world.row::<CompanyView>(sole).await.unwrap();
    assert_eq!((after.version, after.changed_at), (before.version + 1, before.changed_at));

    world.erase_company(Role::Dpm, sole).await.unwrap();
    assert!(!world.recognises(first).await);
    assert!(!world.recognises(second).await);
    assert!(world.recognises(ours).await, "it names a legal person alone");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_companies_is_forgotten_with_the_contact_who_is_the_sole_proprietor() {
    let world = World::create().await;
    let (first, rows) = world.companies(OTHER, &[SOLE]).await;
    let (second, _) = world.companies(UNIT, &[LEGAL, SOLE]).await;
    let (refused, bad) = world.companies(OTHER, &["1;Prøve;Enkeltmandsvirksomhed\n"]).await;
    assert_eq!(outcomes(&bad), [Outcome::Refused]);
    let (contact, company) = (world.contact("Åse").await, company(&rows, 0));
    world.act(LinkContact { contact, company, proprietor: false }).await;
    let kind = ErasureKind::Anonymised;
    assert_eq!(world.look(contact, kind).await.unwrap().imports, [], "the company is not the person");
    world.act(LinkContact { contact, company, proprietor: true }).await;
    let seen = world.look(contact, kind).await.unwrap();
    let mut expected = vec![first, second, refused];
    expected.sort();
    assert_eq!(seen.imports, expected);
    for import in &expected {
        assert!(seen.destroyed.iter().any(|key| key.subject.id == import.0), "{:?}", seen.destroyed);
    }
    world.erase(contact, kind).await;
    for import in expected {
        assert!(!world.recognises(import).await);
        assert_eq!(world.named("contact.erased", import).await, 1);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_refused_rows_is_forgotten_with_a_sole_proprietor_of_its_unit_and_with_none_elsewhere() {
    let world = World::create().await;
    let (import, rows) = world.companies(UNIT, &[LEGAL, "1;Prøve;Enkeltmandsvirksomhed\n"]).await;
    assert_eq!(outcomes(&rows), [Outcome::Created, Outcome::Refused]);
    let (_, elsewhere) = world.companies(OTHER, &["99000007;Syd;Enkeltmandsvirksomhed\n"]).await;
    world.erase_company(Role::SystemAdministrator, company(&elsewhere, 0)).await.unwrap();
    assert!(world.recognises(import).await);
    let stranger = world.contact("Kim").await;
    let sole = world.company(stranger).await;
    world.erase_company(Role::Dpm, sole).await.unwrap();
    assert!(!world.recognises(import).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_names_a_sole_proprietor_who_is_erased_before_their_row_is_dealt_with_is_forgotten() {
    let world = World::create().await;
    let (_, rows) = world.companies(UNIT, &[SOLE]).await;
    // The import of another unit is begun, none of its rows is dealt with.
    let prepared = world.begin(OTHER, &[LEGAL, SOLE]).await;
    let import = prepared.import();
    world.erase_company(Role::Dpm, company(&rows, 0)).await.unwrap();
    assert!(world.recognises(import).await, "nothing tells yet whom it names");
    let (_, rows) = finish(&world.ledger, &by(Role::Consultant, OTHER), prepared).await;
    assert_eq!(outcomes(&rows), [Outcome::Created, Outcome::Refused]);
    assert!(!world.recognises(import).await);
    world.end().await;
}
