//! What it costs to walk a document, found before anybody walks it.
//!
//! The executor and its rules follow every spread of a fragment, recursively, and copy the value of a variable to every
//! place that uses it. Here each definition is walked once, on a stack of its own; what it costs where it is spread is
//! added up, and saturates. A document that is let through can be walked as the executor does in at most
//! [`MOST_NODES`] steps.

use std::collections::HashMap;

use async_graphql::parser::types::OperationDefinition;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Name, Positioned, ServerError, Value as Const, Variables};
use async_graphql_value::Value;

use crate::fault::{COMPLEX, DEEP, INVALID, quoted, refusal};

/// Most nodes of a document, those of a fragment counted wherever it is spread, those of a variable's value wherever it
/// is used.
pub(crate) const MOST_NODES: usize = 50_000;
/// The longest chain of fragments that spread one another.
pub(crate) const LONGEST_CHAIN: usize = 32;
/// The deepest nesting of selections, fragments included.
pub(crate) const DEEPEST: usize = 32;
/// Most operations times variables: the rules compare all of them with one another.
const MOST_PAIRS: usize = 10_000;
/// Most arguments of one field or directive, which are compared with one another too.
const MOST_ARGUMENTS: usize = 64;

/// What was found of a document that may be walked.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    /// How many steps walking everything takes.
    pub(crate) nodes: usize,
    /// How many steps it took to find that out.
    pub(crate) steps: usize,
    /// The fragments, each behind those that it spreads.
    pub(crate) fragments: Vec<Name>,
}

/// What one definition holds itself.
#[derive(Default)]
struct Own<'a> {
    nodes: usize,
    depth: usize,
    /// What it spreads, and how deep.
    spreads: Vec<(&'a Name, usize)>,
}

/// What a fragment costs wherever it is spread.
#[derive(Clone, Copy, Default)]
struct Whole {
    nodes: usize,
    depth: usize,
    chain: usize,
}

/// Adds up what a document costs.
///
/// # Errors
/// The refusal says which limit is exceeded.
pub(crate) fn check(document: &ExecutableDocument, variables: &Variables) -> Result<Cost, ServerError> {
    let mut walk = Walk::new(document, variables)?;
    let mut whole = HashMap::new();
    for name in document.fragments.keys() {
        walk.fragment(name, &mut whole)?;
    }
    let mut nodes = whole.values().fold(0_usize, |sum: usize, whole: &Whole| sum.saturating_add(whole.nodes));
    for (_, operation) in document.operations.iter() {
        let own = walk.operation(&operation.node)?;
        nodes = nodes.saturating_add(walk.whole(&own, &whole).within()?.nodes);
    }
    walk.cost.nodes = nodes;
    if nodes > MOST_NODES {
        return Err(complex());
    }
    Ok(walk.cost)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// How many nodes the value of a variable has.
    sizes: HashMap<&'a str, usize>,
    cost: Cost,
}

impl<'a> Walk<'a> {
    fn new(document: &'a ExecutableDocument, variables: &'a Variables) -> Result<Self, ServerError> {
        let mut walk = Self { document, sizes: HashMap::new(), cost: Cost::default() };
        for (name, value) in variables.iter() {
            let size = walk.constant(value);
            walk.sizes.insert(name, size);
        }
        let mut defined = 0_usize;
        for (_, operation) in document.operations.iter() {
            defined = defined.saturating_add(operation.node.variable_definitions.len());
            for variable in &operation.node.variable_definitions {
                let size = variable.node.default_value.as_ref().map_or(1, |value| walk.constant(&value.node));
                let known = walk.sizes.entry(&variable.node.name.node).or_insert(1);
                *known = size.max(*known);
            }
        }
        if document.operations.iter().count().saturating_mul(defined) > MOST_PAIRS {
            let message = "The document has too many operations with too many variables. Send the operations one by one.";
            return Err(refusal(COMPLEX, message, None));
        }
        Ok(walk)
    }

    fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Own<'a>, ServerError> {
        let mut own = Own { nodes: 1, ..Own::default() };
        for variable in &operation.variable_definitions {
            own.nodes = own.nodes.saturating_add(self.variable(&variable.node)?);
        }
        own.nodes = own.nodes.saturating_add(self.directives(&operation.directives)?);
        self.selections(&operation.selection_set.node, own)
    }

    fn variable(&mut self, variable: &'a VariableDefinition) -> Result<usize, ServerError> {
        let default = variable.default_value.as_ref().map_or(0, |value| self.constant(&value.node));
        Ok(self.directives(&variable.directives)?.saturating_add(default).saturating_add(1))
    }

    /// Adds a fragment, behind all that it spreads, to those whose cost is known.
    fn fragment(&mut self, name: &'a Name, whole: &mut HashMap<&'a Name, Whole>) -> Result<(), ServerError> {
        let mut open: Vec<(&Name, Own<'_>, usize)> = Vec::new();
        let mut next = Some(name);
        loop {
            if let Some(name) = next.take()
                && !whole.contains_key(name)
                && let Some(fragment) = self.document.fragments.get(name)
            {
                if open.iter().any(|(above, ..)| *above == name) {
                    let message = format!(
                        "The fragment {} spreads itself. Take it out of what it holds.",
                        quoted(name)
                    );
                    return Err(refusal(INVALID, message, Some(fragment.pos)));
                }
                if open.len() >= LONGEST_CHAIN {
                    return Err(chain());
                }
                let own = Own {
                    nodes: self.directives(&fragment.node.directives)?.saturating_add(1),
                    ..Own::default()
                };
                let own = self.selections(&fragment.node.selection_set.node, own)?;
                open.push((name, own, 0));
            }
            let Some((name, own, seen)) = open.last_mut() else { return Ok(()) };
            self.cost.steps = self.cost.steps.saturating_add(1);
            if let Some((spread, _)) = own.spreads.get(*seen) {
                *seen += 1;
                next = Some(*spread);
                continue;
            }
            let name = *name;
            let found = open.pop().map(|(_, own, _)| self.whole(&own, whole)).unwrap_or_default();
            if found.chain > LONGEST_CHAIN {
                return Err(chain());
            }
            whole.insert(name, found.within()?);
            self.cost.fragments.push(name.clone());
        }
    }

    fn whole(&mut self, own: &Own<'_>, known: &HashMap<&'a Name, Whole>) -> Whole {
        let mut whole = Whole { nodes: own.nodes, depth: own.depth, chain: 1 };
        for (name, depth) in &own.spreads {
            self.cost.steps = self.cost.steps.saturating_add(1);
            let Some(fragment) = known.get(*name) else { continue };
            whole.nodes = whole.nodes.saturating_add(fragment.nodes);
            whole.depth = whole.depth.max(depth.saturating_add(fragment.depth));
            whole.chain = whole.chain.max(fragment.chain.saturating_add(1));
        }
        whole
    }

    fn selections(&mut self, set: &'a SelectionSet, mut own: Own<'a>) -> Result<Own<'a>, ServerError> {
        let mut open = vec![(set, 1_usize)];
        while let Some((set, depth)) = open.pop() {
            own.depth = own.depth.max(depth);
            for selection in &set.items {
                let mut nodes = 1_usize.saturating_add(self.directives(selection.node.directives())?);
                match &selection.node {
                    Selection::Field(field) => {
                        nodes = nodes.saturating_add(self.arguments(&field.node.arguments)?);
                        if !field.node.selection_set.node.items.is_empty() {
                            open.push((&field.node.selection_set.node, depth.saturating_add(1)));
                        }
                    }
                    Selection::InlineFragment(fragment) => {
                        open.push((&fragment.node.selection_set.node, depth.saturating_add(1)));
                    }
                    Selection::FragmentSpread(spread) => {
                        own.spreads.push((&spread.node.fragment_name.node, depth));
                    }
                }
                own.nodes = own.nodes.saturating_add(nodes);
                self.cost.steps = self.cost.steps.saturating_add(1);
            }
        }
        Ok(own)
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) -> Result<usize, ServerError> {
        let mut nodes = 0_usize;
        for directive in directives {
            self.cost.steps = self.cost.steps.saturating_add(1);
            nodes = nodes.saturating_add(1).saturating_add(self.arguments(&directive.node.arguments)?);
        }
        Ok(nodes)
    }

    fn arguments(
        &mut self,
        arguments: &'a [(Positioned<Name>, Positioned<Value>)],
    ) -> Result<usize, ServerError> {
        if arguments.len() > MOST_ARGUMENTS {
            let place = arguments.first().map(|(name, _)| name.pos);
            let message =
                format!("A field or directive has more than {MOST_ARGUMENTS} arguments. Leave out some.");
            return Err(refusal(COMPLEX, message, place));
        }
        Ok(arguments
            .iter()
            .fold(0, |sum, (_, value)| sum.saturating_add(1).saturating_add(self.literal(&value.node))))
    }

    fn literal(&mut self, value: &'a Value) -> usize {
        let (mut open, mut nodes) = (vec![value], 0_usize);
        while let Some(value) = open.pop() {
            self.cost.steps = self.cost.steps.saturating_add(1);
            nodes = nodes.saturating_add(1);
            match value {
                Value::Variable(name) => {
                    nodes = nodes.saturating_add(self.sizes.get(name.as_str()).copied().unwrap_or(0));
                }
                Value::List(values) => open.extend(values),
                Value::Object(fields) => open.extend(fields.values()),
                _ => {}
            }
        }
        nodes
    }

    fn constant(&mut self, value: &'a Const) -> usize {
        let (mut open, mut nodes) = (vec![value], 0_usize);
        while let Some(value) = open.pop() {
            self.cost.steps = self.cost.steps.saturating_add(1);
            nodes = nodes.saturating_add(1);
            match value {
                Const::List(values) => open.extend(values),
                Const::Object(fields) => open.extend(fields.values()),
                _ => {}
            }
        }
        nodes
    }
}

impl Whole {
    /// Itself, if nobody is lost in it.
    fn within(self) -> Result<Self, ServerError> {
        if self.depth > DEEPEST {
            let message = format!(
                "Selections and fragments are nested deeper than {DEEPEST} levels. Ask for fewer levels, or split the \
                 document into several requests."
            );
            return Err(refusal(DEEP, message, None));
        }
        if self.nodes > MOST_NODES { Err(complex()) } else { Ok(self) }
    }
}

fn chain() -> ServerError {
    let message = format!(
        "More than {LONGEST_CHAIN} fragments spread one another in a chain. Put some of them together, or split it into several requests."
    );
    refusal(DEEP, message, None)
}

fn complex() -> ServerError {
    let message = format!(
        "The document has more than {MOST_NODES} parts, counting a fragment wherever it is spread and a variable's value \
         wherever it is used. Ask for less at once, or split it into several requests."
    );
    refusal(COMPLEX, message, None)
}
