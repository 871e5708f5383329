use serde_json::{Value, json};

use crate::graph::{text, texts};
use crate::people::{inner, unit_id, user, user_id};
use crate::server::Server;

const FIELDS: &str = "user { id version name email integration identities { issuer subject } offBoardedAt \
                      anonymisedAt unit { id } grants { role unit { id } } withheld { field reason } }";
const USER: &str = "query($id: ID!) { node(id: $id) { ... on User { id name email identities { subject }
    withheld { field reason } grants { role } devices(first: 5) { nodes { label } }
    history(first: 20) { nodes { type changes { field withheld value { ... on TextValue { text } } } } } } } }";

fn freja() -> Value {
    json!({
        "name": "Freja Prøvegård", "email": "freja@example.org",
        "identities": [{"issuer": "https://login.example.org", "subject": "freja-4711"}],
    })
}

/// What history shows of the values in it.
fn shown(user: &Value) -> String {
    user["history"].to_string() + &user["name"].to_string()
}

#[tokio::test]
async fn a_user_is_registered_gets_roles_and_is_known_by_those_alone_who_need_to() {
    let mut server = Server::start().await;
    server.as_role("UNIT_ADMINISTRATOR");
    let freja_user = server.act("userRegister", freja(), FIELDS).await["user"].clone();
    assert_eq!(freja_user["name"], "Freja Prøvegård");
    assert_eq!(freja_user["identities"][0]["subject"], "freja-4711");
    assert_eq!((&freja_user["unit"]["id"], &freja_user["grants"]), (&json!(unit_id(0)), &json!([])));
    let again = server.refusal("userRegister", freja()).await;
    assert_eq!(again, ("ALREADY_EXISTS".to_owned(), "identities".to_owned()));
    let id = text(&freja_user["id"]);
    let grant = |unit: usize, role: &str| json!({"userId": id, "unitId": unit_id(unit), "role": role});
    for (unit, role, code) in [
        (1, "CONSULTANT", "FORBIDDEN"),
        (0, "SYSTEM_ADMINISTRATOR", "FORBIDDEN"),
        (0, "AUDITOR", "FORBIDDEN"),
        (0, "DPM", "RULE_VIOLATED"),
        (0, "INTEGRATION", "RULE_VIOLATED"),
    ] {
        assert_eq!(server.refusal("userGrant", grant(unit, role)).await.0, code, "{role}");
    }
    let granted = server.act("userGrant", grant(0, "CONSULTANT"), FIELDS).await["user"].clone();
    assert_eq!(granted["grants"], json!([{"role": "CONSULTANT", "unit": {"id": unit_id(0)}}]));
    let own = json!({"userId": user_id(2), "unitId": unit_id(0), "role": "CONSULTANT"});
    assert_eq!(server.refusal("userGrant", own).await.0, "FORBIDDEN", "nobody gives themself a role");

    for (role, knows) in [
        ("CONSULTANT", false),
        ("UNIT_ADMINISTRATOR", true),
        ("SYSTEM_ADMINISTRATOR", true),
        ("DPM", false),
        ("AUDITOR", true),
        ("INTEGRATION", false),
    ] {
        server.as_role(role);
        let seen = server.data(USER, json!({"id": id})).await["node"].clone();
        assert_eq!(shown(&seen).contains("Freja"), knows, "{role}: {seen:#}");
        assert_eq!(seen["name"].is_string(), knows, "{role}");
        assert_eq!(seen["withheld"][0]["reason"] == "FORBIDDEN", !knows, "{role}: {seen}");
        assert_eq!(texts(&seen["grants"], "role"), ["CONSULTANT"]);
    }
    // The user sees the own name, in whatever role; the administrator of another unit does not.
    server.as_user("CONSULTANT", inner(&id), inner(&unit_id(0)));
    let viewer = server.request("{ viewer { user { name } } }", json!({})).await;
    let code = &viewer["errors"][0]["extensions"]["code"];
    assert!(viewer["data"]["viewer"]["user"]["name"] == "Freja Prøvegård" || code == "DEVICE_NOT_APPROVED");
}

#[tokio::test]
async fn whoever_is_off_boarded_is_out_and_can_be_forgotten() {
    let mut server = Server::start().await;
    let consultant = server.bearer();
    let asked = async |server: &Server| {
        let request = server.door().post_as(&reqwest::Client::new(), &consultant);
        request.json(&json!({"query": "{ viewer { role } }"})).send().await.unwrap().status().as_u16()
    };
    assert_eq!(asked(&server).await, 200);
    server.as_role("UNIT_ADMINISTRATOR");
    let who = json!({"userId": user_id(1)});
    let forget = json!({"userId": user_id(1), "idempotencyKey": user(0)});
    assert_eq!(server.refusal("userAnonymise", forget.clone()).await.0, "RULE_VIOLATED");
    for other in [user_id(3), user_id(4), user_id(5), user_id(7)] {
        let refusal = server.refusal("userOffBoard", json!({"userId": other})).await;
        assert_eq!(refusal.0, "FORBIDDEN");
    }
    let left = server.act("userOffBoard", who.clone(), FIELDS).await["user"].clone();
    assert!(left["offBoardedAt"].is_string() && left["grants"] == json!([]), "{left}");
    assert_eq!(asked(&server).await, 401, "at once");
    let again = json!({"userId": user_id(1), "unitId": unit_id(0), "role": "CONSULTANT"});
    assert_eq!(server.refusal("userGrant", again).await.0, "ENDED");
    let devices = "query($id: ID!) { node(id: $id) { ... on User { devices { nodes { status label } } } } }";
    let devices = server.data(devices, json!({"id": user_id(1)})).await["node"]["devices"]["nodes"].clone();
    assert_eq!(devices, json!([{"status": "REVOKED", "label": "Demo"}]));

    let gone = server.act("userAnonymise", forget, FIELDS).await["user"].clone();
    assert!(gone["anonymisedAt"].is_string() && gone["name"].is_null() && gone["identities"] == json!([]));
    assert_eq!(gone["withheld"][0], json!({"field": "name", "reason": "ERASED"}));
    server.as_role("AUDITOR");
    let seen = server.data(USER, json!({"id": user_id(1)})).await["node"].clone();
    assert!(!seen.to_string().contains("Signe") && seen["devices"]["nodes"][0]["label"].is_null(), "{seen}");
    // What they did stays under their id.
    let events = "query($id: ID!) { events(filter: {user: $id}, first: 5) { nodes { caller { userId } } } }";
    let events = server.data(events, json!({"id": user_id(1)})).await["events"]["nodes"].clone();
    assert_eq!(events[0]["caller"]["userId"], json!(user_id(1)), "{events}");
}

#[tokio::test]
async fn a_group_takes_users_across_units() {
    let mut server = Server::start().await;
    server.as_role("UNIT_ADMINISTRATOR");
    let fields = "userGroup { id version name closedAt unit { id } members { id name } }";
    let group =
        server.act("userGroupCreate", json!({"name": "Fødevarer"}), fields).await["userGroup"].clone();
    let id = text(&group["id"]);
    let member = |number| json!({"userGroupId": id, "userId": user_id(number)});
    server.act("userGroupAddMember", member(1), fields).await;
    let both = server.act("userGroupAddMember", member(7), fields).await["userGroup"].clone();
    // Of another unit's user the administrator is told the id alone.
    let expected = json!([{"id": user_id(1), "name": "Signe Demokjær"}, {"id": user_id(7), "name": null}]);
    assert_eq!(both["members"], expected);
    let one = server.act("userGroupRemoveMember", member(1), fields).await["userGroup"].clone();
    assert_eq!(texts(&one["members"], "id"), [user_id(7)]);
    let renamed = json!({"userGroupId": id, "name": "Mad og drikke"});
    let renamed = server.act("userGroupRename", renamed, fields).await["userGroup"].clone();
    assert_eq!((&renamed["name"], &renamed["unit"]["id"]), (&json!("Mad og drikke"), &json!(unit_id(0))));
    let closed = server.act("userGroupClose", json!({"userGroupId": id}), fields).await["userGroup"].clone();
    assert!(closed["closedAt"].is_string(), "{closed}");
    assert_eq!(server.refusal("userGroupAddMember", member(1)).await.0, "ENDED");
    server.as_role("CONSULTANT");
    let list = server.data("{ userGroups { nodes { name } } }", json!({})).await;
    assert_eq!(list["userGroups"]["nodes"], json!([{"name": "Mad og drikke"}]));
}

#[tokio::test]
async fn administrators_list_the_users_of_their_units() {
    let mut server = Server::start().await;
    let query = "query($unit: ID) { users(first: 50, unit: $unit) { nodes { id } } }";
    let listed = async |server: &Server, unit: Option<usize>| {
        let found = server.data(query, json!({"unit": unit.map(unit_id)})).await;
        texts(&found["users"]["nodes"], "id").len()
    };
    server.as_role("UNIT_ADMINISTRATOR");
    assert_eq!(listed(&server, None).await, 6);
    assert_eq!(listed(&server, Some(1)).await, 0, "those of both units");
    server.as_role("SYSTEM_ADMINISTRATOR");
    assert_eq!((listed(&server, None).await, listed(&server, Some(1)).await), (10, 2));
    server.as_role("CONSULTANT");
    assert_eq!(server.fault(query, json!({})).await, "FORBIDDEN");
}
