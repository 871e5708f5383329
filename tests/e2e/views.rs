use serde_json::{Value, json};

use crate::graph::{day, text};
use crate::server::Server;

/// Changes of every kind, on top of the demo data.
async fn live(server: &Server) -> String {
    let (one, two) = (server.company(0).await, server.company(1).await);
    let (contact, other) = (server.contact("Åse").await, server.contact("Bo").await);
    for (mutation, input) in [
        ("contactAmend", json!({"contactId": contact, "phone": "20304050", "cpr": "310765-5555"})),
        ("contactLink", json!({"contactId": contact, "companyId": one})),
        ("contactUnlink", json!({"contactId": contact, "companyId": one})),
        ("companyAmend", json!({"companyId": one, "city": "Odense"})),
        ("companyClose", json!({"companyId": one, "supersededBy": two, "reason": "MERGED"})),
        ("prospectRegister", json!({"contactId": contact, "title": "Isbod", "externalReference": "P-1"})),
        (
            "consentGive",
            json!({"contactId": contact, "purpose": "NEWS", "legalBasis": "CONTRACT", "source": "PHONE",
            "effectiveAt": "2024-01-01T00:00:00.123456789+02:00", "keptUntil": day(365)}),
        ),
        ("consentWithdraw", json!({"contactId": contact, "purpose": "NEWS", "note": "Nej tak."})),
    ] {
        server.act(mutation, input, "").await;
    }
    let note = server.note(&[&contact, &other], "Ring i morgen.").await;
    let amend = json!({"noteId": note, "contactIds": [other], "expiry": {"on": {"date": day(9), "effect": "DELETE"}}});
    server.act("noteAmend", amend, "").await;
    let gone = server.note(&[&contact], "Væk om lidt.").await;
    server.act("noteRemove", json!({"noteId": gone}), "").await;
    contact
}

fn findings(server: &Server) -> (i32, Vec<Value>) {
    let (code, out, error) = server.run(&["doctor", "--json"]);
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {error}")))
}

#[tokio::test]
async fn every_view_equals_its_rebuild() {
    let mut server = Server::start().await;
    live(&server).await;
    server.as_role("DPM");
    let policy = json!({"kind": "NOTE", "months": 12, "effect": "DELETE", "effectiveFrom": day(0)});
    server.act("expiryPolicySet", policy, "").await;
    let (_, found) = findings(&server);
    let rebuilt = found.iter().find(|finding| finding["check"] == "views equal their rebuild").unwrap();
    assert_eq!(rebuilt["level"], "ok", "{rebuilt}");
    let views = found.iter().filter(|finding| finding["check"] == "views");
    // Nineteen views, and the reactions that finish erasures and tell of them.
    assert_eq!(views.clone().count(), 21);
    assert!(views.clone().all(|view| view["level"] == "ok"), "{found:#?}");

    // And it does find a row that differs.
    let options = sqlx::postgres::PgConnectOptions::new_without_pgpass();
    let run = server.data_dir().join("run");
    let pool =
        sqlx::PgPool::connect_with(options.socket(run).username("postgres").database("postgres")).await;
    let pool = pool.expect("the embedded PostgreSQL answers on its socket");
    sqlx::query(
        "UPDATE view.company SET version = version + 1 WHERE id = (SELECT id FROM view.company LIMIT 1)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let (code, found) = findings(&server);
    let rebuilt = found.iter().find(|finding| finding["check"] == "views equal their rebuild").unwrap();
    assert_eq!((code, &rebuilt["level"]), (1, &json!("problem")), "{rebuilt}");
}

#[tokio::test]
async fn every_view_is_rebuilt_beside_the_server_and_is_as_it_was() {
    let mut server = Server::start().await;
    let contact = live(&server).await;
    server.as_role("DPM");
    let policy = json!({"kind": "NOTE", "months": 12, "effect": "DELETE", "effectiveFrom": day(0)});
    server.act("expiryPolicySet", policy, "").await;
    server.as_role("CONSULTANT");
    let (code, out, error) = server.run(&["rebuild", "--all"]);
    assert_eq!(code, 0, "{out} {error}");
    assert_eq!(out.lines().filter(|line| line.ends_with("every row was as before.")).count(), 19, "{out}");
    // The server goes on with the new tables.
    server.act("contactAmend", json!({"contactId": contact, "title": "Direktør"}), "").await;
    let title = server.data("query($id: ID!) { contact(id: $id) { title } }", json!({"id": contact})).await;
    assert_eq!(title["contact"]["title"], "Direktør");

    let pool = sqlx::PgPool::connect_with(
        sqlx::postgres::PgConnectOptions::new_without_pgpass()
            .socket(server.data_dir().join("run"))
            .username("postgres")
            .database("postgres"),
    )
    .await
    .unwrap();
    sqlx::query("UPDATE view.contact SET version = 99").execute(&pool).await.unwrap();
    let (code, out, _) = server.run(&["rebuild", "contact"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("rows were not as before, for example"), "{out}");
    assert_eq!(findings(&server).1.iter().filter(|finding| finding["level"] == "problem").count(), 0);
    let (code, _, error) = server.run(&["rebuild", "contacts"]);
    assert_eq!(code, 2);
    assert!(error.contains("operation_outcome"), "the views that exist are listed: {error}");
}

#[tokio::test]
async fn replay_prints_sealed_events_from_until_and_of_one_stream() {
    let server = Server::start().await;
    let contact = live(&server).await;
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let (code, out, error) = server.run(&[&["replay"], arguments].concat());
        assert_eq!(code, 0, "{error}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let place = |event: &Value| event["position"].as_i64().unwrap();
    let all = lines(&[]);
    assert!(all.iter().map(place).eq(1..=i64::try_from(all.len()).unwrap()), "positions are dense");
    let sealed = serde_json::to_string(&all).unwrap();
    for hidden in ["Åse", "Ring i morgen", "20304050", "310765-", "Isbod", "Nej tak"] {
        assert!(!sealed.contains(hidden), "{hidden}");
    }
    assert!(sealed.contains("contact.registered"));
    assert_eq!(lines(&["--from", "5", "--until", "9"]), all[4..9]);
    let (third, seventh) = (text(&all[2]["recorded_at"]), text(&all[6]["recorded_at"]));
    let between = lines(&["--from", &third, "--until", &seventh]);
    assert!(between.contains(&all[2]) && between.contains(&all[6]));
    assert!(
        between
            .iter()
            .all(|event| (third.as_str()..=&seventh).contains(&event["recorded_at"].as_str().unwrap()))
    );
    assert_eq!(lines(&["--from", &day(0), "--until", &day(0)]).len(), all.len());
    assert_eq!(lines(&["--from", &day(1)]), [] as [Value; 0]);

    // A stream replayed by hand is the object's history.
    let history = "query($id: ID!) { contact(id: $id) { history(first: 100) { nodes { position type stream { sequence } } } } }";
    let history = server.data(history, json!({"id": contact})).await["contact"]["history"]["nodes"].clone();
    let first: i64 = text(&history[0]["position"]).parse().unwrap();
    let stream = text(&all.iter().find(|event| place(event) == first).unwrap()["stream"]);
    let replayed: Vec<Value> = lines(&["--stream", &stream])
        .iter()
        .map(|event| {
            json!({"position": event["position"].to_string(), "type": event["type"], "stream": {"sequence": event["sequence"]}})
        })
        .collect();
    assert_eq!(json!(replayed), history);
    assert_eq!(server.run(&["replay", "--from", "yesterday"]).0, 2);
}
