//! The two states that are legal afterwards: somebody is there wholly, or erased wholly and for good.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_vault::custodian::{FileCustodian, Slot};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::client::Client;
use super::known::Erasure;
use super::scene::Scene;
use super::shown::people;
use crate::check::order_holds;
use crate::elsewhere::ask;

const CERTIFICATE: &str = "query($id: ID!, $at: Position) { contact(id: $id, minPosition: $at) {
    erasure { state certificate { json verifierKey } } } }";

/// Holds what clients were told against tables, custodian, both servers and the doctor; no client is at work.
pub(crate) async fn everything(scene: &Scene, clients: &mut [Client]) {
    let mut connection = scene.elsewhere.connect("crm").await;
    order_holds(&mut connection).await;
    one_root(scene, &mut connection).await;
    let mut states = Vec::new();
    for server in &scene.servers {
        states.push(people(scene, server, clients).await);
    }
    assert_eq!(states[0], states[1], "the servers do not agree on who is erased");
    keys_follow(&mut connection, &states[0], clients).await;
    connection.close().await.unwrap();
    certificates(scene, clients).await;
    let folder = scene.servers[0].folder.path();
    let (_, said) = scene.run(folder, &["doctor"]);
    assert!(said.contains("Every row is what a fold of the whole ledger gives."), "{said}");
    assert!(said.contains("erasures are final: All of them are."), "{said}");
    // It warns that there is one custodian.
    assert!(said.contains(" 0 problems."), "{said}");
    let (well, said) = scene.run(folder, &["keys", "verify"]);
    assert!(well, "{said}");
}

/// No rotation is under way, the custodian keeps the root of the database alone, and every root before it was switched
/// and destroyed once.
async fn one_root(scene: &Scene, connection: &mut PgConnection) {
    let query = "SELECT epoch, commitment, (SELECT count(*) FROM vault.rotation) FROM vault.root";
    let (epoch, commitment, under_way): (i64, Vec<u8>, i64) =
        sqlx::query_as(query).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(under_way, 0, "a rotation is under way");
    let slots = FileCustodian::new(scene.elsewhere.root_file()).slots().unwrap();
    let held: Vec<_> = slots.iter().filter(|slot| **slot != Slot::Free).collect();
    let [Slot::Holds(held)] = held[..] else { panic!("not one root alone: {slots:?}") };
    assert_eq!((held.epoch, &held.commitment[..]), (epoch, &commitment[..]));
    let query =
        "SELECT event_type, count(*) FROM ledger.events WHERE aggregate_type = 'vault' GROUP BY 1 ORDER BY 1";
    let told: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(connection).await.unwrap();
    let expected = ["vault.keys_rotated", "vault.root_destroyed"].map(|name| (name.to_owned(), epoch - 1));
    assert_eq!(told, expected);
}

/// Who is there has a key and no tombstone, who is erased a tombstone and no key.
async fn keys_follow(connection: &mut PgConnection, erased: &HashMap<String, bool>, clients: &[Client]) {
    async fn set(connection: &mut PgConnection, query: &str) -> HashSet<Uuid> {
        sqlx::query_scalar(query).fetch_all(connection).await.unwrap().into_iter().collect()
    }
    let living = set(connection, "SELECT subject_id FROM vault.keys").await;
    let dead = set(connection, "SELECT subject_id FROM vault.tombstones").await;
    assert_eq!(living.intersection(&dead).next(), None, "it has a key and a tombstone");
    for (id, erased) in erased {
        let inner = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap();
        let subject = inner.strip_prefix("Contact:").unwrap().parse().unwrap();
        assert_eq!((living.contains(&subject), dead.contains(&subject)), (!erased, *erased), "{inner}");
    }
    let buried = set(connection, "SELECT key_id FROM vault.tombstones").await;
    for person in clients.iter().flat_map(|client| &client.people) {
        if let Erasure::Acknowledged(keys) = &person.erasure {
            assert!(keys.iter().all(|key| buried.contains(&key.parse().unwrap())), "{}", person.name);
        }
    }
}

/// Every erasure that was acknowledged is certified, and the certificate is good; each is looked at once.
async fn certificates(scene: &Scene, clients: &mut [Client]) {
    let head = scene.elsewhere.count("SELECT max(position) FROM ledger.events").await.to_string();
    let people = clients.iter_mut().flat_map(|client| &mut client.people);
    let new = people.filter(|person| matches!(person.erasure, Erasure::Acknowledged(_)) && !person.certified);
    for (number, person) in new.enumerate() {
        let server = &scene.servers[number % 2];
        let variables = json!({"id": person.id, "at": head});
        let answer = ask(server, ("x-lethe-unit", &scene.unit), CERTIFICATE, variables).await;
        let certificate = &answer["data"]["contact"]["erasure"]["certificate"];
        let json = certificate["json"].as_str().unwrap_or_else(|| panic!("no certificate: {answer:#}"));
        person.certified = true;
        if number < 2 {
            let file = server.folder.path().join("certificate.json");
            std::fs::write(&file, json).unwrap();
            let key = certificate["verifierKey"].as_str().unwrap();
            let verify = ["certificate", "verify", file.to_str().unwrap(), "--key", key];
            let (good, said) = scene.run(server.folder.path(), &verify);
            assert!(good, "{said}");
        }
    }
}
