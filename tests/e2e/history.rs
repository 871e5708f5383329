use serde_json::{Value, json};

use crate::graph::{cvr, text, texts};
use crate::server::Server;

const HISTORY: &str =
    "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) {
    ... on Contact { history(first: $first, after: $after, last: $last, before: $before) { ...page } }
    ... on Company { history(first: $first, after: $after, last: $last, before: $before) { ...page } }
    ... on Note { history(first: $first, after: $after, last: $last, before: $before) { ...page } } } }
    fragment page on EventConnection { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes {
        id position type version stream { type id sequence } occurredAt recordedAt
        caller { userId role unit { id } }
        changes { field withheld value { __typename ... on TextValue { text } ... on ObjectValue { objectId }
            ... on DateValue { date } ... on FlagValue { flag } ... on NumberValue { number }
            ... on TimeValue { time } } } } }";

fn change<'a>(event: &'a Value, field: &str) -> &'a Value {
    let changes = event["changes"].as_array().unwrap();
    changes.iter().find(|change| change["field"] == field).unwrap_or_else(|| panic!("{event:#}"))
}

#[tokio::test]
async fn history_tells_who_changed_what_and_when_in_types() {
    let mut server = Server::start().await;
    let viewer = server.data("{ viewer { userId unit { id } role } }", json!({})).await["viewer"].clone();
    let company = server.company(0).await;
    let input =
        json!({"firstName": "Åse", "lastName": "Lund", "phone": "+45 20 30 40 50", "companyIds": [company]});
    let registered = server.act("contactRegister", input, "contact { id }").await;
    let id = text(&registered["contact"]["id"]);
    server.as_role("DPM");
    let amend = json!({"contactId": id, "lastName": "Holm", "phone": null, "title": "Direktør"});
    let amended = server.act("contactAmend", amend, "contact { id }").await;
    // What is the same already is no change and no event.
    let same = json!({"contactId": id, "lastName": " Holm "});
    let repeated = server.act("contactAmend", same, "contact { version }").await;
    assert_eq!(repeated["position"], amended["position"]);

    let answer = server.data(HISTORY, json!({"id": id})).await;
    let events = answer["node"]["history"]["nodes"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| text(&event["type"])).collect();
    assert_eq!(types, ["contact.registered", "contact.company_linked", "contact.amended"]);
    let [first, link, last] = &events[..] else { panic!("{events:?}") };
    assert_eq!(first["stream"], json!({"type": "contact", "id": id, "sequence": 1}));
    assert_eq!(
        (&first["caller"]["userId"], &first["caller"]["role"]),
        (&viewer["userId"], &json!("CONSULTANT"))
    );
    assert_eq!(first["caller"]["unit"]["id"], viewer["unit"]["id"]);
    assert_eq!(change(first, "firstName")["value"], json!({"__typename": "TextValue", "text": "Åse"}));
    assert_eq!(change(first, "unit")["value"]["objectId"], viewer["unit"]["id"]);
    assert_eq!(change(link, "company")["value"], json!({"__typename": "ObjectValue", "objectId": company}));
    assert_eq!((&last["caller"]["role"], &last["position"]), (&json!("DPM"), &amended["position"]));
    assert_eq!(change(last, "lastName")["value"]["text"], "Holm");
    assert_eq!(change(last, "phone")["value"], json!(null));
    assert_eq!(change(last, "phone")["withheld"], json!(null));
    assert_eq!(last["changes"].as_array().unwrap().len(), 3);
    assert!(events.windows(2).all(|pair| text(&pair[0]["recordedAt"]) <= text(&pair[1]["recordedAt"])));

    let node = "query($id: ID!) { node(id: $id) { ... on Event { id type position } } }";
    let event = server.data(node, json!({"id": last["id"]})).await;
    assert_eq!(event["node"]["position"], amended["position"]);

    let input = json!({
        "contactIds": [id], "kind": "CALL", "text": "Kort.", "expiry": {"on": {"date": "2050-01-31", "effect": "DELETE"}},
    });
    let written = server.act("noteWrite", input, "note { id }").await["note"].clone();
    let answer = server.data(HISTORY, json!({"id": written["id"]})).await;
    let written = &answer["node"]["history"]["nodes"][0];
    assert_eq!(
        change(written, "expiresOn")["value"],
        json!({"__typename": "DateValue", "date": "2050-01-31"})
    );
    assert_eq!(
        change(written, "containsPersonal")["value"],
        json!({"__typename": "FlagValue", "flag": true})
    );
    assert_eq!(change(written, "text")["withheld"], "MASKED");
    let answer = server.data(HISTORY, json!({"id": company})).await;
    assert_eq!(change(&answer["node"]["history"]["nodes"][0], "number")["value"]["text"], cvr(0));
}

#[tokio::test]
async fn history_is_paged_both_ways() {
    let server = Server::start().await;
    let id = server.contact("Navn 0").await;
    for n in 1..10 {
        server
            .act("contactAmend", json!({"contactId": id, "firstName": format!("Navn {n}")}), "contact { id }")
            .await;
    }
    let whole = server.data(HISTORY, json!({"id": id, "first": 20})).await["node"]["history"].clone();
    let all = texts(&whole["nodes"], "position");
    assert_eq!(all.len(), 10);
    let (mut forward, mut after) = (Vec::new(), Value::Null);
    loop {
        let page =
            server.data(HISTORY, json!({"id": id, "first": 3, "after": after})).await["node"]["history"]
                .clone();
        forward.extend(texts(&page["nodes"], "position"));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(forward, all);
    let (mut backward, mut before) = (Vec::new(), Value::Null);
    loop {
        let page =
            server.data(HISTORY, json!({"id": id, "last": 4, "before": before})).await["node"]["history"]
                .clone();
        backward = [texts(&page["nodes"], "position"), backward].concat();
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!(backward, all);
    let other = server.contact("En anden").await;
    let foreign =
        server.request(HISTORY, json!({"id": other, "after": whole["pageInfo"]["endCursor"]})).await;
    assert_eq!(foreign["errors"][0]["extensions"]["code"], "BAD_CURSOR");

    // The history of the past ends there, from whichever side it is read.
    let at = "query($id: ID!, $p: Position!) { contact(id: $id, asOf: {position: $p}) {
        a: history(first: 100) { nodes { position } pageInfo { hasNextPage } }
        b: history(last: 2) { nodes { position } pageInfo { hasPreviousPage } }
        c: history(first: 5) { nodes { position } pageInfo { hasNextPage } } } }";
    let past = server.data(at, json!({"id": id, "p": all[4]})).await["contact"].clone();
    assert_eq!(texts(&past["a"]["nodes"], "position"), all[..5]);
    assert_eq!(texts(&past["b"]["nodes"], "position"), all[3..5]);
    assert_eq!(past["b"]["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(texts(&past["c"]["nodes"], "position"), all[..5]);
    assert_eq!(past["c"]["pageInfo"]["hasNextPage"], false);
}
