use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// Seed, public key, message and signature of RFC 8032, section 7.1, TEST 1 to 3, in hexadecimal.
const RFC_8032: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex).try_into().unwrap()
}

#[test]
fn signs_as_the_test_vectors_of_rfc_8032_say() {
    for [seed, public, message, signature] in RFC_8032 {
        let signer = Signer::of_seed("test", &array(seed)).unwrap();
        assert_eq!(signer.public_key(), array(public));
        assert_eq!(signer.sign(&bytes(message)).unwrap(), array(signature));
        assert!(verify(&array(public), &bytes(message), &array(signature)));
    }
}

#[test]
fn another_message_another_key_and_a_changed_signature_do_not_verify() {
    let [[_, one, ..], [_, other, message, signature], _] = RFC_8032;
    let (message, signature) = (bytes(message), array::<64>(signature));
    assert!(!verify(&array(one), &message, &signature));
    assert!(!verify(&array(other), b"s", &signature));
    for at in 0..signature.len() {
        let mut changed = signature;
        changed[at] ^= 1;
        assert!(!verify(&array(other), &message, &changed), "byte {at}");
    }
}

#[test]
fn a_signature_whose_second_half_is_not_reduced_does_not_verify() {
    // S + L, little endian: the same point, another text (RFC 8032, section 5.1.7, forbids it).
    const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let [_, [_, public, message, signature], _] = RFC_8032;
    let mut changed = array::<64>(signature);
    let mut carry = 0;
    for (at, add) in bytes(L).into_iter().enumerate() {
        let sum = u16::from(changed[32 + at]) + u16::from(add) + carry;
        (changed[32 + at], carry) = ((sum & 0xff) as u8, sum >> 8);
    }
    assert!(!verify(&array(public), &bytes(message), &changed));
}

#[test]
fn a_verifier_key_is_that_of_signed_note() {
    // From the documentation of Go's sumdb/note.
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: VerifierKey = text.parse().unwrap();
    assert_eq!(key.name(), "PeterNeumann");
    assert_eq!(key.id(), 0xc74f_20a3);
    assert_eq!(key.to_string(), text);
}

#[test]
fn an_installations_key_is_named_after_it() {
    let name = key_name(Uuid::from_u128(7));
    let signer = Signer::of_seed(&name, &[7; 32]).unwrap();
    let shown = signer.verifier().to_string();
    assert!(shown.starts_with("lethe/00000000-0000-0000-0000-000000000007+"), "{shown}");
    assert_eq!(shown.parse::<VerifierKey>().unwrap(), *signer.verifier());
}

proptest! {
    /// So that nobody mistakes a misspelt key for the published one.
    #[test]
    fn a_changed_character_of_a_verifier_key_is_noticed(at in 0_usize..100, with in "[ -~]") {
        let signer = Signer::of_seed(&key_name(Uuid::from_u128(7)), &[7; 32]).unwrap();
        let text = signer.verifier().to_string();
        let at = at % text.len();
        let changed = format!("{}{with}{}", &text[..at], &text[at + 1..]);
        prop_assume!(changed != text);
        prop_assert!(changed.parse::<VerifierKey>().is_err());
    }
}
