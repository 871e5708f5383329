//! A key that does not unwrap is one loud error, where it is used, and not of all who are shown beside.

use async_graphql::futures_util::StreamExt;
use lethe_access::user::RegisterUser;
use lethe_kernel::{Caller, Role, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::running::{World, session};

const EVENTS: &str = "{ events(first: 50) { nodes {
    type changes { field value { ... on TextValue { text } } withheld }
} } }";
const CHANGES: &str =
    "subscription { changes(after: \"0\") { event { type changes { field value { __typename } } } } }";
const USERS: &str = "{ users(first: 9) { nodes { name email identities { issuer subject } } } }";

async fn damage(world: &World, user: UserId) {
    let damage = "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE subject_id = $1";
    let done = sqlx::query(damage).bind(user.0).execute(&world.ledger.parts().pool).await.unwrap();
    assert!(done.rows_affected() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_page_of_users_one_whose_key_is_damaged_is_an_error_and_the_others_are_shown() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    let freja = UserId(Uuid::from_u128(50));
    world.act(Caller::system(unit), RegisterUser::person(freja, "Freja", "freja@example.org")).await;
    world.settled().await;
    damage(&world, freja).await;
    let answer = world.ask(session(Role::Auditor, unit), USERS, json!({})).await;
    let users = answer["data"]["users"]["nodes"].as_array().unwrap();
    assert_eq!(users[0]["name"], "Dana", "{answer:#}");
    // Fields that may be null are there, and null. Identities may not, and are empty all the same.
    assert_eq!(users[1], json!({ "name": null, "email": null, "identities": [] }), "{answer:#}");
    let errors = answer["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|error| (&error["path"], &error["extensions"]["code"])).collect();
    let at = |field: &str| json!(["users", "nodes", 1, field]);
    assert_eq!(told, [(&at("name"), &json!("VAULT")), (&at("email"), &json!("VAULT"))], "{answer:#}");
    let damage = world.ledger.parts().vault.damage().expect("readiness says so");
    assert!(damage.contains(&freja.to_string()), "{damage}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_page_of_events_a_value_whose_key_is_damaged_is_an_error_and_all_else_is_shown() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    let (freja, kai) = (UserId(Uuid::from_u128(50)), UserId(Uuid::from_u128(51)));
    for (user, name) in [(freja, "Freja"), (kai, "Kai")] {
        world.act(Caller::system(unit), RegisterUser::person(user, name, "somebody@example.org")).await;
    }
    world.settled().await;
    damage(&world, freja).await;
    let answer = world.ask(session(Role::Auditor, unit), EVENTS, json!({})).await;
    let events = answer["data"]["events"]["nodes"].as_array().unwrap();
    let registered = |event: &&Value| event["type"] == "user.registered";
    let [hers, his] = [0, 1].map(|user| events.iter().filter(registered).nth_back(1 - user).unwrap());
    let shown = |event: &Value| -> Vec<(Value, Value)> {
        let changes = event["changes"].as_array().unwrap().iter();
        let value = |change: &Value| {
            let value = change.get("value").expect("it may be null, and is there");
            value.get("text").unwrap_or(value).clone()
        };
        changes.skip(2).map(|change| (change["field"].clone(), value(change))).collect()
    };
    let of = |name: Value, email: Value| vec![(json!("name"), name), (json!("email"), email)];
    assert_eq!(shown(hers), of(Value::Null, Value::Null), "{answer:#}");
    assert_eq!(shown(his), of(json!("Kai"), json!("somebody@example.org")), "{answer:#}");
    let place = events.iter().position(|event| event == hers).unwrap();
    let errors = answer["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|error| (&error["path"], &error["extensions"]["code"])).collect();
    let at = |change: usize| json!(["events", "nodes", place, "changes", change, "value"]);
    assert_eq!(told, [(&at(2), &json!("VAULT")), (&at(3), &json!("VAULT"))], "{answer:#}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_tells_such_an_error_with_the_event_that_it_is_of_and_goes_on() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    let (freja, kai) = (UserId(Uuid::from_u128(50)), UserId(Uuid::from_u128(51)));
    for (user, name) in [(freja, "Freja"), (kai, "Kai")] {
        world.act(Caller::system(unit), RegisterUser::person(user, name, "somebody@example.org")).await;
    }
    world.settled().await;
    damage(&world, freja).await;
    let mut stream = world.follow(session(Role::Auditor, unit), CHANGES);
    let mut told = Vec::new();
    while told.len() < 3 {
        let answer = serde_json::to_value(stream.next().await.unwrap()).unwrap();
        let event = &answer["data"]["changes"]["event"];
        if event["type"] == "user.registered" {
            let values: Vec<Value> = event["changes"]
                .as_array()
                .unwrap()
                .iter()
                .skip(2)
                .map(|change| change["value"].clone())
                .collect();
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            told.push((values, errors.iter().map(|error| error["path"].clone()).collect::<Vec<_>>()));
        }
    }
    let text = json!({ "__typename": "TextValue" });
    let shown = (vec![text.clone(), text], vec![]);
    let at = |change: usize| json!(["changes", "event", "changes", change, "value"]);
    let hers = (vec![Value::Null, Value::Null], vec![at(2), at(3)]);
    assert_eq!(told, [shown.clone(), hers, shown]);
    drop(stream);
    world.stop().await;
}
