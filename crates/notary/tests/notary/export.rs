//! Audit bundles, as an auditor verifies them.

use std::fs;
use std::path::Path;

use lethe_notary::{Notary, NotaryError};
use lethe_tlog::bundle::{Expected, Fault, Report, Selection, WriteError, verify};
use lethe_tlog::note::VerifierKey;
use uuid::Uuid;

use crate::world::World;

fn verified(bundle: &Path, notary: &Notary) -> Result<Report, Fault> {
    let key: VerifierKey = notary.verifier().parse().unwrap();
    let expected = Expected { key: Some(&key), origin: Some(notary.origin()), witnesses: &[] };
    verify(bundle, &expected, &mut |_| {})
}

async fn exported(notary: &Notary, selection: Selection) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    let done = notary.export(&bundle, selection, &|_| {}).await.unwrap();
    let report = verified(&bundle, notary).unwrap();
    assert_eq!((report.events, report.checkpoint.size), (done.events, done.size));
    report
}

#[tokio::test]
async fn whole_bundles_and_selections_verify_with_the_published_key() {
    let world = World::create().await;
    world.append(600).await.unwrap();
    let (unit, contact, note) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    world
        .tamper(&format!(
            "UPDATE ledger.events SET metadata = '{{\"unit\":\"{unit}\"}}' WHERE position IN (3, 300); \
             UPDATE ledger.events SET aggregate_type = 'contact', aggregate_id = '{contact}', \
             event_type = 'contact.bound', payload = '{{\"Bound\":{{\"id\":\"{note}\"}}}}' WHERE position = 10; \
             UPDATE ledger.events SET aggregate_type = 'any_kind', aggregate_id = '{note}', sequence = position \
             WHERE position IN (20, 21, 599)"
        ))
        .await;
    let notary = world.sign().await;
    assert_eq!(exported(&notary, Selection::All).await.events, 600);
    assert_eq!(exported(&notary, Selection::Range { from: 250, until: 520 }).await.events, 271);
    assert_eq!(exported(&notary, Selection::Range { from: 600, until: 600 }).await.events, 1);
    assert_eq!(exported(&notary, Selection::Unit { id: unit }).await.events, 2);
    // Its own event, and all of what belongs to it, whatever kind that is and whether or not its events name it.
    assert_eq!(exported(&notary, Selection::Contact { id: contact }).await.events, 4);
    assert_eq!(exported(&notary, Selection::Contact { id: Uuid::from_u128(9) }).await.events, 0);

    let folder = tempfile::tempdir().unwrap();
    let beyond = notary.export(folder.path(), Selection::Range { from: 1, until: 601 }, &|_| {}).await;
    assert!(matches!(beyond, Err(NotaryError::NotYet { wanted: 601, size: 600 })), "{beyond:?}");
}

#[tokio::test]
async fn a_bundle_is_never_written_over() {
    let world = World::create().await;
    world.append(30).await.unwrap();
    let notary = world.sign().await;
    let folder = tempfile::tempdir().unwrap();
    notary.export(folder.path(), Selection::All, &|_| {}).await.unwrap();
    let again = notary.export(folder.path(), Selection::All, &|_| {}).await;
    assert!(matches!(again, Err(NotaryError::Export(WriteError::NotEmpty(_)))), "{again:?}");
    verified(folder.path(), &notary).unwrap();
}

#[tokio::test]
async fn what_an_export_that_was_cut_off_leaves_is_no_bundle() {
    let world = World::create().await;
    world.append(300).await.unwrap();
    let notary = world.sign().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let cut_off = tokio::spawn(async move {
        notary.export(&path, Selection::All, &|events| assert!(events < 200, "the machine died")).await
    });
    assert!(cut_off.await.unwrap_err().is_panic());
    assert!(fs::read_dir(folder.path()).unwrap().count() > 0);
    let told = verified(folder.path(), &world.notary().await).unwrap_err();
    assert!(told.to_string().contains("manifest.json"), "{told}");
}

#[tokio::test]
async fn what_is_not_signed_yet_is_signed_by_whoever_needs_it() {
    let world = World::create().await;
    world.append(30).await.unwrap();
    let notary = world.notary().await;
    let folder = tempfile::tempdir().unwrap();
    let early = notary.export(folder.path(), Selection::All, &|_| {}).await;
    assert!(matches!(early, Err(NotaryError::NotYet { .. })), "{early:?}");
    notary.catch_up(30, crate::world::PATIENCE).await.unwrap();
    assert_eq!(exported(&notary, Selection::All).await.events, 30);
}
