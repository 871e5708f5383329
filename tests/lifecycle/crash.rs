use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::observe::{assert_healthy, assert_stopped, eventually, postmaster};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{Server, signal};

const WRITERS: usize = 8;
/// How many contacts each writer registers, unless the server is gone before.
const EACH: usize = 200;

/// What became of a registration that was sent.
enum Sent {
    /// The server said that the contact is registered.
    Acknowledged(String),
    /// The server said that the request is to be sent again.
    Unavailable,
    /// The server was gone.
    Gone,
}

async fn register(server: &Server, reference: &str, key: Uuid) -> Sent {
    let mut variables = contact(reference);
    variables["input"]["idempotencyKey"] = json!(key);
    let Ok(answer) = server.try_request(REGISTER, variables).await else { return Sent::Gone };
    if let Some(errors) = answer["errors"].as_array() {
        let codes: Vec<_> = errors.iter().map(|error| &error["extensions"]["code"]).collect();
        assert_eq!(codes, ["UNAVAILABLE"], "{answer:#}\n{}", server.log());
        return Sent::Unavailable;
    }
    let payload = &answer["data"]["contactRegister"];
    assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
    Sent::Acknowledged(payload["contact"]["id"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned())
}

/// Every acknowledged contact is shown once under its id, and no reference is there twice.
fn assert_each_is_there_once(shown: &[Value], acknowledged: &[(String, String)]) {
    let references = references(shown, "CRASH-");
    let mut distinct = references.clone();
    distinct.dedup();
    assert_eq!(references, distinct);
    for (reference, id) in acknowledged {
        let there = shown.iter().filter(|shown| shown["externalReference"] == *reference).collect::<Vec<_>>();
        assert!(matches!(there[..], [one] if one["id"] == *id), "{reference} {id}: {there:?}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_once_afterwards() {
    let server = Arc::new(Server::start().await);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (server, count) = (server.clone(), acknowledged.clone());
        writers.spawn(async move {
            let mut done = Vec::new();
            for number in 0..EACH {
                let reference = format!("CRASH-{writer}-{number}");
                let key = Uuid::from_u128((writer * EACH + number) as u128);
                match register(&server, &reference, key).await {
                    Sent::Acknowledged(id) => done.push((reference, id)),
                    Sent::Unavailable => panic!("nothing was wrong with the database"),
                    Sent::Gone => return (done, Some((reference, key))),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            (done, None)
        });
    }
    eventually("some writes are acknowledged", async || acknowledged.load(Ordering::Relaxed) >= 60).await;
    signal(server.pid(), "-KILL");
    let (mut done, mut unanswered) = (Vec::new(), Vec::new());
    for (answered, open) in writers.join_all().await {
        done.extend(answered);
        unanswered.extend(open);
    }
    assert_eq!(unanswered.len(), WRITERS, "the server was killed during the writes");

    let folder = Arc::into_inner(server).unwrap().kill();
    let server = Server::start_in(folder).await;
    // What nobody answered is sent again, as the client that sent it would.
    for (reference, key) in unanswered {
        let Sent::Acknowledged(id) = register(&server, &reference, key).await else { panic!("{reference}") };
        done.push((reference, id));
    }
    let shown = contacts(&server, None).await;
    assert_each_is_there_once(&shown, &done);
    assert_eq!(references(&shown, "CRASH-").len(), done.len());
    let folder = server.stop();
    assert_healthy(folder.path());
    assert_stopped(folder.path());
}

#[tokio::test]
async fn the_service_recovers_from_a_killed_postmaster_by_itself() {
    let server = Arc::new(Server::start().await);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (server, count) = (server.clone(), acknowledged.clone());
        writers.spawn(async move {
            let mut done = Vec::new();
            for number in 0..60 {
                let reference = format!("CRASH-{writer}-{number}");
                let key = Uuid::from_u128((writer * EACH + number) as u128);
                // A client that sends the request again until it is answered, as the error tells it to.
                let id = loop {
                    match register(&server, &reference, key).await {
                        Sent::Acknowledged(id) => break id,
                        Sent::Unavailable => {}
                        Sent::Gone => panic!("the server ended: {}", server.log()),
                    }
                };
                done.push((reference, id));
                count.fetch_add(1, Ordering::Relaxed);
            }
            done
        });
    }
    for killed_at in [40, 150] {
        eventually("writes are acknowledged", async || acknowledged.load(Ordering::Relaxed) >= killed_at)
            .await;
        let before = postmaster(server.folder.path());
        signal(before.unwrap(), "-KILL");
        eventually("another postmaster", async || {
            postmaster(server.folder.path()).is_some_and(|pid| Some(pid) != before)
        })
        .await;
    }
    let done = writers.join_all().await.concat();
    assert_eq!(done.len(), WRITERS * 60);
    let server = Arc::into_inner(server).unwrap();
    eventually("it is ready again", async || {
        reqwest::get(server.url("/readyz")).await.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    let last = server.done(REGISTER, contact("CRASH-LAST")).await;
    let shown = contacts(&server, Some(&last["position"])).await;
    assert_each_is_there_once(&shown, &done);
    assert_eq!(references(&shown, "CRASH-").len(), done.len() + 1);
    let folder = server.stop();
    assert_healthy(folder.path());
    assert_stopped(folder.path());
}
