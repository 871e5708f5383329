use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

/// The leaves of the RFC 6962 test vectors, as Certificate Transparency's implementations publish them.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hash(hex: &str) -> Hash {
    Hash::try_from(bytes(hex).as_slice()).unwrap()
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

/// RFC 6962 by its own recursion, the model of everything here.
fn model(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            node_hash(&model(&leaves[..middle]), &model(&leaves[middle..]))
        }
    }
}

fn read(leaves: &[Hash]) -> impl FnMut(Node) -> Result<Hash, Infallible> {
    |node| {
        let (begin, end) = (node.index << node.level, (node.index + 1) << node.level);
        Ok(model(&leaves[usize::try_from(begin).unwrap()..usize::try_from(end).unwrap()]))
    }
}

#[test]
fn roots_are_those_of_the_known_vectors() {
    assert_eq!(empty_root(), hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    let mut frontier = Frontier::default();
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        frontier.push(leaf_hash(&bytes(leaf)), |_, _| {});
        assert_eq!(frontier.root(), hash(root));
    }
}

#[test]
fn proofs_are_those_of_the_known_vectors() {
    let leaves: Vec<Hash> = LEAVES.iter().map(|leaf| leaf_hash(&bytes(leaf))).collect();
    let inclusion = Plan::inclusion(5, 8).unwrap().assemble(read(&leaves)).unwrap();
    let expected = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(inclusion, expected.map(hash));
    let consistency = Plan::consistency(6, 8).unwrap().assemble(read(&leaves)).unwrap();
    let expected = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(consistency, expected.map(hash));
}

#[test]
fn the_growing_tree_is_that_of_the_rfc_at_every_size() {
    let leaves = leaves(600);
    let mut frontier = Frontier::default();
    for (index, leaf) in leaves.iter().enumerate() {
        frontier.push(*leaf, |node, hash| assert_eq!(read(&leaves)(node).unwrap(), hash));
        let root = model(&leaves[..=index]);
        assert_eq!(frontier.root(), root);
        assert_eq!(root_of(&leaves[..=index]), root);
        let again: Vec<Hash> =
            Node::of_size(frontier.size()).into_iter().map(|node| read(&leaves)(node).unwrap()).collect();
        assert_eq!(Frontier::new(frontier.size(), again).unwrap(), frontier);
    }
    assert_eq!(Frontier::new(3, vec![empty_root()]), None);
}

#[test]
fn roots_of_pieces_give_the_root() {
    let leaves = leaves(75);
    for size in 1..=leaves.len() {
        let pieces: Vec<Hash> = leaves[..size].chunks(8).map(root_of).collect();
        assert_eq!(root_of(&pieces), model(&leaves[..size]));
    }
}

#[test]
fn every_inclusion_up_to_a_hundred_is_proven_and_for_no_other_leaf_size_or_root() {
    let all = leaves(101);
    let roots: Vec<Hash> = (0..=101).map(|size| model(&all[..size])).collect();
    for size in 1..=100_u64 {
        let root = roots[usize::try_from(size).unwrap()];
        for index in 0..size {
            let leaf = all[usize::try_from(index).unwrap()];
            let proof = Plan::inclusion(index, size).unwrap().assemble(read(&all)).unwrap();
            assert!(verify_inclusion(index, &leaf, size, &root, &proof));
            assert!(!verify_inclusion(index ^ 1, &leaf, size, &root, &proof) || size == 1);
            assert!(!verify_inclusion(
                index,
                &leaf,
                size + 1,
                &roots[usize::try_from(size).unwrap() + 1],
                &proof
            ));
            assert!(!verify_inclusion(index, &all[100], size, &root, &proof));
        }
    }
    assert_eq!(Plan::inclusion(4, 4), Err(PlanError::NoLeaf { index: 4, size: 4 }));
}

#[test]
fn every_consistency_up_to_a_hundred_is_proven_and_for_no_other_root() {
    let all = leaves(100);
    let roots: Vec<Hash> = (0..=100).map(|size| model(&all[..size])).collect();
    for new in 0..=100_usize {
        for old in 0..=new {
            let sizes = (old as u64, new as u64);
            let proof = Plan::consistency(sizes.0, sizes.1).unwrap().assemble(read(&all)).unwrap();
            let check = |old_root, new_root, proof: &[Hash]| {
                verify_consistency((sizes.0, old_root), (sizes.1, new_root), proof)
            };
            assert!(check(&roots[old], &roots[new], &proof), "{old} {new}");
            let forged = leaf_hash(b"forged");
            assert!(!check(&forged, &roots[new], &proof));
            assert!(old == 0 || !check(&roots[old], &forged, &proof));
            let longer = [proof.as_slice(), &[forged]].concat();
            assert!(!check(&roots[old], &roots[new], &longer));
        }
    }
    assert_eq!(Plan::consistency(5, 4), Err(PlanError::NotOlder { old: 5, new: 4 }));
}

proptest! {
    #[test]
    fn proofs_verify_and_changed_cut_or_longer_ones_do_not(
        (size, index, old) in (2..600_u64).prop_flat_map(|size| (Just(size), 0..size, 1..size)),
        at: prop::sample::Index, bit in 0..256_usize,
    ) {
        let all = leaves(size);
        let root = model(&all);
        let leaf = all[usize::try_from(index).unwrap()];
        let old_root = model(&all[..usize::try_from(old).unwrap()]);
        let inclusion = Plan::inclusion(index, size).unwrap().assemble(read(&all)).unwrap();
        let consistency = Plan::consistency(old, size).unwrap().assemble(read(&all)).unwrap();
        let included = |proof: &[Hash]| verify_inclusion(index, &leaf, size, &root, proof);
        let consistent = |proof: &[Hash]| verify_consistency((old, &old_root), (size, &root), proof);
        prop_assert!(included(&inclusion));
        prop_assert!(consistent(&consistency));
        for (proof, check) in [(inclusion, &included as &dyn Fn(&[Hash]) -> bool), (consistency, &consistent)] {
            let mut changed = proof.clone();
            let at = at.index(proof.len());
            changed[at].0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!check(&changed));
            prop_assert!(!check(&proof[..proof.len() - 1]));
            prop_assert!(!check(&[proof.as_slice(), &[leaf]].concat()));
            if proof.len() > 1 {
                let mut turned = proof;
                turned.rotate_left(1);
                prop_assert!(!check(&turned));
            }
        }
    }

    #[test]
    fn proofs_of_huge_trees_are_planned_without_overflow(size in 1..=u64::MAX, a: u64, b: u64) {
        prop_assert!(Plan::inclusion(a % size, size).unwrap().nodes().count() <= 64 * 64);
        prop_assert!(Plan::consistency(b % size, size).unwrap().nodes().count() <= 64 * 64);
    }
}
