//! A schema that has one of everything, and counts what it stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{
    Context, EmptySubscription, Enum, InputObject, MaybeUndefined, Object, OneofObject, Request, Scalar,
    ScalarType, Schema, SimpleObject, Union, Value, Variables,
};

use crate::{Documents, Limits, Persisted, Scalars};

pub(super) const LIMITS: Limits = Limits { depth: 15, complexity: 5_000, usual_page: 20, largest_page: 100 };

const SCALARS: Scalars = &[("Day", |value| match value {
    Value::String(text) if text.len() == 10 && text.starts_with('2') => Ok(()),
    _ => Err("A day is written YYYY-MM-DD.".to_owned()),
})];

pub(super) struct Day(String);

#[Scalar]
impl ScalarType for Day {
    fn parse(value: Value) -> async_graphql::InputValueResult<Self> {
        match value {
            Value::String(text) if text.len() == 10 && text.starts_with('2') => Ok(Self(text)),
            value => Err(async_graphql::InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum Kind {
    Call,
    Meeting,
}

#[derive(OneofObject)]
pub(super) enum End {
    On(Day),
    After(i32),
}

#[derive(InputObject)]
pub(super) struct NoteInput {
    text: String,
    title: MaybeUndefined<String>,
    kind: Option<Kind>,
    end: Option<End>,
    tags: Option<Vec<String>>,
    version: Option<i64>,
    #[graphql(default = 7)]
    seven: i32,
}

pub(super) struct Viewer;

#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object]
impl Viewer {
    async fn role(&self) -> &'static str {
        "DPM"
    }

    async fn viewer(&self) -> Self {
        Self
    }

    async fn maybe(&self) -> Option<bool> {
        None
    }

    async fn fails(&self) -> async_graphql::Result<bool> {
        Err("refused".into())
    }
}

#[derive(SimpleObject)]
pub(super) struct Text {
    text: &'static str,
    size: i32,
}

#[derive(SimpleObject)]
pub(super) struct Number {
    number: i32,
    size: i32,
}

#[derive(Union)]
pub(super) enum Thing {
    Text(Text),
    Number(Number),
}

pub(super) struct Query;

#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object]
impl Query {
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    async fn nobody(&self) -> Option<Viewer> {
        None
    }

    async fn echo(&self, number: Option<i32>) -> Option<i32> {
        number
    }

    async fn kinds(&self, kind: Vec<Kind>) -> Vec<Kind> {
        kind
    }

    async fn late(&self) -> bool {
        tokio::task::yield_now().await;
        true
    }

    async fn fails(&self) -> async_graphql::Result<bool> {
        Err("refused".into())
    }

    #[graphql(complexity = "100 * child_complexity")]
    async fn things(&self, first: Option<i32>, last: Option<i32>) -> Vec<Thing> {
        let thing = |index: i32| match index % 2 {
            0 => Thing::Text(Text { text: "a", size: index }),
            _ => Thing::Number(Number { number: 1, size: index }),
        };
        (0..first.or(last).unwrap_or(2)).map(thing).collect()
    }
}

pub(super) struct Mutation;

#[Object]
impl Mutation {
    async fn store(&self, context: &Context<'_>, day: Option<Day>, note: Option<NoteInput>) -> String {
        context.data_unchecked::<Arc<AtomicUsize>>().fetch_add(1, Ordering::SeqCst);
        let title = note.map(|note| note.title);
        match (day, title) {
            (_, Some(MaybeUndefined::Undefined)) => "kept".to_owned(),
            (_, Some(MaybeUndefined::Null)) => "cleared".to_owned(),
            (_, Some(MaybeUndefined::Value(_))) => "set".to_owned(),
            (day, None) => day.map(|day| day.0).unwrap_or_default(),
        }
    }
}

pub(super) struct World {
    pub(super) schema: Schema<Query, Mutation, EmptySubscription>,
    pub(super) stored: Arc<AtomicUsize>,
}

impl World {
    pub(super) fn new() -> Self {
        let stored = Arc::new(AtomicUsize::new(0));
        let schema = Schema::build(Query, Mutation, EmptySubscription)
            .data(stored.clone())
            .limit_depth(LIMITS.depth)
            .limit_complexity(1 << 30)
            .extension(Persisted::default())
            .extension(Documents::new(LIMITS, SCALARS))
            .finish();
        Self { schema, stored }
    }

    /// A schema without what is tested here, to see what it mends.
    pub(super) fn bare() -> Schema<Query, Mutation, EmptySubscription> {
        Schema::build(Query, Mutation, EmptySubscription).data(Arc::new(AtomicUsize::new(0))).finish()
    }

    pub(super) async fn ask(&self, query: &str, variables: serde_json::Value) -> serde_json::Value {
        let request = Request::new(query).variables(Variables::from_json(variables));
        serde_json::to_value(self.schema.execute(request).await).unwrap()
    }

    /// The text of the answer, in which the order of keys is seen.
    pub(super) async fn text(&self, query: &str) -> String {
        serde_json::to_string(&self.schema.execute(Request::new(query)).await.data).unwrap()
    }

    /// The messages of a refusal, of which nothing was executed.
    pub(super) async fn refused(&self, query: &str, variables: serde_json::Value) -> Vec<String> {
        let before = self.stored.load(Ordering::SeqCst);
        let answer = self.ask(query, variables).await;
        assert!(answer["data"].is_null(), "{query}: {answer}");
        assert_eq!(self.stored.load(Ordering::SeqCst), before, "{query} was executed in part");
        let errors = answer["errors"].as_array().expect("it is refused");
        assert!(errors.iter().all(|error| error["path"].is_null()), "{answer}");
        errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect()
    }

    /// The code of the first error.
    pub(super) async fn code(&self, query: &str, variables: serde_json::Value) -> String {
        let answer = self.ask(query, variables).await;
        answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}
