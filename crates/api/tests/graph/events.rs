//! All events, as those who replay history ask for them.

use async_graphql::futures_util::StreamExt;
use lethe_crm::contact::{AmendContact, ContactInput, RegisterContact};
use lethe_crm::import::{ImportFile, ImportKind, Source, prepare, run};
use lethe_kernel::{Caller, ContactId, Patch, RequestId, Role, Session, UnitId, UserId};
use lethe_ledger::Context;
use lethe_privacy::reveal::SetPurposes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::running::{World, session};

const EVENTS: &str =
    "query($filter: EventFilterInput, $first: Int, $after: String, $last: Int, $before: String) {
    events(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { id position type recordedAt stream { id } caller { userId } } } }";

async fn events(world: &World, session: Session, variables: Value) -> Value {
    let mut answer = world.ask(session, EVENTS, variables).await;
    assert_eq!(answer.get("errors"), None, "{answer:#}");
    answer["data"]["events"].take()
}

fn positions(page: &Value) -> Vec<i64> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes.map(|event| event["position"].as_str().unwrap().parse().unwrap()).collect()
}

/// A contact of the unit that was registered by one user and amended by another.
async fn history(world: &World, first: Caller, second: Caller) {
    let input = ContactInput { first_name: Patch::Set("Åse".into()), ..ContactInput::default() };
    let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    let contact = ContactId(world.act(first, work).await);
    for title in ["Direktør", "Formand"] {
        let input = ContactInput { title: Patch::Set(title.into()), ..ContactInput::default() };
        world.act(second, AmendContact { contact, expected_version: None, input }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_events_by_type_object_user_unit_time_and_position() {
    let world = World::start().await;
    let (north, south) = (world.unit(7).await, world.unit(8).await);
    let of =
        |unit, user| Caller { user: UserId(Uuid::from_u128(user)), ..session(Role::Consultant, unit).caller };
    history(&world, of(north, 0x31), of(north, 0x32)).await;
    history(&world, of(south, 0x33), of(south, 0x33)).await;
    world.settled().await;
    let auditor = session(Role::Auditor, north);
    let all = events(&world, auditor, json!({})).await;
    let end = i64::try_from(all["nodes"].as_array().unwrap().len()).unwrap();
    assert_eq!(positions(&all), (1..=end).collect::<Vec<_>>());

    let node = |position: i64| &all["nodes"][usize::try_from(position - 1).unwrap()];
    let by = async |filter: Value| positions(&events(&world, auditor, json!({"filter": filter})).await);
    let first = end - 5;
    assert_eq!(by(json!({"types": ["contact.amended"]})).await, [first + 1, first + 2, end - 1, end]);
    assert_eq!(by(json!({"object": node(first)["stream"]["id"]})).await, [first, first + 1, first + 2]);
    assert_eq!(by(json!({"user": node(first + 1)["caller"]["userId"]})).await, [first + 1, first + 2]);
    let south =
        world.data(auditor, "{ units { nodes { id name } } }").await["units"]["nodes"][1]["id"].clone();
    assert_eq!(by(json!({"unit": south, "types": ["contact.registered"]})).await, [end - 2]);
    assert_eq!(by(json!({"fromPosition": "3", "untilPosition": "4"})).await, [3, 4]);
    let at = node(end)["recordedAt"].clone();
    let (until, from) = (by(json!({"until": at})).await, by(json!({"from": at})).await);
    assert_eq!([until, from.clone()].concat(), positions(&all));
    assert_eq!(from.last(), Some(&end));
    assert_eq!(
        by(json!({"types": ["contact.registered"], "object": node(1)["stream"]["id"]})).await,
        [] as [i64; 0]
    );

    let page = events(&world, auditor, json!({"first": 3})).await;
    assert_eq!((positions(&page), &page["pageInfo"]["hasNextPage"]), (vec![1, 2, 3], &json!(true)));
    let next = json!({"first": 2, "after": page["pageInfo"]["endCursor"]});
    assert_eq!(positions(&events(&world, auditor, next).await), [4, 5]);
    let last = events(&world, auditor, json!({"last": 2})).await;
    assert_eq!(positions(&last), [end - 1, end]);
    let before = json!({"last": 2, "before": last["pageInfo"]["startCursor"]});
    assert_eq!(positions(&events(&world, auditor, before).await), [end - 3, end - 2]);
    let foreign = world.ask(auditor, EVENTS, json!({"after": "bm9uZQ"})).await;
    assert_eq!(foreign["errors"][0]["extensions"]["code"], "BAD_CURSOR");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_unit_decided_for_itself_is_not_shown_as_an_event_either() {
    let world = World::start().await;
    let (north, south) = (world.unit(7).await, world.unit(8).await);
    for unit in [north, south] {
        world.act(session(Role::Dpm, unit).caller, SetPurposes(vec!["FRAUD".into()])).await;
    }
    world.settled().await;
    let filter = json!({"filter": {"types": ["reveal_policy.purposes_set"]}});
    let both = events(&world, session(Role::Auditor, north), filter).await;
    let mut shown = Vec::new();
    for event in both["nodes"].as_array().unwrap() {
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let answer = world.ask(session(Role::Consultant, north), node, json!({"id": event["id"]})).await;
        shown.push(answer["data"]["node"].is_object());
    }
    assert_eq!(shown, [true, false]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_shows_what_another_unit_is_and_not_what_it_decided_for_itself() {
    let world = World::start().await;
    let (north, south) = (world.unit(7).await, world.unit(8).await);
    for unit in [south, north] {
        world.act(session(Role::Dpm, unit).caller, SetPurposes(vec!["FRAUD".into()])).await;
    }
    world.settled().await;
    // All of it is read at once, and the streams of a unit and of its decisions have one id.
    let query = r#"subscription { changes(after: "0") { event { type caller { unit { name } } } } }"#;
    let mut changes = world.follow(session(Role::Consultant, north), query);
    let (mut units, mut decided) = (0, Vec::new());
    while decided.last().is_none_or(|of| of != "Unit 7") {
        let told = serde_json::to_value(changes.next().await.unwrap()).unwrap();
        let event = &told["data"]["changes"]["event"];
        match event["type"].as_str().unwrap() {
            "unit.registered" => units += 1,
            "reveal_policy.purposes_set" => {
                decided.push(event["caller"]["unit"]["name"].as_str().unwrap().to_owned());
            }
            _ => {}
        }
    }
    assert_eq!((units, decided), (2, vec!["Unit 7".to_owned()]));
    drop(changes);
    world.stop().await;
}

/// Imports a sole proprietor, in the name of a unit.
async fn import(world: &World, unit: UnitId) {
    let text = "CVR-nr.;Navn;Virksomhedsform\n10000009;Prøve;Enkeltmandsvirksomhed\n";
    let source = Source::Bytes(text.as_bytes().into());
    let file = ImportFile { source, kind: ImportKind::Companies, overrides: Vec::new() };
    let context = Context::new(session(Role::Consultant, unit).caller, RequestId(Uuid::from_u128(1)));
    let prepared = prepare(&world.ledger, &context, file).await.unwrap();
    run(prepared, &world.ledger, &context, |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn which_file_of_another_unit_names_a_company_is_withheld() {
    let world = World::start().await;
    let (north, south) = (world.unit(7).await, world.unit(8).await);
    for unit in [north, south] {
        import(&world, unit).await;
    }
    world.settled().await;
    let query = "{ companies { nodes { history(last: 1) { nodes { type
        changes { field withheld value { ... on ObjectValue { objectId } } } } } } } }";
    for (unit, sees) in [(north, false), (south, true)] {
        let told = world.data(session(Role::Consultant, unit), query).await;
        let event = &told["companies"]["nodes"][0]["history"]["nodes"][0];
        assert_eq!(event["type"], "company.found_by_import");
        for change in event["changes"].as_array().unwrap() {
            assert_eq!(change["value"]["objectId"].is_string(), sees, "{event:#}");
            assert_eq!(change["withheld"] == "FORBIDDEN", !sees, "{event:#}");
        }
    }
    world.stop().await;
}
