//! Tokens as callers show them: what is believed, for how long, and what it gives access to.

use chrono::{DateTime, TimeDelta, Utc};
use lethe_auth::LocalToken;
use lethe_kernel::{Clock, DeviceId, IdSource, Role, UserId};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::door::user;
use crate::graph::{document, text};
use crate::server::{PATIENCE, Server, run_in};
use crate::socket::{Socket, connect_as};

const VIEWER: &str = "{ viewer { role userId unit { id } } }";
const CHANGES: &str = "subscription { changes { position } }";

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// A token of the demo data's user in a role.
fn token(role: &str) -> LocalToken {
    let user = user(role);
    LocalToken {
        user: UserId(user),
        role: Role::claimed(role),
        unit: None,
        device: Some(DeviceId(user)),
        second_factor: true,
        from: now(),
        valid: TimeDelta::hours(1),
        id: IdSource.next(),
    }
}

/// Status, challenge and code of the answer to a request that shows this.
async fn shown(server: &Server, headers: &[(&str, &str)]) -> (u16, String, String) {
    let mut request = reqwest::Client::new().post(server.url("/graphql")).json(&json!({"query": VIEWER}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    (status, challenge.unwrap_or_default(), code)
}

async fn status(server: &Server, bearer: &str) -> u16 {
    shown(server, &[("authorization", bearer)]).await.0
}

#[tokio::test]
async fn only_a_token_that_is_signed_here_and_valid_now_is_believed() {
    let server = Server::start().await;
    let (door, other) = (server.door(), Server::start().await);
    let good = token("CONSULTANT");
    assert_eq!(status(&server, &door.sign(&good)).await, 200);
    let expired = LocalToken { from: now() - TimeDelta::hours(2), ..good };
    let future = LocalToken { from: now() + TimeDelta::hours(2), ..good };
    let stranger = LocalToken { user: UserId(Uuid::from_u128(99)), ..good };
    // There is a system administrator, so nobody makes themself one by a token.
    let founder = LocalToken { role: Some(Role::SystemAdministrator), ..stranger };
    let forged = other.door().sign(&good);
    other.stop();
    let unsigned = format!("{}.", door.sign(&good).rsplit_once('.').unwrap().0);
    for bearer in [
        door.sign(&expired),
        door.sign(&future),
        door.sign(&stranger),
        door.sign(&founder),
        forged,
        unsigned,
        "Bearer nonsense".to_owned(),
        format!("Bearer {}", "a".repeat(20_000)),
    ] {
        let (status, challenge, code) = shown(&server, &[("authorization", &bearer)]).await;
        assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"), "{bearer:.60}");
        assert_eq!(challenge, "Bearer realm=\"lethe\", error=\"invalid_token\"");
    }
    let bearer = door.sign(&good);
    let twice = shown(&server, &[("authorization", &bearer), ("authorization", &bearer)]).await;
    assert_eq!(twice.0, 401);
    let none = shown(&server, &[]).await;
    assert_eq!(none, (401, "Bearer realm=\"lethe\"".to_owned(), "UNAUTHENTICATED".to_owned()));
    // A head that is as large as a token of a megabyte is not even read.
    let huge =
        reqwest::Client::new().post(server.url("/graphql")).header("authorization", "a".repeat(1 << 20));
    let huge = huge.send().await.map(|answer| answer.status());
    assert!(huge.is_err() || huge.unwrap() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(!server.log().contains(bearer.trim_start_matches("Bearer ")), "a token is in the log");
    server.stop();
}

#[tokio::test]
async fn a_request_acts_in_a_role_that_its_user_has_and_from_a_device_that_they_approved() {
    let server = Server::start().await;
    let door = server.door();
    let consultant = door.bearer("CONSULTANT");
    for (name, value, code) in [
        ("x-lethe-role", "CONSULTANT", ""),
        ("x-lethe-role", "DPM", "FORBIDDEN"),
        ("x-lethe-role", "SYSTEM_ADMINISTRATOR", "FORBIDDEN"),
        ("x-lethe-unit", "0d3e0000-0000-8000-8000-000000000001", "FORBIDDEN"),
        ("x-lethe-device", "0d3e0000-0000-8000-8000-000000000001", ""),
        ("x-lethe-device", "0d3e0000-0000-8000-8000-000000000004", "DEVICE_NOT_APPROVED"),
    ] {
        let (status, challenge, told) =
            shown(&server, &[("authorization", &consultant), (name, value)]).await;
        let expected = if code.is_empty() { 200 } else { 403 };
        assert_eq!((status, told.as_str(), challenge.as_str()), (expected, code, ""), "{name}: {value}");
    }
    let unknown = LocalToken { device: Some(DeviceId(Uuid::from_u128(5))), ..token("CONSULTANT") };
    assert_eq!(shown(&server, &[("authorization", &door.sign(&unknown))]).await.2, "DEVICE_NOT_APPROVED");
    let none = LocalToken { device: None, ..token("CONSULTANT") };
    assert_eq!(shown(&server, &[("authorization", &door.sign(&none))]).await.2, "DEVICE_NOT_APPROVED");
    // A programme has no device, and is nothing but a programme.
    let programme = LocalToken { device: None, ..token("INTEGRATION") };
    assert_eq!(status(&server, &door.sign(&programme)).await, 200);
    let more = LocalToken { role: Some(Role::Dpm), ..programme };
    assert_eq!(status(&server, &door.sign(&more)).await, 403);
    server.stop();
}

#[tokio::test]
async fn the_command_signs_tokens_while_the_server_runs_and_the_first_start_tells_three() {
    let server = Server::start().await;
    let id = user("DPM").to_string();
    let sign = |more: &[&str]| {
        let (code, token, said) = server.run(&[&["token", "--user", &id], more].concat());
        assert_eq!(code, 0, "{said}");
        assert!(said.starts_with("Valid until "), "{said}");
        format!("Bearer {}", token.trim())
    };
    let viewer = async |bearer: &str| {
        let request = server.door().post_as(&reqwest::Client::new(), bearer).json(&json!({"query": VIEWER}));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["data"]["viewer"].clone()
    };
    let dpm = viewer(&sign(&["--role", "DPM", "--valid", "5m"])).await;
    assert_eq!(dpm["role"], "DPM", "{dpm}");
    assert_eq!(viewer(&sign(&[])).await, dpm, "the only role that they have");
    // Without a second factor, what needs one is refused.
    let weak = sign(&["--without-second-factor"]);
    let input = json!({"contactId": "x", "previewToken": "x", "reason": "EXPIRED", "idempotencyKey": id});
    let body = json!({"query": document("contactAnonymise", ""), "variables": {"input": input}});
    let answer = server.door().post_as(&reqwest::Client::new(), &weak).json(&body).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "STEP_UP_REQUIRED", "{answer}");

    let log = server.log();
    let told: Vec<_> = log.lines().filter(|line| line.starts_with("  eyJ")).map(str::trim).collect();
    let mut roles = Vec::new();
    for token in &told {
        roles.push(text(&viewer(&format!("Bearer {token}")).await["role"]));
    }
    assert_eq!(roles, ["CONSULTANT", "DPM", "AUDITOR"]);
    let page = reqwest::get(server.url("/")).await.unwrap();
    assert_eq!(page.headers()["cache-control"], "no-store");
    let page = page.text().await.unwrap();
    let (_, rest) = page.split_once(r#""authorization":""#).unwrap();
    assert_eq!(viewer(rest.split_once('"').unwrap().0).await["role"], "CONSULTANT");
    server.stop();
}

#[test]
fn where_an_issuer_signs_tokens_the_command_does_not() {
    let folder = TempDir::new().unwrap();
    let file = "oidc_issuer = \"https://login.example.org\"\noidc_audience = \"crm\"\n";
    std::fs::write(folder.path().join("lethe.toml"), file).unwrap();
    let sign = ["token", "--user", "0d3e0000-0000-8000-8000-000000000001"];
    let (code, out, said) = run_in(folder.path(), &sign);
    assert_eq!((code, out.as_str()), (3, ""), "{said}");
    assert!(said.contains("Tokens come from https://login.example.org"), "{said}");
    std::fs::remove_file(folder.path().join("lethe.toml")).unwrap();
    let (code, _, said) = run_in(folder.path(), &sign);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("There is no data folder") && !folder.path().join("data").exists(), "{said}");
}

/// The code and the reason with which the server closes the connection, whatever it says before.
pub(crate) async fn closed(socket: &mut Socket) -> (u16, String) {
    use futures_util::StreamExt;
    loop {
        match tokio::time::timeout(PATIENCE, socket.0.next()).await.expect("it stays open") {
            Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
            Some(Ok(_)) => {}
            other => panic!("closed without a reason: {other:?}"),
        }
    }
}

/// A connection that shows nothing in its head and this in its first message.
async fn introduced(server: &Server, payload: Value) -> Socket {
    let mut socket = Socket(connect_as(server, None).await.unwrap().0);
    socket.send(json!({"type": "connection_init", "payload": payload})).await;
    socket
}

#[tokio::test]
async fn a_web_socket_is_introduced_by_its_head_or_its_first_message() {
    let server = Server::start().await;
    let door = server.door();
    let bearer = door.bearer("AUDITOR");
    let mut socket = introduced(&server, json!({"Authorization": bearer})).await;
    assert_eq!(socket.receive().await.unwrap()["type"], "connection_ack");
    socket.send(json!({"id": "1", "type": "subscribe", "payload": {"query": VIEWER}})).await;
    assert_eq!(socket.next().await["viewer"]["role"], "AUDITOR");
    for (payload, code) in [
        (json!(null), 4401),
        (json!({"Authorization": "Bearer nonsense"}), 4401),
        (json!({"Authorization": format!("Bearer {}", "a".repeat(1 << 20))}), 4401),
        (json!({"Authorization": bearer, "X-Lethe-Role": "DPM"}), 4403),
        (json!({"Authorization": bearer, "X-Lethe-Device": user("DPM")}), 4403),
        (json!({"Authorization": bearer, "X-Lethe-Unit": "nowhere"}), 4400),
    ] {
        let mut socket = introduced(&server, payload.clone()).await;
        assert_eq!(closed(&mut socket).await.0, code, "{:.100}", payload.to_string());
    }
    // What the head shows is looked at before the connection is one.
    let refused = connect_as(&server, Some("Bearer nonsense")).await.unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");
    server.stop();
}

#[tokio::test]
async fn whoever_leaves_is_refused_everywhere_with_the_token_they_had() {
    let mut server = Server::start().await;
    let leaving = server.bearer();
    let mut listening = Socket::subscribe(&server, CHANGES, json!({})).await;
    let mut idle = Socket::open(&server).await;
    let colleague = server.door().bearer("AUDITOR");
    let mut other = introduced(&server, json!({"Authorization": colleague})).await;
    assert_eq!(other.receive().await.unwrap()["type"], "connection_ack");
    assert_eq!(status(&server, &leaving).await, 200);

    let viewer = server.data(VIEWER, json!({})).await;
    server.as_role("SYSTEM_ADMINISTRATOR");
    server.act("userOffBoard", json!({"userId": viewer["viewer"]["userId"]}), "user { id }").await;
    let (code, challenge, told) = shown(&server, &[("authorization", &leaving)]).await;
    assert_eq!((code, told.as_str()), (401, "UNAUTHENTICATED"));
    assert!(challenge.contains("invalid_token"), "{challenge}");
    assert_eq!(closed(&mut listening).await.0, 4403);
    assert_eq!(closed(&mut idle).await.0, 4403);
    // Nobody else is.
    other.send(json!({"id": "1", "type": "subscribe", "payload": {"query": VIEWER}})).await;
    assert_eq!(other.next().await["viewer"]["role"], "AUDITOR");
    // Neither a new token nor a restart brings them back.
    assert_eq!(status(&server, &server.door().bearer("CONSULTANT")).await, 401);
    let server = Server::start_in(server.stop()).await;
    assert_eq!(status(&server, &leaving).await, 401);
    let page = reqwest::get(server.url("/")).await.unwrap().text().await.unwrap();
    assert!(!page.contains("'Authorization'"), "the page has a token of somebody who left");
    server.stop();
}

#[tokio::test]
async fn a_role_that_is_taken_is_gone_at_once_and_others_stay() {
    let mut server = Server::start().await;
    let viewer = server.data(VIEWER, json!({})).await["viewer"].clone();
    let grant =
        |role: &str| json!({"userId": viewer["userId"], "unitId": viewer["unit"]["id"], "role": role});
    server.as_role("SYSTEM_ADMINISTRATOR");
    server.act("userGrant", grant("UNIT_ADMINISTRATOR"), "user { id }").await;
    server.as_role("CONSULTANT");
    let mut listening = Socket::subscribe(&server, CHANGES, json!({})).await;
    let bearer = server.bearer();
    let both = [("authorization", bearer.as_str()), ("x-lethe-role", "UNIT_ADMINISTRATOR")];
    assert_eq!(shown(&server, &both).await.0, 200);
    // One that names no role acts in the first; it does not go on in another.
    let any = server.door().sign(&LocalToken { role: None, ..token("CONSULTANT") });
    let mut first = introduced(&server, json!({"Authorization": any})).await;
    assert_eq!(first.receive().await.unwrap()["type"], "connection_ack");
    server.as_role("SYSTEM_ADMINISTRATOR");
    server.act("userRevoke", grant("CONSULTANT"), "user { id }").await;
    assert_eq!(shown(&server, &both[..1]).await.2, "FORBIDDEN");
    assert_eq!(shown(&server, &both).await.0, 200);
    assert_eq!(closed(&mut listening).await.0, 4403);
    let (code, reason) = closed(&mut first).await;
    assert!(code == 4403 && reason.contains("Your roles have changed"), "{code}: {reason}");
    server.stop();
}

#[tokio::test]
async fn a_web_socket_ends_with_its_token() {
    let server = Server::start_with(crate::server::folder(), |command| {
        command.env("LETHE_CLOCK_SKEW_SECONDS", "0");
    })
    .await;
    let bearer = server.door().sign(&LocalToken { valid: TimeDelta::seconds(3), ..token("CONSULTANT") });
    let mut socket = introduced(&server, json!({"Authorization": bearer})).await;
    assert_eq!(socket.receive().await.unwrap()["type"], "connection_ack");
    socket.send(json!({"id": "1", "type": "subscribe", "payload": {"query": CHANGES}})).await;
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 4403);
    assert!(reason.contains("expired"), "{reason}");
    assert_eq!(status(&server, &bearer).await, 401);
    server.stop();
}
