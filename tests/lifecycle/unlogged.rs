//! No log, no value: where the ledger cannot be written, nothing that is masked is shown.

use serde_json::{Value, json};

use crate::elsewhere::{Elsewhere, ask, register_unit};
use crate::faults::{connect, run};
use crate::limits::Blocked;
use crate::observe::{eventually, folder};
use crate::requests::REGISTER;
use crate::server::Server;

const REVEAL: &str = "mutation($input: CprRevealInput!) { cprReveal(input: $input) {
    cpr entry { id } userErrors { code } } }";
const MASKED: &str = "query($id: ID!) { contact(id: $id) { cpr } }";
const CPR: &str = "310765-7913";
const KEY: &str = "5f3c1f0a-3a52-4a7e-9d0f-0c1f60a1b2c3";

/// A reveal, with a key or without.
fn input(contact: &Value, key: Option<&str>) -> Value {
    json!({"input": {"contactId": contact, "purpose": "CASE_WORK", "idempotencyKey": key}})
}

fn person() -> Value {
    json!({"input": {"firstName": "Åse", "cpr": CPR}})
}

/// Nothing was shown, and why is told.
fn assert_withheld(answer: &Value) {
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer:#}");
    assert!(!answer.to_string().contains("310765"), "{answer:#}");
}

async fn reveals(server: &Server) -> i64 {
    let query = "SELECT count(*) FROM ledger.events WHERE event_type = 'reveal.recorded'";
    sqlx::query_scalar(query).fetch_one(&mut connect(server.folder.path()).await).await.unwrap()
}

#[tokio::test]
async fn nothing_is_shown_while_the_database_is_read_only_or_blocked() {
    let server = Server::start_in(folder()).await;
    let contact = server.done(REGISTER, person()).await["contact"]["id"].clone();
    assert_eq!(server.done(REVEAL, input(&contact, Some(KEY))).await["cpr"], CPR);

    let reload = "SELECT pg_reload_conf()";
    run(server.folder.path(), &["ALTER SYSTEM SET default_transaction_read_only = on", reload]).await;
    eventually("the database is read-only", async || {
        server.request(REGISTER, person()).await["errors"].is_array()
    })
    .await;
    // What was shown before is not shown again without a new entry either.
    for key in [None, Some(KEY)] {
        assert_withheld(&server.request(REVEAL, input(&contact, key)).await);
    }
    // Queries go on.
    assert_eq!(server.data(MASKED, json!({"id": contact})).await["contact"]["cpr"], "310765-****");
    let writable = [
        "SET default_transaction_read_only = off",
        "ALTER SYSTEM RESET default_transaction_read_only",
        reload,
    ];
    run(server.folder.path(), &writable).await;
    eventually("the database can be written", async || {
        server.request(REGISTER, person()).await["errors"].is_null()
    })
    .await;
    assert_eq!(reveals(&server).await, 1);

    let blocked = Blocked::new(server.folder.path()).await;
    assert_withheld(&server.request(REVEAL, input(&contact, Some(KEY))).await);
    blocked.release().await;
    assert_eq!(server.done(REVEAL, input(&contact, Some(KEY))).await["cpr"], CPR);
    // Of the one that was blocked nobody was shown anything, whether it is there or not.
    assert!((2..=3).contains(&reveals(&server).await));
    server.stop();
}

#[tokio::test]
async fn nothing_is_shown_while_the_database_is_away() {
    let mut elsewhere = Elsewhere::start().await;
    let server = elsewhere.server(folder()).await;
    let unit = register_unit(&elsewhere).await;
    let unit = ("x-lethe-unit", unit.as_str());
    let registered = ask(&server, unit, REGISTER, person()).await;
    let contact = registered["data"]["contactRegister"]["contact"]["id"].clone();
    let shown = ask(&server, unit, REVEAL, input(&contact, Some(KEY))).await;
    assert_eq!(shown["data"]["cprReveal"]["cpr"], CPR, "{shown:#}");
    elsewhere.stop().await;
    for key in [None, Some(KEY)] {
        assert_withheld(&ask(&server, unit, REVEAL, input(&contact, key)).await);
    }
    elsewhere.start_again().await;
    eventually("the database is back", async || {
        ask(&server, unit, REVEAL, input(&contact, None)).await["data"]["cprReveal"]["cpr"] == CPR
    })
    .await;
    let count = "SELECT count(*) FROM ledger.events WHERE event_type = 'reveal.recorded'";
    // Of one that was answered with an error nobody was shown anything, whether it is there or not.
    assert!(elsewhere.count(count).await >= 2);
    server.stop();
}
