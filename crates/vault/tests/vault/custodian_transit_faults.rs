//! A transit engine that is not well, and what is told of it.

use std::fs;
use std::time::Duration;

use base64::Engine;
use lethe_vault::custodian::{CustodianError, TransitCustodian, TransitSpec};

use crate::custodian_transit::{OURS, World, custodian, root};
use crate::custodian_transit_server::{Mood, TOKEN};

type Like = fn(&CustodianError) -> bool;

/// What every operation says when it fails.
async fn faults(world: &World) -> Vec<CustodianError> {
    let custodian = world.custodian.clone().with_timeout(Duration::from_millis(200)).unwrap();
    vec![
        custodian.held().await.unwrap_err(),
        custodian.fetch(1).await.unwrap_err(),
        custodian.store(&root(2)).await.unwrap_err(),
        custodian.destroy(1).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn a_bad_service_is_told_as_what_it_is_and_nothing_is_lost() {
    let world = World::create().await;
    let stored = root(1);
    world.custodian.store(&stored).await.unwrap();
    let moods: [(Mood, Like); 5] = [
        (Mood::Sealed, |error| matches!(error, CustodianError::Sealed { .. })),
        (Mood::Slow, |error| matches!(error, CustodianError::Unreachable { .. })),
        (Mood::NoEngine, |error| matches!(error, CustodianError::NoEngine { .. })),
        (Mood::WebSite, |error| matches!(error, CustodianError::NoEngine { .. })),
        (Mood::Redirects, |error| matches!(error, CustodianError::Redirected { .. })),
    ];
    for (mood, like) in moods {
        world.server.becomes(mood);
        for error in faults(&world).await {
            assert!(like(&error), "{error}");
        }
        world.server.becomes(Mood::Well);
        assert!(world.custodian.fetch(1).await.unwrap().unwrap().same(&stored));
        assert_eq!(world.rows().await, 1);
    }
}

#[tokio::test]
async fn an_unreachable_service_is_told_also_when_nothing_is_kept_there() {
    let world = World::create().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let custodian = custodian(&world.database, &format!("http://{closed}"), "");
    for error in [
        custodian.held().await.unwrap_err(),
        custodian.store(&root(1)).await.unwrap_err(),
        custodian.destroy(1).await.unwrap_err(),
    ] {
        assert!(matches!(error, CustodianError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_missing_or_malformed_is_told_and_never_shown() {
    let world = World::create().await;
    world.custodian.store(&root(1)).await.unwrap();
    let file = world.database.folder.path().join("token");
    fs::write(&file, "hvs.another").unwrap();
    for error in faults(&world).await {
        assert!(matches!(error, CustodianError::Forbidden { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hvs"));
    }
    for malformed in ["", "\n", "hvs.a\nhvs.b", "hvs.a hvs.b", "hvs.\u{e6}"] {
        fs::write(&file, malformed).unwrap();
        for error in faults(&world).await {
            assert!(matches!(error, CustodianError::Token { .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains("hvs"));
        }
    }
    fs::remove_file(&file).unwrap();
    for error in faults(&world).await {
        assert!(matches!(&error, CustodianError::Token { from, .. } if *from == file.display().to_string()));
    }
    // A token that was renewed is taken without a restart.
    fs::write(&file, TOKEN).unwrap();
    world.custodian.fetch(1).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_comes_from_an_environment_variable_too() {
    let world = World::create().await;
    let env = |name: &str| -> TransitCustodian {
        let spec: TransitSpec = format!("{}?token_env={name}", world.server.address).parse().unwrap();
        TransitCustodian::new(&spec, world.database.pool.clone(), OURS).unwrap()
    };
    // A test cannot set a variable without unsafe code, so the server takes the value of one that is always there.
    assert_eq!(env("PATH").held().await.unwrap(), []);
    let error = env("LETHE_NO_SUCH_VARIABLE").held().await.unwrap_err();
    assert!(
        matches!(&error, CustodianError::Token { from, .. } if from == "LETHE_NO_SUCH_VARIABLE"),
        "{error}"
    );
}

#[tokio::test]
async fn the_token_is_in_no_address_and_the_namespace_in_every_request() {
    let world = World::create().await;
    world.server.inside().requests.clear();
    let custodian = custodian(&world.database, &world.server.address, "&namespace=team/privacy");
    custodian.store(&root(1)).await.unwrap();
    custodian.destroy(1).await.unwrap();
    let inside = world.server.inside();
    assert!(inside.requests.len() >= 8);
    for (method, uri, namespace) in &inside.requests {
        assert!(uri.path().starts_with("/v1/transit/") && uri.query().is_none(), "{method} {uri}");
        assert_eq!(namespace.as_deref(), Some("team/privacy"));
    }
}

#[tokio::test]
async fn no_message_shows_the_root_and_the_table_does_not_hold_it() {
    let world = World::create().await;
    world.server.becomes(Mood::Quotes);
    let error = world.custodian.store(&root(1)).await.unwrap_err();
    assert!(matches!(error, CustodianError::Refused { status: 500, .. }), "{error}");
    let record = base64::engine::general_purpose::STANDARD.encode("lethe-root/2");
    assert!(!format!("{error} {error:?}").contains(&record), "{error}");
    world.server.becomes(Mood::Well);
    world.custodian.store(&root(1)).await.unwrap();
    let ciphertext: String = sqlx::query_scalar("SELECT ciphertext FROM vault.transit_roots")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert!(ciphertext.starts_with("vault:v1:") && !ciphertext.contains(&record));
    assert!(!format!("{:?}", world.custodian).contains(TOKEN));
}

#[tokio::test]
async fn a_missing_table_is_told_as_a_fault_of_the_database() {
    let world = World::create().await;
    world.database.run("DROP TABLE vault.transit_roots").await;
    for error in faults(&world).await {
        assert!(matches!(error, CustodianError::Database { .. }), "{error}");
    }
}
