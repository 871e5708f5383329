use serde_json::json;

use crate::graph::text;
use crate::server::Server;

const FIELDS: &str =
    "prospect { id version title naceCode naceVersion externalReference contact { id } company { id } }";

#[tokio::test]
async fn a_prospect_is_registered_and_linked_to_the_company_it_founded() {
    let server = Server::start().await;
    let (contact, company) = (server.contact("Bo").await, server.company(0).await);
    let input = json!({
        "contactId": contact, "title": "Isbod på havnen", "naceCode": "56.10.20", "naceVersion": "DB07",
        "externalReference": "P-1",
    });
    let done = server.act("prospectRegister", input.clone(), FIELDS).await;
    let prospect = text(&done["prospect"]["id"]);
    assert_eq!(done["prospect"]["title"], "Isbod på havnen");
    assert_eq!(done["prospect"]["contact"]["id"], contact.as_str());
    assert_eq!(done["prospect"]["company"], json!(null));
    let again = server.refuse("prospectRegister", input).await;
    assert_eq!((&again["code"], &again["existing"]), (&json!("ALREADY_EXISTS"), &json!(prospect)));

    let link = json!({"prospectId": prospect, "companyId": company, "expectedVersion": 1});
    let linked = server.act("prospectLink", link.clone(), FIELDS).await;
    assert_eq!(linked["prospect"]["company"]["id"], company.as_str());
    assert_eq!(linked["prospect"]["version"], 2);
    let stale = server.refuse("prospectLink", link).await;
    assert_eq!((&stale["code"], &stale["currentVersion"]), (&json!("STALE_VERSION"), &json!(2)));
    let other = server.company(1).await;
    let refusal = server.refusal("prospectLink", json!({"prospectId": prospect, "companyId": other})).await;
    assert_eq!(refusal.1, "companyId");

    let found = "query($contact: ID!, $company: ID!, $p: Position) {
        a: prospects(filter: {contact: $contact}, minPosition: $p) { nodes { id title } }
        b: prospects(filter: {company: $company}) { nodes { id title } } }";
    let variables = json!({"contact": contact, "company": company, "p": linked["position"]});
    let answer = server.data(found, variables).await;
    assert_eq!(answer["a"]["nodes"], json!([{"id": prospect, "title": "Isbod på havnen"}]));
    assert_eq!(answer["a"], answer["b"]);
}
