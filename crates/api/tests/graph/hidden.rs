//! Every mutation about a contact, note or prospect is sent with an id that the caller's unit may not know of.

use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../../../../schema.graphql");
const ASKED: &str = include_str!("visibility.rs");
/// What refuses a hidden id by a rule of its own: tests of erasures and of reveals ask them.
const ELSEWHERE: [&str; 4] = ["contactAnonymise", "contactDelete", "cprReveal", "noteReveal"];

#[test]
fn every_mutation_about_what_units_hide_is_asked_with_a_hidden_id() {
    let ids = ["contactId:", "contactIds:", "noteId:", "prospectId:"];
    let mutations: BTreeSet<String> = (SCHEMA.split("\ninput ").skip(1))
        .map(|input| input.split("\n}").next().unwrap_or_default())
        .filter(|input| input.lines().any(|line| ids.iter().any(|id| line.trim().starts_with(id))))
        .map(|input| {
            let name = input.split("Input {").next().unwrap_or_default();
            name[..1].to_lowercase() + &name[1..]
        })
        .collect();
    assert!(mutations.contains("contactAmend"), "the schema is read as it stands");
    let asked = |name: &str| ASKED.contains(&format!("{name}(")) || ASKED.contains(&format!("\"{name}\""));
    let left: Vec<&String> =
        mutations.iter().filter(|name| !asked(name) && !ELSEWHERE.contains(&name.as_str())).collect();
    assert!(left.is_empty(), "add to ABOUT_CONTACTS or its like in tests/graph/visibility.rs: {left:?}");
}
