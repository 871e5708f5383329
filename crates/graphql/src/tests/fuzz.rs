//! Documents that nobody would write. `LETHE_FUZZ_CASES` says how many; `just fuzz` runs it for minutes.

use async_graphql::{Request, Variables};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::costs::{STEPS, naive};
use super::schema::World;
use crate::cost::{self, MOST_NODES};
use crate::fault::MOST;
use crate::read;

/// A personal number, which no message may repeat.
const SECRET: &str = "310765-7913";

fn runner() -> TestRunner {
    let cases = std::env::var("LETHE_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256);
    // A failure is shown whole; it becomes a test of its own.
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(format!("\"{SECRET}\"")),
        Just(format!("\"\"\"{SECRET}\"\"\"")),
        Just("\"2030-01-01\"".to_owned()),
        Just("null".to_owned()),
        Just("CALL".to_owned()),
        Just("true".to_owned()),
        Just("99999999999".to_owned()),
        any::<i16>().prop_map(|number| number.to_string()),
        any::<f32>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        "[ab]".prop_map(|name| format!("${name}")),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        let field = (
            prop_oneof![Just("text"), Just("end"), Just("on"), Just("kind"), Just("tags"), Just("version")],
            inner.clone(),
        );
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(" "))),
            prop::collection::vec(field, 0..4).prop_map(|fields| {
                let fields: Vec<_> =
                    fields.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
                format!("{{{}}}", fields.join(" "))
            }),
        ]
    })
}

fn selection() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("role"),
        Just("maybe"),
        Just("late"),
        Just("echo"),
        Just("__typename"),
        Just("text"),
        Just("size"),
        Just("nothing"),
        Just("fails"),
        Just("store"),
        Just("a: late"),
        Just("__schema"),
    ];
    let argument =
        prop_oneof![Just("number"), Just("first"), Just("day"), Just("note"), Just("kind"), Just("if")];
    let directive = prop_oneof![
        4 => Just(String::new()),
        1 => Just(" @skip(if: true)".to_owned()),
        1 => value().prop_map(|value| format!(" @include(if: {value})")),
    ];
    let leaf = prop_oneof![
        (name.clone(), directive.clone()).prop_map(|(name, directive)| format!("{name}{directive}")),
        (name, argument, value()).prop_map(|(name, argument, value)| format!("{name}({argument}: {value})")),
        "[fg][0-3]".prop_map(|name| format!("...{name}")),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let parent = prop_oneof![
            Just("viewer"),
            Just("nobody"),
            Just("things"),
            Just("things(first: 3)"),
            Just("... on Text"),
            Just("... on Viewer"),
            Just("... on Query"),
            Just("..."),
            Just("role"),
            Just("__schema"),
        ];
        (parent, directive.clone(), prop::collection::vec(inner, 1..5))
            .prop_map(|(parent, directive, inner)| format!("{parent}{directive} {{ {} }}", inner.join(" ")))
    })
}

fn document() -> impl Strategy<Value = String> {
    let kind = prop_oneof![Just("query"), Just("mutation"), Just("subscription"), Just("query A"), Just("")];
    let variables = prop_oneof![
        Just(String::new()),
        value().prop_map(|value| format!("($a: Int = {value}, $b: [Nope])")),
        Just("($a: NoteInput, $b: Day!)".to_owned()),
        Just("($a: [Kind!]!)".to_owned()),
    ];
    let set = || prop::collection::vec(selection(), 1..4).prop_map(|selections| selections.join(" "));
    let fragment = (
        "[fg][0-3]",
        prop_oneof![Just("Viewer"), Just("Query"), Just("Text"), Just("Thing"), Just("Nope")],
        set(),
    );
    (kind, variables, set(), prop::collection::vec(fragment, 0..5)).prop_map(
        |(kind, variables, set, fragments)| {
            let variables = if kind.is_empty() { "" } else { &variables };
            let fragments: String = fragments
                .into_iter()
                .map(|(name, on, set)| format!(" fragment {name} on {on} {{ {set} }}"))
                .collect::<Vec<_>>()
                .concat();
            format!("{kind}{variables} {{ {set} }}{fragments}")
        },
    )
}

/// Documents that are right.
fn valid() -> impl Strategy<Value = String> {
    let skipped = prop_oneof![3 => Just(""), 1 => Just(" @skip(if: true)"), 1 => Just(" @include(if: $a)")];
    let name = prop_oneof![Just("role"), Just("maybe"), Just("__typename"), Just("x: role"), Just("...f")];
    let viewer = (name, skipped.clone()).prop_map(|(name, skipped)| format!("{name}{skipped}"));
    let viewer = viewer.prop_recursive(4, 20, 4, move |inner| {
        let parent = prop_oneof![Just("viewer"), Just("..."), Just("... on Viewer")];
        (parent, skipped.clone(), prop::collection::vec(inner, 1..4))
            .prop_map(|(parent, skipped, inner)| format!("{parent}{skipped} {{ {} }}", inner.join(" ")))
    });
    let things = "things(first: 3) { ... on Text { size text } ... on Number { number size } }";
    let root = prop_oneof![
        prop::collection::vec(viewer, 1..4).prop_map(|inner| format!("viewer {{ {} }}", inner.join(" "))),
        Just(things.to_owned()),
        Just("late".to_owned()),
        Just("echo(number: $n)".to_owned()),
    ];
    prop::collection::vec(root, 1..4).prop_map(|root| {
        let used = "viewer { ...f role @skip(if: $a) } n: echo(number: $n)";
        let root = root.join(" ");
        format!(
            "query($a: Boolean = true, $n: Int) {{ {root} {used} }} fragment f on Viewer {{ maybe role }}"
        )
    })
}

/// Tokens in any order.
fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[{}()\\[\\]:!$@=|&.#\"\\\\,\n]".prop_map(|token| token),
        Just("...".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("fragment f on Viewer".to_owned()),
        Just("query".to_owned()),
        Just(SECRET.to_owned()),
        any::<char>().prop_map(String::from),
        "[a-z]{1,8}".prop_map(|token| token),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.join(" "))
}

fn variables() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::json!(null)),
        Just(serde_json::json!(SECRET)),
        Just(serde_json::json!("CALL")),
        any::<i64>().prop_map(|number| serde_json::json!(number)),
        Just(serde_json::json!({"text": SECRET})),
        Just(serde_json::json!([SECRET, 1])),
        Just(serde_json::json!({SECRET: SECRET})),
    ];
    prop::collection::hash_map("[ab]", leaf, 0..3).prop_map(|all| serde_json::json!(all))
}

fn holds(world: &World, document: &str, variables: serde_json::Value) -> Result<(), TestCaseError> {
    let variables = Variables::from_json(variables);
    if let Ok(read) = read(document)
        && let Ok(cost) = cost::check(&read, &variables)
    {
        prop_assert!(cost.steps <= STEPS && cost.nodes <= MOST_NODES);
        for (_, operation) in read.operations.iter() {
            prop_assert!(naive(&read, &operation.node.selection_set.node, &mut MOST_NODES.clone()));
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let request = Request::new(document).variables(variables);
    let answer = serde_json::to_value(runtime.block_on(world.schema.execute(request))).unwrap();
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let refused = errors.iter().all(|error| error["path"].is_null());
    prop_assert!(!refused || errors.len() <= MOST, "{answer}");
    for error in &errors {
        let message = error["message"].as_str().unwrap();
        prop_assert!(!message.contains("310765") && !message.contains("7913"), "{message}");
        prop_assert!(!message.contains("lethe"), "{message}");
    }
    prop_assert!(!answer.to_string().contains("__lethe"), "{answer}");
    // An executed field that fails for its input has stored nothing before it.
    let stored = world.stored.swap(0, std::sync::atomic::Ordering::SeqCst);
    let failed = errors.iter().any(|error| error["message"] != "refused");
    prop_assert!(stored == 0 || !failed, "executed in part: {answer}");
    Ok(())
}

#[test]
fn any_document_ends_in_few_steps_without_panic_and_no_message_repeats_a_value() {
    let world = World::new();
    let documents = prop_oneof![3 => document(), 2 => valid(), 1 => soup()];
    runner()
        .run(&(documents, variables()), |(document, variables)| holds(&world, &document, variables))
        .unwrap();
}

#[test]
fn generated_documents_are_read_and_those_that_are_right_are_executed() {
    let world = World::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = runner();
    runner
        .run(&valid(), |document| {
            let answer = runtime.block_on(world.schema.execute(Request::new(&document)));
            prop_assert!(answer.errors.is_empty(), "{document}: {:?}", answer.errors);
            Ok(())
        })
        .unwrap();
    let read_all = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    runner
        .run(&document(), |document| {
            read_all.set(read_all.get() + usize::from(read(&document).is_ok()));
            Ok(())
        })
        .unwrap();
    assert!(read_all.get() > 50, "{}", read_all.get());
}
