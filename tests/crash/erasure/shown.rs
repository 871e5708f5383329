//! What servers show of people and notes, held against what clients were told.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::client::Client;
use super::known::Erasure;
use super::scene::Scene;
use crate::elsewhere::ask;
use crate::server::Server;

const PEOPLE: &str = "query($s: ContactStatus!, $after: String, $at: Position) {
    all: contacts(filter: {status: $s}, first: 100, after: $after, minPosition: $at) {
        nodes { id firstName externalReference erasure { state } } pageInfo { hasNextPage endCursor } } }";
const NOTES: &str = "query($after: String, $at: Position) {
    all: notes(first: 100, after: $after, minPosition: $at) {
        nodes { id text } pageInfo { hasNextPage endCursor } } }";

/// Every page of a list.
async fn list(scene: &Scene, server: &Server, query: &str, status: &str) -> Vec<Value> {
    let head = scene.elsewhere.count("SELECT max(position) FROM ledger.events").await.to_string();
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({"s": status, "after": after, "at": head});
        let mut answer = ask(server, ("x-lethe-unit", &scene.unit), query, variables).await;
        let mut page = answer["data"]["all"].take();
        let Value::Array(nodes) = page["nodes"].take() else { panic!("{answer:#}") };
        all.extend(nodes);
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
}

/// Everybody is in the one state or the other, and their notes with them; answers who is erased.
pub(super) async fn people(scene: &Scene, server: &Server, clients: &[Client]) -> HashMap<String, bool> {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    let mut erased = HashMap::new();
    for contact in list(scene, server, PEOPLE, "ACTIVE").await {
        assert_eq!(
            (&contact["firstName"], &contact["erasure"]),
            (&contact["externalReference"], &Value::Null)
        );
        let id = contact["id"].as_str().unwrap().to_owned();
        names.entry(contact["firstName"].as_str().unwrap().to_owned()).or_default().push(id.clone());
        erased.insert(id, false);
    }
    for contact in list(scene, server, PEOPLE, "ERASED").await {
        assert_eq!((&contact["firstName"], &contact["externalReference"]), (&Value::Null, &Value::Null));
        assert_eq!(contact["erasure"]["state"], "FINAL", "{contact:#}");
        let twice = erased.insert(contact["id"].as_str().unwrap().to_owned(), true);
        assert_eq!(twice, None, "{contact:#}");
    }
    for person in clients.iter().flat_map(|client| &client.people) {
        let gone = erased.get(&person.id).unwrap_or_else(|| panic!("{} is lost", person.name));
        match person.erasure {
            Erasure::None => assert!(!gone, "{} was erased by nobody", person.name),
            Erasure::Acknowledged(_) => assert!(gone, "{} was erased and is there", person.name),
            Erasure::Unanswered => {}
        }
        let shown = names.remove(&person.name);
        assert_eq!(shown, (!gone).then(|| vec![person.id.clone()]), "{}", person.name);
    }
    for name in clients.iter().flat_map(|client| &client.unanswered) {
        assert!(names.remove(name).is_none_or(|ids| ids.len() == 1), "{name}");
    }
    assert!(names.is_empty(), "nobody registered {names:?}");
    let texts: HashMap<_, _> = list(scene, server, NOTES, "ACTIVE")
        .await
        .into_iter()
        .map(|mut note| (note["id"].take(), note["text"].take()))
        .collect();
    for note in clients.iter().flat_map(|client| &client.notes) {
        let dead = note.about.iter().any(|id| erased[id]);
        let shown = texts.get(&json!(note.id)).and_then(Value::as_str);
        assert_eq!(shown, (!dead).then_some(&*note.text), "{}", note.text);
    }
    erased
}
