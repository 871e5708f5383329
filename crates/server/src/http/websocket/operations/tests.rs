//! What is asked on a connection whose caller has lost their rights and that is not closed yet.

use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Schema};
use chrono::TimeDelta;
use lethe_access::directory::Roster;
use lethe_auth::{LocalKey, LocalToken, Verifier};
use lethe_kernel::{Clock, IdSource, RequestId, Role, UserId};
use serde_json::{Value, json};

use super::*;
use crate::http::caller::{Asked, Gate, Members};

struct Query;

#[Object]
impl Query {
    async fn told(&self) -> bool {
        true
    }

    async fn panics(&self, context: &Context<'_>) -> bool {
        *context.data::<bool>().expect("marker")
    }
}

type Serving = Operations<Schema<Query, EmptyMutation, EmptySubscription>>;

/// What an operation is answered, once and no more.
async fn answer(operations: &Serving) -> Value {
    answer_to(operations, "{ told }").await
}

async fn answer_to(operations: &Serving, query: &str) -> Value {
    let answers: Vec<Response> = operations.execute_stream(Request::new(query), None).collect().await;
    assert_eq!(answers.len(), 1);
    serde_json::to_value(answers.first().unwrap()).unwrap()
}

/// A connection on which nobody is introduced yet, and what introduces somebody.
fn scene(clock: &Clock) -> (Guard, Serving, String) {
    let folder = tempfile::tempdir().unwrap();
    let key = LocalKey::open_or_create(&folder.path().join("token.key")).unwrap();
    // Nobody is registered, so that who has the key may be the system administrator.
    let members = Members::Fixed(Arc::new(Roster::default()));
    let verifier = Verifier::local(&key, TimeDelta::zero(), clock.clone());
    let gate = Gate::new(verifier, members, clock.clone(), "Ask.".to_owned(), None);
    let guard = Guard::new(gate, Asked::default());
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let operations = Operations::new(schema, 9, Stop::by_hand().1, guard.clone());
    let token = LocalToken {
        user: UserId(IdSource.next()),
        role: Some(Role::SystemAdministrator),
        unit: None,
        device: None,
        second_factor: true,
        from: clock.now(),
        valid: TimeDelta::hours(1),
        id: IdSource.next(),
    };
    (guard, operations, format!("Bearer {}", key.sign(&token).unwrap()))
}

fn code(answer: &Value) -> Value {
    answer["errors"][0]["extensions"]["code"].clone()
}

async fn introduce(guard: Guard, bearer: &str) {
    guard.introduce(json!({"Authorization": bearer}), RequestId(IdSource.next())).await.unwrap();
}

#[tokio::test]
async fn nothing_is_answered_once_the_rights_are_gone_though_the_connection_is_open() {
    let clock = Clock::fixed(Clock::system().now());
    let (guard, operations, bearer) = scene(&clock);
    assert_eq!(code(&answer(&operations).await), "UNAUTHENTICATED", "nobody was introduced");
    introduce(guard, &bearer).await;
    assert_eq!(answer(&operations).await["data"]["told"], true);
    clock.set(clock.now() + TimeDelta::hours(2));
    let late = answer(&operations).await;
    assert_eq!((code(&late), &late["data"]), (json!("UNAUTHENTICATED"), &Value::Null));
}

#[tokio::test]
async fn a_defect_of_one_operation_is_told_and_ends_it_alone() {
    let (guard, operations, bearer) = scene(&Clock::system());
    introduce(guard, &bearer).await;
    let failed = answer_to(&operations, "{ panics }").await;
    assert_eq!(code(&failed), "INTERNAL_ERROR");
    assert!(!failed.to_string().contains("marker"), "{failed}");
    assert_eq!(answer(&operations).await["data"]["told"], true);
}
