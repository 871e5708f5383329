use std::collections::HashMap;

use serde_json::{Value, json};

use crate::graph::{global, position, text, texts};
use crate::server::Server;

const CONTACTS: &str =
    "query($filter: ContactFilterInput, $order: ContactOrderInput, $first: Int, $after: String,
    $last: Int, $before: String, $p: Position) { contacts(filter: $filter, orderBy: $order, first: $first,
    after: $after, last: $last, before: $before, minPosition: $p) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }
    nodes { id createdAt changedAt nextExpiry } } }";

/// The ids of a whole list, page by page; `between` happens after every page.
async fn walk(
    server: &Server,
    order: &Value,
    size: i32,
    forward: bool,
    between: impl AsyncFn(),
) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let variables = if forward {
            json!({"order": order, "first": size, "after": cursor})
        } else {
            json!({"order": order, "last": size, "before": cursor})
        };
        let page = server.data(CONTACTS, variables).await["contacts"].clone();
        let found = texts(&page["nodes"], "id");
        let (end, more) =
            if forward { ("endCursor", "hasNextPage") } else { ("startCursor", "hasPreviousPage") };
        ids = if forward { [ids, found].concat() } else { [found, ids].concat() };
        if page["pageInfo"][more] == false {
            return ids;
        }
        cursor = page["pageInfo"][end].clone();
        between().await;
    }
}

#[tokio::test]
async fn pages_give_each_row_once_both_ways_while_rows_are_inserted() {
    let server = Server::start().await;
    for _ in 0..40 {
        server.contact("Før").await;
    }
    let before = walk(&server, &json!({}), 100, true, async || {}).await;
    assert!(before.len() > 50);
    for descending in [false, true] {
        for forward in [true, false] {
            for by in ["CREATED", "EXPIRY"] {
                let order = json!({"by": by, "descending": descending});
                let ids = walk(&server, &order, 13, forward, async || drop(server.contact("Ny").await)).await;
                let mut seen: HashMap<&String, u32> = HashMap::new();
                for id in &ids {
                    *seen.entry(id).or_default() += 1;
                }
                assert!(seen.values().all(|times| *times == 1), "{order} {forward}: a row came twice");
                assert!(before.iter().all(|id| seen.contains_key(id)), "{order} {forward}: a row is missing");
            }
        }
    }
    // Quiet lists are the same from both ends, and one order is the other's mirror.
    let up = walk(&server, &json!({"by": "CHANGED"}), 17, true, async || {}).await;
    assert_eq!(up, walk(&server, &json!({"by": "CHANGED"}), 19, false, async || {}).await);
    let mut down = walk(&server, &json!({"by": "CHANGED", "descending": true}), 23, true, async || {}).await;
    down.reverse();
    assert_eq!(up, down);
}

#[tokio::test]
async fn lists_are_filtered_and_ordered() {
    let server = Server::start().await;
    let (company, other) = (server.company(0).await, server.company(1).await);
    let viewer = server.data("{ viewer { unit { id } } }", json!({})).await["viewer"]["unit"]["id"].clone();
    let input = json!({"firstName": "Bo", "companyIds": [company]});
    let linked = server.act("contactRegister", input, "contact { id createdAt }").await["contact"].clone();
    let late = server.act("contactRegister", json!({"firstName": "Ida"}), "contact { id createdAt }").await;
    let late_at = late["contact"]["createdAt"].clone();
    let changed = json!({"contactId": linked["id"], "title": "Chef"});
    server.act("contactAmend", changed, "contact { id }").await;
    let ids = async |filter: Value| {
        let answer = server.data(CONTACTS, json!({"filter": filter, "first": 100})).await;
        texts(&answer["contacts"]["nodes"], "id")
    };
    let (linked, late) = (text(&linked["id"]), text(&late["contact"]["id"]));
    assert_eq!(ids(json!({"company": company})).await, std::slice::from_ref(&linked));
    assert_eq!(ids(json!({"company": other})).await, [] as [String; 0]);
    assert_eq!(ids(json!({"created": {"from": late_at}})).await, std::slice::from_ref(&late));
    assert!(!ids(json!({"created": {"until": late_at}, "unit": viewer})).await.contains(&late));
    assert_eq!(ids(json!({"changed": {"from": late_at}})).await, [linked.clone(), late.clone()]);
    assert_eq!(ids(json!({"unit": global("Unit", 7)})).await, [] as [String; 0]);
    let order = json!({"order": {"by": "CHANGED", "descending": true}, "first": 2});
    let answer = server.data(CONTACTS, order).await;
    assert_eq!(texts(&answer["contacts"]["nodes"], "id"), [linked, late]);

    let companies =
        "query($f: CompanyFilterInput) { companies(filter: $f, first: 100) { nodes { id country status } } }";
    let found = async |filter: Value| {
        server.data(companies, json!({"f": filter})).await["companies"]["nodes"].clone()
    };
    assert_eq!(
        texts(&found(json!({"cvr": crate::graph::cvr(0)})).await, "id"),
        std::slice::from_ref(&company)
    );
    assert_eq!(
        texts(&found(json!({"number": crate::graph::cvr(1)})).await, "id"),
        std::slice::from_ref(&other)
    );
    let swedish = found(json!({"country": "SE"})).await;
    assert!(!swedish.as_array().unwrap().is_empty() && texts(&swedish, "country").iter().all(|c| c == "SE"));
    server.act("companyClose", json!({"companyId": other, "reason": "DISSOLVED"}), "company { id }").await;
    assert_eq!(texts(&found(json!({"status": "CLOSED"})).await, "id"), [other]);
}

/// A list with two objects about a contact, of which the first was changed after the second was made.
struct Two {
    list: &'static str,
    filter: &'static str,
    ids: [String; 2],
    /// When the second was made.
    made: Value,
    position: Value,
}

impl Two {
    async fn assert_filtered(&self, server: &Server, contact: &str) {
        let Self { list, filter: kind, ids: [first, second], made, position } = self;
        let query = format!(
            "query($f: {kind}, $p: Position) {{ {list}(filter: $f, minPosition: $p) {{ nodes {{ id }} }} }}"
        );
        for (filter, wanted) in [
            (json!({"created": {"from": made}}), vec![second]),
            (json!({"changed": {"from": made}}), vec![first, second]),
            (json!({"contact": contact, "created": {"until": made}}), vec![first]),
            (json!({"contact": contact, "changed": {"until": made}}), vec![]),
        ] {
            let answer = server.data(&query, json!({"f": filter, "p": position})).await;
            assert_eq!(texts(&answer[list]["nodes"], "id").iter().collect::<Vec<_>>(), wanted, "{filter}");
        }
    }
}

#[tokio::test]
async fn notes_consents_and_prospects_are_filtered_by_when_they_were_created_and_changed() {
    let server = Server::start().await;
    let contact = server.contact("Bo").await;
    let create = async |mutation, input: Value, object: &str, at: &str| {
        let done = server.act(mutation, input, &format!("{object} {{ id {at} }}")).await;
        (text(&done[object]["id"]), done[object][at].clone())
    };

    let note = json!({"contactIds": [contact], "kind": "CALL", "text": "Ring."});
    let (first, _) = create("noteWrite", note.clone(), "note", "createdAt").await;
    let (second, made) = create("noteWrite", note, "note", "createdAt").await;
    let done = server.act("noteAmend", json!({"noteId": first, "kind": "MAIL"}), "").await;
    let (ids, position) = ([first, second], done["position"].clone());
    Two { list: "notes", filter: "NoteFilterInput", ids, made, position }
        .assert_filtered(&server, &contact)
        .await;

    let idea = json!({"contactId": contact, "title": "Isbod"});
    let (first, _) = create("prospectRegister", idea.clone(), "prospect", "createdAt").await;
    let (second, made) = create("prospectRegister", idea, "prospect", "createdAt").await;
    let link = json!({"prospectId": first, "companyId": server.company(0).await});
    let done = server.act("prospectLink", link, "").await;
    let (ids, position) = ([first, second], done["position"].clone());
    Two { list: "prospects", filter: "ProspectFilterInput", ids, made, position }
        .assert_filtered(&server, &contact)
        .await;

    let consent = |purpose: &str| {
        let (basis, source) = ("CONTRACT", "PHONE");
        json!({"contactId": contact, "purpose": purpose, "legalBasis": basis, "source": source})
    };
    let (first, _) = create("consentGive", consent("NEWS"), "consent", "recordedAt").await;
    let (second, made) = create("consentGive", consent("EVENTS"), "consent", "recordedAt").await;
    let done = server.act("consentWithdraw", json!({"contactId": contact, "purpose": "NEWS"}), "").await;
    let (ids, position) = ([first, second], done["position"].clone());
    Two { list: "consents", filter: "ConsentFilterInput", ids, made, position }
        .assert_filtered(&server, &contact)
        .await;
}

#[tokio::test]
async fn a_page_has_limits_and_a_cursor_belongs_to_its_list_and_order() {
    let server = Server::start().await;
    for (variables, code) in [
        (json!({"first": 101}), "INVALID_VALUE"),
        (json!({"last": -1}), "INVALID_VALUE"),
        (json!({"first": 1, "last": 1}), "INVALID_VALUE"),
        (json!({"after": "garbage"}), "BAD_CURSOR"),
        (json!({"before": ""}), "BAD_CURSOR"),
        (json!({"filter": {"company": global("Note", 1)}}), "NOT_FOUND"),
        (json!({"filter": {"company": "x"}}), "INVALID_VALUE"),
        (json!({"p": "999999999"}), "VIEW_PENDING"),
        (json!({"p": "x"}), "BAD_USER_INPUT"),
    ] {
        assert_eq!(server.fault(CONTACTS, variables.clone()).await, code, "{variables}");
    }
    assert_eq!(server.data(CONTACTS, json!({"first": 0})).await["contacts"]["nodes"], json!([]));
    let page = server.data(CONTACTS, json!({"first": 3})).await["contacts"].clone();
    let cursor = page["edges"][1]["cursor"].clone();
    let next = server.data(CONTACTS, json!({"first": 1, "after": cursor})).await;
    assert_eq!(next["contacts"]["nodes"][0]["id"], page["nodes"][2]["id"]);
    for by in ["CHANGED", "EXPIRY"] {
        let variables = json!({"order": {"by": by}, "after": cursor});
        assert_eq!(
            server.fault(CONTACTS, variables).await,
            "BAD_CURSOR",
            "a cursor of CREATED used for {by}"
        );
    }
    let companies = "query($after: String) { companies(after: $after) { nodes { id } } }";
    assert_eq!(server.fault(companies, json!({"after": cursor})).await, "BAD_CURSOR");
}

#[tokio::test]
async fn a_query_with_the_position_of_a_change_sees_the_change() {
    let server = Server::start().await;
    let contact = server.contact("Navn").await;
    let query = "query($id: ID!, $p: Position!) {
        contact(id: $id, minPosition: $p) { firstName notes(first: 1) { nodes { id } } consents { nodes { version } } }
        notes(filter: {contact: $id}, last: 1, minPosition: $p) { nodes { id } }
        contacts(orderBy: {by: CHANGED}, last: 1, minPosition: $p) { nodes { id } } }";
    for n in 0..34 {
        let name = format!("Navn {n}");
        let amend = json!({"contactId": contact, "firstName": name});
        let done = server.act("contactAmend", amend, "").await;
        let seen = server.data(query, json!({"id": contact, "p": done["position"]})).await;
        assert_eq!(seen["contact"]["firstName"], name);
        assert_eq!(seen["contacts"]["nodes"][0]["id"], contact.as_str());
        let note = json!({"contactIds": [contact], "kind": "CALL", "text": "Ring."});
        let done = server.act("noteWrite", note, "note { id }").await;
        let seen = server.data(query, json!({"id": contact, "p": done["position"]})).await;
        assert_eq!(seen["contact"]["notes"]["nodes"][0], done["note"]);
        assert_eq!(seen["notes"]["nodes"], json!([done["note"]]));
        let give = json!({"contactId": contact, "purpose": "EVENTS", "legalBasis": "CONTRACT", "source": format!("S_{n}")});
        let done = server.act("consentGive", give, "consent { version }").await;
        let seen = server.data(query, json!({"id": contact, "p": position(&done).to_string()})).await;
        assert_eq!(seen["contact"]["consents"]["nodes"], json!([done["consent"]]));
    }
}
