//! Clients that give commands with idempotency keys, and send them again until they are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::chance::Chance;
use crate::door::Door;
use crate::graph::{cvr, document, position, text};
use crate::server::Server;

/// What a client waits before it sends a request again.
const PAUSE: Duration = Duration::from_millis(20);

/// What all writers work on.
pub(crate) struct Shared {
    /// Contacts that everybody changes.
    contacts: Vec<String>,
    company: String,
    acknowledged: AtomicU64,
}

impl Shared {
    pub(crate) async fn prepare(server: &Server) -> Self {
        let mut contacts = Vec::new();
        for name in ["Åse", "Bo", "Ida", "Ib", "Eva", "Ole"] {
            contacts.push(server.contact(name).await);
        }
        Self { contacts, company: server.company(0).await, acknowledged: AtomicU64::new(0) }
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    fn any(&self, chance: &mut Chance) -> String {
        let chosen = chance.below(u64::try_from(self.contacts.len()).unwrap());
        self.contacts[usize::try_from(chosen).unwrap()].clone()
    }
}

/// A mutation as it is sent, again and again.
#[derive(Clone)]
pub(crate) struct Command {
    mutation: &'static str,
    object: &'static str,
    input: Value,
    /// The types of the events it writes, in alphabetical order.
    pub(crate) events: Vec<&'static str>,
}

impl Command {
    fn body(&self) -> Value {
        let query = document(self.mutation, &format!("{} {{ id }}", self.object));
        json!({"query": query, "variables": {"input": self.input}})
    }

    /// The reference of the contact that it registers.
    pub(crate) fn reference(&self) -> Option<&str> {
        (self.object == "contact").then_some(self.input["externalReference"].as_str()).flatten()
    }
}

/// A command that was acknowledged.
pub(crate) struct Done {
    pub(crate) command: Command,
    pub(crate) object: String,
    pub(crate) position: i64,
}

/// What became of all commands.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) done: Vec<Done>,
    /// Nobody was told what became of these.
    pub(crate) abandoned: Vec<Command>,
}

impl Settled {
    pub(crate) fn of(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.done.extend(part.done);
            all.abandoned.extend(part.abandoned);
        }
        all
    }
}

pub(crate) struct Writer {
    number: u32,
    given: u32,
    chance: Chance,
    shared: Arc<Shared>,
    door: watch::Receiver<Door>,
    client: reqwest::Client,
}

impl Writer {
    pub(crate) fn new(number: u32, chance: Chance, shared: Arc<Shared>, door: watch::Receiver<Door>) -> Self {
        Self { number, given: 0, chance, shared, door, client: reqwest::Client::new() }
    }

    /// Gives commands until there are enough.
    pub(crate) async fn run(mut self, enough: Arc<AtomicBool>) -> Settled {
        let mut settled = Settled::default();
        while !enough.load(Ordering::Relaxed) {
            let command = self.next();
            loop {
                let door = self.door.borrow().clone();
                if let Some((object, position)) = send(&self.client, &door, &command).await {
                    self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
                    settled.done.push(Done { command, object, position });
                    break;
                }
                // Some clients never come back.
                if self.chance.below(15) == 0 {
                    settled.abandoned.push(command);
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        settled
    }

    fn next(&mut self) -> Command {
        self.given += 1;
        let name = format!("CRASH-{}-{}", self.number, self.given);
        let contact = self.shared.any(&mut self.chance);
        let (mutation, object, mut input, events) = match self.chance.below(5) {
            0 => (
                "contactRegister",
                "contact",
                json!({"firstName": "Åse", "externalReference": name}),
                vec!["contact.registered"],
            ),
            1 => (
                "companyRegister",
                "company",
                json!({"country": "DK", "number": cvr(1 + self.number * 2_000 + self.given), "legalForm": "LIMITED",
                       "name": name, "externalReference": name}),
                vec!["company.registered", "company_reference.assigned"],
            ),
            2 => (
                "contactAmend",
                "contact",
                json!({"contactId": contact, "title": name}),
                vec!["contact.amended"],
            ),
            3 => (
                "consentGive",
                "consent",
                json!({"contactId": contact, "purpose": name.replace('-', "_"), "legalBasis": "CONTRACT", "source": "PHONE"}),
                vec!["consent.given", "contact.bound"],
            ),
            _ => (
                "noteWrite",
                "note",
                json!({"contactIds": &self.shared.contacts[..3], "companyId": self.shared.company, "kind": "CALL",
                       "text": name}),
                vec!["contact.bound", "contact.bound", "contact.bound", "note.written"],
            ),
        };
        let key = u128::from(self.number) << 32 | u128::from(self.given);
        input["idempotencyKey"] = json!(Uuid::from_u128(key));
        Command { mutation, object, input, events }
    }
}

/// Sends a command; object and position if it was acknowledged, none if it is to be sent again.
pub(crate) async fn send(client: &reqwest::Client, door: &Door, command: &Command) -> Option<(String, i64)> {
    let answer = door.post(client, "CONSULTANT").json(&command.body()).send().await;
    let answer: Value = answer.ok()?.json().await.ok()?;
    if let Some(errors) = answer["errors"].as_array() {
        let codes: Vec<_> = errors.iter().map(|error| &error["extensions"]["code"]).collect();
        assert_eq!(codes, ["UNAVAILABLE"], "{answer:#}");
        return None;
    }
    let payload = &answer["data"][command.mutation];
    let refusals = payload["userErrors"].as_array().unwrap();
    if refusals.iter().any(|refusal| refusal["code"] == "CONFLICT") {
        return None;
    }
    assert!(refusals.is_empty(), "{answer:#}");
    Some((text(&payload[command.object]["id"]), position(payload)))
}
