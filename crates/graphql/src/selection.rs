//! What a document asks of the schema: whether its literals are what the arguments take, how deep it goes, and how much
//! it asks for. A fragment is looked at once, however often it is spread.

use std::collections::{HashMap, HashSet};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaField, MetaInputValue, MetaType, MetaTypeName};
use async_graphql::{Name, Positioned, ServerError, Value as Const, Variables};
use async_graphql_value::Value;

use crate::fault::{INVALID, quoted, refusal};
use crate::limits::Limits;
use crate::literal::resolve;
use crate::value::Values;

/// How much a selection asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// Its fields, those inside a list as often as the list has entries; `__typename` is a field like others.
    pub(crate) weight: usize,
    /// Its levels.
    pub(crate) depth: usize,
}

/// A walk over a document with the types of the schema beside it.
pub(crate) struct Walk<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    limits: Limits,
    /// What was found about the values.
    pub(crate) values: Values<'a>,
    /// Fields and arguments that the schema does not have.
    pub(crate) unknown: Vec<ServerError>,
    fragments: HashMap<&'a Name, Asked>,
    /// Whether the variables are those of what is looked at.
    runs: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        document: &'a ExecutableDocument,
        variables: &'a Variables,
        limits: Limits,
        values: Values<'a>,
    ) -> Self {
        let (unknown, fragments) = (Vec::new(), HashMap::new());
        Self { document, variables, limits, values, unknown, fragments, runs: false }
    }

    /// Looks at all definitions, the fragments in an order in which each stands behind what it spreads; answers what
    /// the operation asks for that runs.
    pub(crate) fn all(&mut self, order: &[Name], reached: &HashSet<&Name>, running: &SelectionSet) -> Asked {
        let (document, registry) = (self.document, self.values.registry);
        for (name, fragment) in order.iter().filter_map(|name| document.fragments.get_key_value(name)) {
            self.runs = reached.contains(name);
            self.directives(&fragment.node.directives);
            let parent = registry.types.get(fragment.node.type_condition.node.on.node.as_str());
            let asked = self.set(&fragment.node.selection_set.node, parent);
            self.fragments.insert(name, asked);
        }
        let mut found = Asked::default();
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            self.runs = std::ptr::eq(&raw const operation.selection_set.node, &raw const *running);
            self.directives(&operation.directives);
            let root = match operation.ty {
                OperationType::Query => Some(registry.query_type.as_str()),
                OperationType::Mutation => registry.mutation_type.as_deref(),
                OperationType::Subscription => registry.subscription_type.as_deref(),
            };
            let asked =
                self.set(&operation.selection_set.node, root.and_then(|root| registry.types.get(root)));
            if self.runs {
                found = asked;
            }
        }
        found
    }

    /// As deep as [`crate::cost`] lets through.
    fn set(&mut self, set: &'a SelectionSet, parent: Option<&'a MetaType>) -> Asked {
        let mut asked = Asked::default();
        for selection in &set.items {
            self.directives(selection.node.directives());
            let part = match &selection.node {
                Selection::Field(field) => self.field(field, parent),
                Selection::FragmentSpread(spread) => {
                    self.fragments.get(&spread.node.fragment_name.node).copied().unwrap_or_default()
                }
                Selection::InlineFragment(fragment) => {
                    let parent = match &fragment.node.type_condition {
                        Some(condition) => self.values.registry.types.get(condition.node.on.node.as_str()),
                        None => parent,
                    };
                    self.set(&fragment.node.selection_set.node, parent)
                }
            };
            asked.weight = asked.weight.saturating_add(part.weight);
            asked.depth = asked.depth.max(part.depth);
        }
        asked
    }

    fn field(&mut self, field: &'a Positioned<Field>, parent: Option<&'a MetaType>) -> Asked {
        let (place, field) = (field.pos, &field.node);
        let name = &field.name.node;
        if name == "__typename" {
            return Asked { weight: 1, depth: 0 };
        }
        let known = parent.and_then(|parent| parent.field_by_name(name));
        if let (None, Some(parent)) = (known, parent) {
            let message =
                format!("Unknown field {} on type {}. Take it out.", quoted(name), quoted(parent.name()));
            self.unknown.push(refusal(INVALID, message, Some(place)));
        }
        let given = known.map(|known| self.arguments(&field.arguments, &known.args)).unwrap_or_default();
        let below = known
            .and_then(|known| self.values.registry.types.get(MetaTypeName::concrete_typename(&known.ty)));
        let asked = self.set(&field.selection_set.node, below);
        let entries = known.map_or(1, |known| self.entries(known, &given));
        Asked {
            weight: asked.weight.saturating_mul(entries).saturating_add(1),
            depth: asked.depth.saturating_add(1),
        }
    }

    /// How many of what it selects a field answers, at most.
    fn entries(&self, field: &MetaField, given: &HashMap<&str, Const>) -> usize {
        let number = |name| match given.get(name) {
            Some(Const::Number(number)) => number.as_u64(),
            _ => None,
        };
        if field.args.contains_key("first") && field.args.contains_key("last") {
            let asked = number("first").or_else(|| number("last"));
            let page =
                asked.map_or(self.limits.usual_page, |page| usize::try_from(page).unwrap_or(usize::MAX));
            return page.clamp(1, self.limits.largest_page);
        }
        let is_list = MetaTypeName::create(&field.ty).unwrap_non_null().is_list();
        match given.get("ids") {
            Some(Const::List(ids)) if is_list => ids.len().max(1),
            _ if is_list && field.compute_complexity.is_some() => self.limits.largest_page,
            _ => 1,
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives.iter().map(|directive| &directive.node) {
            if let Some(known) = self.values.registry.directives.get(directive.name.node.as_str()) {
                self.arguments(&directive.arguments, &known.args);
            }
        }
    }

    /// Checks what is given for arguments; answers their values.
    fn arguments(
        &mut self,
        given: &'a [(Positioned<Name>, Positioned<Value>)],
        known: &'a IndexMap<String, MetaInputValue>,
    ) -> HashMap<&'a str, Const> {
        let mut found = HashMap::new();
        for (name, value) in given {
            let Some(argument) = known.get(name.node.as_str()) else {
                let message = format!("Unknown argument {}. Take it out.", quoted(&name.node));
                self.unknown.push(refusal(INVALID, message, Some(name.pos)));
                continue;
            };
            // The values of another operation's variables are not known.
            if !self.runs && has_variable(&value.node) {
                continue;
            }
            match resolve(&value.node, self.variables) {
                Some(value) => {
                    self.values.check(&argument.name, name.pos, &argument.ty, &value);
                    found.insert(argument.name.as_str(), value);
                }
                None if argument.ty.ends_with('!') && argument.default_value.is_none() => {
                    let message = format!(
                        "The argument {} is missing: nobody gave its variable. Its type is {}.",
                        quoted(&argument.name),
                        argument.ty
                    );
                    self.values.errors.push(refusal(crate::fault::INPUT, message, Some(name.pos)));
                }
                None => {}
            }
        }
        found
    }
}

fn has_variable(value: &Value) -> bool {
    match value {
        Value::Variable(_) => true,
        Value::List(values) => values.iter().any(has_variable),
        Value::Object(fields) => fields.values().any(has_variable),
        _ => false,
    }
}
