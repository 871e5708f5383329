//! A CPR number and sensitive texts, and every door through which they could come out. Only a reveal opens one.

use serde_json::json;
use tempfile::TempDir;

use crate::everything::Types;
use crate::graph::{document, key, position, text};
use crate::server::Server;
use crate::socket::Socket;

const SECRET: &str = "Hemmelighed om helbred";

/// Four digits alone also occur in ids and times.
const HIDDEN: [&str; 8] =
    ["-7913", "3107657913", "\"7913\"", "-7921", "3107657921", "\"7921\"", SECRET, "Hemmelighed"];

/// What is there to be seen, which shows that the search would find something.
const SHOWN: [&str; 3] = ["310765-****", "Mærkværdige", "Ganske almindelig"];

/// Everything that was answered.
#[derive(Default)]
struct Seen(String);

impl Seen {
    fn add(&mut self, door: &str, answer: &str) {
        for hidden in HIDDEN {
            // The groups of an id look like the end of a number, and go on.
            let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_ascii_hexdigit() || next == '-');
            let mut rests = answer.match_indices(hidden).map(|(at, found)| &answer[at + found.len()..]);
            assert!(rests.all(goes_on), "{hidden} came out of {door}");
        }
        self.0.push_str(answer);
    }
}

struct Planted {
    contact: String,
    note: String,
    /// A note whose text was shown before it was declared sensitive.
    declared: String,
    before: i64,
    /// Where the ledger stood before that declaration.
    early: i64,
}

async fn plant(server: &Server, seen: &mut Seen) -> Planted {
    let before = position(&server.act("contactRegister", json!({"firstName": "Bo"}), "").await);
    let input = json!({"firstName": "Mærkværdige", "cpr": "310765-7913"});
    let registered = server.act("contactRegister", input, "contact { id cpr }").await;
    let contact = text(&registered["contact"]["id"]);
    let amend = json!({"contactId": contact, "cpr": "310765-7921"});
    let amended = server.act("contactAmend", amend.clone(), "contact { id cpr }").await;
    let again = server.act("contactAmend", amend, "contact { id cpr }").await;
    let write = |words: &str, sensitive: bool| json!({"contactIds": [contact], "kind": "CALL", "text": words, "containsSensitive": sensitive});
    let written = server.act("noteWrite", write(&format!("{SECRET} et"), true), "note { id text }").await;
    let note = text(&written["note"]["id"]);
    let change = json!({"noteId": note, "text": format!("{SECRET} to")});
    let changed = server.act("noteAmend", change, "note { id text }").await;
    let plain = server.act("noteWrite", write("Ganske almindelig", false), "note { id text }").await;
    let open = server.act("noteWrite", write(&format!("{SECRET} tre"), false), "note { id text }").await;
    assert_eq!(open["note"]["text"], format!("{SECRET} tre"));
    let declared = text(&open["note"]["id"]);
    let declare = json!({"noteId": declared, "containsSensitive": true});
    let late = server.act("noteAmend", declare, "note { id text }").await;
    for answer in [&registered, &amended, &again, &written, &changed, &plain, &late] {
        seen.add("a mutation", &answer.to_string());
    }
    Planted { contact, note, declared, before, early: position(&open) }
}

/// Every query there is, with every field below it, now and as of the past, in every role.
async fn queries(server: &mut Server, planted: &Planted, seen: &mut Seen) {
    let types = Types::of(server).await;
    let ids = [&planted.contact, &planted.note, &planted.declared];
    let contact = &planted.contact;
    let unit = server.data("{ viewer { unit { id } } }", json!({})).await["viewer"]["unit"]["id"].clone();
    let arguments = |name: &str| {
        Some(match name {
            "contact" | "company" => format!("(id: \"{contact}\")"),
            "consistencyProof" => "(from: \"1\")".to_owned(),
            "node" | "note" => format!("(id: \"{}\")", planted.note),
            "nodes" => format!("(ids: {})", json!(ids)),
            "contactErasurePreview" => format!("(contactId: \"{contact}\", kind: DELETED)"),
            "expiryPolicies" => format!("(unit: {unit})"),
            _ => return None,
        })
    };
    let mut documents = types.queries(arguments);
    let past = types.below("Contact");
    for at in planted.before..=planted.early + 1 {
        documents.push((
            "asOf".to_owned(),
            format!("contact(id: \"{contact}\", asOf: {{position: \"{at}\"}}){past}"),
        ));
    }
    for role in ["CONSULTANT", "UNIT_ADMINISTRATOR", "SYSTEM_ADMINISTRATOR", "DPM", "AUDITOR", "INTEGRATION"]
    {
        server.as_role(role);
        for (door, document) in &documents {
            let answer = server.request(&format!("{{ {document} }}"), json!({})).await;
            for error in answer["errors"].as_array().into_iter().flatten() {
                let code = &error["extensions"]["code"];
                assert!(
                    *code == "FORBIDDEN" || (door == "company" && *code == "NOT_FOUND"),
                    "{door}: {error}"
                );
            }
            seen.add(&format!("{door} as {role}"), &answer.to_string());
        }
    }
    server.as_role("CONSULTANT");
}

/// Every event since, as a subscription delivers it to an auditor, who sees all of them, with the object it changed.
async fn changes(server: &mut Server, planted: &Planted, until: i64, seen: &mut Seen) {
    let change = Types::of(server).await.below("Change");
    let query = format!("subscription($p: Position) {{ changes(after: $p) {change} }}");
    server.as_role("AUDITOR");
    let mut socket = Socket::subscribe(server, &query, json!({"p": planted.before.to_string()})).await;
    server.as_role("CONSULTANT");
    loop {
        let message = socket.receive().await.expect("the server closed the connection");
        let answer = &message["payload"]["data"]["changes"];
        seen.add("changes", &message.to_string());
        if answer.is_null() || position(answer) >= until {
            assert!(!answer.is_null(), "{message:#}");
            break;
        }
    }
}

fn commands(server: &Server, planted: &Planted) -> Vec<(String, String)> {
    let runs: [&[&str]; 6] = [
        &["replay"],
        &["doctor", "--json"],
        &["keys", "status"],
        &["config"],
        &["sweep", "--now", "--json"],
        &["certificate", "show", &planted.contact],
    ];
    runs.iter()
        .map(|arguments| {
            let (_, out, error) = server.run(arguments);
            (arguments.join(" "), out + &error)
        })
        .collect()
}

async fn server() -> Server {
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::Permissions::from_mode(0o711);
    let folder: TempDir = tempfile::Builder::new().prefix("lethe-e2e-").permissions(open).tempdir().unwrap();
    Server::start_with(folder, |command| {
        command.env("LETHE_GRAPHQL_DEPTH", "40").env("LETHE_GRAPHQL_COMPLEXITY", "100000000");
        command.env("LETHE_LOG", "debug");
    })
    .await
}

#[tokio::test]
async fn a_masked_value_comes_out_of_no_door_but_a_reveal() {
    let mut server = server().await;
    let mut seen = Seen::default();
    let planted = plant(&server, &mut seen).await;
    let number = json!({"contactId": planted.contact, "purpose": "CASE_WORK", "idempotencyKey": key(1)});
    let words = json!({"noteId": planted.note, "purpose": "CASE_WORK", "idempotencyKey": key(2)});
    // The one door, so that the log of it is among what is searched.
    let shown = server.done(&document("cprReveal", "cpr entry { id }"), json!({"input": number})).await;
    assert_eq!(shown["cpr"], "310765-7921");
    let shown = server.done(&document("noteReveal", "text entry { id }"), json!({"input": words})).await;
    assert_eq!(shown["text"], format!("{SECRET} to"));
    seen.add("an entry", &shown["entry"].to_string());

    queries(&mut server, &planted, &mut seen).await;
    changes(&mut server, &planted, position(&shown), &mut seen).await;
    for (door, said) in commands(&server, &planted) {
        seen.add(&format!("lethe {door}"), &said);
    }
    seen.add("the log", &server.log());
    let metrics = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
    seen.add("/metrics", &metrics);
    for shown in SHOWN {
        assert!(seen.0.contains(shown), "{shown} was never shown, so the search proves nothing");
    }
    for told in ["accessLog", "reveal.recorded", "contact.amended", "note.amended"] {
        assert!(seen.0.contains(told), "no {told} was asked for");
    }
}
