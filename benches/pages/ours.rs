//! The server that is measured, and what it is asked.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::driver::{Load, ask, client};
use crate::process::{Server, lethe};

/// How many pages are walked to find places deep down the list.
const WALKED: usize = 1_000;
/// How often somebody is shown a number before the access log is read.
const REVEALS: usize = 20;
const SEED: &str = "1";
/// The consultant and the DPM of the first unit of the demo data.
const CONSULTANT: (&str, &str) = ("0d3e0000-0000-8000-8000-000000000001", "CONSULTANT");
const DPM: (&str, &str) = ("0d3e0000-0000-8000-8000-000000000004", "DPM");

const PAGE: &str = "query ($after: String) { contacts(first: 50, after: $after) { nodes { id firstName lastName title email \
                    phone mobile createdAt companies(first: 10) { nodes { id name } } notes(first: 3) { nodes { id kind text \
                    expiresOn createdAt } } } } }";
const CONTACT: &str = "query ($id: ID!) { contact(id: $id) { id version status firstName lastName title email phone mobile \
                       remark cpr externalReference createdAt changedAt nextExpiry unit { id name } units { id } \
                       companies(first: 10) { nodes { id name } } notes(first: 20) { nodes { id kind text expiresOn effect \
                       createdAt contacts { id } } } consents(first: 20) { nodes { id purpose status } } history(first: 20) { \
                       nodes { position type recordedAt } } } }";
const SCHEDULE: &str =
    "{ expirySchedule(first: 50) { nodes { kind expiresOn effect unit { id } note { id kind text } } } }";
const ACCESS: &str = "{ accessLog(first: 50) { nodes { id at userId role field contactIds } } }";
const HISTORY: &str = "query ($id: ID!) { contact(id: $id) { id history(first: 20) { nodes { position type recordedAt changes { \
                       field withheld value { ... on TextValue { text } } } } } } }";
const WRITE: &str = "mutation ($contact: ID!) { noteWrite(input: { contactIds: [$contact], kind: \"MEETING\", text: \"Wants to \
                     open a second bakery in the spring.\" }) { note { id text expiresOn } userErrors { code message } } }";
const REGISTER: &str = "mutation ($last: String!) { contactRegister(input: { firstName: \"Åse\", lastName: $last, mobile: \
                        \"+46 (0)70-174 06 05\" }) { contact { id firstName mobile } userErrors { code message } } }";
const WALK: &str = "query ($after: String) { contacts(first: 100, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }";
const WITH_CPR: &str = "mutation { contactRegister(input: { firstName: \"Åse\", cpr: \"310765-7913\" }) { contact { id } \
                        userErrors { code message } } }";
const REVEAL: &str = "mutation ($id: ID!) { cprReveal(input: { contactId: $id, purpose: \"CASE_WORK\" }) { entry { id } \
                      userErrors { code message } } }";

/// What is asked, and what it is called.
pub struct Scenario {
    pub name: &'static str,
    pub load: Load,
}

/// Fills the installation up to a number of contacts; answers what that took.
pub fn fill(folder: &Path, contacts: u64) -> String {
    let output = lethe(folder)
        .args(["fixture", "--load", "--seed", SEED, "--contacts", &contacts.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the installation was not filled");
    String::from_utf8(output.stdout).unwrap()
}

/// The server under load.
pub struct Ours {
    server: Server,
    url: String,
    consultant: String,
    dpm: String,
}

impl Ours {
    pub async fn start(folder: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = lethe(folder)
            .args(["serve", "--log", "warn", "--listen", &format!("127.0.0.1:{port}")])
            // A slow build is measured too, not refused.
            .env("LETHE_REQUEST_TIMEOUT_SECONDS", "600")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let ready = format!("http://127.0.0.1:{port}/readyz");
        let client = Client::new();
        while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let token = |(user, role)| {
            let output = lethe(folder).args(["token", "--user", user, "--role", role]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let url = format!("http://127.0.0.1:{port}/graphql");
        Self { server: Server::new(child, folder), url, consultant: token(CONSULTANT), dpm: token(DPM) }
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    fn load(&self, token: &str, body: impl Fn(u64) -> String + Send + Sync + 'static) -> Load {
        Load { url: self.url.clone(), token: Some(token.to_owned()), body: Arc::new(body) }
    }

    async fn once(&self, token: &str, query: &str, variables: Value) -> Value {
        let body = request(query, &variables);
        let load = self.load(token, move |_| body.clone());
        serde_json::from_str(&ask(&client(&load), &load, 0).await).unwrap()
    }

    /// Everything that is measured; ids and places are looked up first.
    pub async fn scenarios(&self) -> Vec<Scenario> {
        let (ids, cursors) = self.walk().await;
        self.reveal().await;
        let (consultant, dpm) = (self.consultant.as_str(), self.dpm.as_str());
        let of_a_contact = |query: &'static str| {
            let ids = ids.clone();
            self.load(consultant, move |number| request(query, &json!({ "id": place(&ids, number) })))
        };
        let written = ids.clone();
        let fixed = |token, query: &'static str| self.load(token, move |_| request(query, &json!({})));
        let scenario = |name, load| Scenario { name, load };
        vec![
            scenario("page of 50, the first", fixed(consultant, PAGE)),
            scenario(
                "page of 50, deep",
                self.load(consultant, move |number| {
                    request(PAGE, &json!({ "after": place(&cursors, number) }))
                }),
            ),
            scenario("one contact with everything", of_a_contact(CONTACT)),
            scenario("expirySchedule", fixed(consultant, SCHEDULE)),
            scenario("accessLog", fixed(dpm, ACCESS)),
            scenario("history", of_a_contact(HISTORY)),
            scenario(
                "noteWrite",
                self.load(consultant, move |number| {
                    request(WRITE, &json!({ "contact": place(&written, number) }))
                }),
            ),
            scenario(
                "contactRegister",
                self.load(consultant, |number| {
                    request(REGISTER, &json!({ "last": format!("Holm {number}") }))
                }),
            ),
        ]
    }

    /// Ids of contacts and places of the list, from all of what is walked.
    async fn walk(&self) -> (Vec<String>, Vec<String>) {
        let (mut ids, mut cursors, mut after) = (Vec::new(), Vec::new(), Value::Null);
        for _ in 0..WALKED {
            let page = self.once(&self.consultant, WALK, json!({ "after": after })).await;
            let page = &page["data"]["contacts"];
            let nodes = page["nodes"].as_array().unwrap();
            ids.extend(nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()));
            if page["pageInfo"]["hasNextPage"] != json!(true) {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
            cursors.push(after.as_str().unwrap().to_owned());
        }
        (ids, cursors)
    }

    /// Somebody is shown a number, so that the access log is not empty.
    async fn reveal(&self) {
        let answer = self.once(&self.consultant, WITH_CPR, json!({})).await;
        let id = &answer["data"]["contactRegister"]["contact"]["id"];
        for _ in 0..REVEALS {
            self.once(&self.consultant, REVEAL, json!({ "id": id })).await;
        }
    }
}

fn request(query: &str, variables: &Value) -> String {
    json!({ "query": query, "variables": variables }).to_string()
}

/// One of a list, far from the one of the number before.
pub fn place(list: &[String], number: u64) -> &str {
    let spread = Uuid::new_v5(&Uuid::nil(), &number.to_le_bytes()).as_u128();
    let length = u128::try_from(list.len()).unwrap();
    &list[usize::try_from(spread % length).unwrap()]
}
