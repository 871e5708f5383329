//! Somebody changed the tables past Lethe, or wrote into them with another version of it.

use std::path::Path;
use std::sync::Arc;

use lethe_local_postgres::Settings;
use serde_json::{Value, json};

use crate::by_hand::{self, ByHand};
use crate::faults::{connect, run};
use crate::observe::{assert_healthy, eventually};
use crate::refusal::refused;
use crate::requests::{REGISTER, contact};
use crate::server::{Server, run_in};
use crate::socket::Socket;

const COMPANY: &str = "mutation($input: CompanyRegisterInput!) { companyRegister(input: $input) {
    company { id } viewPending userErrors { code } } }";
const AMEND: &str = "mutation($input: ContactAmendInput!) { contactAmend(input: $input) {
    contact { id } position userErrors { code } } }";
const BOUND: &str = r#"{"Bound":{"kind":"NOTE","id":"00000000-0000-7000-8000-0000000000d0",
    "unit":"00000000-0000-7000-8000-0000000000a0","personal":true,"created":"2026-01-01","source":"CHOSEN"}}"#;
/// Statements behind it pass the triggers.
const PAST_TRIGGERS: &str = "SET session_replication_role = replica";

async fn readyz(server: &Server) -> (u16, Value) {
    let answer = reqwest::get(server.url("/readyz")).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn stream_at(folder: &Path, position: &Value) -> String {
    let position: i64 = position.as_str().unwrap().parse().unwrap();
    let query = sqlx::query_scalar("SELECT aggregate_id FROM ledger.events WHERE position = $1");
    query.bind(position).fetch_one(&mut connect(folder).await).await.unwrap()
}

/// What the doctor found that is not as it should be: the checks and their messages.
fn problems(folder: &Path) -> Vec<(String, String)> {
    let (code, findings, said) = run_in(folder, &["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&findings).unwrap_or_else(|_| panic!("{said}"));
    let problem = |finding: &&Value| finding["level"] == "problem";
    let words = |finding: &Value| {
        let word = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        (word("check"), word("message"))
    };
    let found: Vec<_> = findings.as_array().unwrap().iter().filter(problem).map(words).collect();
    assert_eq!(code, i32::from(!found.is_empty()), "{found:?}");
    found
}

/// An event of a contact that cannot be read: its stream and the views of contacts wait for it, everything else goes on.
async fn an_event_that_cannot_be_read(event_type: &str, payload: &str) {
    let server = Server::start().await;
    let folder = server.folder.path().to_owned();
    let registered = server.done(REGISTER, contact("BAD-1")).await;
    let stream = stream_at(&folder, &registered["position"]).await;
    let event = ByHand { aggregate: "contact", stream: &stream, sequence: 2, event_type, payload };
    let position = by_hand::append(&mut connect(&folder).await, event).await;

    let named = format!("position {position} ({event_type}");
    eventually("it is not ready and says why", async || {
        let (status, state) = readyz(&server).await;
        let views = state["views"].as_array().unwrap();
        let reason = views.iter().find_map(|view| view["reason"].as_str());
        status == 503 && reason.is_some_and(|reason| reason.contains(&named))
    })
    .await;
    assert!(server.log().contains(&named), "{}", server.log());
    // Its own stream takes no decisions that do not know it.
    let amend = json!({"input": {"contactId": registered["contact"]["id"], "title": "Chef"}});
    let refused = server.request(AMEND, amend.clone()).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INTERNAL", "{refused:#}");
    // Other streams go on, and so do the views that do not follow contacts.
    server.done(REGISTER, contact("BAD-2")).await;
    let company = json!({"input": {"country": "DK", "number": "10000009", "legalForm": "LIMITED", "name": "Prøve ApS"}});
    assert_eq!(server.done(COMPANY, company).await["viewPending"], false);
    let found = problems(&folder);
    assert!(found.iter().any(|(check, message)| check == "views" && message.contains(&named)), "{found:?}");

    // Nothing was skipped: what reads it takes it up.
    let repair = format!(
        "UPDATE ledger.events SET event_type = 'contact.bound', payload = '{BOUND}' WHERE position = {position}"
    );
    run(&folder, &[PAST_TRIGGERS, &repair]).await;
    eventually("it is ready again", async || readyz(&server).await.0 == 200).await;
    server.done(AMEND, amend).await;
    let folder = server.stop();
    // But it is another event than the one that was signed, and that is told for ever.
    let found = problems(folder.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == "log" && found[0].1.contains(&format!("position {position} is not")), "{found:?}");
}

#[tokio::test]
async fn an_event_that_nobody_knows_stops_its_stream_and_its_views_only() {
    an_event_that_cannot_be_read("contact.teleported", "{\"Teleported\":{}}").await;
}

#[tokio::test]
async fn a_payload_of_another_form_stops_its_stream_and_its_views_only() {
    an_event_that_cannot_be_read("contact.bound", "{\"Bound\":[1,2]}").await;
}

#[tokio::test]
async fn the_doctor_names_the_place_where_the_ledger_was_changed() {
    const KEPT: &str = "INSERT INTO ledger.events SELECT * FROM kept";
    const OF_LAST: &str =
        "(SELECT (metadata->>'command')::uuid FROM ledger.events ORDER BY position DESC LIMIT 1)";
    let server = Server::start().await;
    let folder = server.folder.path().to_owned();
    server.done(REGISTER, contact("LAST-1")).await;
    let head = readyz(&server).await.1["head"].as_i64().unwrap();
    let copies = [
        "CREATE TABLE kept AS SELECT * FROM ledger.events WHERE position = 40",
        &format!("CREATE TABLE command AS SELECT * FROM ledger.commands WHERE command_id = {OF_LAST}"),
    ];
    run(&folder, &copies).await;
    assert_eq!(problems(&folder), []);

    let delete_command = format!("DELETE FROM ledger.commands WHERE command_id = {OF_LAST}");
    let last = format!("position = {head}");
    let damages = [
        (
            "log",
            "The event at position 40 is not the one that was signed.",
            "UPDATE ledger.events SET payload = payload::jsonb::text::json WHERE position = 40".into(),
            "UPDATE ledger.events e SET payload = kept.payload FROM kept WHERE e.position = 40".into(),
        ),
        (
            "ledger positions",
            "position: 40.",
            "DELETE FROM ledger.events WHERE position = 40".into(),
            KEPT.into(),
        ),
        (
            "ledger sequences",
            &format!("position: {head}."),
            format!("UPDATE ledger.events SET sequence = sequence + 7 WHERE {last}"),
            format!("UPDATE ledger.events SET sequence = sequence - 7 WHERE {last}"),
        ),
        (
            "ledger units of work",
            &format!("position: {head}."),
            delete_command,
            "INSERT INTO ledger.commands SELECT * FROM command".into(),
        ),
        (
            "ledger commands",
            &format!("position: {head}."),
            "INSERT INTO ledger.commands SELECT gen_random_uuid(), position, outcome, objects FROM command"
                .into(),
            "DELETE FROM ledger.commands c USING command WHERE c.position = command.position \
             AND c.command_id <> command.command_id"
                .to_owned(),
        ),
        (
            "ledger times",
            "position: 41.",
            "UPDATE ledger.events SET recorded_at = recorded_at + interval '1 hour' WHERE position = 40"
                .into(),
            "UPDATE ledger.events SET recorded_at = recorded_at - interval '1 hour' WHERE position = 40"
                .into(),
        ),
    ];
    for (check, place, damage, repair) in &damages {
        run(&folder, &[PAST_TRIGGERS, damage]).await;
        let found = problems(&folder);
        let named =
            found.iter().find(|(name, _)| name == check).unwrap_or_else(|| panic!("{check}: {found:?}"));
        assert!(named.1.contains(place), "{named:?}");
        run(&folder, &[PAST_TRIGGERS, repair]).await;
    }
    // What the doctor found stopped appends; the server sees by itself that it was mended, and goes on.
    eventually("it is ready again", async || readyz(&server).await.0 == 200).await;
    server.done(REGISTER, contact("LAST-2")).await;
    assert_eq!(problems(&folder), []);
    server.stop();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let server = Server::start().await;
    server.done(REGISTER, contact("NEWER-1")).await;
    let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'of tomorrow', now(), true, '\\x00', 0";
    run(server.folder.path(), &[newer]).await;
    let folder = server.stop();
    let (code, said) = refused(folder.path(), &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("written by a newer version of Lethe. Start that version"), "{said}");
    let found = problems(folder.path());
    assert!(
        found.iter().any(|(check, said)| check == "tables" && said.contains("another version")),
        "{found:?}"
    );

    let settings = Settings { offline: true, ..Settings::new(folder.path().join("data")) };
    let postgres = lethe_local_postgres::start(settings, Arc::new(|_: &str| {})).await.unwrap();
    run(folder.path(), &["DELETE FROM _sqlx_migrations WHERE version = 9999"]).await;
    postgres.stop().await.unwrap();
    let server = Server::start_in(folder).await;
    let folder = server.stop();
    assert_healthy(folder.path());
}

#[tokio::test]
async fn a_database_of_before_is_refused_and_left_as_it_is() {
    let server = Server::start().await;
    server.done(REGISTER, contact("BEFORE-1")).await;
    let before = ["DROP TABLE ledger.format", "DELETE FROM _sqlx_migrations WHERE version = 6"];
    run(server.folder.path(), &before).await;
    let folder = server.stop();
    let (code, said) = refused(folder.path(), &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("Start with an empty data folder or database"), "{said}");
    let found = problems(folder.path());
    assert!(
        found.iter().any(|(check, said)| check == "tables" && said.contains("in a form of before")),
        "{found:?}"
    );
}

#[tokio::test]
async fn damaged_metadata_are_told_to_those_alone_who_ask_for_them() {
    let server = Server::start().await;
    let registered = server.done(REGISTER, contact("META-1")).await;
    let position = registered["position"].as_str().unwrap();
    let damage = format!("UPDATE ledger.events SET metadata = '{{}}' WHERE position = {position}");
    run(server.folder.path(), &[PAST_TRIGGERS, &damage]).await;
    let asked = async |fields: &str| {
        let query = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on Contact {{ history {{ nodes {{ {fields} }} }} }} }} }}"
        );
        server.request(&query, json!({"id": registered["contact"]["id"]})).await
    };
    let shown = asked("type changes { field }").await;
    assert_eq!(shown["data"]["node"]["history"]["nodes"][0]["type"], "contact.registered", "{shown:#}");
    for fields in ["occurredAt", "caller { role }"] {
        let refused = asked(fields).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "INTERNAL", "{refused:#}");
    }
    let told = format!("The event at position {position} (contact.registered");
    assert!(
        server.log().contains(&told) && server.log().contains("the metadata is damaged"),
        "{}",
        server.log()
    );
    server.stop();
}

#[tokio::test]
async fn a_subscription_that_meets_an_event_that_cannot_be_read_says_so_once_and_ends() {
    let server = Server::start().await;
    let damage = "UPDATE ledger.events SET aggregate_id = 'no id' WHERE position = 40";
    run(server.folder.path(), &[PAST_TRIGGERS, damage]).await;
    let query = "subscription { changes(after: \"39\") { position } }";
    let mut socket = Socket::subscribe(&server, query, json!({})).await;
    let told = socket.receive().await.unwrap();
    let error = told["payload"]["errors"].as_array().map_or(&told["payload"][0], |errors| &errors[0]);
    assert_eq!(error["extensions"]["code"], "INTERNAL", "{told:#}");
    assert_eq!(socket.receive().await.unwrap()["type"], "complete");
    assert!(server.log().contains("The event at position 40"), "{}", server.log());
    server.stop();
}

#[tokio::test]
async fn a_database_that_logs_the_parameters_of_statements_is_refused_and_told_how_to_mend_it() {
    let server = Server::start().await;
    let folder = server.folder.path().to_owned();
    run(&folder, &["ALTER DATABASE postgres SET log_parameter_max_length_on_error = -1"]).await;
    let (_, findings, said) = run_in(&folder, &["doctor", "--json"]);
    assert!(findings.contains("log_parameter_max_length_on_error = -1"), "{findings} {said}");
    let kept = server.stop();
    let (code, said) = refused(kept.path(), &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("log_parameter_max_length_on_error = -1") && said.contains("RESET"), "{said}");
}
