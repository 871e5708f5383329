use serde_json::{Value, json};

use crate::graph::{position, text};
use crate::server::Server;
use crate::socket::Socket;

const CHANGES: &str = "subscription($of: ID, $after: Position) { changes(of: $of, after: $after) {
    position event { type position stream { id sequence } caller { role } }
    node { id ... on Contact { firstName version notes { nodes { id } } } } } }";

/// The position of the last event there is.
async fn head(server: &Server) -> i64 {
    let input = json!({"firstName": "Den seneste"});
    position(&server.act("contactRegister", input, "contact { id }").await)
}

async fn amend(server: &Server, contact: &str, name: &str) -> i64 {
    position(
        &server.act("contactAmend", json!({"contactId": contact, "firstName": name}), "contact { id }").await,
    )
}

/// The positions of the changes until one is reached.
async fn until(socket: &mut Socket, last: i64) -> Vec<i64> {
    let mut seen = Vec::new();
    while seen.last() != Some(&last) {
        seen.push(position(&socket.next().await["changes"]));
    }
    seen
}

#[tokio::test]
async fn changes_of_everything_and_of_one_object_come_as_they_happen() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let begin = head(&server).await;
    let mut all = Socket::subscribe(&server, CHANGES, json!({"after": begin.to_string()})).await;
    let of = json!({"of": contact, "after": begin.to_string()});
    let mut one = Socket::subscribe(&server, CHANGES, of).await;
    // Without a position: from now on. A change must come to show that the subscription stands.
    let mut now = Socket::subscribe(&server, CHANGES, json!({"of": contact})).await;

    let other = server.contact("Bo").await;
    let amended = amend(&server, &contact, "Åse-Marie").await;
    let first = all.next().await["changes"].clone();
    assert_eq!((position(&first), &first["event"]["type"]), (begin + 1, &json!("contact.registered")));
    assert_eq!(first["node"]["firstName"], "Bo");
    assert_eq!(first["event"]["stream"]["id"], other.as_str());
    let change = one.next().await["changes"].clone();
    assert_eq!((position(&change), &change["event"]["type"]), (amended, &json!("contact.amended")));
    assert_eq!(change["node"]["firstName"], "Åse-Marie");
    assert_eq!(change["event"]["caller"]["role"], "CONSULTANT");
    assert_eq!(all.next().await["changes"], change);

    // The object is as the change left it, its lists included.
    let note = server.note(&[&contact], "Ring i morgen.").await;
    let change = one.next().await["changes"].clone();
    assert_eq!(change["event"]["type"], "contact.bound");
    assert_eq!(change["node"]["notes"]["nodes"], json!([{"id": note}]));

    let mut later = amended;
    let seen = loop {
        later = later.max(amend(&server, &contact, &format!("Nummer {later}")).await);
        if let Ok(change) = tokio::time::timeout(std::time::Duration::from_millis(500), now.next()).await {
            break change["changes"].clone();
        }
    };
    assert_eq!(seen["node"]["id"], contact.as_str());
    assert!(position(&seen) > begin);
}

#[tokio::test]
async fn a_subscription_goes_on_after_a_disconnect_and_a_restart_without_loss_or_doubles() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let begin = head(&server).await;
    let mut last = begin;
    for n in 0..5 {
        last = amend(&server, &contact, &format!("Navn {n}")).await;
    }
    let mut socket = Socket::subscribe(&server, CHANGES, json!({"after": begin.to_string()})).await;
    let mut seen = until(&mut socket, begin + 3).await;
    // It leaves in the middle of what is waiting, and things go on meanwhile.
    drop(socket);
    for n in 5..10 {
        last = amend(&server, &contact, &format!("Navn {n}")).await;
    }
    let place = |seen: &[i64]| json!({"after": seen.last().unwrap().to_string()});
    let mut socket = Socket::subscribe(&server, CHANGES, place(&seen)).await;
    seen.extend(until(&mut socket, last - 2).await);

    let folder = server.kill();
    while socket.receive().await.is_some() {}
    let server = Server::start_in(folder).await;
    for n in 10..15 {
        last = amend(&server, &contact, &format!("Navn {n}")).await;
    }
    let mut socket = Socket::subscribe(&server, CHANGES, place(&seen)).await;
    seen.extend(until(&mut socket, last).await);
    assert_eq!(seen, (begin + 1..=last).collect::<Vec<_>>());
    assert_eq!(last - begin, 15);

    // A stop closes the connection in order, so that the client resumes.
    let folder = server.stop();
    while socket.receive().await.is_some() {}
    drop(folder);
}

#[tokio::test]
async fn bad_subscriptions_end_with_a_code() {
    let server = Server::start().await;
    for (query, variables, code) in [
        (CHANGES, json!({"of": "garbage"}), "INVALID_VALUE"),
        (CHANGES, json!({"after": "-1"}), "BAD_USER_INPUT"),
        ("subscription { nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let mut socket = Socket::subscribe(&server, query, variables).await;
        let answer = socket.receive().await.unwrap();
        let errors = match text(&answer["type"]).as_str() {
            "error" => &answer["payload"],
            _ => &answer["payload"]["errors"],
        };
        assert_eq!(errors[0]["extensions"].get("code"), Some(&Value::from(code)), "{answer:#}");
    }
}
