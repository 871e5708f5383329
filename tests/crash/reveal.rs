//! A hundred users reveal masked values while the server is killed, again and again: for every value that anybody was
//! ever sent, there is an event of its own in the ledger. Events without a value are no harm: the server died between.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lethe_access::device::{ApprovalSecret, ApproveDevice, RequestDevice};
use lethe_access::user::{Grant, GrantRole, RegisterUser};
use lethe_kernel::{Caller, Clock, DeviceId, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Answer, Context, Failure, Ledger, UnitOfWork, Work};
use lethe_vault::{Custody, Vault};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::chance::Chance;
use crate::check::order_holds;
use crate::graph::{document, text};
use crate::observe::{assert_healthy, eventually};
use crate::server::Server;
use crate::{Victim, kill, rounds_and_seed};

const USERS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);
/// A server gives up on a request before, and a killed one breaks the connection.
const UNANSWERED: Duration = Duration::from_mins(1);

/// A value that somebody was sent.
struct Received {
    user: Uuid,
    contact: String,
    cpr: String,
    entry: String,
}

/// Those whose numbers are looked at, and everybody's count.
struct Shared {
    /// Each contact with its number.
    contacts: Vec<(String, String)>,
    received: AtomicU64,
    enough: AtomicBool,
}

impl Shared {
    async fn prepare(server: &mut Server) -> Self {
        let mut contacts = Vec::new();
        // Few, so that many look at the same one.
        for serial in 7001..7006 {
            let cpr = format!("310765-{serial}");
            let input = json!({"firstName": "Åse", "cpr": cpr});
            let done = server.act("contactRegister", input, "contact { id }").await;
            contacts.push((text(&done["contact"]["id"]), cpr));
        }
        server.as_role("DPM");
        server.act("revealLimitsSet", json!({"usual": 10_000, "most": 10_000}), "").await;
        server.as_role("CONSULTANT");
        Self { contacts, received: AtomicU64::new(0), enough: AtomicBool::new(false) }
    }

    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

struct User {
    id: Uuid,
    given: u32,
    chance: Chance,
    shared: Arc<Shared>,
    address: watch::Receiver<String>,
    client: reqwest::Client,
    bearer: String,
}

impl User {
    async fn run(mut self) -> Vec<Received> {
        let mut all = Vec::new();
        while !self.shared.enough.load(Ordering::Relaxed) {
            self.given += 1;
            let some = usize::try_from(self.chance.below(5)).unwrap();
            let (contact, _) = self.shared.contacts[some].clone();
            let key = Uuid::from_u64_pair(self.id.as_u64_pair().1, u64::from(self.given));
            let input = json!({"contactId": contact, "purpose": "CASE_WORK", "idempotencyKey": key});
            // Some never come back; some ask again although they were answered.
            let again = self.chance.below(4) == 0;
            loop {
                let answer = self.ask(&input).await;
                let answered = answer.is_some();
                if let Some((cpr, entry)) = answer {
                    all.push(Received { user: self.id, contact: contact.clone(), cpr, entry });
                    self.shared.received.fetch_add(1, Ordering::Relaxed);
                }
                if (answered && !again) || self.chance.below(4) == 0 {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
        all
    }

    /// What came back: number and entry, or nothing, if nobody answered or not this time.
    async fn ask(&self, input: &Value) -> Option<(String, String)> {
        let address = self.address.borrow().clone();
        let body = json!({"query": document("cprReveal", "cpr entry { id }"), "variables": {"input": input}});
        let answer = self.client.post(address).header("authorization", &self.bearer).json(&body).send().await;
        let answer = match answer {
            Ok(answer) => answer.json::<Value>().await,
            Err(error) => Err(error),
        };
        if let Err(error) = &answer {
            assert!(!error.is_timeout(), "a request was left without an answer: {error:?}");
        }
        let answer = answer.ok()?;
        if let Some(errors) = answer["errors"].as_array() {
            assert!(errors.iter().all(|error| error["extensions"]["code"] == "UNAVAILABLE"), "{answer:#}");
            assert!(!answer.to_string().contains("310765"), "refused and told");
            return None;
        }
        let payload = &answer["data"]["cprReveal"];
        assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
        Some((text(&payload["cpr"]), text(&payload["entry"]["id"])))
    }
}

/// The id of the nth user, and of their device.
fn user(number: u32) -> Uuid {
    Uuid::from_u128(0x0d3e_0000_0000_8000_8000_0001_0000_0000 + u128::from(number))
}

/// A consultant with an approved device.
struct Newcomer(UserId);

impl Work for Newcomer {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let (user, own, device) = (self.0, unit.caller().unit, DeviceId(self.0.0));
        let register = RegisterUser::person(user, "Prøve", "prove@example.org");
        RegisterUser { unit: Some(own), ..register }.run(unit).await?;
        GrantRole { user, grant: Grant { unit: own, role: Role::Consultant } }.run(unit).await?;
        let secret = ApprovalSecret::random(user, device).unwrap();
        let request = RequestDevice { user, device, label: None, secret: secret.clone(), page: None };
        request.run(unit).await?;
        ApproveDevice { secret }.run(unit).await
    }
}

/// Registers everybody, as Lethe itself does it for the demo data.
async fn hire(server: &Server) {
    let folder = server.folder.path();
    let options = PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
    let pool = lethe_ledger::connect(options.database("postgres"), 4).await.unwrap();
    let vault = Vault::open(pool.clone(), &Custody::in_data_dir(&server.data_dir())).await.unwrap();
    let ledger = Ledger::start(pool.clone(), vault, Clock::system()).await.unwrap();
    let unit = UnitId("9eab5b04-5ebc-5824-843b-c3fe65dc6dd6".parse().unwrap());
    for number in 1..=USERS {
        let context = Context::new(Caller::system(unit), RequestId(ledger.parts().ids.next()));
        ledger.execute(&context, &Newcomer(UserId(user(number)))).await.unwrap();
    }
    pool.close().await;
}

/// Every reveal in the ledger: whose, and of which contact.
async fn recorded(folder: &Path) -> (HashMap<Uuid, (Uuid, Uuid)>, PgConnection) {
    let options = PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
    let mut connection = options.database("postgres").connect().await.unwrap();
    let query = "SELECT (payload -> 'Recorded' ->> 'reveal')::uuid, (metadata ->> 'user')::uuid, \
                 (payload -> 'Recorded' -> 'what' ->> 'contact')::uuid \
                 FROM ledger.events WHERE event_type = 'reveal.recorded'";
    let rows: Vec<(Uuid, Uuid, Uuid)> = sqlx::query_as(query).fetch_all(&mut connection).await.unwrap();
    let count = rows.len();
    let recorded: HashMap<_, _> = rows.into_iter().map(|(id, user, contact)| (id, (user, contact))).collect();
    assert_eq!(recorded.len(), count, "two events have one id");
    (recorded, connection)
}

/// The own id within a global one.
fn inner(global: &str) -> Uuid {
    use base64::Engine;
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(global).unwrap();
    String::from_utf8(bytes).unwrap().split_once(':').unwrap().1.parse().unwrap()
}

async fn every_value_has_its_event(server: &Server, shared: &Shared, received: &[Received]) {
    let (recorded, mut connection) = recorded(server.folder.path()).await;
    let numbers: HashMap<&str, &str> =
        shared.contacts.iter().map(|(contact, cpr)| (contact.as_str(), cpr.as_str())).collect();
    let mut entries = HashSet::new();
    for value in received {
        assert_eq!(numbers[value.contact.as_str()], value.cpr, "somebody else's number");
        let entry = inner(&value.entry);
        assert!(entries.insert(entry), "two values left under one event");
        let event =
            recorded.get(&entry).unwrap_or_else(|| panic!("a value left, and {entry} is in no ledger"));
        assert_eq!(*event, (value.user, inner(&value.contact)));
    }
    eprintln!("{} values, {} events", received.len(), recorded.len());
    order_holds(&mut connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_was_ever_received_without_its_event_however_often_the_server_is_killed() {
    let (rounds, seed) = rounds_and_seed();
    let mut chance = Chance::new(seed);
    let mut server = Server::start().await;
    let shared = Arc::new(Shared::prepare(&mut server).await);
    hire(&server).await;
    let (address, reached) = watch::channel(server.url("/graphql"));
    let mut users = JoinSet::new();
    for number in 1..=USERS {
        let id = user(number);
        let (shared, address) = (shared.clone(), reached.clone());
        let bearer = server.door().bearer_of("CONSULTANT", id, None);
        let client = reqwest::Client::builder().timeout(UNANSWERED).build().unwrap();
        let chance = chance.fork();
        let user = User { id, given: 0, chance, shared, address, client, bearer };
        users.spawn(user.run());
    }
    for round in 0..=rounds {
        let until = shared.received() + 50 + chance.below(100);
        eventually("values are revealed", async || {
            assert!(users.try_join_next().is_none_or(|ended| ended.is_ok()), "a user found a fault");
            shared.received() >= until
        })
        .await;
        if round < rounds {
            // Not only right behind an answer.
            tokio::time::sleep(Duration::from_micros(chance.below(20_000))).await;
            let victim = if round % 3 == 2 { Victim::Both } else { Victim::Server };
            eprintln!("round {round}: {victim:?} at {} values", shared.received());
            server = kill(server, victim, &mut chance).await;
            address.send_replace(server.url("/graphql"));
        }
    }
    shared.enough.store(true, Ordering::Relaxed);
    let received: Vec<Received> = users.join_all().await.into_iter().flatten().collect();
    every_value_has_its_event(&server, &shared, &received).await;
    let folder = server.stop();
    assert_healthy(folder.path());
}
