use serde_json::{Value, json};

use crate::graph::{day, text};
use crate::server::Server;

const STATE: &str = "fragment state on Contact {
    id version firstName lastName email phone cpr nextExpiry changedAt units { id }
    companies { nodes { id version status name } }
    notes { nodes { id version status kind text withheld { field } expiresOn effect contacts { id } company { id } } }
    consents { nodes { id version status purpose wording withdrawnAt withdrawalNote } }
    history(first: 100) { nodes { position type } } }";

/// A contact, and its state after every change.
struct Film<'s> {
    server: &'s Server,
    contact: String,
    frames: Vec<(Value, Value)>,
    /// A note that was removed in the end.
    ended: Value,
    /// A note that was declared sensitive in the end.
    sensitive: Value,
}

impl Film<'_> {
    /// Changes something, and remembers position and state.
    async fn after(&mut self, mutation: &str, input: Value, selection: &str) -> Value {
        let done = self.server.act(mutation, input, selection).await;
        let query = format!(
            "query($id: ID!, $p: Position) {{ contact(id: $id, minPosition: $p) {{ ...state }} }} {STATE}"
        );
        let variables = json!({"id": self.contact, "p": done["position"]});
        let mut now = self.server.data(&query, variables).await;
        self.frames.push((done["position"].clone(), now["contact"].take()));
        done
    }
}

impl Film<'_> {
    /// A state as it may be shown today: no text of a note that has ended or was declared sensitive since.
    fn shown_today(&self, state: &Value) -> Value {
        let mut state = state.clone();
        for note in state["notes"]["nodes"].as_array_mut().unwrap() {
            if note["id"] == self.sensitive || note["id"] == self.ended {
                note["withheld"] = json!([{"field": "text"}]);
                note["text"] = Value::Null;
            }
        }
        state
    }
}

/// Everything that can happen to a contact.
async fn shoot(server: &Server) -> Film<'_> {
    let (one, two) = (server.company(0).await, server.company(1).await);
    let contact = server.contact("Åse").await;
    let other = server.contact("Bo").await;
    let mut film = Film {
        server,
        contact: contact.clone(),
        frames: Vec::new(),
        ended: Value::Null,
        sensitive: Value::Null,
    };
    let id = &contact;
    let amend =
        json!({"contactId": id, "lastName": "Lund", "email": "aase@example.org", "cpr": "310765-5555"});
    film.after("contactAmend", amend, "contact { id }").await;
    film.after("contactLink", json!({"contactId": id, "companyId": one}), "contact { id }").await;
    film.after("contactLink", json!({"contactId": id, "companyId": two}), "contact { id }").await;
    film.after("companyAmend", json!({"companyId": one, "name": "Et nyt navn"}), "company { id }").await;
    let note = json!({"contactIds": [id, other], "kind": "MEETING", "text": "Første tekst.",
        "expiry": {"on": {"date": day(20), "effect": "DELETE"}}});
    let first = film.after("noteWrite", note, "note { id }").await["note"]["id"].clone();
    let give = json!({"contactId": id, "purpose": "NEWSLETTER", "legalBasis": "CONSENT", "source": "PHONE",
        "wording": "Ja tak."});
    film.after("consentGive", give.clone(), "consent { id }").await;
    let note = json!({"contactIds": [id], "kind": "CALL", "text": "Anden tekst.", "companyId": one});
    let second = film.after("noteWrite", note, "note { id }").await["note"]["id"].clone();
    let amend = json!({"noteId": first, "text": "Rettet tekst.", "contactIds": [id],
        "expiry": {"on": {"date": day(5), "effect": "ANONYMISE"}}});
    film.after("noteAmend", amend, "note { id }").await;
    film.after("noteAmend", json!({"noteId": second, "containsSensitive": true}), "note { id }").await;
    let withdraw = json!({"contactId": id, "purpose": "NEWSLETTER", "note": "Nej tak."});
    film.after("consentWithdraw", withdraw, "consent { id }").await;
    film.after("contactUnlink", json!({"contactId": id, "companyId": two}), "contact { id }").await;
    film.after("contactAmend", json!({"contactId": id, "email": null, "cpr": null}), "contact { id }").await;
    film.after("noteRemove", json!({"noteId": first}), "note { id }").await;
    film.after("consentGive", give, "consent { id }").await;
    film.after("noteAmend", json!({"noteId": second, "contactIds": [other]}), "note { id }").await;
    film.after("companyClose", json!({"companyId": one, "reason": "DISSOLVED"}), "company { id }").await;
    (film.ended, film.sensitive) = (first, second);
    film
}

#[tokio::test]
async fn a_contact_of_the_past_equals_what_it_was_by_position_and_by_time() {
    let server = Server::start().await;
    let film = shoot(&server).await;
    let by_position = format!(
        "query($id: ID!, $at: Position!) {{ contact(id: $id, asOf: {{position: $at}}) {{ asOf ...state }} }} {STATE}"
    );
    let by_time = format!(
        "query($id: ID!, $at: DateTime!) {{ contact(id: $id, asOf: {{time: $at}}) {{ asOf ...state }} }} {STATE}"
    );
    for (position, state) in &film.frames {
        let mut wanted = film.shown_today(state);
        wanted["asOf"] = position.clone();
        let past = server.data(&by_position, json!({"id": film.contact, "at": position})).await;
        assert_eq!(past["contact"], wanted, "at position {position}");
        let replayed = server.run(&[
            "replay",
            "--from",
            position.as_str().unwrap(),
            "--until",
            position.as_str().unwrap(),
        ]);
        let event: Value = serde_json::from_str(&replayed.1).unwrap();
        let past = server.data(&by_time, json!({"id": film.contact, "at": event["recorded_at"]})).await;
        assert_eq!(past["contact"], wanted, "at the time of position {position}");
    }
    // The states differ, so the comparison says something.
    assert!(film.frames.windows(2).all(|pair| pair[0].1 != pair[1].1));

    for (at, code) in
        [(json!({"position": "-1"}), "BAD_USER_INPUT"), (json!({}), "GRAPHQL_VALIDATION_FAILED")]
    {
        let query = "query($id: ID!, $at: AsOf) { contact(id: $id, asOf: $at) { id } }";
        assert_eq!(server.fault(query, json!({"id": film.contact, "at": at})).await, code);
    }
    let query = "query($id: ID!, $at: AsOf) { contact(id: $id, asOf: $at) { id } }";
    let before = server.data(query, json!({"id": film.contact, "at": {"position": "1"}})).await;
    assert_eq!(before["contact"], json!(null), "it did not exist then");
    let before =
        server.data(query, json!({"id": film.contact, "at": {"time": "2020-01-01T00:00:00Z"}})).await;
    assert_eq!(before["contact"], json!(null));
}

#[tokio::test]
async fn a_company_of_the_past_equals_what_it_was() {
    let server = Server::start().await;
    let id = server.company(0).await;
    let fields = "id version status name city email closeReason changedAt";
    let mut frames = Vec::new();
    for change in [
        json!({"name": "Et"}),
        json!({"city": "Odense", "email": "a@example.org"}),
        json!({"email": null, "name": "To"}),
    ] {
        let mut input = json!({"companyId": id});
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let done = server.act("companyAmend", input, &format!("company {{ {fields} }}")).await;
        frames.push((text(&done["position"]), done["company"].clone()));
    }
    let close = json!({"companyId": id, "reason": "DISSOLVED"});
    let done = server.act("companyClose", close, &format!("company {{ {fields} }}")).await;
    frames.push((text(&done["position"]), done["company"].clone()));
    for (position, state) in frames {
        let query = format!(
            "query($id: ID!, $p: Position!) {{ company(id: $id, asOf: {{position: $p}}) {{ {fields} }} }}"
        );
        let past = server.data(&query, json!({"id": id, "p": position})).await;
        assert_eq!(past["company"], state, "at position {position}");
    }
}

#[tokio::test]
async fn what_is_still_to_come_is_not_answered_with_the_present() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let write = json!({"contactIds": [contact], "kind": "CALL", "text": "En tekst."});
    let note = text(&server.act("noteWrite", write, "note { id }").await["note"]["id"]);
    let company = server.company(0).await;
    for (field, id) in [("contact", contact), ("note", note), ("company", company)] {
        let query = format!("query($id: ID!, $at: AsOf) {{ {field}(id: $id, asOf: $at) {{ id }} }}");
        let mut last = Value::Null;
        for at in [json!({"position": "999999"}), json!({"time": "2999-01-01T00:00:00Z"})] {
            let told = server.request(&query, json!({"id": id, "at": at})).await;
            assert_eq!(told["errors"][0]["extensions"]["code"], "NOT_YET", "{field}: {told}");
            assert_eq!(told["data"][field], Value::Null);
            last = told["errors"][0]["extensions"]["lastPosition"].clone();
        }
        let then = server.data(&query, json!({"id": id, "at": {"position": last}})).await;
        assert_eq!(then[field]["id"], json!(id), "up to the last position it can be asked for");
    }
}
