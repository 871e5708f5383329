use proptest::prelude::*;

use super::*;
use crate::tree::{Frontier, leaf_hash, verify_consistency, verify_inclusion};
use crate::{Hash, sha256};

/// The tiles of a tree, made from the nodes that complete while it grows, as a server does it.
fn grow(size: u64) -> (Vec<Hash>, Vec<Hash>, std::collections::HashMap<Node, Hash>) {
    let (mut frontier, mut nodes) = (Frontier::default(), std::collections::HashMap::new());
    let (mut leaves, mut roots) = (Vec::new(), vec![frontier.root()]);
    for index in 0..size {
        let leaf = leaf_hash(&index.to_be_bytes());
        frontier.push(leaf, |node, hash| {
            nodes.insert(node, hash);
        });
        leaves.push(leaf);
        roots.push(frontier.root());
    }
    (leaves, roots, nodes)
}

fn stored(tile: Tile, nodes: &std::collections::HashMap<Node, Hash>) -> Vec<u8> {
    let (level, range) = tile.nodes();
    range.flat_map(|index| nodes[&Node { level, index }].0).collect()
}

#[test]
fn paths_are_those_of_the_specification() {
    let tile = |level, index, width| Tile { level, index, width }.to_string();
    assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile(1, 0, 17), "tile/1/000.p/17");
    assert_eq!(EntryTile { index: 273, width: 112 }.to_string(), "tile/entries/273.p/112");
    assert_eq!(EntryTile { index: 1000, width: 256 }.to_string(), "tile/entries/x001/000");
    for wrong in [
        "tile/0/1234",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/x001/x001",
        "tile/0/001/001",
        "tile/0/+01",
        "tile/0/",
        "tile/0/000/",
        "tile/entries/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/000",
    ] {
        assert_eq!(wrong.parse::<Tile>(), Err(PathError), "{wrong}");
    }
    assert_eq!("tile/0/000".parse::<EntryTile>(), Err(PathError));
}

#[test]
fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
    let tiles: Vec<Tile> = Tile::grown(0, 70_000).collect();
    let count =
        |level, full| tiles.iter().filter(|tile| tile.level == level && tile.is_full() == full).count();
    assert_eq!((count(0, true), count(0, false)), (273, 1));
    assert_eq!((count(1, true), count(1, false)), (1, 1));
    assert_eq!((count(2, true), count(2, false)), (0, 1));
    assert_eq!(tiles.len(), 277);
    assert_eq!(Tile::at(0, 273, 70_000).unwrap().width, 112);
    assert_eq!(Tile::at(1, 1, 70_000).unwrap().width, 17);
    assert_eq!(Tile::at(2, 0, 70_000).unwrap().width, 1);
    assert_eq!(Tile::at(1, 0, 256).unwrap().width, 1);
    assert_eq!(Tile::at(0, 1, 256), None);
    assert_eq!(EntryTile::at(273, 70_000).unwrap().leaves(), 69_888..70_000);
}

#[test]
fn every_proof_can_be_assembled_from_the_tiles_of_its_tree() {
    for size in [1, 2, 255, 256, 257, 511, 512, 600, 66_000] {
        let (leaves, roots, nodes) = grow(size);
        for index in [0, size / 3, size / 2, size - 1] {
            let plan = Plan::inclusion(index, size).unwrap();
            let mut set = TileSet::default();
            for tile in Tile::of_plan(&plan, size) {
                set.insert(tile, &stored(tile, &nodes)).unwrap();
            }
            let proof = plan.assemble(|node| set.node(node)).unwrap();
            let (leaf, root) =
                (leaves[usize::try_from(index).unwrap()], roots[usize::try_from(size).unwrap()]);
            assert!(verify_inclusion(index, &leaf, size, &root, &proof));
        }
    }
}

#[test]
fn a_tile_with_too_few_bytes_and_a_node_without_tile_are_told() {
    let (tile, node) = (Tile { level: 0, index: 0, width: 2 }, Node { level: 1, index: 0 });
    let mut set = TileSet::default();
    assert_eq!(set.insert(tile, &[0; 63]), Err(TileSetError::Length { tile, bytes: 63 }));
    assert_eq!(set.node(node), Err(TileSetError::Missing(node)));
    set.insert(tile, &[0; 64]).unwrap();
    assert!(set.node(node).is_ok());
    let beyond = Node { level: 1, index: 1 };
    assert_eq!(set.node(beyond), Err(TileSetError::Missing(beyond)));
}

#[test]
fn a_bundle_is_read_as_it_was_written_and_a_cut_one_is_refused() {
    let entries: Vec<Vec<u8>> = (0..256_usize).map(|length| vec![7; length]).collect();
    let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(decode_bundle(&bundle).unwrap(), entries);
    assert_eq!(&bundle[..5], [0, 0, 0, 1, 7]);
    assert_eq!(decode_bundle(&bundle[..bundle.len() - 1]), Err(BundleError::Cut(255)));
    let more = [bundle.as_slice(), &[0, 0]].concat();
    assert_eq!(decode_bundle(&more), Err(BundleError::TooMany));
    assert_eq!(encode_bundle([vec![0; 65_536].as_slice()]), Err(BundleError::TooLong(0)));
    assert_eq!(encode_bundle(std::iter::repeat_n([].as_slice(), 257)), Err(BundleError::TooMany));
}

proptest! {
    #[test]
    fn a_path_is_read_as_it_was_written(level in 0..64_u8, index in 0..=u64::MAX / 256, width in 1..=256_u16) {
        let tile = Tile { level, index, width };
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        let entries = EntryTile { index, width };
        prop_assert_eq!(entries.to_string().parse(), Ok(entries));
    }

    #[test]
    fn what_grew_in_steps_has_every_tile_of_the_whole(old in 0..2_000_u64, more in 0..70_000_u64) {
        let new = old + more;
        let mut tiles = std::collections::BTreeMap::new();
        for tile in Tile::grown(0, old).chain(Tile::grown(old, new)) {
            tiles.insert((tile.level, tile.index), tile.width);
        }
        let whole = Tile::grown(0, new).map(|tile| ((tile.level, tile.index), tile.width)).collect();
        prop_assert_eq!(tiles, whole);
    }

    #[test]
    fn consistency_is_proven_from_the_tiles_of_the_newer_tree((old, new) in (1..600_u64).prop_flat_map(|new| (0..=new, Just(new)))) {
        let (_, roots, nodes) = grow(new);
        let plan = Plan::consistency(old, new).unwrap();
        let mut set = TileSet::default();
        for tile in Tile::of_plan(&plan, new) {
            set.insert(tile, &stored(tile, &nodes)).unwrap();
        }
        let proof = plan.assemble(|node| set.node(node)).unwrap();
        let root = |size: u64| &roots[usize::try_from(size).unwrap()];
        prop_assert!(verify_consistency((old, root(old)), (new, root(new)), &proof));
        prop_assert_ne!(sha256(b""), *root(new));
    }
}
