//! Every operation, asked for in every role.

use std::collections::BTreeSet;

use async_graphql::futures_util::StreamExt;
use lethe_api::{Request, permitted_operations};
use lethe_kernel::{RequestId, Role, Session};
use serde_json::json;
use uuid::Uuid;

use crate::running::{World, session};
use crate::walk::{DESCRIPTION, Operation, operations};

const ROLES: [Role; 6] = [
    Role::Consultant,
    Role::UnitAdministrator,
    Role::SystemAdministrator,
    Role::Dpm,
    Role::Auditor,
    Role::Integration,
];

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");

/// Which roles may do what, read from the page that people read.
fn page() -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| {
        let (name, cells) = line.split_once("` | ")?;
        let cells: Vec<String> =
            cells.trim_end().trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        (cells.len() == ROLES.len()).then(|| (name.to_owned(), cells))
    });
    rows.filter(|(name, _)| !name.contains('`')).collect()
}

/// The roles that a description names, and whether it takes a second factor.
fn told_roles(description: &str) -> (BTreeSet<String>, bool) {
    let sentence = description.rsplit('\n').next().unwrap().strip_prefix("For ").unwrap_or_default();
    let (roles, factor) = sentence.split_once('.').unwrap_or_default();
    (roles.split(", ").map(str::to_owned).collect(), factor == " With a second factor.")
}

fn granted(cells: &[String]) -> (BTreeSet<String>, bool) {
    let roles = ROLES.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    (roles.map(|(role, _)| role.name().to_owned()).collect(), cells.iter().any(|cell| cell == "2"))
}

/// The code of the first error, and whether there is any data.
async fn answer(world: &World, session: Session, operation: &Operation) -> (Option<String>, bool) {
    // No text names a file: it comes beside the document.
    let document = operation.document.replace(r#"file: "x""#, "file: $file");
    let mut request = async_graphql::Request::new(if document.contains("$file") {
        document.replacen("mutation {", "mutation($file: Upload!) {", 1)
    } else {
        document
    });
    let file = async_graphql::Value::Binary(b"x".to_vec().into());
    request.variables.insert(async_graphql::Name::new("file"), file);
    let request = request.data(Request::new(session, RequestId(Uuid::from_u128(3))));
    let answer = if operation.root == "subscription" {
        let mut stream = world.graph.execute_stream(request);
        // A subscription that is not refused waits for something to happen.
        let first = tokio::time::timeout(std::time::Duration::from_millis(200), stream.next()).await;
        first.ok().flatten().map_or(json!({"data": {}}), |answer| serde_json::to_value(answer).unwrap())
    } else {
        serde_json::to_value(world.graph.execute(request).await).unwrap()
    };
    let code = answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned);
    let told = match answer["errors"][0].get("message") {
        // An upload cannot be written into a document, which its field says only when it is asked.
        Some(_) if code.is_none() && answer["errors"][0].get("path").is_none() => {
            panic!("{} is no request: {answer:#}", operation.document)
        }
        _ => answer["data"].as_object().is_some_and(|data| data.values().any(|value| !value.is_null())),
    };
    (code, told)
}

#[test]
fn the_page_of_permissions_is_what_the_server_refuses_by() {
    let page = lethe_api::permissions_page();
    if std::env::var_os("LETHE_WRITE_GOLDEN").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(PAGE).unwrap(), page, "write it anew with LETHE_WRITE_GOLDEN=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_those_roles_alone_that_the_page_names() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    world.settled().await;
    let described = world.data(session(Role::Auditor, unit), DESCRIPTION).await;
    let operations = operations(&described);
    let names: BTreeSet<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
    assert_eq!(names, permitted_operations().collect(), "the schema and the matrix name the same fields");
    let page = page();
    assert_eq!(page.len(), operations.len());
    for operation in &operations {
        let (_, cells) = page.iter().find(|(name, _)| *name == operation.name).unwrap();
        assert_eq!(told_roles(&operation.description), granted(cells), "{}", operation.name);
        for (role, cell) in ROLES.into_iter().zip(cells) {
            let asked = format!("{} as {}", operation.document, role.name());
            let (code, told) = answer(&world, session(role, unit), operation).await;
            assert_eq!(code.as_deref() == Some("FORBIDDEN"), cell.is_empty(), "{asked}: {code:?}");
            assert!(!(cell.is_empty() && told), "{asked} was refused and told something");
            let alone = Session { second_factor: false, ..session(role, unit) };
            let (code, told) = answer(&world, alone, operation).await;
            assert_eq!(code.as_deref() == Some("STEP_UP_REQUIRED"), cell == "2", "{asked}: {code:?}");
            assert!(!(cell == "2" && told), "{asked} was refused and told something");
        }
    }
    world.stop().await;
}
