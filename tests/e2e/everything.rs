//! Documents that ask for every field there is, written from the schema that the server tells, so that a field that
//! somebody adds is asked for too.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::server::Server;

const INTROSPECTION: &str = "{ __schema { queryType { name } subscriptionType { name } types { kind name
    possibleTypes { name }
    fields(includeDeprecated: true) { name args { name type { kind } defaultValue } type { ...of } } } } }
    fragment of on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// How deep nested objects are asked for, at most.
const DEPTH: usize = 8;
/// Most tokens of what is asked; a document may have a few more.
const MOST_TOKENS: usize = 5_000;

pub(crate) struct Types(HashMap<String, Value>);

impl Types {
    pub(crate) async fn of(server: &Server) -> Self {
        let mut schema = server.data(INTROSPECTION, json!({})).await["__schema"].take();
        let types = schema["types"].as_array_mut().unwrap().drain(..);
        Self(types.map(|kind| (kind["name"].as_str().unwrap().to_owned(), kind)).collect())
    }

    fn fields(&self, name: &str) -> &Vec<Value> {
        self.0[name]["fields"].as_array().unwrap_or_else(|| panic!("{name} has no fields"))
    }

    /// Every query with everything below it, once for each type that it may answer. `arguments` says how to ask one that needs arguments; none, and it is asked
    /// without.
    pub(crate) fn queries(&self, arguments: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
        let ask = |field: &Value| {
            let name = field["name"].as_str().unwrap();
            let given = arguments(name);
            assert!(given.is_some() || !needs_arguments(field), "say with which arguments {name} is asked");
            let given = given.or_else(|| few(field)).unwrap_or_default();
            let below = self.each(inner(&field["type"]));
            let each = below.iter().map(|below| (name.to_owned(), format!("{name}{given}{below}")));
            each.collect::<Vec<_>>()
        };
        self.fields("Query").iter().flat_map(ask).collect()
    }

    /// A selection of everything below each type that a type may be.
    fn each(&self, name: &str) -> Vec<String> {
        let Some(parts) = self.0[name]["possibleTypes"].as_array() else { return vec![self.below(name)] };
        let part = |part: &Value| {
            let part = part["name"].as_str().unwrap();
            format!(" {{ __typename ... on {part}{} }}", self.below(part))
        };
        parts.iter().map(part).collect()
    }

    /// A selection of everything below a type, as deep as one document may ask; empty if there is nothing.
    pub(crate) fn below(&self, name: &str) -> String {
        let deep = (1..=DEPTH).rev().map(|depth| self.deep(name, &mut Vec::new(), depth));
        deep.into_iter().find(|selection| tokens(selection) <= MOST_TOKENS).unwrap()
    }

    fn deep(&self, name: &str, path: &mut Vec<String>, depth: usize) -> String {
        let kind = &self.0[name];
        match kind["kind"].as_str().unwrap() {
            "OBJECT" => self.object(name, path, "", depth),
            "UNION" | "INTERFACE" => {
                let parts = kind["possibleTypes"].as_array().unwrap().iter().map(|part| {
                    let part = part["name"].as_str().unwrap();
                    // Fields of the same name may have other types.
                    format!(" ... on {part}{}", self.object(part, path, &format!("{part}_"), depth))
                });
                format!(" {{ __typename{} }}", parts.collect::<String>())
            }
            _ => String::new(),
        }
    }

    /// No type is asked for again within itself: that only leads in circles.
    fn object(&self, name: &str, path: &mut Vec<String>, alias: &str, depth: usize) -> String {
        if path.len() >= depth || path.iter().any(|above| above == name) {
            return " { __typename }".to_owned();
        }
        path.push(name.to_owned());
        let mut fields = String::new();
        // The entries of a list are its nodes.
        for field in self.fields(name).iter().filter(|f| f["name"] != "edges" && !needs_arguments(f)) {
            let (field_name, kind) = (field["name"].as_str().unwrap(), inner(&field["type"]));
            let alias = if alias.is_empty() { String::new() } else { format!("{alias}{field_name}: ") };
            let given = few(field).unwrap_or_default();
            fields.extend([" ", &alias, field_name, &given, &self.deep(kind, path, depth)]);
        }
        path.pop();
        format!(" {{{fields} }}")
    }
}

fn inner(mut kind: &Value) -> &str {
    while !kind["ofType"].is_null() {
        kind = &kind["ofType"];
    }
    kind["name"].as_str().unwrap()
}

fn needs_arguments(field: &Value) -> bool {
    let arguments = field["args"].as_array().unwrap();
    arguments.iter().any(|a| a["type"]["kind"] == "NON_NULL" && a["defaultValue"].is_null())
}

/// The last few entries of a list, which are those that a test has made.
fn few(field: &Value) -> Option<String> {
    let arguments = field["args"].as_array().unwrap();
    arguments.iter().any(|argument| argument["name"] == "last").then(|| "(last: 5)".to_owned())
}

/// How many tokens a selection without texts has.
fn tokens(selection: &str) -> usize {
    let words = selection.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| !word.is_empty()).count() + selection.matches(['{', '}', '(', ')', ':']).count()
}
