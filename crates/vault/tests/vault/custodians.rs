//! Several custodians at once.

use std::fs;

use lethe_vault::custodian::{
    Custodian, CustodianError, CustodianSpec, Custodians, CustodiansError, FetchFault, FileCustodian, Root,
};
use uuid::Uuid;

use crate::custodian_transit::{World, root};
use crate::custodian_transit_server::Mood;

/// Two files and a transit engine.
struct All {
    world: World,
    files: [FileCustodian; 2],
    together: Custodians,
}

impl All {
    async fn create() -> Self {
        let world = World::create().await;
        let files = ["a", "b"]
            .map(|name| FileCustodian::new(world.database.folder.path().join(name).join("root.key")));
        let [a, b] = files.clone().map(Custodian::File);
        let transit = Custodian::Transit(Box::new(world.custodian.clone()));
        let together = Custodians::new(vec![a, b, transit]).unwrap();
        Self { world, files, together }
    }
}

fn failed(result: Result<(), CustodiansError>) -> Vec<(String, CustodianError)> {
    let Err(CustodiansError::Failed(failed)) = result else { return Vec::new() };
    failed
}

#[tokio::test]
async fn twenty_rotations_leave_every_custodian_with_the_last_root_alone() {
    let world = All::create().await;
    let mut current = root(1);
    world.together.store_all(&current).await.unwrap();
    for epoch in 1..=20 {
        let next = root(epoch + 1);
        world.together.store_all(&next).await.unwrap();
        for (name, held) in world.together.survey().await {
            assert_eq!(held.unwrap(), [current.held(), next.held()], "{name}");
        }
        world.together.destroy_all(epoch).await.unwrap();
        current = next;
    }
    let survey = world.together.survey().await;
    assert_eq!(survey.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), world.together.names());
    assert!(survey.into_iter().all(|(_, held)| held.unwrap() == [current.held()]));
    assert_eq!(world.world.server.keys().len(), 1);
    assert!(world.together.fetch(21, &current.commitment()).await.unwrap().same(&current));
}

#[tokio::test]
async fn the_root_comes_from_the_first_that_has_the_right_one() {
    let world = All::create().await;
    let right = root(1);
    world.together.store_all(&right).await.unwrap();
    fs::remove_file(world.files[0].path()).unwrap();
    fs::write(world.files[1].path(), [1; 8192]).unwrap();
    assert!(world.together.fetch(1, &right.commitment()).await.unwrap().same(&right));
    world.world.server.becomes(Mood::Sealed);
    world.files[0].store(&root(1)).unwrap();
    let error = world.together.fetch(1, &right.commitment()).await.unwrap_err();
    let CustodiansError::NotFetched { epoch: 1, reasons } = &error else { panic!("{error}") };
    assert!(matches!(reasons[0].1, FetchFault::Mismatched));
    assert!(matches!(reasons[1].1, FetchFault::Failed(CustodianError::Damaged(_))));
    assert!(matches!(reasons[2].1, FetchFault::Failed(CustodianError::Sealed { .. })));
    let said = error.to_string();
    assert!(world.together.names().iter().all(|name| said.contains(name)), "{said}");
    world.world.server.becomes(Mood::Well);
    let error = world.together.fetch(2, &right.commitment()).await.unwrap_err();
    let CustodiansError::NotFetched { reasons, .. } = &error else { panic!("{error}") };
    assert!(matches!(reasons[2].1, FetchFault::Absent));
}

#[tokio::test]
async fn a_root_that_one_custodian_refuses_is_not_stored_and_the_error_names_it() {
    let world = All::create().await;
    world.together.store_all(&root(1)).await.unwrap();
    world.files[1].store(&root(2)).unwrap();
    let failed = failed(world.together.store_all(&root(2)).await);
    assert!(
        matches!(&failed[..], [(name, CustodianError::Another { .. })] if *name == world.together.names()[1])
    );
    assert_eq!(world.world.server.keys().len(), 1, "those behind it were not asked");
}

#[tokio::test]
async fn one_custodian_that_fails_keeps_a_root_from_being_destroyed_but_spares_no_other() {
    let world = All::create().await;
    world.together.store_all(&root(1)).await.unwrap();
    world.together.store_all(&root(2)).await.unwrap();
    let away = world.files[0].path().with_extension("away");
    fs::rename(world.files[0].path(), &away).unwrap();
    let failed = failed(world.together.destroy_all(1).await);
    assert!(
        matches!(&failed[..], [(name, CustodianError::Missing(_))] if *name == world.together.names()[0])
    );
    assert_eq!(world.files[1].held().unwrap().len(), 1);
    assert_eq!(world.world.server.keys().len(), 1);
    fs::rename(&away, world.files[0].path()).unwrap();
    world.together.destroy_all(1).await.unwrap();
    assert_eq!(world.files[0].held().unwrap().len(), 1);
}

#[tokio::test]
async fn of_servers_that_store_different_roots_at_all_custodians_at_once_one_wins() {
    let world = All::create().await;
    world.together.store_all(&root(1)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let all = world.together.clone();
        tasks.spawn(async move {
            let root = root(2);
            all.store_all(&root).await.is_ok().then_some(root)
        });
    }
    let won: Vec<Root> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    for (name, held) in world.together.survey().await {
        assert_eq!(held.unwrap().last(), Some(&won[0].held()), "{name}");
    }
}

#[tokio::test]
async fn there_is_at_least_one_custodian_and_none_twice() {
    let file = |path: &str| Custodian::File(FileCustodian::new(path));
    assert!(matches!(Custodians::new(vec![]), Err(CustodiansError::NoCustodian)));
    let twice = Custodians::new(vec![file("/a"), file("/b"), file("/a")]);
    assert!(matches!(twice, Err(CustodiansError::Twice(name)) if name == "file:/a"));
}

#[tokio::test]
async fn a_custodian_is_opened_from_the_settings_for_one_installation() {
    let world = World::create().await;
    let folder = world.database.folder.path().display();
    for text in [
        format!("file:{folder}/opened/root.key"),
        format!("transit:{}?token_file={folder}/token", world.server.address),
    ] {
        let spec: CustodianSpec = text.parse().unwrap();
        let custodian = Custodian::open(&spec, &world.database.pool, Uuid::from_u128(7)).unwrap();
        let theirs = Root::generate(Uuid::from_u128(8), 1).unwrap();
        let error = custodian.store(&theirs).await.unwrap_err();
        assert!(matches!(error, CustodianError::OfAnother { .. }), "{error}");
        let ours = root(1);
        custodian.store(&ours).await.unwrap();
        assert_eq!(custodian.held().await.unwrap(), [ours.held()]);
        assert!(custodian.fetch(1).await.unwrap().unwrap().same(&ours));
        custodian.destroy(1).await.unwrap();
    }
}
