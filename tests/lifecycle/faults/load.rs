//! A light load on a server whose database is disturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::door::Door;
use crate::observe::eventually;
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::Server;

const AMEND: &str = "mutation($input: ContactAmendInput!) { contactAmend(input: $input) {
    contact { id } position userErrors { code field } } }";
const LIST: &str = "{ contacts(first: 5) { nodes { id firstName } } }";
/// What a client waits before it sends a request again.
const PAUSE: Duration = Duration::from_millis(20);
const WRITERS: usize = 3;

/// A mutation, what it is sent again as, and what was answered.
struct Done {
    query: &'static str,
    variables: Value,
    payload: Value,
}

#[derive(Default)]
struct Tally {
    over: AtomicBool,
    writes: [AtomicUsize; 2],
    reads: [AtomicUsize; 2],
}

/// Places in the tally.
const ANSWERED: usize = 0;
const UNAVAILABLE: usize = 1;

/// Writers, a reader, and somebody who asks for health, until told to end.
pub(crate) struct Load {
    tally: Arc<Tally>,
    client: Client,
    tasks: JoinSet<Vec<Done>>,
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    server: String,
    door: Door,
    unit: Option<String>,
}

impl Client {
    /// The data of an answer; none if the request is to be sent again. There is no other error, however the database
    /// is disturbed.
    async fn ask(&self, query: &str, variables: &Value) -> Option<Value> {
        let mut request = self.door.post(&self.http, "CONSULTANT");
        if let Some(unit) = &self.unit {
            request = request.header("x-lethe-unit", unit);
        }
        let body = json!({"query": query, "variables": variables});
        let mut answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        let Some(errors) = answer["errors"].as_array() else { return Some(answer["data"].take()) };
        let unavailable = |error: &Value| error["extensions"]["code"] == "UNAVAILABLE";
        assert!(errors.iter().all(unavailable), "{answer:#}");
        None
    }

    async fn status(&self, path: &str) -> u16 {
        self.http.get(format!("{}{path}", self.server)).send().await.unwrap().status().as_u16()
    }
}

impl Load {
    /// Begins, in the name of a unit where there is no demo data.
    pub(crate) fn on(server: &Server, unit: Option<String>) -> Self {
        let client =
            Client { http: reqwest::Client::new(), server: server.url(""), door: server.door(), unit };
        let tally = Arc::<Tally>::default();
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            tasks.spawn(write(writer, client.clone(), tally.clone()));
        }
        tasks.spawn(read(client.clone(), tally.clone()));
        tasks.spawn(ask_for_health(client.clone(), tally.clone()));
        Self { tally, client, tasks }
    }

    /// Waits until the counts have grown; a task that ends before has found a fault.
    async fn grow(&mut self, what: &str, count: impl Fn(&Tally) -> usize, by: usize) {
        let until = count(&self.tally) + by;
        let (tally, tasks) = (&self.tally, &mut self.tasks);
        eventually(what, async || {
            if let Some(ended) = tasks.try_join_next() {
                drop(ended.unwrap());
                panic!("a task ended");
            }
            count(tally) >= until
        })
        .await;
    }

    pub(crate) async fn writes_fail(&mut self) {
        self.grow("writes are refused", |tally| tally.writes[UNAVAILABLE].load(Ordering::Relaxed), 1).await;
    }

    pub(crate) async fn reads_fail(&mut self) {
        self.grow("reads are refused", |tally| tally.reads[UNAVAILABLE].load(Ordering::Relaxed), 1).await;
    }

    pub(crate) async fn reads_go_on(&mut self) {
        self.grow("reads are answered", |tally| tally.reads[ANSWERED].load(Ordering::Relaxed), 5).await;
    }

    /// Everything works, without anybody having started the server again.
    pub(crate) async fn goes_on(&mut self) {
        self.grow("writes are answered", |tally| tally.writes[ANSWERED].load(Ordering::Relaxed), 20).await;
        self.reads_go_on().await;
        self.readiness(200).await;
    }

    pub(crate) async fn readiness(&self, status: u16) {
        eventually("readiness tells", async || self.client.status("/readyz").await == status).await;
    }

    /// Ends, and makes sure that everything acknowledged is there once and is answered again as it was.
    pub(crate) async fn end(self, server: &Server) {
        self.tally.over.store(true, Ordering::Relaxed);
        let done: Vec<Done> = self.tasks.join_all().await.into_iter().flatten().collect();
        let mut registered = Vec::new();
        for done in &done {
            let again = self.client.ask(done.query, &done.variables).await.expect("the fault is over");
            let again = again.as_object().unwrap().values().next().unwrap();
            assert_eq!(*again, done.payload);
            registered.extend(done.variables["input"]["externalReference"].as_str().map(str::to_owned));
        }
        registered.sort();
        let shown = contacts(server, None).await;
        assert_eq!(references(&shown, "FAULT-"), registered);
    }
}

async fn write(writer: usize, client: Client, tally: Arc<Tally>) -> Vec<Done> {
    let mut all: Vec<Done> = Vec::new();
    for number in 0_u128.. {
        if tally.over.load(Ordering::Relaxed) {
            break;
        }
        let known = all.first().map(|done| &done.payload["contact"]["id"]);
        let name = format!("FAULT-{writer}-{number}");
        let (query, mut variables) = match known {
            Some(id) if number % 2 == 1 => (AMEND, json!({"input": {"contactId": id, "title": name}})),
            _ => (REGISTER, contact(&name)),
        };
        variables["input"]["idempotencyKey"] = json!(Uuid::from_u128((writer as u128) << 64 | number));
        let payload = loop {
            if let Some(mut data) = client.ask(query, &variables).await {
                break data.as_object_mut().unwrap().values_mut().next().unwrap().take();
            }
            tally.writes[UNAVAILABLE].fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        };
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        tally.writes[ANSWERED].fetch_add(1, Ordering::Relaxed);
        all.push(Done { query, variables, payload });
    }
    all
}

async fn read(client: Client, tally: Arc<Tally>) -> Vec<Done> {
    while !tally.over.load(Ordering::Relaxed) {
        let place = if client.ask(LIST, &json!({})).await.is_some() { ANSWERED } else { UNAVAILABLE };
        tally.reads[place].fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
    Vec::new()
}

async fn ask_for_health(client: Client, tally: Arc<Tally>) -> Vec<Done> {
    while !tally.over.load(Ordering::Relaxed) {
        assert_eq!(client.status("/healthz").await, 200);
        tokio::time::sleep(PAUSE).await;
    }
    Vec::new()
}
