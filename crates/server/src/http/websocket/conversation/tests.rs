use std::collections::BTreeSet;

use async_graphql::http::ClientMessage;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::fuzz::cases;
use super::*;

/// What happens on a connection: a message of the client, or of the library about one of the operations it knows.
#[derive(Clone, Debug)]
enum Step {
    Client(String),
    Bytes(Vec<u8>),
    Answered { which: usize, data: bool, path: bool },
    Completed { which: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let id =
        prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!("")), Just(json!(7)), Just(Value::Null)];
    let kind = prop_oneof![
        6 => Just("subscribe"), 3 => Just("complete"), 1 => Just("connection_init"), 1 => Just("ping"),
        1 => Just("pong"), 1 => Just("start"), 1 => Just("next"), 1 => Just("")
    ];
    let payload = prop_oneof![
        8 => Just(json!({"query": "{ a }", "variables": {"x": [1, {"y": null}]}, "extensions": {"e": 1.5}})),
        1 => Just(json!({"query": 7})),
        1 => Just(json!({"query": "{ a }", "variables": "x"})),
        1 => Just(json!({"query": "{ a }", "variables": null, "operationName": "", "extensions": null})),
        1 => Just(json!([])),
        1 => Just(Value::Null)
    ];
    let message = (kind, id, payload)
        .prop_map(|(kind, id, payload)| json!({"type": kind, "id": id, "payload": payload}).to_string());
    prop_oneof![
        8 => message.prop_map(Step::Client),
        1 => ".{0,40}".prop_map(Step::Client),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Step::Bytes),
        6 => (any::<usize>(), any::<bool>(), any::<bool>())
            .prop_map(|(which, data, path)| Step::Answered { which, data, path }),
        3 => any::<usize>().prop_map(|which| Step::Completed { which }),
    ]
}

/// The client's side, as the protocol has it: the operations that it waits for.
#[derive(Default)]
struct Client(BTreeSet<String>);

impl Client {
    /// Takes what comes; it must be about something that it waits for.
    fn take(&mut self, message: &Message) {
        let Message::Text(text) = message else { panic!("{message:?}") };
        let message: Value = serde_json::from_str(text).unwrap();
        let id = message["id"].as_str().unwrap();
        match message["type"].as_str().unwrap() {
            "next" => assert!(self.0.contains(id), "{message}"),
            "complete" => assert!(self.0.remove(id), "{message}"),
            "error" => assert!(self.0.remove(id) && message["payload"].is_array(), "{message}"),
            _ => panic!("{message}"),
        }
    }
}

fn answered(number: &str, data: bool, path: bool) -> Message {
    let mut error = json!({"message": "m"});
    if path {
        error["path"] = json!(["a"]);
    }
    let data = if data { json!({"a": 1}) } else { Value::Null };
    Message::text(
        json!({"type": "next", "id": number, "payload": {"data": data, "errors": [error]}}).to_string(),
    )
}

/// Goes through the steps until the client breaks the protocol.
fn converse(steps: Vec<Step>) {
    let conversation = Conversation::default();
    // Most clients begin well.
    assert!(conversation.heard(&Message::text(r#"{"type":"connection_init"}"#)).is_some());
    assert!(conversation.told(Message::text(r#"{"type":"connection_ack"}"#)).is_some());
    let (mut client, mut library, mut all) = (Client::default(), Vec::<String>::new(), BTreeSet::new());
    for step in steps {
        let message = match step {
            Step::Client(text) => Message::text(text),
            Step::Bytes(bytes) => Message::binary(bytes),
            Step::Answered { which, data, path } => {
                let Some(number) = which.checked_rem(library.len()).and_then(|at| library.get(at)) else {
                    continue;
                };
                if let Some(told) = conversation.told(answered(number, data, path)) {
                    client.take(&told);
                }
                continue;
            }
            Step::Completed { which } => {
                let Some(at) = which.checked_rem(library.len()) else { continue };
                let number: String = library.remove(at);
                let message = json!({"type": "complete", "id": number}).to_string();
                if let Some(told) = conversation.told(Message::text(message)) {
                    client.take(&told);
                }
                continue;
            }
        };
        let Some(heard) = conversation.heard(&message) else {
            let (code, reason) = conversation.broken().unwrap();
            assert!([4400, 4401, 4409, 4429].contains(&code) && reason.ends_with('.'), "{code} {reason}");
            return;
        };
        let said: Value = serde_json::from_slice(&message.into_data()).unwrap();
        let id = said["id"].as_str().unwrap_or_default().to_owned();
        // The library understands whatever it gets.
        match ClientMessage::from_bytes(heard.into_data()).unwrap() {
            ClientMessage::Start { id: number, .. } => {
                assert!(client.0.insert(id), "two of one id: {said}");
                assert!(all.insert(number.clone()), "a number comes again: {said}");
                library.push(number);
            }
            ClientMessage::Stop { id: number } => {
                assert!(client.0.remove(&id), "{said}");
                library.retain(|running| *running != number);
                // What it says about that behind it is not told.
                let ended = json!({"type": "complete", "id": number}).to_string();
                assert_eq!(conversation.told(Message::text(ended)), None);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever a client and the library say, in whatever order: nothing panics, the library understands what it gets, and
    /// the client is told only of what it waits for.
    #[test]
    fn fuzz_any_conversation(steps in proptest::collection::vec(step(), 0..40)) {
        converse(steps);
    }
}

#[tokio::test]
async fn a_client_that_has_introduced_itself_is_not_too_late() {
    let conversation = Conversation::default();
    assert_eq!(conversation.never_introduced(Duration::ZERO).await.0, 4408);
    assert!(conversation.heard(&Message::text(r#"{"type":"connection_init"}"#)).is_some());
    let late = conversation.never_introduced(Duration::ZERO);
    assert!(tokio::time::timeout(Duration::from_millis(50), late).await.is_err());
}
