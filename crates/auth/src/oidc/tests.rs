//! Keys that come, go, and are used by others than their owner.

mod scene;

use serde_json::{Value, json};

use super::*;
use scene::{Pair, Scene};

#[tokio::test]
async fn tokens_of_every_accepted_algorithm_are_believed() {
    let pairs = [Pair::rsa("a"), Pair::p256("b"), Pair::ed25519("c")];
    let scene = Scene::start(&pairs.each_ref()).await;
    for pair in &pairs {
        assert_eq!(scene.believes(pair).await.as_deref(), Ok("ida"), "{}", pair.algorithm);
        // The only key of its algorithm needs no name.
        let unnamed = pair.token_with(&json!({"alg": pair.algorithm, "typ": "at+jwt"}), &scene.claims());
        assert_eq!(scene.verify(&unnamed).await.as_deref(), Ok("ida"), "{}", pair.algorithm);
    }
    assert_eq!(scene.asked(), 1, "keys are remembered");
}

#[tokio::test]
async fn a_token_whose_key_id_was_swapped_is_not_believed() {
    let (one, other) = (Pair::p256("one"), Pair::p256("other"));
    let scene = Scene::start(&[&one, &other]).await;
    let swapped = one.token_with(&json!({"alg": "ES256", "kid": "other"}), &scene.claims());
    assert_eq!(scene.verify(&swapped).await, Err(TokenError::Signature));
    // Which of two keys it was is not guessed.
    let unnamed = one.token_with(&json!({"alg": "ES256"}), &scene.claims());
    assert_eq!(scene.verify(&unnamed).await, Err(TokenError::UnknownKey));
    // The name of a key of another algorithm.
    let rsa = Pair::rsa("rsa");
    scene.has(&[&one, &rsa]);
    scene.issuer.fetch().await.unwrap();
    let confused = one.token_with(&json!({"alg": "ES256", "kid": "rsa"}), &scene.claims());
    assert_eq!(scene.verify(&confused).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_not_more_often_than_every_few_seconds() {
    let (old, new) = (Pair::ed25519("old"), Pair::ed25519("new"));
    let scene = Scene::start(&[&old]).await;
    assert_eq!(scene.believes(&old).await.as_deref(), Ok("ida"));
    scene.has(&[&new]);
    scene.later(PAUSE);
    assert_eq!(scene.believes(&new).await.as_deref(), Ok("ida"));
    assert_eq!(scene.believes(&old).await, Err(TokenError::UnknownKey), "a key that went is not believed");
    for number in 0..20 {
        let unheard = Pair::ed25519(&format!("unheard-of-{number}"));
        assert_eq!(scene.believes(&unheard).await, Err(TokenError::UnknownKey));
    }
    assert_eq!(scene.asked(), 2);
    scene.later(PAUSE);
    assert_eq!(scene.believes(&old).await, Err(TokenError::UnknownKey));
    assert_eq!(scene.asked(), 3);
}

#[tokio::test]
async fn a_token_that_was_remembered_is_forgotten_with_the_key_that_signed_it() {
    let (old, new) = (Pair::ed25519("old"), Pair::ed25519("new"));
    let scene = Scene::start(&[&old]).await;
    let token = old.token(&scene.claims());
    assert_eq!(scene.verify(&token).await.as_deref(), Ok("ida"));
    scene.has(&[&new]);
    assert_eq!(scene.verify(&token).await.as_deref(), Ok("ida"), "nobody told yet");
    scene.issuer.fetch().await.unwrap();
    assert_eq!(scene.verify(&token).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_token_that_was_remembered_is_believed_no_longer_than_its_issuers_keys() {
    let key = Pair::ed25519("key");
    let scene = Scene::start(&[&key]).await;
    let token = key.token(&scene.claims());
    assert_eq!(scene.verify(&token).await.as_deref(), Ok("ida"));
    scene.answers_with(503);
    scene.later(LAST);
    assert_eq!(scene.verify(&token).await, Err(TokenError::Unavailable));
}

#[tokio::test]
async fn keys_are_fetched_again_after_minutes_and_believed_for_an_hour_while_the_issuer_is_away() {
    let (key, next) = (Pair::p256("key"), Pair::p256("next"));
    let scene = Scene::start(&[&key]).await;
    assert_eq!(scene.believes(&key).await.as_deref(), Ok("ida"));
    let token = key.token(&scene.claims());
    scene.answers_with(503);
    scene.later(FRESH);
    assert_eq!(scene.verify(&token).await.as_deref(), Ok("ida"), "nobody waits");
    while scene.asked() < 2 {
        tokio::task::yield_now().await;
    }
    scene.later(LAST - FRESH - TimeDelta::seconds(1));
    assert_eq!(scene.verify(&token).await.as_deref(), Ok("ida"));
    scene.later(TimeDelta::seconds(PAUSE.num_seconds() + 1));
    assert_eq!(scene.verify(&token).await, Err(TokenError::Unavailable));
    // Back again, with another key: the old one is gone.
    scene.answers_with(200);
    scene.has(&[&next]);
    scene.later(PAUSE);
    assert_eq!(scene.verify(&token).await, Err(TokenError::UnknownKey));
    assert_eq!(scene.believes(&next).await.as_deref(), Ok("ida"));
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_asked_again_and_nothing_is_believed_until_then() {
    let key = Pair::ed25519("key");
    let scene = Scene::start(&[&key]).await;
    scene.answers_with(500);
    assert_eq!(scene.believes(&key).await, Err(TokenError::Unavailable));
    scene.answers_with(200);
    assert_eq!(scene.believes(&key).await, Err(TokenError::Unavailable), "it was asked a moment ago");
    scene.later(PAUSE);
    assert_eq!(scene.believes(&key).await.as_deref(), Ok("ida"));
    // A clock that is set back makes keys neither younger nor older than they are: they are fetched again.
    scene.clock.set(scene.clock.now() - TimeDelta::days(1));
    assert_eq!(scene.believes(&key).await.as_deref(), Ok("ida"));
    assert_eq!(scene.asked(), 3);
}

#[tokio::test]
async fn a_discovery_document_that_is_not_the_issuers_is_refused() {
    let key = Pair::ed25519("key");
    let scene = Scene::start(&[&key]).await;
    let told = async |document: Value| {
        *scene.answers.discovery.lock().unwrap() = document;
        scene.issuer.fetch().await.unwrap_err().to_string()
    };
    let said = told(json!({"issuer": format!("{}/", scene.answers.address)})).await;
    assert!(said.contains("of another issuer"), "{said}");
    let said = told(json!({"jwks_uri": "http://keys.example.org/"})).await;
    assert!(said.contains("not https"), "{said}");
    let said = told(json!({"jwks_uri": 7})).await;
    assert!(said.contains("something else than a discovery document"), "{said}");
    let said = told(json!({"jwks_uri": format!("{}/nothing", scene.answers.address)})).await;
    assert!(said.contains("status 404"), "{said}");
    // A redirect leads to an address that nobody named, though there are keys.
    let said = told(json!({"jwks_uri": format!("{}/elsewhere", scene.answers.address)})).await;
    assert!(said.contains("status 307"), "{said}");
    assert_eq!(scene.believes(&key).await, Err(TokenError::Unavailable));
}

#[tokio::test]
async fn only_keys_for_verifying_with_an_accepted_algorithm_are_used() {
    let key = Pair::p256("key");
    let scene = Scene::start(&[]).await;
    let with = |change: &[(&str, Value)]| {
        let mut jwk = key.jwk.clone();
        for (name, value) in change {
            jwk[name] = value.clone();
        }
        jwk
    };
    for unusable in [
        with(&[("use", json!("enc"))]),
        with(&[("key_ops", json!(["sign"]))]),
        with(&[("alg", json!("ES512"))]),
        with(&[("crv", json!("P-384"))]),
        with(&[("x", json!("!"))]),
        with(&[("kty", json!("oct")), ("k", key.jwk["x"].clone())]),
        json!({"kid": "key"}),
        json!("key"),
    ] {
        *scene.answers.keys.lock().unwrap() = json!({"keys": [unusable]});
        let error = scene.issuer.fetch().await.unwrap_err();
        assert!(matches!(error, IssuerError::NoKeys { .. }), "{unusable}: {error}");
    }
    let endless = json!({"keys": [key.jwk], "more": "x".repeat(600_000)});
    for no_set in [json!([]), json!({"keys": {}}), endless] {
        *scene.answers.keys.lock().unwrap() = no_set;
        let error = scene.issuer.fetch().await.unwrap_err();
        assert!(error.to_string().contains("something else than a key set"), "{error}");
    }
    // Beside others that are of no use, one is enough.
    *scene.answers.keys.lock().unwrap() = json!({"keys": [{"kty": "AKP"}, 7, key.jwk]});
    scene.issuer.fetch().await.unwrap();
    assert_eq!(scene.believes(&key).await.as_deref(), Ok("ida"));
}

#[tokio::test]
async fn claims_of_somebody_else_are_refused_though_the_key_is_right() {
    let key = Pair::rsa("key");
    let scene = Scene::start(&[&key]).await;
    for (name, value, expected) in [
        ("iss", json!("lethe-local"), TokenError::Issuer),
        ("aud", json!("another"), TokenError::Audience),
        ("exp", json!(scene.clock.now().timestamp() - 60), TokenError::Expired),
        ("nbf", json!(scene.clock.now().timestamp() + 61), TokenError::NotYet),
    ] {
        let mut claims = scene.claims();
        claims[name] = value;
        assert_eq!(scene.verify(&key.token(&claims)).await, Err(expected));
    }
}
