//! Values of those who work here: entered, mailed, read back, and for one of two forgotten.

use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::marker::Markers;
use crate::people::{inner, unit_id};
use crate::server::{PATIENCE, Server};
use crate::wire::Wire;

const USER: &str = "query($id: ID!) { node(id: $id) { ... on User { name email identities { subject }
    devices(first: 5) { nodes { label } }
    history(first: 20) { nodes { changes { value { ... on TextValue { text } } withheld } } } } } }";
const PAGE: &str = "/device/approve";

/// Two users come with a device each; one of them leaves, is forgotten, and the root is rotated.
pub(crate) async fn come_and_go(server: &Server, wire: &Wire, markers: &mut Markers) {
    let admin = wire.as_role("UNIT_ADMINISTRATOR");
    let (stays, leaves) = (enter(&admin, markers).await, enter(&admin, markers).await);
    let kept = first_use(server, &admin, (&stays, 1), markers).await;
    let gone = first_use(server, &admin, (&leaves, 2), markers).await;
    for user in [&stays, &leaves] {
        admin.data(USER, json!({"id": user})).await;
    }
    admin.done("userOffBoard", "UserOffBoardInput", "user", json!({"userId": leaves})).await;
    let forget = json!({"userId": leaves, "idempotencyKey": inner(&leaves)});
    admin.done("userAnonymise", "UserAnonymiseInput", "user", forget).await;
    let (code, out, error) = server.run(&["keys", "rotate"]);
    assert_eq!(code, 0, "{out} {error}");
    let left = admin.data(USER, json!({"id": leaves})).await["node"].clone();
    assert_eq!((&left["name"], &left["email"]), (&json!(null), &json!(null)));
    assert_eq!(left["devices"]["nodes"], json!([{"label": null}]));
    assert_eq!((server.run(&["mail", "show", &gone]).0, server.run(&["mail", "show", &kept]).0), (1, 0));
}

/// Registers a user, and changes everything about them.
async fn enter(admin: &Wire, markers: &mut Markers) -> String {
    let mut values = |what: &str| {
        let identity = json!({"issuer": "https://login.example.org",
            "subject": markers.word(&format!("{what} identity of a user"))});
        json!({"name": markers.word(&format!("{what} name of a user")),
            "email": markers.email(&format!("{what} e-mail of a user")), "identities": [identity]})
    };
    let user = admin.done("userRegister", "UserRegisterInput", "user", values("first")).await;
    admin.data(USER, json!({"id": user})).await;
    let mut amended = values("new");
    amended["userId"] = json!(user);
    admin.done("userAmend", "UserAmendInput", "user", amended).await;
    let grant = json!({"userId": user, "unitId": unit_id(0), "role": "CONSULTANT"});
    admin.done("userGrant", "UserGrantInput", "user", grant).await;
    user
}

/// Signs in from the device with this number, which is asked about by mail, and approves it; answers the mail.
async fn first_use(
    server: &Server,
    admin: &Wire,
    (user, number): (&str, usize),
    markers: &mut Markers,
) -> String {
    let label = markers.plain("label of a device");
    let bearer = admin.door().bearer_of("CONSULTANT", inner(user), None);
    let device = Uuid::from_u128(0xde5c).to_string();
    let ask = || {
        let request = admin.naked().header("authorization", &bearer).header("user-agent", &label);
        let request = request.header("x-lethe-device", &device);
        request.json(&json!({"query": "{ viewer { user { name email devices { nodes { label } } } } }"}))
    };
    let refused = admin.send(ask()).await;
    assert!(refused.contains("DEVICE_NOT_APPROVED"), "{refused}");
    let mail = asked(server, number);
    let (code, shown, error) = server.run(&["mail", "show", &mail]);
    assert_eq!(code, 0, "{error}");
    let shown = shown.replace("=\n", "");
    let (_, token) = shown.split_once(&format!("{PAGE}#")).unwrap_or_else(|| panic!("{shown}"));
    let token = token.split_whitespace().next().unwrap();
    assert!(shown.contains(&label) && token.len() > 40, "{shown}");
    markers.made("secret that approves a device", token);
    let press = admin.naked_to(PAGE).header("content-type", "application/x-www-form-urlencoded");
    let press = press.body(format!("token={token}"));
    assert_eq!(press.send().await.unwrap().status(), 200);
    let begun = Instant::now();
    while !admin.send(ask()).await.contains(&label) {
        assert!(begun.elapsed() < PATIENCE, "it was stored and never shown, so it proves nothing");
    }
    mail
}

/// The mail about a device, by its number, once it was sent.
fn asked(server: &Server, number: usize) -> String {
    let begun = Instant::now();
    loop {
        let (code, out, error) = server.run(&["mail", "list", "--json"]);
        assert_eq!(code, 0, "{error}");
        let mails = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let sent = |mail: &Value| mail["kind"] == "DEVICE_APPROVAL" && mail["status"] == "SENT";
        if let Some(mail) = mails.filter(sent).nth(number - 1) {
            return mail["id"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "it is not sent: {out}");
    }
}
