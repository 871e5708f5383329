//! Requests, and everything that was answered to them.

use std::sync::{Arc, Mutex};

use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::door::Door;
use crate::server::Server;

/// A client that keeps what it was answered.
#[derive(Clone)]
pub(crate) struct Wire {
    client: Client,
    base: String,
    door: Door,
    role: &'static str,
    answers: Arc<Mutex<String>>,
}

impl Wire {
    pub(crate) fn to(server: &Server) -> Self {
        let answers = Arc::default();
        // Each request on a connection of its own: one that waits for the next may be closed by the server meanwhile.
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { client, base: server.url(""), door: server.door(), role: "DPM", answers }
    }

    /// The same in another role.
    pub(crate) fn as_role(&self, role: &'static str) -> Self {
        Self { role, ..self.clone() }
    }

    /// The door it goes through.
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// Everything answered so far.
    pub(crate) fn answers(&self) -> String {
        self.answers.lock().unwrap().clone()
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base)).header("authorization", self.door.bearer(self.role))
    }

    pub(crate) fn post(&self) -> RequestBuilder {
        self.door.post(&self.client, self.role)
    }

    /// A request that shows no token.
    pub(crate) fn naked(&self) -> RequestBuilder {
        self.naked_to("/graphql")
    }

    /// The same to another page.
    pub(crate) fn naked_to(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.base))
    }

    /// Sends a request; answers its body, whatever the status.
    pub(crate) async fn send(&self, request: RequestBuilder) -> String {
        request.send().await.unwrap().text().await.unwrap()
    }

    /// Sends a document with variables; answers the data and keeps what it shows.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        let text = self.send(self.post().json(&body)).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        self.answers.lock().unwrap().push_str(&answer.to_string());
        answer["data"].clone()
    }

    /// Sends a mutation that must be done; answers the id of its object.
    pub(crate) async fn done(&self, mutation: &str, input_type: &str, object: &str, input: Value) -> String {
        let query = format!(
            "mutation($input: {input_type}!) {{ done: {mutation}(input: $input) {{
                {object} {{ id }} userErrors {{ code message field }} }} }}"
        );
        let data = self.data(&query, json!({"input": input})).await;
        assert_eq!(data["done"]["userErrors"], json!([]), "{mutation}: {data:#}");
        data["done"][object]["id"].as_str().unwrap().to_owned()
    }

    /// Sends a request that must be refused, by a user error or a top-level one.
    pub(crate) async fn refused(&self, query: &str, variables: Value) {
        let text = self.send(self.post().json(&json!({"query": query, "variables": variables}))).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        let told = answer["data"].as_object().and_then(|data| data.values().next());
        let told =
            told.and_then(|payload| payload["userErrors"].as_array()).is_some_and(|all| !all.is_empty());
        assert!(told || answer["errors"].is_array(), "it was not refused: {answer:#}");
    }

    /// Uploads a file; answers the payload.
    pub(crate) async fn upload(&self, mutation: &str, name: &str, bytes: Vec<u8>, input: Value) -> Value {
        let query = format!(
            "mutation($input: ImportInput!) {{ upload: {mutation}(input: $input) {{
                operation {{ id status }} dryRun {{ created refused refusals {{ row code column }} }}
                userErrors {{ code message }} }} }}"
        );
        let operations = json!({"query": query, "variables": {"input": input}});
        let form = Form::new()
            .text("operations", operations.to_string())
            .text("map", r#"{"0":["variables.input.file"]}"#)
            .part("0", Part::bytes(bytes).file_name(name.to_owned()));
        let answer: Value = serde_json::from_str(&self.send(self.post().multipart(form)).await).unwrap();
        answer["data"]["upload"].clone()
    }
}
