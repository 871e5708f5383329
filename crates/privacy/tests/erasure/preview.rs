//! What a preview says, and what its token stands for.

use lethe_crm::contact::{BelongingKind, ErasureKind, Fate, HoldKind, Remains};
use lethe_crm::note::AmendNote;
use lethe_kernel::{ContactId, ErrorCode, NoteId, Patch, Role};
use lethe_ledger::Failure;
use uuid::Uuid;

use crate::world::{OTHER, UNIT, World, by, code, consent, erase_as, erasure, note, renaming};

const KINDS: [ErasureKind; 2] = [ErasureKind::Anonymised, ErasureKind::Deleted];

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_names_what_goes_and_what_stays_and_stores_nothing() {
    let world = World::create().await;
    let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
    let dying = world.note(&[one, two], true).await;
    let surviving = world.note(&[one], false).await;
    let given = world.act(consent(one, "NEWS")).await;
    let prospect = world.prospect(one).await;
    let company = world.company(one).await;
    let head = world.ledger.parts().head().await.unwrap();
    for kind in KINDS {
        let preview = world.look(one, kind).await.unwrap();
        let subjects: Vec<Uuid> = preview.destroyed.iter().map(|key| key.subject.id).collect();
        assert_eq!(subjects, [one.0, dying.0]);
        let anonymised = kind == ErasureKind::Anonymised;
        let either = |one, other| if anonymised { one } else { other };
        let found: Vec<_> =
            preview.belongings.iter().map(|one| (one.kind, one.id, one.outlook.fate)).collect();
        let mut wanted = vec![
            (BelongingKind::Note, dying.0, Fate::Died),
            (BelongingKind::Note, surviving.0, either(Fate::Survived, Fate::Unlinked)),
            (BelongingKind::Consent, given, either(Fate::Kept, Fate::Died)),
            (BelongingKind::Prospect, prospect.0, Fate::Died),
        ];
        wanted.sort_by_key(|(kind, id, _)| (*kind, *id));
        assert_eq!(found, wanted);
        let note = preview.of(BelongingKind::Note, &[Fate::Died]).next().unwrap();
        assert_eq!((note.unit, note.outlook.others), (UNIT, 1));
        assert_eq!(preview.sole_proprietors, [company]);
        let holds: Vec<HoldKind> = preview.holds.iter().map(|hold| hold.kind).collect();
        assert_eq!(holds, [HoldKind::ActiveItem; 2]);
        assert_eq!(preview.unlinked, if anonymised { vec![] } else { vec![company] });
        assert!(preview.remains.contains(&Remains::SoleProprietors));
        assert_eq!(preview.remains.contains(&Remains::Statistics), anonymised);
        assert_eq!(preview.remains.contains(&Remains::Consents), anonymised);
        assert!(!preview.remains.contains(&Remains::Accounting));
    }
    assert_eq!(world.ledger.parts().head().await.unwrap(), head);
    assert_eq!(world.keys(one).await, (1, 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stands_for_the_facts_it_was_made_of() {
    let world = World::create().await;
    let (one, two) = (world.contact("Åse").await, world.contact("Bo").await);
    let written = world.note(&[one, two], true).await;
    let seen = world.look(one, ErasureKind::Anonymised).await.unwrap();
    assert_eq!(
        world.look(one, ErasureKind::Anonymised).await.unwrap(),
        seen,
        "the same facts, the same token"
    );
    let refused = async |work| code(world.ledger.execute(&crate::world::dpm(), &work).await.unwrap_err());
    // Another kind, another contact, a token nobody gave.
    let token = seen.token.clone();
    let outdated = ErrorCode::PreviewOutdated;
    assert_eq!(refused(erasure(one, ErasureKind::Deleted, token.clone())).await, outdated);
    assert_eq!(refused(erasure(two, ErasureKind::Anonymised, token.clone())).await, outdated);
    assert_eq!(refused(erasure(one, ErasureKind::Anonymised, String::new())).await, outdated);
    // A change of the contact, of its note alone, and of its consent alone.
    world.act(renaming(one, "Ida")).await;
    assert_eq!(refused(erasure(one, ErasureKind::Anonymised, token)).await, outdated);
    let token = world.look(one, ErasureKind::Anonymised).await.unwrap().token;
    world.act(retelling(written)).await;
    assert_eq!(refused(erasure(one, ErasureKind::Anonymised, token)).await, outdated);
    world.act(consent(one, "NEWS")).await;
    let token = world.look(one, ErasureKind::Anonymised).await.unwrap().token;
    let mut other = consent(one, "NEWS");
    other.wording = Some("Ja tak, hver uge.".into());
    world.act(other).await;
    assert_eq!(refused(erasure(one, ErasureKind::Anonymised, token)).await, outdated);
    // A change that is not about it leaves the token good.
    let token = world.look(one, ErasureKind::Anonymised).await.unwrap().token;
    world.act(note(&[two], true)).await;
    world.act(erasure(one, ErasureKind::Anonymised, token)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_dpm_of_a_unit_that_has_the_contact_and_system_administrators_erase() {
    let world = World::create().await;
    let contact = world.contact("Åse").await;
    for (role, unit) in [
        (Role::Consultant, UNIT),
        (Role::UnitAdministrator, UNIT),
        (Role::Auditor, UNIT),
        (Role::Integration, UNIT),
    ] {
        let refusal = code(erase_as(&world.ledger, &by(role, unit), contact).await.unwrap_err());
        assert_eq!(refusal, ErrorCode::Forbidden, "{role:?}");
    }
    let unknown = ContactId(Uuid::from_u128(99));
    for (unit, contact) in [(UNIT, unknown), (OTHER, unknown), (OTHER, contact)] {
        let refusal = code(erase_as(&world.ledger, &by(Role::Dpm, unit), contact).await.unwrap_err());
        assert_eq!(refusal, ErrorCode::NotFound, "whom a unit does not have, it does not know of");
    }
    // An item of its own makes it the contact of another unit too, for as long as the item is there.
    let other = by(Role::Dpm, OTHER);
    let system = by(Role::System, OTHER);
    let written = world.ledger.execute(&system, &note(&[contact], false)).await.unwrap().object();
    assert!(
        matches!(world.look(contact, ErasureKind::Deleted).await, Ok(preview) if preview.holds.len() == 1)
    );
    erase_as(&world.ledger, &other, contact).await.unwrap();
    assert_eq!(code(erase_as(&world.ledger, &other, contact).await.unwrap_err()), ErrorCode::Erased);
    let refusal = code(erase_as(&world.ledger, &by(Role::Consultant, UNIT), contact).await.unwrap_err());
    assert_eq!(refusal, ErrorCode::Forbidden, "who may not erase does not learn that it was");
    assert!(!matches!(world.look(contact, ErasureKind::Deleted).await, Err(Failure::Failed(_))));
    assert_eq!(world.keys(written).await, (1, 0), "a note free of personal content keeps its key");
    // And a system administrator of any unit.
    let contact = world.contact("Bo").await;
    erase_as(&world.ledger, &by(Role::SystemAdministrator, OTHER), contact).await.unwrap();
    world.end().await;
}

fn retelling(note: NoteId) -> AmendNote {
    AmendNote {
        note,
        expected_version: None,
        kind: None,
        text: Some("Længere.".into()),
        contacts: None,
        company: Patch::Keep,
        contains_personal: None,
        contains_sensitive: None,
        expiry: Patch::Keep,
        longest: lethe_crm::expiry::Longest::default(),
    }
}
