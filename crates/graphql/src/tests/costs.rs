use std::fmt::Write;

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use serde_json::json;

use super::schema::World;
use crate::cost::{self, LONGEST_CHAIN, MOST_NODES};
use crate::read;

/// `fragment f0 … fN`, each of which spreads the next so many times.
pub(super) fn doubling(chain: usize, times: usize) -> String {
    let mut document = "{ viewer { ...f0 } }".to_owned();
    for index in 0..chain {
        let spread = format!("...f{} ", index + 1).repeat(times);
        write!(document, " fragment f{index} on Viewer {{ {spread} }}").unwrap();
    }
    write!(document, " fragment f{chain} on Viewer {{ role }}").unwrap();
    document
}

/// Steps of a walk that follows every spread, as the executor's does; it gives up when there are too many.
pub(super) fn naive(document: &ExecutableDocument, set: &SelectionSet, left: &mut usize) -> bool {
    set.items.iter().all(|selection| {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match &selection.node {
            Selection::Field(field) => naive(document, &field.node.selection_set.node, left),
            Selection::InlineFragment(fragment) => naive(document, &fragment.node.selection_set.node, left),
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node);
                fragment.is_none_or(|fragment| naive(document, &fragment.node.selection_set.node, left))
            }
        }
    })
}

/// The most steps that finding the cost of any document takes: a few for each token, and for each part of a variable.
pub(super) const STEPS: usize = 5 * crate::text::MOST_TOKENS;

fn cost_of(document: &str, variables: serde_json::Value) -> Result<cost::Cost, String> {
    let document = read(document).map_err(|error| error.message)?;
    cost::check(&document, &Variables::from_json(variables)).map_err(|error| error.message)
}

#[tokio::test]
async fn fragments_that_double_are_refused_without_being_followed() {
    let world = World::new();
    for chain in [16, 29, 31] {
        assert_eq!(world.code(&doubling(chain, 2), json!({})).await, "QUERY_TOO_COMPLEX");
    }
    assert_eq!(world.ask(&doubling(4, 2), json!({})).await["data"], json!({"viewer": {"role": "DPM"}}));
}

#[tokio::test]
async fn chains_of_fragments_do_not_exhaust_the_stack_even_if_nothing_uses_them() {
    let world = World::new();
    for chain in [LONGEST_CHAIN, 1_900] {
        let unused = doubling(chain, 1).replace("{ viewer { ...f0 } }", "{ viewer { role } }");
        assert_eq!(world.code(&unused, json!({})).await, "QUERY_TOO_DEEP");
        assert_eq!(world.code(&doubling(chain, 1), json!({})).await, "QUERY_TOO_DEEP");
    }
    assert_eq!(world.code(&doubling(12_000, 1), json!({})).await, "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn fragments_that_spread_one_another_in_a_circle_are_refused() {
    let world = World::new();
    for circle in [
        "{ viewer { ...a } } fragment a on Viewer { ...a }",
        "{ viewer { ...a } } fragment a on Viewer { viewer { ...b } } fragment b on Viewer { ...a }",
        "{ viewer { role } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }",
    ] {
        let told = world.refused(circle, json!({})).await;
        assert!(told[0].contains("spreads itself"), "{told:?}");
    }
}

#[test]
fn a_variables_value_counts_wherever_it_is_used() {
    let used = |times: usize| {
        let fields: String =
            (0..times).map(|index| format!("a{index}: kinds(kind: $k) ")).collect::<Vec<_>>().concat();
        format!("query($k: [Kind!]!) {{ {fields} }}")
    };
    let kinds = json!({"k": vec!["CALL"; 1_000]});
    assert!(cost_of(&used(10), kinds.clone()).is_ok());
    assert!(cost_of(&used(100), kinds).unwrap_err().contains("parts"));
    let default = format!("= [{}]", "CALL ".repeat(1_000));
    let defaulted = used(100).replace("[Kind!]!", &format!("[Kind!] {default}"));
    assert!(cost_of(&defaulted, json!({})).unwrap_err().contains("parts"));
}

#[test]
fn operations_times_variables_and_arguments_times_arguments_are_limited() {
    let many: String = (0..200)
        .map(|index| format!("query q{index}($v: Int) {{ echo(number: $v) }} "))
        .collect::<Vec<_>>()
        .concat();
    assert!(cost_of(&many, json!({})).unwrap_err().contains("one by one"));
    let arguments: String = (0..100).map(|index| format!("a{index}: 1 ")).collect::<Vec<_>>().concat();
    assert!(cost_of(&format!("{{ echo({arguments}) }}"), json!({})).unwrap_err().contains("arguments"));
}

#[test]
fn no_document_of_allowed_size_takes_more_than_a_bounded_number_of_steps() {
    let wide = |fragments: usize, spreads: usize| {
        let all = "...f ".repeat(spreads);
        let inner = "a ".repeat(fragments);
        format!("{{ viewer {{ {all} }} }} fragment f on Viewer {{ {inner} }}")
    };
    let mut documents = vec![
        wide(100, 400),
        wide(9_000, 5_000),
        wide(5_000, 7_000),
        "{ a".to_owned() + &" a".repeat(19_000) + "}",
    ];
    documents.extend((1..40).flat_map(|chain| [1, 2, 10, 100].map(|times| doubling(chain, times))));
    documents.push(format!("{{ {} }}", "...on A { a } ".repeat(3_300)));
    documents.push(format!("{{ {} }}", "a @skip(if: true) ".repeat(2_400)));
    for document in documents {
        let Ok(document) = read(&document) else { continue };
        match cost::check(&document, &Variables::default()) {
            Ok(cost) => {
                assert!(cost.steps <= STEPS && cost.nodes <= MOST_NODES, "{} {}", cost.steps, cost.nodes);
                for (_, operation) in document.operations.iter() {
                    assert!(naive(&document, &operation.node.selection_set.node, &mut MOST_NODES.clone()));
                }
            }
            Err(error) => assert!(error.extensions.is_some()),
        }
    }
}

#[tokio::test]
async fn a_typename_costs_what_a_field_costs() {
    let world = World::new();
    let many = |field: &str| {
        let fields: String = (0..60).map(|index| format!("a{index}: {field} ")).collect::<Vec<_>>().concat();
        format!("{{ things(first: 100) {{ {fields} }} }}")
    };
    assert_eq!(world.code(&many("__typename"), json!({})).await, "QUERY_TOO_COMPLEX");
    let few = "{ things(first: 100) { a: __typename } }";
    assert_eq!(world.code(few, json!({})).await, "");
}

#[tokio::test]
async fn a_depth_beyond_the_limit_is_told_with_the_limit() {
    let world = World::new();
    let deep = |levels: usize| format!("{{ {} role {} }}", "viewer { ".repeat(levels), "} ".repeat(levels));
    assert_eq!(world.code(&deep(14), json!({})).await, "");
    for levels in [15, 20] {
        let told = world.refused(&deep(levels), json!({})).await;
        assert!(told[0].contains("deeper than 15 levels"), "{told:?}");
    }
    for levels in [33, 60] {
        let told = world.refused(&deep(levels), json!({})).await;
        assert!(told[0].contains("nested deeper than"), "{told:?}");
        assert_eq!(world.code(&deep(levels), json!({})).await, "QUERY_TOO_DEEP");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deepest_and_longest_chains_fit_on_a_workers_stack() {
    let mut document = "{ viewer { ...f0 } } ".to_owned();
    let nest = |inner: &str, levels: usize| "...on Viewer { ".repeat(levels) + inner + &" }".repeat(levels);
    for index in 0..28 {
        write!(document, "fragment f{index} on Viewer {{ ...f{} }} ", index + 1).unwrap();
    }
    write!(
        document,
        "fragment f28 on Viewer {{ role }} fragment unused on Viewer {{ {} }}",
        nest("role", 30)
    )
    .unwrap();
    let world = World::new();
    let answer = tokio::spawn(async move { world.ask(&document, json!({})).await }).await.unwrap();
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("unused"), "{answer}");
}
