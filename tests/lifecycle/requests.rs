//! Requests that these tests send.

use serde_json::{Value, json};

use crate::server::Server;

pub(crate) const REGISTER: &str = "mutation($input: ContactRegisterInput!) { contactRegister(input: $input) {
    contact { id } position userErrors { code field } } }";

const CONTACTS: &str = "query($after: String, $at: Position) {
    contacts(first: 100, after: $after, minPosition: $at) {
        nodes { id firstName externalReference } pageInfo { hasNextPage endCursor } } }";

/// A contact to register under a reference.
pub(crate) fn contact(reference: &str) -> Value {
    json!({"input": {"firstName": "Åse", "externalReference": reference}})
}

/// The end of the ledger, as a position; views that a start finds behind it may still be catching up.
pub(crate) async fn head(server: &Server) -> Value {
    let state: Value = reqwest::get(server.url("/readyz")).await.unwrap().json().await.unwrap();
    json!(state["head"].as_i64().unwrap().to_string())
}

/// Every contact that the list shows, once it shows what stands at `position`, or at the end of the ledger.
pub(crate) async fn contacts(server: &Server, position: Option<&Value>) -> Vec<Value> {
    let position = match position {
        Some(position) => position.clone(),
        None => head(server).await,
    };
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = server.data(CONTACTS, json!({"after": after, "at": position})).await;
        all.extend(data["contacts"]["nodes"].as_array().unwrap().iter().cloned());
        if data["contacts"]["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = data["contacts"]["pageInfo"]["endCursor"].clone();
    }
}

/// The references, in order, of those contacts that have one with this beginning.
pub(crate) fn references(contacts: &[Value], beginning: &str) -> Vec<String> {
    let all = contacts.iter().filter_map(|contact| contact["externalReference"].as_str());
    let mut found: Vec<_> = all.filter(|text| text.starts_with(beginning)).map(str::to_owned).collect();
    found.sort_unstable();
    found
}
