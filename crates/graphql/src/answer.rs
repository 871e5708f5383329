//! The order of an answer. The executor writes fields down as they are done, and null for an object of which nothing
//! was selected; GraphQL wants them as the document has them (October 2021, section 7.2.2), and `{}`.

use std::mem::take;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{Name, PathSegment, Response, Value};

use crate::marker::MARKER;

/// Puts an answer into the order of the operation that it answers.
pub(crate) fn order(
    response: &mut Response,
    document: &ExecutableDocument,
    operation: &SelectionSet,
    registry: &Registry,
) {
    let Response { data, errors, .. } = response;
    let failed: Vec<&[PathSegment]> = errors.iter().map(|error| error.path.as_slice()).collect();
    let data_then = take(data);
    *data = Order { document, registry, failed, path: Vec::new() }.value(data_then, &[operation]);
}

struct Order<'a> {
    document: &'a ExecutableDocument,
    registry: &'a Registry,
    /// The paths of the errors.
    failed: Vec<&'a [PathSegment]>,
    path: Vec<PathSegment>,
}

/// The fields of an object in order, each with the selections below it.
type Fields<'a> = IndexMap<&'a Name, Vec<&'a SelectionSet>>;

impl<'a> Order<'a> {
    /// As deep as the answer, which is as deep as the limit on queries allows.
    fn value(&mut self, value: Value, selected: &[&'a SelectionSet]) -> Value {
        match value {
            Value::List(values) => {
                let values = values
                    .into_iter()
                    .enumerate()
                    .map(|(index, value)| self.below(|| PathSegment::Index(index), value, selected));
                Value::List(values.collect())
            }
            // A scalar that is an object keeps its form.
            Value::Object(object) if selected.iter().any(|set| !set.items.is_empty()) => {
                self.object(object, selected)
            }
            value => value,
        }
    }

    /// A value one step further down; which way is of interest only where something failed.
    fn below(
        &mut self,
        step: impl FnOnce() -> PathSegment,
        value: Value,
        selected: &[&'a SelectionSet],
    ) -> Value {
        if self.failed.is_empty() {
            return self.value(value, selected);
        }
        self.path.push(step());
        let value = self.value(value, selected);
        self.path.pop();
        value
    }

    fn object(&mut self, mut object: IndexMap<Name, Value>, selected: &[&'a SelectionSet]) -> Value {
        let of = match object.get(MARKER) {
            Some(Value::String(of)) => Some(of.clone()),
            _ => None,
        };
        let mut fields = Fields::new();
        for set in selected {
            self.fields(set, of.as_deref(), &mut fields);
        }
        let mut ordered = IndexMap::with_capacity(object.len());
        for (key, below) in fields {
            if let Some(value) = object.get_mut(key).map(take) {
                let value = self.below(|| PathSegment::Field(key.to_string()), value, &below);
                if key != MARKER {
                    ordered.insert(key.clone(), value);
                }
            }
        }
        // What is empty because its fields failed is null, as it was without the marker.
        let is_lost = ordered.is_empty() && self.failed.iter().any(|path| path.starts_with(&self.path));
        if is_lost { Value::Null } else { Value::Object(ordered) }
    }

    fn fields(&self, set: &'a SelectionSet, of: Option<&str>, fields: &mut Fields<'a>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let key = &field.node.response_key().node;
                    fields.entry(key).or_default().push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| self.applies(of, &condition.node.on.node)) {
                        self.fields(&fragment.node.selection_set.node, of, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = fragment
                        && self.applies(of, &fragment.node.type_condition.node.on.node)
                    {
                        self.fields(&fragment.node.selection_set.node, of, fields);
                    }
                }
            }
        }
    }

    fn applies(&self, of: Option<&str>, condition: &str) -> bool {
        let Some(of) = of else { return true };
        of == condition
            || self.registry.implements.get(of).is_some_and(|all| all.contains(condition))
            || self.registry.types.get(condition).is_some_and(
                |condition| matches!(condition, MetaType::Union { possible_types, .. } if possible_types.contains(of)),
            )
    }
}
