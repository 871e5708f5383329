use serde_json::json;

use crate::server::Server;

const REGISTER: &str = "mutation($input: ContactRegisterInput!) { contactRegister(input: $input) {
    contact { id version firstName lastName phone cpr withheld { field reason } } position viewPending
    userErrors { __typename code message field } } }";

#[tokio::test]
async fn a_contact_is_registered_normalised_and_masked() {
    let server = Server::start().await;
    let input = json!({"firstName": " Åse ", "phone": "+45 20 30 40 50", "cpr": "310765-5555"});
    let payload = server.done(REGISTER, json!({"input": input})).await;
    assert_eq!(payload["contact"]["firstName"], "Åse");
    assert_eq!(payload["contact"]["phone"], "20304050");
    assert_eq!(payload["contact"]["cpr"], "310765-****");
    assert_eq!(payload["contact"]["withheld"], json!([{"field": "cpr", "reason": "MASKED"}]));
    assert_eq!(payload["viewPending"], false);
}
