//! The forgetting of a sole proprietor: with the contact who it is, or on its own.

use lethe_crm::company::{CloseCompany, CompanyError, CompanyRow, CompanyStatus, CompanyView, EraseCompany};
use lethe_crm::contact::{ErasureKind, ErasureReason, LinkContact, Remains, UnlinkContact};
use lethe_kernel::{CompanyId, ErrorCode, Role, UserError};
use lethe_ledger::Failure;
use uuid::Uuid;

use crate::world::{OTHER, UNIT, World, by, code};

impl World {
    async fn company_row(&self, company: CompanyId) -> CompanyRow {
        self.caught_up().await;
        self.row::<CompanyView>(company).await.unwrap()
    }

    pub(crate) async fn erase_company(&self, role: Role, company: CompanyId) -> Result<(), Failure> {
        let expected_version = self.company_row(company).await.version;
        let work = EraseCompany { company, expected_version, reason: ErasureReason::RequestOfPerson };
        self.ledger.execute(&by(role, UNIT), &work).await.map(drop)
    }

    pub(crate) async fn close(&self, company: CompanyId) {
        let reason = "CEASED".into();
        self.act(CloseCompany { company, expected_version: None, superseded_by: None, reason }).await;
    }
}

fn emptied(row: &CompanyRow) -> bool {
    row.name.is_none()
        && row.address.is_none()
        && row.postal_code.is_none()
        && row.city.is_none()
        && row.phone.is_none()
        && row.email.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sole_proprietor_is_forgotten_with_the_contact_who_it_is() {
    let world = World::create().await;
    let contact = world.contact("Åse").await;
    let company = world.company(contact).await;
    // As long as nobody says that the company is the person, it stays.
    let before = world.look(contact, ErasureKind::Anonymised).await.unwrap();
    assert_eq!((before.sole_proprietors.clone(), before.proprietorships.len()), (vec![company], 0));
    world.act(LinkContact { contact, company, proprietor: true }).await;
    assert_eq!(world.company_row(company).await.proprietor_id, Some(contact));
    // Closing locks nothing in.
    world.close(company).await;
    let preview = world.look(contact, ErasureKind::Anonymised).await.unwrap();
    assert_ne!(preview.token, before.token);
    assert_eq!((preview.sole_proprietors.len(), preview.proprietorships.clone()), (0, vec![company]));
    let subjects: Vec<Uuid> = preview.destroyed.iter().map(|key| key.subject.id).collect();
    assert_eq!(subjects, [contact.0, company.0]);
    assert!(!preview.remains.contains(&Remains::SoleProprietors));
    // It is the person; it does not go alone.
    let alone = world.erase_company(Role::Dpm, company).await.unwrap_err();
    assert!(
        matches!(alone, Failure::Refused(errors) if errors == [UserError::from(CompanyError::ErasedWithContact)])
    );

    world.erase(contact, ErasureKind::Anonymised).await;
    let row = world.company_row(company).await;
    assert_eq!((row.status, emptied(&row)), (CompanyStatus::Erased, true));
    assert_eq!(row.number.as_deref(), Some("10000009"), "a CVR number is public");
    assert_eq!((world.keys(company).await, world.keys(contact).await), ((0, 1), (0, 1)));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_contact_takes_its_company_along_and_a_corrected_link_does_not() {
    let world = World::create().await;
    let (contact, friend) = (world.contact("Åse").await, world.contact("Bo").await);
    let company = world.company(contact).await;
    world.act(LinkContact { contact: friend, company, proprietor: true }).await;
    // One person is the proprietor, and a mistake is corrected by linking again or not at all.
    let other = LinkContact { contact, company, proprietor: true };
    let refused = world.ledger.execute(&by(Role::Dpm, UNIT), &other).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::RuleViolated);
    world.act(LinkContact { contact: friend, company, proprietor: false }).await;
    world.act(LinkContact { contact: friend, company, proprietor: true }).await;
    world.act(UnlinkContact { contact: friend, company }).await;
    world.erase(friend, ErasureKind::Deleted).await;
    assert_eq!(world.company_row(company).await.status, CompanyStatus::Active);
    world.act(LinkContact { contact, company, proprietor: true }).await;
    world.erase(contact, ErasureKind::Deleted).await;
    let row = world.company_row(company).await;
    assert_eq!((row.status, emptied(&row)), (CompanyStatus::Erased, true));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_without_such_a_contact_is_erased_on_its_own_also_when_it_is_closed() {
    let world = World::create().await;
    let contact = world.contact("Åse").await;
    let company = world.company(contact).await;
    world.close(company).await;
    for role in [Role::Consultant, Role::UnitAdministrator] {
        assert_eq!(code(world.erase_company(role, company).await.unwrap_err()), ErrorCode::Forbidden);
    }
    let stale = EraseCompany { company, expected_version: 1, reason: ErasureReason::RequestOfPerson };
    let refused = world.ledger.execute(&by(Role::Dpm, UNIT), &stale).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::StaleVersion);
    let elsewhere = EraseCompany { expected_version: 2, ..stale };
    let refused = world.ledger.execute(&by(Role::Dpm, OTHER), &elsewhere).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::Forbidden);
    world.erase_company(Role::Dpm, company).await.unwrap();
    let row = world.company_row(company).await;
    assert_eq!((row.status, emptied(&row), world.keys(company).await), (CompanyStatus::Erased, true, (0, 1)));
    // Nobody else is touched, and once is enough.
    assert_eq!(world.keys(contact).await, (1, 0));
    let head = world.ledger.parts().head().await.unwrap();
    world.erase_company(Role::SystemAdministrator, company).await.unwrap();
    assert_eq!(world.ledger.parts().head().await.unwrap(), head);
    world.end().await;
}
