//! Clients that register people, write notes about them and anonymise some, through either server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::known::{Erasure, Note, Person};
use super::scene::Scene;
use crate::chance::Chance;
use crate::door::Door;
use crate::graph::{document, text, texts};

/// What a client waits before it sends something, or sends it again.
const PAUSE: Duration = Duration::from_millis(15);
const PREVIEW: &str = "query($id: ID!) { contactErasurePreview(contactId: $id, kind: ANONYMISED) {
    preview { token } userErrors { code } } }";

pub(crate) struct Client {
    pub(crate) number: u32,
    given: u32,
    chance: Chance,
    http: reqwest::Client,
    doors: watch::Receiver<Vec<Door>>,
    unit: String,
    pub(crate) people: Vec<Person>,
    pub(crate) notes: Vec<Note>,
    /// The names in registrations of which nobody said what became of them.
    pub(crate) unanswered: Vec<String>,
}

impl Client {
    pub(crate) fn new(number: u32, chance: Chance, scene: &Scene) -> Self {
        Self {
            number,
            given: 0,
            chance,
            http: reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap(),
            doors: scene.doors(),
            unit: scene.unit.clone(),
            people: Vec::new(),
            notes: Vec::new(),
            unanswered: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self, enough: Arc<AtomicBool>) -> Self {
        while !enough.load(Ordering::Relaxed) {
            self.given += 1;
            match (self.chance.below(6), self.present().len()) {
                (0 | 1, 4..) => self.erase().await,
                (2 | 3, 2..) => self.write().await,
                _ => self.register().await,
            }
            tokio::time::sleep(PAUSE).await;
        }
        self
    }

    /// Those who are there for sure.
    fn present(&self) -> Vec<usize> {
        let there = |number: &usize| self.people[*number].erasure == Erasure::None;
        (0..self.people.len()).filter(there).collect()
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.chance.below(u64::try_from(limit).unwrap())).unwrap()
    }

    fn anybody(&mut self) -> usize {
        let present = self.present();
        present[self.below(present.len())]
    }

    async fn register(&mut self) {
        let name = format!("Ase-{}-{}", self.number, self.given);
        let input = json!({"firstName": name, "externalReference": name});
        match self.act("contactRegister", input, "contact { id }").await {
            Some(payload) => {
                let id = text(&payload["contact"]["id"]);
                self.people.push(Person { id, name, erasure: Erasure::None, certified: false });
            }
            None => self.unanswered.push(name),
        }
    }

    /// About one or two; it dies with either of them.
    async fn write(&mut self) {
        let both = [self.anybody(), self.anybody()];
        let mut about: Vec<_> = both.iter().map(|number| self.people[*number].id.clone()).collect();
        about.dedup();
        let text_of_it = format!("Aftale {}-{}", self.number, self.given);
        let input = json!({"contactIds": about, "kind": "MEETING", "text": text_of_it});
        if let Some(payload) = self.act("noteWrite", input, "note { id }").await {
            self.notes.push(Note { id: text(&payload["note"]["id"]), text: text_of_it, about });
        }
    }

    async fn erase(&mut self) {
        let chosen = self.anybody();
        let id = self.people[chosen].id.clone();
        loop {
            let Some(seen) = self.insist("DPM", PREVIEW, &json!({"id": id})).await else { return };
            let token = &seen["preview"]["token"];
            let input = json!({"contactId": id, "previewToken": token, "reason": "REQUEST_OF_PERSON"});
            let Some(payload) = self.act("contactAnonymise", input, "destroyed { keyId }").await else {
                self.people[chosen].erasure = Erasure::Unanswered;
                return;
            };
            // A note of which nobody heard again may have got in since the preview.
            if payload["userErrors"] == json!([]) {
                let keys = texts(&payload["destroyed"], "keyId");
                self.people[chosen].erasure = Erasure::Acknowledged(keys);
                return;
            }
            self.given += 1;
        }
    }

    async fn act(&mut self, mutation: &str, mut input: Value, selection: &str) -> Option<Value> {
        input["idempotencyKey"] =
            json!(Uuid::from_u128(u128::from(self.number) << 32 | u128::from(self.given)));
        let role = if mutation == "contactAnonymise" { "DPM" } else { "CONSULTANT" };
        self.insist(role, &document(mutation, selection), &json!({"input": input})).await
    }

    /// Sends it to either server until it is answered; some clients give up.
    async fn insist(&mut self, role: &str, query: &str, variables: &Value) -> Option<Value> {
        let body = json!({"query": query, "variables": variables});
        for attempt in 0.. {
            let doors = self.doors.borrow().clone();
            let door = &doors[self.below(doors.len())];
            let request = door.post(&self.http, role).header("x-lethe-unit", &self.unit);
            if let Ok(answer) = request.json(&body).send().await
                && let Ok(mut answer) = answer.json::<Value>().await
                && let Some(payload) = answered(&mut answer)
            {
                return Some(payload);
            }
            if self.chance.below(if attempt == 0 { 4 } else { 100 }) == 0 {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
        unreachable!("there is always another attempt")
    }
}

/// The payload of an answer; none if the request is to be sent again.
fn answered(answer: &mut Value) -> Option<Value> {
    if let Some(errors) = answer["errors"].as_array() {
        assert!(errors.iter().all(|error| error["extensions"]["code"] == "UNAVAILABLE"), "{answer:#}");
        return None;
    }
    let payload = answer["data"].as_object_mut().unwrap().values_mut().next().unwrap().take();
    let codes = texts(&payload["userErrors"], "code");
    assert!(
        codes.iter().all(|code| ["CONFLICT", "PREVIEW_OUTDATED"].contains(&code.as_str())),
        "{payload:#}"
    );
    (!codes.contains(&"CONFLICT".to_owned())).then_some(payload)
}
