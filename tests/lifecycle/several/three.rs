//! Three servers on one database, and clients that insist.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::door::Door;
use crate::elsewhere::{Elsewhere, doctor, register_unit};
use crate::observe::folder;
use crate::server::Server;

/// What a client waits before it sends a request again.
const PAUSE: Duration = Duration::from_millis(20);

/// Three servers, their database, and the unit in whose name everything is done.
pub(crate) struct Three {
    pub(crate) elsewhere: Elsewhere,
    pub(crate) servers: Vec<Server>,
    pub(crate) client: Client,
}

/// Sends commands to one server, or to the next if that is gone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    doors: Vec<Door>,
    pub(crate) unit: String,
    pub(crate) answered: Arc<AtomicUsize>,
    pub(crate) unanswered: Arc<AtomicUsize>,
}

impl Client {
    /// Insists until a command is done; answers its payload.
    pub(crate) async fn insist(&self, server: usize, query: &str, variables: &Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        for server in server.. {
            let door = &self.doors[server % self.doors.len()];
            while let Ok(answer) = door
                .post(&self.http, "CONSULTANT")
                .header("x-lethe-unit", &self.unit)
                .json(&body)
                .send()
                .await
                && let Ok(mut answer) = answer.json::<Value>().await
            {
                if let Some(payload) = done(&mut answer) {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return payload;
                }
                self.unanswered.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        }
        unreachable!("servers are tried in turn")
    }
}

/// The payload of a command that is done; none if it is to be sent again.
fn done(answer: &mut Value) -> Option<Value> {
    if let Some(errors) = answer["errors"].as_array() {
        assert!(errors.iter().all(|error| error["extensions"]["code"] == "UNAVAILABLE"), "{answer:#}");
        return None;
    }
    let payload = answer["data"].as_object_mut().unwrap().values_mut().next().unwrap().take();
    let refusals = payload["userErrors"].as_array().unwrap();
    assert!(refusals.iter().all(|refusal| refusal["code"] == "CONFLICT"), "{payload:#}");
    refusals.is_empty().then_some(payload)
}

impl Three {
    pub(crate) async fn start() -> Self {
        let elsewhere = Elsewhere::start().await;
        let mut servers = Vec::new();
        for _ in 0..3 {
            servers.push(elsewhere.server(folder()).await);
        }
        let unit = register_unit(&servers, &elsewhere).await;
        let client = Client {
            http: reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap(),
            doors: servers.iter().map(Server::door).collect(),
            unit,
            answered: Arc::default(),
            unanswered: Arc::default(),
        };
        Self { elsewhere, servers, client }
    }

    pub(crate) async fn end(mut self) {
        let findings = doctor(&self.elsewhere, self.servers[0].folder.path());
        assert!(findings.contains("Every row is what a fold of the whole ledger gives."), "{findings}");
        assert!(findings.contains(" 0 problems."), "{findings}");
        for server in self.servers {
            server.stop();
        }
        self.elsewhere.stop().await;
    }
}
