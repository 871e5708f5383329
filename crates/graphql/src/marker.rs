//! A `__typename` of our own, where an answer could not be put in order without it: the executor turns an object of
//! which nothing was selected into null, and only the type of an object says which fragments apply to it.

use async_graphql::parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned};

/// Under which name it is answered; names with two underscores in front belong to GraphQL, so no client uses them.
pub(crate) const MARKER: &str = "__lethe_type";

/// Adds it wherever all of a selection may fall away, or depends on the type.
pub(crate) fn mark(document: &mut ExecutableDocument) {
    let operations = match &mut document.operations {
        async_graphql::parser::types::DocumentOperations::Single(operation) => vec![operation],
        async_graphql::parser::types::DocumentOperations::Multiple(all) => all.values_mut().collect(),
    };
    for operation in operations {
        // A subscription has one field, and takes no `__typename`.
        if operation.node.ty == OperationType::Subscription {
            below(&mut operation.node.selection_set.node);
        } else {
            object(&mut operation.node.selection_set.node);
        }
    }
    for fragment in document.fragments.values_mut() {
        below(&mut fragment.node.selection_set.node);
    }
}

/// The whole selection of an object.
fn object(set: &mut SelectionSet) {
    below(set);
    let is_fragment = |selection: &Selection| !matches!(selection, Selection::Field(_));
    let any_fragment = set.items.iter().any(|selection| is_fragment(&selection.node));
    let all_may_go = set.items.iter().all(|selection| !selection.node.directives().is_empty());
    if !set.items.is_empty() && (any_fragment || all_may_go) {
        set.items.push(at_no_place(Selection::Field(at_no_place(Field {
            alias: Some(at_no_place(Name::new(MARKER))),
            name: at_no_place(Name::new("__typename")),
            arguments: Vec::new(),
            directives: Vec::new(),
            selection_set: Positioned::default(),
        }))));
    }
}

fn below(set: &mut SelectionSet) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => object(&mut field.node.selection_set.node),
            Selection::InlineFragment(fragment) => below(&mut fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn at_no_place<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}
