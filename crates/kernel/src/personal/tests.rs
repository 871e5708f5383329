#![allow(unreachable_pub, reason = "personal_text! declares public types")]

use std::sync::Mutex;

use uuid::Uuid;

use super::*;
use crate::{ContactId, Patch};

crate::personal_text! {
    /// A secret.
    Secret = "test.secret",
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Inner {
    one: Personal<Secret>,
    patched: Patch<Personal<Secret>>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Nested {
    Happened {
        maybe: Option<Personal<Secret>>,
        many: Vec<Personal<Secret>>,
        inner: Inner,
        boxed: Box<Option<Vec<Inner>>>,
    },
}

#[derive(Default)]
struct Counting(Mutex<Vec<(Subject, String)>>);

impl Seal for Counting {
    fn seal(
        &self,
        subject: Subject,
        _: KeyClass,
        label: &str,
        plaintext: &[u8],
    ) -> Result<SealedText, String> {
        assert_eq!(label, "test.secret");
        let mut seen = self.0.lock().unwrap();
        seen.push((subject, String::from_utf8(plaintext.to_vec()).unwrap()));
        Ok(SealedText(format!("sealed-{}", seen.len())))
    }
}

fn secret() -> Personal<Secret> {
    Personal::of(ContactId(Uuid::nil()), Secret("marker".into()))
}

fn nested() -> Nested {
    let inner = Inner { one: secret(), patched: Patch::Set(secret()) };
    Nested::Happened {
        maybe: Some(secret()),
        many: vec![secret(), secret()],
        inner: inner.clone(),
        boxed: Box::new(Some(vec![inner])),
    }
}

#[test]
fn a_personal_value_is_sealed_however_deep_it_is_nested() {
    let seal = Arc::new(Counting::default());
    let json = sealing(seal.clone(), || serde_json::to_string(&nested())).unwrap();
    assert_eq!(seal.0.lock().unwrap().len(), 7);
    assert!(!json.contains("marker"), "{json}");
    let Nested::Happened { maybe, many, inner, boxed } = serde_json::from_str(&json).unwrap();
    assert_eq!(maybe, Some(Personal::Sealed(SealedText("sealed-1".into()))));
    assert_eq!(many.len(), 2);
    assert_eq!(inner.patched.value().unwrap().sealed().unwrap().0, "sealed-5");
    assert_eq!(boxed.unwrap().len(), 1);
}

#[test]
fn outside_of_sealing_a_clear_value_cannot_be_written() {
    let error = serde_json::to_string(&nested()).unwrap_err().to_string();
    assert!(error.contains("unsealed") && !error.contains("marker"), "{error}");
    // And the scope ends with the closure, also when it fails.
    sealing(Arc::new(Counting::default()), || ());
    assert!(serde_json::to_value(secret()).is_err());
}

#[test]
fn debug_shows_no_value() {
    let text = format!("{:?} {:?}", nested(), Secret("marker".into()));
    assert!(!text.contains("marker"), "{text}");
    assert!(text.contains("Personal(clear)"), "{text}");
}
