use serde_json::json;

use crate::graph::text;
use crate::people::{global, unit_id, user_id};
use crate::server::Server;

#[tokio::test]
async fn a_system_administrator_registers_a_unit_and_its_dpm() {
    let mut server = Server::start().await;
    let input = json!({"name": "Prøvehuset", "country": "DK", "kind": "OTHER"});
    for role in ["CONSULTANT", "UNIT_ADMINISTRATOR", "DPM", "AUDITOR", "INTEGRATION"] {
        server.as_role(role);
        server.forbidden("unitRegister", input.clone()).await;
    }
    server.as_role("SYSTEM_ADMINISTRATOR");
    let done = server.act("unitRegister", input, "unit { id name country kind version dpm { id } }").await;
    assert_eq!((&done["unit"]["name"], &done["unit"]["version"]), (&json!("Prøvehuset"), &json!(1)));
    assert_eq!(done["unit"]["dpm"], json!(null));
    let list = server.data("{ units(first: 100) { nodes { name } } }", json!({})).await;
    assert!(list["units"]["nodes"].as_array().unwrap().contains(&json!({"name": "Prøvehuset"})));

    let unit = text(&done["unit"]["id"]);
    let dpms = "unit { version dpm { id name } dpms { user { id } until } }";
    let appoint = |user: &str| json!({"unitId": unit, "userId": user});
    assert_eq!(server.refusal("unitDpmAppoint", appoint(&global("User", 99))).await.0, "NOT_FOUND");
    assert_eq!(server.refusal("unitDpmAppoint", appoint(&user_id(3))).await.0, "FORBIDDEN", "oneself");
    assert_eq!(
        server.refusal("unitDpmAppoint", appoint(&user_id(6))).await.0,
        "RULE_VIOLATED",
        "a programme"
    );
    let first = server.act("unitDpmAppoint", appoint(&user_id(7)), dpms).await["unit"].clone();
    assert_eq!(first["dpm"], json!({"id": user_id(7), "name": "Rasmus Demogård"}));
    let again = server.act("unitDpmAppoint", appoint(&user_id(7)), dpms).await["unit"].clone();
    assert_eq!(again, first, "nothing changed");
    let second = server.act("unitDpmAppoint", appoint(&user_id(1)), dpms).await["unit"].clone();
    let terms = second["dpms"].as_array().unwrap();
    assert_eq!((&terms[0]["user"]["id"], &terms[1]["user"]["id"]), (&json!(user_id(7)), &json!(user_id(1))));
    assert!(terms[0]["until"].is_string() && terms[1]["until"].is_null(), "{second}");
    let history =
        "query($id: ID!) { node(id: $id) { ... on Unit { history(first: 9) { nodes { type } } } } }";
    let history = server.data(history, json!({"id": unit})).await["node"]["history"]["nodes"].clone();
    let expected = ["unit.registered", "unit.dpm_appointed", "unit.dpm_appointed"];
    assert_eq!(crate::graph::texts(&history, "type"), expected);
    // Whoever is a DPM does not leave without a successor.
    let refusal = server.refusal("userOffBoard", json!({"userId": user_id(1)})).await;
    assert_eq!(refusal, ("RULE_VIOLATED".to_owned(), "userId".to_owned()));
}

#[tokio::test]
async fn a_unit_without_dpm_stores_no_contact() {
    let mut server = Server::start().await;
    server.as_role("SYSTEM_ADMINISTRATOR");
    let input = json!({"name": "Prøvehuset", "country": "DK", "kind": "OTHER"});
    let unit = text(&server.act("unitRegister", input, "unit { id }").await["unit"]["id"]);
    let grant = json!({"userId": user_id(1), "unitId": unit, "role": "CONSULTANT"});
    server.act("userGrant", grant, "user { id }").await;
    let consultant = crate::door::user("CONSULTANT");
    server.as_user("CONSULTANT", consultant, crate::people::inner(&unit));
    let register = json!({"firstName": "Åse"});
    let refusal = server.refuse("contactRegister", register.clone()).await;
    assert_eq!(refusal["code"], "RULE_VIOLATED");
    assert!(text(&refusal["message"]).contains("unitDpmAppoint"), "{refusal}");
    server.as_role("SYSTEM_ADMINISTRATOR");
    server.act("unitDpmAppoint", json!({"unitId": unit, "userId": user_id(7)}), "unit { id }").await;
    server.as_user("CONSULTANT", consultant, crate::people::inner(&unit));
    server.act("contactRegister", register, "contact { id }").await;
}

#[tokio::test]
async fn a_unit_administrator_amends_the_own_unit_alone() {
    let mut server = Server::start().await;
    server.as_role("UNIT_ADMINISTRATOR");
    let amend =
        |place, number: &str| json!({"unitId": unit_id(place), "name": "Nyt navn", "pNumber": number});
    assert_eq!(server.refusal("unitAmend", amend(1, "1012345678")).await.0, "FORBIDDEN");
    let refusal = server.refusal("unitAmend", amend(0, "101234567")).await;
    assert_eq!(refusal, ("INVALID_VALUE".to_owned(), "pNumber".to_owned()));
    let done = server.act("unitAmend", amend(0, "1012345678"), "unit { name pNumber version }").await;
    assert_eq!((&done["unit"]["name"], &done["unit"]["pNumber"]), (&json!("Nyt navn"), &json!("1012345678")));
    let stale = json!({"unitId": unit_id(0), "expectedVersion": 1, "pNumber": null});
    assert_eq!(server.refusal("unitAmend", stale).await.0, "STALE_VERSION");
}
