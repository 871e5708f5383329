//! The operation that runs, and its variables.

use std::collections::HashSet;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, ServerError, Variables};

use crate::fault::{INPUT, INVALID, quoted, refusal};
use crate::literal::strip;
use crate::value::Values;

/// The operation that runs.
///
/// # Errors
/// There is none of that name, or none is named and there are several.
pub(crate) fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a Positioned<OperationDefinition>, ServerError> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => all.values().next(),
        (DocumentOperations::Multiple(_), None) => {
            let message = "The document has several operations. Say in operationName which one is to run.";
            return Err(refusal(INVALID, message, None));
        }
        (DocumentOperations::Single(_), Some(_)) => None,
    };
    let message = "The document has no operation of the name in operationName. Name one that it has.";
    found.ok_or_else(|| refusal(INVALID, message, None))
}

/// The fragments that an operation or a fragment reaches.
pub(crate) fn reached<'a>(document: &'a ExecutableDocument, from: &'a SelectionSet) -> HashSet<&'a Name> {
    let (mut found, mut open) = (HashSet::new(), vec![from]);
    while let Some(set) = open.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => open.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name)
                        && found.insert(name)
                    {
                        open.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    found
}

/// Checks the variables of an operation, fills in defaults, and answers those that nobody gave.
pub(crate) fn coerce(
    operation: &OperationDefinition,
    variables: &mut Variables,
    values: &mut Values<'_>,
) -> HashSet<Name> {
    let mut absent = HashSet::new();
    for variable in operation.variable_definitions.iter().map(|variable| &variable.node) {
        let (name, place) = (&variable.name.node, variable.name.pos);
        let (of, told) = (variable.var_type.node.to_string(), format!("${name}"));
        if !values.declares(&told, place, &of) {
            continue;
        }
        if let Some(default) = &variable.default_value {
            values.check(&told, place, &of, &default.node);
        }
        match (variables.get(name), &variable.default_value) {
            (Some(value), _) => values.check(&told, place, &of, value),
            (None, Some(default)) => {
                variables.insert(name.clone(), default.node.clone());
            }
            (None, None) if of.ends_with('!') => {
                let message = format!("The variable {} is missing. Its type is {of}.", quoted(name));
                values.errors.push(refusal(INPUT, message, Some(place)));
            }
            (None, None) => {
                absent.insert(name.clone());
            }
        }
        if values.is_full() {
            break;
        }
    }
    absent
}

/// Takes the variables that nobody gave out of the document, which is then that of the operation alone: what others do
/// with the same fragments would not fit any more.
pub(crate) fn prune(document: &mut ExecutableDocument, name: Option<&str>, absent: &HashSet<Name>) {
    let Ok(mut operation) = chosen(document, name).cloned() else { return };
    let mine: HashSet<Name> =
        reached(document, &operation.node.selection_set.node).into_iter().cloned().collect();
    let mut others = HashSet::new();
    for (_, other) in document.operations.iter() {
        others.extend(reached(document, &other.node.selection_set.node).into_iter().cloned());
    }
    document.fragments.retain(|name, _| mine.contains(name) || !others.contains(name));
    operation.node.variable_definitions.retain(|variable| !absent.contains(&variable.node.name.node));
    let is_absent = |name: &Name| absent.contains(name);
    directives(&mut operation.node.directives, &is_absent);
    selections(&mut operation.node.selection_set.node, &is_absent);
    for (_, fragment) in document.fragments.iter_mut().filter(|(name, _)| mine.contains(*name)) {
        directives(&mut fragment.node.directives, &is_absent);
        selections(&mut fragment.node.selection_set.node, &is_absent);
    }
    match &mut document.operations {
        DocumentOperations::Single(single) => *single = operation,
        DocumentOperations::Multiple(all) => {
            all.retain(|known, _| name.is_none_or(|name| known == name));
            if let Some(kept) = all.values_mut().next() {
                *kept = operation;
            }
        }
    }
}

/// As deep as [`crate::cost`] lets through.
fn selections(set: &mut SelectionSet, is_absent: &dyn Fn(&Name) -> bool) {
    for selection in &mut set.items {
        directives(selection.node.directives_mut(), is_absent);
        match &mut selection.node {
            Selection::Field(field) => {
                field.node.arguments.retain_mut(|(_, value)| !strip(&mut value.node, is_absent));
                selections(&mut field.node.selection_set.node, is_absent);
            }
            Selection::InlineFragment(fragment) => {
                selections(&mut fragment.node.selection_set.node, is_absent);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn directives(directives: &mut [Positioned<Directive>], is_absent: &dyn Fn(&Name) -> bool) {
    for directive in directives {
        directive.node.arguments.retain_mut(|(_, value)| !strip(&mut value.node, is_absent));
    }
}
