use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn only_a_system_administrator_registers_a_unit() {
    let mut server = Server::start().await;
    let input = json!({"name": "Prøvehuset", "country": "DK", "kind": "OTHER"});
    for role in ["CONSULTANT", "UNIT_ADMINISTRATOR", "DPM", "AUDITOR", "INTEGRATION"] {
        server.as_role(role);
        server.forbidden("unitRegister", input.clone()).await;
    }
    server.as_role("SYSTEM_ADMINISTRATOR");
    let done = server.act("unitRegister", input, "unit { id name country kind version }").await;
    assert_eq!((&done["unit"]["name"], &done["unit"]["version"]), (&json!("Prøvehuset"), &json!(1)));
    let list = server.data("{ units(first: 100) { nodes { name } } }", json!({})).await;
    assert!(list["units"]["nodes"].as_array().unwrap().contains(&json!({"name": "Prøvehuset"})));
}
