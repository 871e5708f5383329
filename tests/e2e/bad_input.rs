use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::graph::{document, global, text};
use crate::server::Server;

const NODE: &str = "query($id: ID!) { node(id: $id) { id } }";

/// Status and code of a refused request.
async fn sent(request: reqwest::RequestBuilder) -> (StatusCode, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body.get("data").filter(|data| !data.is_null()), None, "{body:#}");
    (status, text(&body["errors"][0]["extensions"]["code"]))
}

#[tokio::test]
async fn requests_that_are_no_graphql_are_refused_with_a_code() {
    let server = Server::start().await;
    let json_type = ("content-type", "application/json");
    let body = |bytes: &[u8]| server.post().header(json_type.0, json_type.1).body(bytes.to_vec());
    for (name, bytes, status, code) in [
        ("no JSON", b"hello".to_vec(), 400, "BAD_REQUEST"),
        ("nothing", Vec::new(), 400, "BAD_REQUEST"),
        ("invalid UTF-8", b"{\"query\": \"{ viewer { userId } } # \xff\"}".to_vec(), 400, "BAD_REQUEST"),
        ("a batch", b"[{\"query\": \"{ viewer { userId } }\"}]".to_vec(), 400, "BATCH_NOT_SUPPORTED"),
        ("no query", b"{\"variables\": {}}".to_vec(), 400, "BAD_REQUEST"),
        ("five megabytes", vec![b' '; 5 << 20], 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let answer = sent(body(&bytes)).await;
        assert_eq!(answer, (StatusCode::from_u16(status).unwrap(), code.to_owned()), "{name}");
    }
    let plain = server.post().header("content-type", "text/plain").body("{ viewer { userId } }");
    assert_eq!(sent(plain).await, (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE".to_owned()));
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let get = client
        .get(server.url("/graphql"))
        .header("authorization", server.bearer())
        .query(&[("query", document("contactRegister", ""))]);
    assert_eq!(sent(get).await, (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED".to_owned()));
    let role = server.post().header("x-lethe-role", "SYSTEM");
    let role = role.json(&json!({"query": "{ viewer { userId } }"}));
    assert_eq!(sent(role).await, (StatusCode::BAD_REQUEST, "BAD_REQUEST".to_owned()));
    // It still serves.
    server.contact("Bo").await;
}

#[tokio::test]
async fn queries_that_are_malformed_too_deep_or_too_costly_are_refused_with_a_code() {
    let server = Server::start().await;
    let deep =
        format!("{{ company(id: \"x\") {{ {}id{} }} }}", "supersededBy { ".repeat(16), " }".repeat(16));
    // Its cost is more than a machine word holds.
    let lists = "notes(first: 100) { nodes { contacts { ";
    let absurd = format!("{{ contact(id: \"x\") {{ {}id{} }} }}", lists.repeat(6), " } } }".repeat(6));
    let costly = "{ contacts(first: 100) { nodes { notes(first: 100) { nodes { text } } } } }";
    for (query, variables, code) in [
        ("{ viewer {", json!({}), "GRAPHQL_PARSE_FAILED"),
        ("", json!({}), "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        (&deep, json!({}), "QUERY_TOO_DEEP"),
        (&absurd, json!({}), "QUERY_TOO_COMPLEX"),
        (&"{a".repeat(100_000), json!({}), "QUERY_TOO_DEEP"),
        (costly, json!({}), "QUERY_TOO_COMPLEX"),
        ("{ contacts(orderBy: {by: NAME}) { nodes { id } } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        (
            "query($f: CompanyFilterInput) { companies(filter: $f) { nodes { id } } }",
            json!({"f": {"country": "DE"}}),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (&document("contactRegister", ""), json!({"input": {"surname": "X"}}), "GRAPHQL_VALIDATION_FAILED"),
        (&document("contactRegister", ""), json!({}), "BAD_USER_INPUT"),
        (
            "query($f: CompanyFilterInput) { companies(filter: $f) { nodes { id } } }",
            json!({"f": {"cvr": "12345678"}}),
            "BAD_USER_INPUT",
        ),
    ] {
        assert_eq!(server.fault(query, variables.clone()).await, code, "{query:.80} {variables}");
    }
}

#[tokio::test]
async fn nothing_of_a_mutation_is_done_when_any_value_in_it_is_wrong() {
    let server = Server::start().await;
    let first = "a: contactRegister(input: {firstName: \"Bo\", externalReference: \"IN-PART\"}) { position }";
    let note = "b: noteWrite(input: {contactIds: [\"x\"], kind: \"CALL\", text: \"x\", \
                expiry: {on: {date: \"never\", effect: DELETE}}}) { position }";
    let amend = "b: contactAmend(input: {contactId: \"x\", expectedVersion: 99999999999}) { position }";
    let register = "b: contactRegister(input: $v) { position }";
    for (variables, second, code) in [
        ("", note, "BAD_USER_INPUT"),
        ("($v: ContactRegisterInput!)", register, "BAD_USER_INPUT"),
        ("", register, "BAD_USER_INPUT"),
        ("", amend, "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let mutation = format!("mutation{variables} {{ {first} {second} }}");
        assert_eq!(server.fault(&mutation, json!({})).await, code, "{second}");
    }
    let done = server.act("contactRegister", json!({"firstName": "Bo"}), "position").await;
    let query =
        "query($p: Position) { contacts(first: 100, minPosition: $p) { nodes { externalReference } } }";
    let contacts = server.data(query, json!({"p": done["position"]})).await;
    assert!(!contacts.to_string().contains("IN-PART"), "{contacts}");
}

#[tokio::test]
async fn a_field_whose_variable_nobody_gave_is_kept_and_a_negative_count_is_refused_by_its_field() {
    let mut server = Server::start().await;
    let contact =
        server.act("contactRegister", json!({"firstName": "Bo", "title": "Baker"}), "contact { id }").await;
    let amend = "mutation($id: ID!, $t: String) { contactAmend(input: {contactId: $id, firstName: \"Åse\", title: $t}) {
        contact { firstName title } userErrors { code } } }";
    let amended = server.data(amend, json!({"id": contact["contact"]["id"]})).await;
    assert_eq!(amended["contactAmend"]["contact"], json!({"firstName": "Åse", "title": "Baker"}));
    server.as_role("DPM");
    let input = json!({"usual": -1, "most": 5});
    assert_eq!(server.refusal("revealLimitsSet", input).await.0, "INVALID_VALUE");
}

#[tokio::test]
async fn keys_are_answered_in_the_order_of_the_query() {
    let server = Server::start().await;
    let id = server.contact("Bo").await;
    let query = "query($id: ID!) { contact(id: $id) { notes(first: 1) { nodes { id } } nextExpiry firstName
        history(first: 1) { nodes { type position changes { value { ... on TextValue { text } } field } } } id } }";
    for _ in 0..10 {
        let request = server.post().json(&json!({"query": query, "variables": {"id": id}}));
        let answer = request.send().await.unwrap().text().await.unwrap();
        let keys = [
            "\"notes\"",
            "\"nextExpiry\"",
            "\"firstName\"",
            "\"history\"",
            "\"type\"",
            "\"position\"",
            "\"value\"",
            "\"field\"",
            "\"id\"",
        ];
        let places: Vec<_> =
            keys.iter().map(|key| answer.find(key).unwrap_or_else(|| panic!("{key}: {answer}"))).collect();
        assert!(places.is_sorted(), "{answer}");
    }
}

#[tokio::test]
async fn ids_that_name_nothing_or_something_else_are_told_apart() {
    let server = Server::start().await;
    let contact = server.contact("Bo").await;
    let company = server.company(0).await;
    let nowhere = global("Contact", 7);
    for id in [nowhere.clone(), global("Note", 7), global("User", 7)] {
        assert_eq!(server.data(NODE, json!({"id": id})).await["node"], json!(null));
    }
    for id in ["", "x", "Contact:7", "🦀", "Q29udGFjdDp4"] {
        assert_eq!(server.fault(NODE, json!({"id": id})).await, "INVALID_VALUE", "{id}");
    }
    let one = "query($id: ID!) { contact(id: $id) { id } }";
    assert_eq!(server.data(one, json!({"id": nowhere})).await["contact"], json!(null));
    assert_eq!(server.fault(one, json!({"id": company})).await, "NOT_FOUND");
    let many = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let found = server.data(many, json!({"ids": [company, nowhere, contact]})).await;
    assert_eq!(found["nodes"], json!([{"id": company}, null, {"id": contact}]));
    assert_eq!(server.fault(many, json!({"ids": vec![contact.clone(); 101]})).await, "INVALID_VALUE");

    for (mutation, input, field) in [
        ("contactAmend", json!({"contactId": nowhere, "title": "X"}), "contactId"),
        ("contactAmend", json!({"contactId": company, "title": "X"}), "contactId"),
        ("contactLink", json!({"contactId": contact, "companyId": global("Company", 7)}), "companyId"),
        ("contactLink", json!({"contactId": contact, "companyId": contact}), "companyId"),
        ("contactRegister", json!({"firstName": "X", "companyIds": [global("Company", 7)]}), "companyIds"),
        ("companyAmend", json!({"companyId": contact, "name": "X"}), "companyId"),
        (
            "companyClose",
            json!({"companyId": company, "reason": "X", "supersededBy": global("Company", 7)}),
            "supersededBy",
        ),
        ("prospectRegister", json!({"contactId": nowhere, "title": "X"}), "contactId"),
        ("prospectLink", json!({"prospectId": global("Prospect", 7), "companyId": company}), "prospectId"),
        ("noteWrite", json!({"contactIds": [contact, nowhere], "kind": "CALL", "text": "X"}), "contactIds"),
        ("noteAmend", json!({"noteId": global("Note", 7), "text": "X"}), "noteId"),
        ("noteRemove", json!({"noteId": contact}), "noteId"),
        (
            "consentGive",
            json!({"contactId": nowhere, "purpose": "X", "legalBasis": "CONTRACT", "source": "X"}),
            "contactId",
        ),
        ("consentWithdraw", json!({"contactId": company, "purpose": "X"}), "contactId"),
    ] {
        assert_eq!(
            server.refusal(mutation, input.clone()).await,
            ("NOT_FOUND".to_owned(), field.to_owned()),
            "{mutation} {input}"
        );
    }
    let garbage = json!({"contactId": "garbage", "title": "X"});
    assert_eq!(
        server.refusal("contactAmend", garbage).await,
        ("INVALID_VALUE".to_owned(), "contactId".to_owned())
    );
}

#[tokio::test]
async fn values_that_cannot_be_right_are_refused_by_field() {
    let server = Server::start().await;
    for (field, value) in [
        ("firstName", "a\u{0}b".to_owned()),
        ("firstName", "a\u{1b}[31m".to_owned()),
        ("lastName", "line\nbreak".to_owned()),
        ("firstName", "x".repeat(100_000)),
        ("email", "nobody".to_owned()),
        ("phone", "telephone".to_owned()),
        ("cpr", "310299-1234".to_owned()),
        ("cpr", "1".to_owned()),
        ("externalReference", "a@example.org".to_owned()),
    ] {
        let mut input = json!({"firstName": "Bo"});
        input[field] = json!(value);
        let error = server.refuse("contactRegister", input).await;
        assert_eq!((&error["code"], &error["field"][0]), (&json!("INVALID_VALUE"), &json!(field)), "{error}");
        assert!(value.len() < 3 || !error.to_string().contains(&value), "{error} quotes the value");
    }
    assert_eq!(server.refusal("contactRegister", json!({})).await.0, "REQUIRED");
    let company = |change: Value| {
        let mut input =
            json!({"country": "DK", "number": crate::graph::cvr(0), "legalForm": "LIMITED", "name": "X"});
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        input
    };
    for (change, code, field) in [
        (json!({"number": "12345678"}), "INVALID_VALUE", "number"),
        (json!({"number": "1234"}), "INVALID_VALUE", "number"),
        (json!({"number": ""}), "INVALID_VALUE", "number"),
        (json!({"country": "SE", "number": "556000-0000"}), "INVALID_VALUE", "number"),
        (json!({"country": "SE", "number": "811218-9876"}), "RULE_VIOLATED", "legalForm"),
        (json!({"name": " "}), "REQUIRED", "name"),
        (json!({"naceCode": "561010"}), "REQUIRED", "naceVersion"),
        (json!({"pNumbers": ["1"]}), "INVALID_VALUE", "pNumbers"),
    ] {
        let refusal = server.refusal("companyRegister", company(change.clone())).await;
        assert_eq!(refusal, (code.to_owned(), field.to_owned()), "{change}");
    }
}
