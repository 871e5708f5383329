//! Files that are not as they were issued.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn rejection(file: &str) -> Rejection {
    verify(file.as_bytes(), Some(signer(INSTALLATION).verifier())).unwrap_err()
}

/// The file with something changed in its JSON.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::to_value(signed()).unwrap();
    change(&mut value);
    value.to_string()
}

#[test]
fn a_certificate_is_verified_with_and_without_the_published_key() {
    let published = signer(INSTALLATION);
    assert_eq!(verify(file().as_bytes(), Some(published.verifier())).unwrap(), signed());
    assert_eq!(verify(file().as_bytes(), None).unwrap(), signed());
}

#[test]
fn another_order_other_blanks_and_other_escapes_change_nothing() {
    let compact = serde_json::to_value(signed()).unwrap().to_string();
    assert_ne!(compact, file());
    let escaped = compact.replace("ANONYMISED", r"\u0041NONYMISED");
    for same in [compact, escaped, format!("\n\t {} \r\n", file())] {
        assert_eq!(verify(same.as_bytes(), None).unwrap(), signed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_changed_byte_is_noticed_or_changes_nothing(at in 0_usize..1 << 16, flip in 1_u8..) {
        let mut bytes = file().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(read) = verify(&bytes, None) {
            prop_assert_eq!(read, signed());
        }
    }

    #[test]
    fn an_inserted_or_a_lost_byte_is_noticed_or_changes_nothing(at in 0_usize..1 << 16, byte: u8, insert: bool) {
        let mut bytes = file().into_bytes();
        let at = at % bytes.len();
        let lost = usize::from(!insert);
        bytes.splice(at..at + lost, insert.then_some(byte));
        if let Ok(read) = verify(&bytes, None) {
            prop_assert_eq!(read, signed());
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_are_refused(bytes: Vec<u8>) {
        prop_assert!(verify(&bytes, None).is_err());
    }
}

#[test]
fn every_changed_value_is_noticed() {
    let pointers = [
        "/certificate/installation",
        "/certificate/request/contact",
        "/certificate/request/eventId",
        "/certificate/request/eventPosition",
        "/certificate/request/kind",
        "/certificate/request/reason",
        "/certificate/request/legalBasis",
        "/certificate/request/requestedAt",
        "/certificate/request/decidedAt",
        "/certificate/request/recordedAt",
        "/certificate/approvedBy/user",
        "/certificate/approvedBy/unit",
        "/certificate/approvedBy/role",
        "/certificate/destroyedKeys/0",
        "/certificate/destroyedKeys/2/commitment",
        "/certificate/rotation/fromEpoch",
        "/certificate/rotation/toEpoch",
        "/certificate/rotation/covers",
        "/certificate/rotation/switchedPosition",
        "/certificate/rotation/rootDestroyedPosition",
        "/certificate/rotation/rootDestroyedAt",
        "/certificate/rotation/custodians/0",
        "/certificate/viewsRewritten/3",
        "/certificate/remaining/0/why",
        "/certificate/statement",
        "/signature/value",
    ];
    for pointer in pointers {
        let file = changed(|value| {
            let at = value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}"));
            *at = match at.clone() {
                Value::Number(number) => json!(number.as_i64().unwrap() + 1),
                Value::String(text) if text.contains('T') && text.ends_with('Z') => {
                    json!(text.replace("2026", "2027"))
                }
                Value::String(text) if text.len() == 36 => json!(Uuid::from_u128(0xbad)),
                Value::String(text) => json!(text.chars().rev().collect::<String>()),
                other => {
                    json!({"subjectKind": "user", "subjectId": CONTACT, "class": "crm", "keyId": CONTACT,
                    "commitment": other["commitment"]})
                }
            };
        });
        let rejection = rejection(&file);
        let expected = if pointer.ends_with("installation") {
            Rejection::OtherInstallation
        } else {
            Rejection::Signature
        };
        assert_eq!(rejection, expected, "{pointer}");
    }
}

#[test]
fn a_certificate_of_another_installation_is_refused_however_it_is_dressed_up() {
    let elsewhere = Uuid::from_u128(0xe15e);
    let other = signer(elsewhere);
    // As it is issued there: fine there, and not from here.
    let issued = Certificate { installation: elsewhere, ..certificate() }.sign(&other).unwrap();
    assert!(verify(issued.json().unwrap().as_bytes(), Some(other.verifier())).is_ok());
    assert_eq!(rejection(&issued.json().unwrap()), Rejection::OtherKey);
    // With our name, their key and signature.
    let renamed = certificate().sign(&other).unwrap();
    assert_eq!(rejection(&renamed.json().unwrap()), Rejection::OtherInstallation);
    // With our name and key, their signature.
    let mut swapped = renamed.clone();
    swapped.signature.key = signed().signature.key;
    assert_eq!(rejection(&swapped.json().unwrap()), Rejection::Signature);
    // With a key of their own in our name. Only the comparison with the published key tells.
    let impostor = Signer::of_seed(&key_name(INSTALLATION), &[66; 32]).unwrap();
    let forged = certificate().sign(&impostor).unwrap().json().unwrap();
    assert_eq!(rejection(&forged), Rejection::OtherKey);
    assert!(verify(forged.as_bytes(), None).is_ok());
}

#[test]
fn another_version_of_the_format_is_refused_with_what_to_do() {
    for format in
        ["lethe-certificate/1", "lethe-certificate/3", "lethe-certificate/2.1", "lethe-certificate/", ""]
    {
        let file = changed(|value| value["certificate"]["format"] = json!(format));
        assert_eq!(rejection(&file), Rejection::UnknownFormat);
    }
    assert!(Rejection::UnknownFormat.to_string().contains("newer"));
}

#[test]
fn a_list_in_the_place_of_an_object_is_refused() {
    let file = changed(|value| {
        let signature = &value["signature"];
        value["signature"] = json!([signature["key"], signature["value"]]);
    });
    assert_eq!(rejection(&file), Rejection::Malformed { line: 1, column: 1 });
}

#[test]
fn what_the_format_does_not_know_or_has_twice_is_refused() {
    let text = file();
    let twice = [
        text.replacen("\"reason\":", "\"reason\": \"OTHER\", \"reason\":", 1),
        text.replacen(
            "\"signature\":",
            "\"certificate\": {\"format\": \"lethe-certificate/2\"}, \"signature\":",
            1,
        ),
        changed(|value| value["certificate"]["note"] = json!("more")),
        changed(|value| value["note"] = json!("more")),
        changed(|value| value["certificate"]["request"]["eventPosition"] = json!(4711.0)),
        changed(|value| drop(value["certificate"].as_object_mut().unwrap().remove("statement"))),
    ];
    for file in twice {
        let rejection = rejection(&file);
        assert!(
            matches!(rejection, Rejection::Malformed { .. } | Rejection::NotACertificate),
            "{rejection}: {file}"
        );
    }
    assert_eq!(
        rejection(&changed(|value| value["certificate"]["request"]["requestedAt"] = Value::Null)),
        Rejection::Signature
    );
}

#[test]
fn what_is_no_certificate_says_why() {
    for empty in ["", " \n"] {
        assert_eq!(rejection(empty), Rejection::Empty);
    }
    assert!(matches!(rejection("%PDF-1.7"), Rejection::NotJson { line: 1, .. }));
    assert!(matches!(
        rejection("{\"certificate\": {\"format\": \"lethe-certificate/2\"}}, 1"),
        Rejection::NotJson { .. }
    ));
    for other in ["[]", "{}", "1", "{\"certificate\": 1}", "{\"certificate\": {}}", &"[".repeat(100)] {
        assert!(matches!(rejection(other), Rejection::NotACertificate), "{other}");
    }
    let key = |text: &str| rejection(&changed(|value| value["signature"]["key"] = json!(text)));
    assert!(matches!(key("key"), Rejection::Key(_)));
    let unsigned = rejection(&changed(|value| value["signature"]["value"] = json!("")));
    assert_eq!(unsigned, Rejection::Signature);
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(verify(&large, None).unwrap_err(), Rejection::TooLarge(MAX_BYTES));
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_refused() {
    let text = file();
    let whole = text.trim_end().len();
    for cut in 1..whole {
        assert!(matches!(rejection(&text[..cut]), Rejection::Truncated { .. }), "{cut}");
    }
    assert!(verify(&text.as_bytes()[..whole], None).is_ok());
}
