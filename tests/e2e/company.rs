use serde_json::json;

use crate::graph::{cvr, position, text};
use crate::server::Server;

const FIELDS: &str = "company { id version status scheme number maskedNumber pNumbers legalForm name address \
                      postalCode city phone email naceCode naceVersion externalReference closeReason \
                      supersededBy { id } withheld { field reason } }";

#[tokio::test]
async fn a_company_is_registered_amended_and_closed_for_another() {
    let server = Server::start().await;
    let input = json!({
        "country": "DK", "number": format!("DK {}", cvr(0)), "legalForm": "LIMITED", "name": "Prøve Bageri ApS",
        "address": "Testvej 1", "postalCode": "8000", "city": "Aarhus C", "phone": "+45 20 30 40 50",
        "email": "post@example.org", "naceCode": "561010", "naceVersion": "DB07", "pNumbers": ["1000000001"],
        "externalReference": "V-1",
    });
    let done = server.act("companyRegister", input.clone(), FIELDS).await;
    let company = &done["company"];
    assert_eq!(company["number"], cvr(0));
    assert_eq!(company["scheme"], "CVR");
    assert_eq!((&company["version"], &company["status"]), (&json!(1), &json!("ACTIVE")));
    assert_eq!((&company["phone"], &company["naceCode"]), (&json!("20304050"), &json!("56.10.10")));
    assert_eq!((&company["pNumbers"], &company["withheld"]), (&json!(["1000000001"]), &json!([])));

    let again = server.refuse("companyRegister", input.clone()).await;
    assert_eq!((&again["__typename"], &again["code"]), (&json!("AlreadyExists"), &json!("ALREADY_EXISTS")));
    assert_eq!(again["existing"], company["id"]);

    let amend =
        json!({"companyId": company["id"], "expectedVersion": 1, "name": "Prøve Brød ApS", "phone": null});
    let amended = server.act("companyAmend", amend.clone(), FIELDS).await;
    assert_eq!(amended["company"]["name"], "Prøve Brød ApS");
    assert_eq!(
        (&amended["company"]["phone"], &amended["company"]["city"]),
        (&json!(null), &json!("Aarhus C"))
    );
    assert_eq!(amended["company"]["version"], 2);
    let stale = server.refuse("companyAmend", amend).await;
    assert_eq!((&stale["__typename"], &stale["currentVersion"]), (&json!("StaleVersion"), &json!(2)));

    let right = server.company(1).await;
    let close = json!({"companyId": company["id"], "supersededBy": right, "reason": "WRONG_NUMBER"});
    let closed = server.act("companyClose", close, FIELDS).await;
    assert_eq!(closed["company"]["status"], "CLOSED");
    assert_eq!(closed["company"]["closeReason"], "WRONG_NUMBER");
    assert_eq!(closed["company"]["supersededBy"]["id"], right.as_str());
    let ended = server.refuse("companyAmend", json!({"companyId": company["id"], "name": "Igen"})).await;
    assert_eq!(ended["code"], "ENDED");
    assert_eq!(ended["existing"], right.as_str());
    assert_eq!(server.refusal("companyRegister", input.clone()).await.0, "REFERENCE_ENDED");
    let mut unnamed = input;
    unnamed["externalReference"] = json!(null);
    assert_eq!(server.refusal("companyRegister", unnamed).await.0, "ENDED");
}

#[tokio::test]
async fn a_contact_is_linked_to_companies_and_unlinked() {
    let server = Server::start().await;
    let (one, two) = (server.company(2).await, server.company(3).await);
    let input = json!({"firstName": "Ida", "companyIds": [one]});
    let registered = server.act("contactRegister", input, "contact { id }").await;
    let contact = text(&registered["contact"]["id"]);
    let both = json!({"contactId": contact, "companyId": two});
    let companies = "contact { version companies { nodes { id } } }";
    let linked = server.act("contactLink", both.clone(), companies).await;
    assert_eq!(linked["contact"]["companies"]["nodes"].as_array().unwrap().len(), 2);
    // The same link again is no second one.
    let again = server.act("contactLink", both, companies).await;
    assert_eq!((&again["contact"], position(&again)), (&linked["contact"], position(&linked)));

    let unlink = json!({"contactId": contact, "companyId": one});
    let unlinked = server.act("contactUnlink", unlink.clone(), companies).await;
    assert_eq!(unlinked["contact"]["companies"]["nodes"], json!([{"id": two}]));
    assert_eq!(server.refusal("contactUnlink", unlink).await.0, "RULE_VIOLATED");
    for (company, count) in [(one, 0), (two, 1)] {
        let list = "query($c: ID!) { contacts(filter: {company: $c}) { nodes { id } } }";
        let found = server.data(list, json!({"c": company})).await;
        assert_eq!(found["contacts"]["nodes"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_swedish_sole_traders_number_is_masked_everywhere() {
    let server = Server::start().await;
    // The example number of the Swedish tax agency.
    let input = json!({
        "country": "SE", "number": "811218-9876", "legalForm": "SOLE_PROPRIETOR", "name": "Prövade Tårtor",
    });
    let done = server.act("companyRegister", input, FIELDS).await;
    let company = &done["company"];
    assert_eq!((&company["number"], &company["maskedNumber"]), (&json!(null), &json!("811218-****")));
    assert_eq!(company["withheld"], json!([{"field": "number", "reason": "MASKED"}]));
    let amend = json!({"companyId": company["id"], "city": "Malmö"});
    server.act("companyAmend", amend, "company { id }").await;

    let everywhere = "query($id: ID!, $p: Position!) {
        company(id: $id, minPosition: $p) { ...all }
        past: company(id: $id, asOf: {position: $p}) { ...all }
        node(id: $id) { ... on Company { ...all } }
        companies(filter: {country: SE}, last: 3) { nodes { ...all } }
    } fragment all on Company { id name number maskedNumber withheld { field }
        history(first: 5) { nodes { type changes { field withheld value { ... on TextValue { text } } } } } }";
    let variables = json!({"id": company["id"], "p": done["position"]});
    let answer = server.data(everywhere, variables).await;
    assert!(answer["companies"]["nodes"].as_array().unwrap().contains(&answer["company"]), "{answer:#}");
    let changes = &answer["company"]["history"]["nodes"][0]["changes"];
    let number = changes.as_array().unwrap().iter().find(|change| change["field"] == "number").unwrap();
    assert_eq!((&number["withheld"], &number["value"]), (&json!("MASKED"), &json!(null)));
    let replay = server.run(&["replay"]).1;
    let (all, serial) = (format!("{answer} {done}"), "-9876");
    assert!(all.contains("Prövade") && !all.contains(serial), "{all}");
    assert!(!replay.contains("811218-") && !replay.contains("\"9876\"") && !replay.contains("Prövade"));
}
