//! What is signed, and what can be proven from it.

use lethe_notary::NotaryError;
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::entry::Entry;
use lethe_tlog::note::VerifierKey;
use lethe_tlog::proof::Proof;
use lethe_tlog::tile::{EntryTile, Tile, TileSet, decode_bundle};
use lethe_tlog::tree::{Frontier, leaf_hash, verify_consistency, verify_inclusion};

use crate::world::{PATIENCE, World, eventually, run, stop};

#[tokio::test]
async fn everything_appended_is_signed_and_can_be_proven_from_its_stored_bytes() {
    let world = World::create().await;
    world.append(700).await.unwrap();
    let notary = world.sign().await;
    let signed = notary.checkpoint().await.unwrap().unwrap();
    assert_eq!(signed.size, 700);
    let keys: [VerifierKey; 1] = [notary.verifier().parse().unwrap()];
    let (checkpoint, _) = Checkpoint::open(&signed.note.parse().unwrap(), &keys).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (700, signed.root));
    assert_eq!(checkpoint.origin, keys[0].name());

    // From the entries alone, as an auditor gets them, the same root.
    let mut frontier = Frontier::default();
    for index in 0..3 {
        let tile = EntryTile::at(index, 700).unwrap();
        let bundle = notary.entries(tile).await.unwrap().unwrap();
        for (entry, leaf) in decode_bundle(&bundle).unwrap().into_iter().zip(tile.leaves()) {
            assert_eq!(Entry::decode(entry).unwrap().position, leaf + 1);
            frontier.push(leaf_hash(entry), |_, _| {});
        }
    }
    assert_eq!(frontier.root(), signed.root);

    let positions: Vec<i64> = vec![1, 2, 255, 256, 257, 511, 512, 513, 699, 700];
    for (position, leaf) in notary.leaves(&positions).await.unwrap() {
        let index = u64::try_from(position - 1).unwrap();
        let proof = notary.inclusion(position, 700).await.unwrap();
        assert!(verify_inclusion(index, &leaf, 700, &signed.root, &proof), "{position}");
        let file = notary.proof(position).await.unwrap().unwrap().to_string();
        let proof: Proof = file.parse().unwrap();
        let proven = proof.verify(&keys).unwrap();
        assert_eq!((proven.entry.position, proven.checkpoint.size), (index + 1, 700));
        // Of a smaller tree, and the same each time.
        let earlier = notary.proof_at(position, index + 1).await.unwrap();
        assert_eq!(earlier.verify(&keys).unwrap().checkpoint.size, index + 1);
        assert_eq!(notary.proof_at(position, index + 1).await.unwrap(), earlier);
    }
    assert_eq!(notary.proof(701).await.unwrap(), None);
    assert!(matches!(notary.inclusion(701, 701).await, Err(NotaryError::NotYet { wanted: 701, size: 700 })));
    assert!(matches!(notary.inclusion(0, 700).await, Err(NotaryError::Plan(_))));
    assert_eq!(notary.check(&|_, _| {}).await.unwrap().fault, None);
}

#[tokio::test]
async fn the_log_only_grows_and_its_tiles_are_those_of_its_size() {
    let world = World::create().await;
    world.append(300).await.unwrap();
    let notary = world.sign().await;
    let old = notary.checkpoint().await.unwrap().unwrap();
    world.append(300).await.unwrap();
    let notary = world.sign().await;
    let new = notary.checkpoint().await.unwrap().unwrap();
    let proof = notary.consistency(300, 600).await.unwrap();
    assert!(verify_consistency((300, &old.root), (600, &new.root), &proof));
    assert!(!verify_consistency((299, &old.root), (600, &new.root), &proof));
    assert_eq!(notary.consistency(600, 600).await.unwrap(), []);

    let mut tiles = TileSet::default();
    for tile in Tile::grown(0, 600) {
        tiles.insert(tile, &notary.tile(tile).await.unwrap().unwrap()).unwrap();
        // Tiles of earlier checkpoints are the beginning of those of now.
        let narrower = Tile { width: 1, ..tile };
        assert_eq!(notary.tile(narrower).await.unwrap().unwrap().len(), 32);
    }
    assert_eq!(notary.tile(Tile { level: 0, index: 2, width: 89 }).await.unwrap(), None);
    assert_eq!(notary.tile(Tile { level: 0, index: 3, width: 1 }).await.unwrap(), None);
    assert_eq!(notary.tile(Tile { level: 2, index: 0, width: 1 }).await.unwrap(), None);
    assert_eq!(notary.entries(EntryTile { index: 2, width: 89 }).await.unwrap(), None);
}

#[tokio::test]
async fn one_of_several_processes_signs_and_when_it_is_killed_another_goes_on() {
    let world = World::create().await;
    let (one, other) = (world.notary().await, world.notary().await);
    let (first, second) = (run(&one), run(&other));
    world.append(10).await.unwrap();
    one.reach(10, PATIENCE).await.unwrap();
    stop(first).await;
    world.append(10).await.unwrap();
    other.reach(20, PATIENCE).await.unwrap();
    eventually("the one that took over knows it itself", async || other.state().size == 20).await;
    stop(second).await;
    assert_eq!(world.notary().await.check(&|_, _| {}).await.unwrap().fault, None);
}

#[tokio::test]
async fn a_log_is_signed_again_and_again_while_it_grows() {
    let world = World::create().await;
    let notary = world.notary().await;
    let running = run(&notary);
    let mut roots = Vec::new();
    for round in 1..=4 {
        world.append(130).await.unwrap();
        notary.reach(round * 130, PATIENCE).await.unwrap();
        roots.push(notary.signed().await.unwrap().unwrap());
    }
    stop(running).await;
    for pair in roots.windows(2) {
        let proof = notary.consistency(pair[0].size, pair[1].size).await.unwrap();
        let [old, new] = [(pair[0].size, &pair[0].root), (pair[1].size, &pair[1].root)];
        assert!(verify_consistency(old, new, &proof), "{} {}", old.0, new.0);
    }
}
