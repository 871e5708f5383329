//! What must hold of the ledger afterwards, seen from outside.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::observe::{assert_healthy, assert_stopped};
use crate::server::{Server, run_in};
use crate::writer::{Done, Settled, send};

async fn connect(folder: &Path) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
    options.database("postgres").connect().await.unwrap()
}

/// The processes that serve the server's connections, if PostgreSQL answers.
pub(crate) async fn backends(folder: &Path) -> Vec<i32> {
    let mut connection = connect(folder).await;
    let query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'lethe'";
    let found = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found
}

/// The last position.
pub(crate) async fn head(folder: &Path) -> i64 {
    let query = "SELECT max(position) FROM ledger.events";
    sqlx::query_scalar(query).fetch_one(&mut connect(folder).await).await.unwrap()
}

/// Holds what clients were told against the tables, the API, and the doctor.
pub(crate) async fn everything(server: Server, settled: Settled, calm: i64) {
    repetitions_agree(&server, &settled.done).await;
    let mut connection = connect(server.folder.path()).await;
    order_holds(&mut connection).await;
    units_are_whole(&mut connection, &settled, calm).await;
    connection.close().await.unwrap();
    contacts_are_there_once(&server, &settled).await;
    let folder = server.stop();
    assert_healthy(folder.path());
    let (code, said, _) = run_in(folder.path(), &["doctor"]);
    assert_eq!(code, 0, "{said}");
    assert_stopped(folder.path());
}

/// Whoever sends a command again is told what the first one was told.
async fn repetitions_agree(server: &Server, done: &[Done]) {
    let (client, door) = (reqwest::Client::new(), server.door());
    for some in done.chunks(16) {
        let repeat = some.iter().map(|done| send(&client, &door, &done.command));
        for (again, first) in futures_util::future::join_all(repeat).await.into_iter().zip(some) {
            assert_eq!(again, Some((first.object.clone(), first.position)));
        }
    }
}

/// Positions and sequences are dense, and times do not go back.
pub(crate) async fn order_holds(connection: &mut PgConnection) {
    type Row = (i64, String, String, i64, chrono::DateTime<chrono::Utc>);
    let query = "SELECT position, aggregate_type, aggregate_id, sequence, recorded_at FROM ledger.events ORDER BY position";
    let events: Vec<Row> = sqlx::query_as(query).fetch_all(connection).await.unwrap();
    let mut versions: HashMap<(String, String), i64> = HashMap::new();
    for ((index, event), before) in (1..).zip(&events).zip(events.iter().take(1).chain(&events)) {
        assert_eq!(event.0, index, "a position is missing");
        let version = versions.entry((event.1.clone(), event.2.clone())).or_default();
        *version += 1;
        assert_eq!(event.3, *version, "a sequence is missing at position {index}");
        assert!(event.4 >= before.4, "the time goes back at position {index}");
    }
}

/// Where a command ends, the types of its events, how many positions they span, and the last of these.
type Unit = (i64, Vec<Option<String>>, Option<i64>, Option<i64>);

/// Every unit is there with all its events, where the client was told, and no other unit but those nobody was told of.
async fn units_are_whole(connection: &mut PgConnection, settled: &Settled, calm: i64) {
    let query = "SELECT c.position, array_agg(e.event_type ORDER BY e.event_type), \
                        max(e.position) - min(e.position) + 1, max(e.position) \
                 FROM ledger.commands c LEFT JOIN ledger.events e ON e.metadata->>'command' = c.command_id::text \
                 WHERE c.position > $1 GROUP BY c.command_id, c.position";
    let rows: Vec<Unit> = sqlx::query_as(query).bind(calm).fetch_all(connection).await.unwrap();
    let mut units = HashMap::new();
    for (position, types, span, last) in rows {
        let types: Vec<String> = types.into_iter().flatten().collect();
        assert_eq!(
            span,
            Some(i64::try_from(types.len()).unwrap()),
            "the unit at {position} is torn: {types:?}"
        );
        assert_eq!(last, Some(position), "the unit ends elsewhere");
        assert!(units.insert(position, types).is_none(), "two commands end at {position}");
    }
    for done in &settled.done {
        let types = units.remove(&done.position);
        assert_eq!(
            types.as_deref(),
            Some(&done.command.events.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
            "at {}",
            done.position
        );
    }
    let mut open: Vec<_> = settled.abandoned.iter().map(|command| &command.events[..]).collect();
    for (position, types) in units {
        let found = open
            .iter()
            .position(|events| *events == types)
            .unwrap_or_else(|| panic!("nobody gave the command at {position}: {types:?}"));
        open.swap_remove(found);
    }
}

/// A contact that was acknowledged is shown once, and one that was not, at most once.
async fn contacts_are_there_once(server: &Server, settled: &Settled) {
    const CONTACTS: &str =
        "query($after: String, $at: Position) { contacts(first: 100, after: $after, minPosition: $at) {
        nodes { id externalReference } pageInfo { hasNextPage endCursor } } }";
    let at = head(server.folder.path()).await.to_string();
    let (mut shown, mut after): (HashMap<String, Vec<Value>>, _) = (HashMap::new(), Value::Null);
    loop {
        let mut page = server.data(CONTACTS, json!({"after": after, "at": at})).await["contacts"].take();
        for contact in page["nodes"].as_array().unwrap() {
            let reference = contact["externalReference"].as_str().unwrap_or_default();
            shown.entry(reference.to_owned()).or_default().push(contact["id"].clone());
        }
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
    for done in &settled.done {
        if let Some(reference) = done.command.reference() {
            assert_eq!(shown.remove(reference), Some(vec![json!(done.object)]), "{reference}");
        }
    }
    for command in &settled.abandoned {
        let reference = command.reference().unwrap_or("CRASH");
        assert!(shown.remove(reference).is_none_or(|ids| ids.len() == 1), "{reference}");
    }
    assert!(!shown.keys().any(|reference| reference.starts_with("CRASH-")), "{shown:?}");
}
