use chrono::TimeDelta;
use lethe_kernel::UserId;
use uuid::Uuid;

use super::*;
use crate::key::{KeySet, Unverified};
use crate::local::{LOCAL_AUDIENCE, LOCAL_ISSUER, LocalKey, LocalToken};
use crate::rules::Rules;
use crate::second_factor::SecondFactor;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

struct Scene {
    key: LocalKey,
    keys: KeySet,
    rules: Rules,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let key = LocalKey::open_or_create(&folder.path().join("token.key")).unwrap();
    let rules = Rules {
        issuer: LOCAL_ISSUER.to_owned(),
        audience: LOCAL_AUDIENCE.to_owned(),
        skew: TimeDelta::seconds(60),
        second_factor: SecondFactor::default(),
    };
    Scene { keys: KeySet::of(key.trusted()), key, rules }
}

impl Scene {
    fn token(&self) -> String {
        let token = LocalToken {
            user: UserId(Uuid::from_u128(7)),
            role: None,
            unit: None,
            device: None,
            second_factor: false,
            from: now(),
            valid: TimeDelta::seconds(600),
            id: Uuid::from_u128(1),
        };
        self.key.sign(&token).unwrap()
    }

    fn verify(&self, token: &str, at: DateTime<Utc>) -> Result<Verified, TokenError> {
        self.keys.verify(&Unverified::read(token).unwrap(), &self.rules, at)
    }

    fn remembers(&self, token: &str) -> bool {
        self.keys.memory().recall(TokenDigest::of(token), now()).unwrap().is_some()
    }
}

#[test]
fn a_token_that_was_believed_is_remembered_and_no_other_is() {
    let scene = scene();
    let token = scene.token();
    assert!(!scene.remembers(&token));
    let verified = scene.verify(&token, now()).unwrap();
    assert!(scene.remembers(&token));
    assert_eq!(scene.verify(&token, later(1)).unwrap(), verified);
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    for _ in 0..2 {
        assert_eq!(scene.verify(&forged, now()), Err(TokenError::Signature));
        assert!(!scene.remembers(&forged));
    }
}

#[test]
fn a_token_that_is_remembered_ends_and_begins_when_it_says() {
    let scene = scene();
    let token = scene.token();
    scene.verify(&token, now()).unwrap();
    assert!(scene.verify(&token, later(659)).is_ok());
    assert_eq!(scene.verify(&token, later(660)), Err(TokenError::Expired));
    assert!(!scene.remembers(&token), "what has ended needs no room");
    // A clock that is set back.
    assert!(scene.verify(&token, later(-60)).is_ok());
    assert_eq!(scene.verify(&token, later(-61)), Err(TokenError::NotYet));
}

#[test]
fn other_keys_know_nothing_of_what_these_remember() {
    let (scene, other) = (scene(), scene());
    let token = scene.token();
    scene.verify(&token, now()).unwrap();
    assert_eq!(other.verify(&token, now()), Err(TokenError::UnknownKey));
}

#[test]
fn no_more_tokens_are_remembered_than_there_is_room_for() {
    let scene = scene();
    let token = scene.token();
    let read = Unverified::read(&token).unwrap();
    let believed = scene.rules.check(&read.claims(&scene.keys).unwrap(), now()).unwrap();
    scene.verify(&token, now()).unwrap();
    for number in 0..TOKENS.get() + 10 {
        scene.keys.memory().keep(TokenDigest::of(&number.to_string()), believed.clone());
    }
    assert_eq!(scene.keys.memory().lock().len(), TOKENS.get());
    assert!(!scene.remembers(&token));
    assert!(scene.verify(&token, now()).is_ok(), "it is verified anew");
}

#[test]
fn what_is_remembered_holds_and_shows_no_token() {
    let scene = scene();
    let token = scene.token();
    scene.verify(&token, now()).unwrap();
    let held: Vec<Believed> = scene.keys.memory().lock().iter().map(|(_, held)| held.clone()).collect();
    let shown = format!("{:?} {held:?}", scene.keys);
    for part in token.split('.') {
        assert!(!shown.contains(part));
    }
}
