//! A key that does not unwrap is one loud error, where it is used, and not of all who are shown beside.

use lethe_access::user::RegisterUser;
use lethe_kernel::{Caller, Role, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::running::{World, session};

const USERS: &str = "{ users(first: 9) { nodes { name email identities { issuer subject } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn of_a_page_of_users_one_whose_key_is_damaged_is_an_error_and_the_others_are_shown() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    let freja = UserId(Uuid::from_u128(50));
    world.act(Caller::system(unit), RegisterUser::person(freja, "Freja", "freja@example.org")).await;
    world.settled().await;
    let damage = "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE subject_id = $1";
    sqlx::query(damage).bind(freja.0).execute(&world.ledger.parts().pool).await.unwrap();
    let answer = world.ask(session(Role::Auditor, unit), USERS, json!({})).await;
    let names: Vec<&Value> =
        answer["data"]["users"]["nodes"].as_array().unwrap().iter().map(|user| &user["name"]).collect();
    assert_eq!(names, [&json!("Dana"), &Value::Null], "{answer:#}");
    let errors = answer["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|error| (&error["path"], &error["extensions"]["code"])).collect();
    let at = |field: &str| json!(["users", "nodes", 1, field]);
    assert_eq!(told, [(&at("name"), &json!("VAULT")), (&at("email"), &json!("VAULT"))], "{answer:#}");
    let damage = world.ledger.parts().vault.damage().expect("readiness says so");
    assert!(damage.contains(&freja.to_string()), "{damage}");
    world.stop().await;
}
