//! The server on a PostgreSQL that somebody else runs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use lethe_vault::custodian::{FileCustodian, Root};
use lethe_vault::root_file;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::elsewhere::{Elsewhere, ask, doctor, register_unit};
use crate::observe::{eventually, folder};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{Server, free_port, lethe, signal};
use crate::socket::Socket;
use crate::sockets::closed;

/// Registers a contact in the name of a unit; answers where in the ledger it stands.
async fn register(server: &Server, unit: &str, reference: &str) -> Value {
    let answer = ask(server, ("x-lethe-unit", unit), REGISTER, contact(reference)).await;
    let payload = &answer["data"]["contactRegister"];
    assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
    payload["position"].clone()
}

#[tokio::test]
async fn a_configured_database_gets_tables_and_no_demo_data() {
    let mut elsewhere = Elsewhere::start().await;
    let server = elsewhere.server(folder()).await;
    assert!(!server.data_dir().join("postgres").exists(), "it started a PostgreSQL of its own");
    assert_eq!(elsewhere.count("SELECT count(*) FROM ledger.events").await, 0);
    assert!(!server.log().contains("Token of"), "there is nobody for whom it could be");

    // Nobody works here yet, but somebody must be the first.
    let nobody = server.request(REGISTER, contact("NO-UNIT")).await;
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{nobody}");
    let viewer =
        ask(&server, ("x-lethe-role", "SYSTEM_ADMINISTRATOR"), "{ viewer { role } }", json!({})).await;
    assert_eq!(viewer["data"]["viewer"]["role"], "SYSTEM_ADMINISTRATOR", "{viewer}");
    let unit = register_unit(std::slice::from_ref(&server), &elsewhere).await;
    let position = register(&server, &unit, "CRM-1").await;
    assert_eq!(references(&contacts(&server, Some(&position)).await, "CRM-"), ["CRM-1"]);

    let folder = server.stop();
    let server = elsewhere.server(folder).await;
    assert_eq!(references(&contacts(&server, None).await, "CRM-"), ["CRM-1"]);
    server.stop();
    // It is somebody else's, so it goes on.
    assert_eq!(elsewhere.count("SELECT 1::bigint").await, 1);
    elsewhere.stop().await;
}

#[tokio::test]
async fn the_first_administrator_is_registered_by_a_command_once_and_whom_the_issuer_names() {
    const ISSUER: &str = "https://login.example.org";
    const QUERY: &str = "{ viewer { role unit { name } } \
                         users(first: 2) { nodes { name identities { issuer subject } } } }";
    let mut elsewhere = Elsewhere::start().await;
    let server = elsewhere.server(folder()).await;
    let run = |arguments: &[&str], issuer: &[(&str, &str)]| {
        let mut command = lethe(server.folder.path());
        command.args(arguments).envs(elsewhere.settings()).envs(issuer.iter().copied());
        let output = command.output().unwrap();
        let [out, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code().unwrap(), out, said)
    };
    let administrator = |issuer: &[(&str, &str)], email: &str| {
        let first = ["administrator", "--subject", "person-4711", "--name", "Åse Prøve", "--email", email];
        run(&[&first[..], &["--unit", "Prøvehus", "--country", "DK"]].concat(), issuer)
    };
    let issuer = [("LETHE_OIDC_ISSUER", ISSUER), ("LETHE_OIDC_AUDIENCE", "crm")];
    let (code, _, said) = administrator(&[], "ase@example.org");
    assert!(code == 3 && said.contains("Set oidc_issuer and oidc_audience"), "{code} {said}");
    let (code, _, said) = administrator(&issuer, "nowhere");
    assert!(code == 3 && said.contains("An e-mail address is written"), "{code} {said}");
    assert_eq!(elsewhere.count("SELECT count(*) FROM ledger.events").await, 0, "a refusal leaves nothing");

    let (code, out, said) = administrator(&issuer, "ase@example.org");
    assert_eq!(code, 0, "{said}");
    let user = out.split_whitespace().nth(1).unwrap();
    let (_, token, _) = run(&["token", "--user", user, "--role", "SYSTEM_ADMINISTRATOR"], &[]);
    let viewer = json!({"role": "SYSTEM_ADMINISTRATOR", "unit": {"name": "Prøvehus"}});
    let identities = json!([{"issuer": ISSUER, "subject": "person-4711"}]);
    let users = json!({"nodes": [{"name": "Åse Prøve", "identities": identities}]});
    eventually("the server shows who was registered", async || {
        let request = reqwest::Client::new().post(server.url("/graphql")).bearer_auth(token.trim());
        let answer: Value =
            request.json(&json!({"query": QUERY})).send().await.unwrap().json().await.unwrap();
        answer["data"] == json!({"viewer": viewer, "users": users})
    })
    .await;
    let clear = "SELECT count(*) FROM ledger.events WHERE payload::text ~ 'person-4711|Åse|ase@'";
    assert_eq!(elsewhere.count(clear).await, 0, "what is said of them is sealed");

    let (code, _, said) = administrator(&issuer, "ase@example.org");
    assert!(code == 3 && said.contains("Somebody administers this system already"), "{code} {said}");
    let founder =
        ask(&server, ("x-lethe-role", "SYSTEM_ADMINISTRATOR"), "{ viewer { role } }", json!({})).await;
    assert_eq!(founder["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{founder}");
    server.stop();
    elsewhere.stop().await;
}

#[tokio::test]
async fn two_servers_on_one_database_see_each_others_writes_once() {
    let mut elsewhere = Elsewhere::start().await;
    let servers = [elsewhere.server(folder()).await, elsewhere.server(folder()).await];
    let unit = register_unit(&servers, &elsewhere).await;
    let begun: u64 = elsewhere.count("SELECT max(position) FROM ledger.events").await.try_into().unwrap();
    let mut positions = write_at_once(&servers, &unit).await;
    positions.sort_unstable();
    // Every contact is one more event, with no gap and none twice.
    assert_eq!(positions, (begun + 1..=begun + 60).collect::<Vec<_>>());
    let written = |server| (0..30).map(move |number| format!("TWO-{server}-{number:02}"));
    let expected: Vec<String> = (0..2).flat_map(written).collect();
    for server in &servers {
        let shown = contacts(server, Some(&json!((begun + 60).to_string()))).await;
        assert_eq!(references(&shown, "TWO-"), expected);
        assert!(
            shown.iter().all(|contact| contact["firstName"] == "Åse"),
            "each opens what the other sealed"
        );
    }
    let findings = doctor(&elsewhere, servers[0].folder.path());
    assert!(findings.contains("Every row is what a fold of the whole ledger gives."), "{findings}");
    for server in servers {
        server.stop();
    }
    elsewhere.stop().await;
}

#[tokio::test]
async fn whoever_leaves_at_one_server_is_refused_by_the_other() {
    let mut elsewhere = Elsewhere::start().await;
    let mut servers = [elsewhere.server(folder()).await, elsewhere.server(folder()).await];
    register_unit(&servers, &elsewhere).await;
    let viewer = "{ viewer { userId } }";
    let user = servers[1].data(viewer, json!({})).await["viewer"]["userId"].clone();
    let mut listening =
        Socket::subscribe(&servers[1], "subscription { changes { position } }", json!({})).await;
    servers[0].as_role("SYSTEM_ADMINISTRATOR");
    let leave = "mutation($user: ID!) { userOffBoard(input: { userId: $user }) { userErrors { code } } }";
    servers[0].done(leave, json!({"user": user})).await;
    assert_eq!(closed(&mut listening).await.0, 4403);
    let refused = servers[1].request(viewer, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
    for server in servers {
        server.stop();
    }
    elsewhere.stop().await;
}

/// Thirty contacts by each server, all at once; answers their positions.
async fn write_at_once(servers: &[Server; 2], unit: &str) -> Vec<u64> {
    let writes = (0..60).map(|number| async move {
        let server = number % 2;
        let reference = format!("TWO-{server}-{:02}", number / 2);
        let position = register(&servers[server], unit, &reference).await;
        // What the other one shows right then.
        let shown = contacts(&servers[1 - server], Some(&position)).await;
        assert_eq!(references(&shown, &reference), [reference]);
        position.as_str().unwrap().parse().unwrap()
    });
    futures_util::future::join_all(writes).await
}

/// Two starts at the same moment; what each came to: serving, or an exit code and what it said.
async fn start_two(
    settings: &[(&'static str, String)],
    folders: &[TempDir; 2],
) -> Vec<Result<Child, (i32, String)>> {
    let spawn = |folder: &TempDir| {
        let mut command = lethe(folder.path());
        let address = format!("127.0.0.1:{}", free_port());
        command.args(["serve", "--listen", &address]).envs(settings.iter().cloned());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = [spawn(&folders[0]), spawn(&folders[1])];
    let outcome = |mut child: Child| {
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line.starts_with("GraphiQL") {
            return Ok(child);
        }
        let output = child.wait_with_output().unwrap();
        Err((output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap()))
    };
    let waiting = children.map(|child| tokio::task::spawn_blocking(move || outcome(child)));
    futures_util::future::join_all(waiting).await.into_iter().map(Result::unwrap).collect()
}

fn end(mut child: Child) {
    signal(child.id(), "-INT");
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn of_two_first_starts_at_once_the_one_without_the_root_key_is_refused() {
    let mut elsewhere = Elsewhere::start().await;
    let folders = [folder(), folder()];
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    // Each with a root file of its own.
    let [database, _] = elsewhere.settings();
    for outcome in start_two(&[database], &folders).await {
        match outcome {
            Ok(child) => served.push(child),
            Err(refusal) => refused.push(refusal),
        }
    }
    let [(code, said)] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!(*code, 3, "{said}");
    assert!(said.contains("root"), "{said}");
    assert_eq!(elsewhere.count("SELECT count(*) FROM vault.root").await, 1);
    let roots = folders.iter().filter(|folder| folder.path().join("data/vault/root.key").exists()).count();
    assert_eq!(roots, 1, "the one that was refused made no root key");
    served.into_iter().for_each(end);

    // And later: a data folder with a root key of another installation.
    let other = folder();
    let path = root_file(&other.path().join("data"));
    FileCustodian::new(&path).store(&Root::generate(uuid::Uuid::max(), 1).unwrap()).unwrap();
    let output = lethe(other.path())
        .args(["serve", "--listen", &format!("127.0.0.1:{}", free_port())])
        .env("DATABASE_URL", elsewhere.url())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("another"), "{said}");
    elsewhere.stop().await;
}

#[tokio::test]
async fn two_first_starts_at_once_with_one_root_key_both_serve() {
    let mut elsewhere = Elsewhere::start().await;
    let folders = [folder(), folder()];
    for outcome in start_two(&elsewhere.settings(), &folders).await {
        end(outcome.unwrap());
    }
    assert_eq!(elsewhere.count("SELECT count(*) FROM vault.root").await, 1);
    let migrations =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations")).unwrap().count();
    let applied = elsewhere.count("SELECT count(*) FROM _sqlx_migrations WHERE success").await;
    assert_eq!(usize::try_from(applied).unwrap(), migrations);
    elsewhere.stop().await;
}
