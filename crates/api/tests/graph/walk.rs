//! A request for any field of a root type, made from the schema's own description of itself.

use serde_json::{Value, json};

/// What is asked about the schema.
pub(crate) const DESCRIPTION: &str = "{ __schema {
  types { kind name inputFields { name defaultValue type { ...T } } isOneOf enumValues { name } }
  queryType { fields { ...F } } mutationType { fields { ...F } } subscriptionType { fields { ...F } }
} }
fragment F on __Field { name description args { name defaultValue type { ...T } } type { ...T } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A field of a root type.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) root: &'static str,
    pub(crate) name: String,
    pub(crate) description: String,
    /// A document that asks for it with made-up arguments, about nothing that exists.
    pub(crate) document: String,
}

/// Every field of the root types.
pub(crate) fn operations(described: &Value) -> Vec<Operation> {
    let schema = &described["__schema"];
    [("query", "queryType"), ("mutation", "mutationType"), ("subscription", "subscriptionType")]
        .into_iter()
        .flat_map(|(root, key)| {
            let fields = schema[key]["fields"].as_array().unwrap().clone();
            fields.into_iter().map(move |field| operation(root, &field, schema))
        })
        .collect()
}

fn operation(root: &'static str, field: &Value, schema: &Value) -> Operation {
    let name = field["name"].as_str().unwrap().to_owned();
    let arguments: Vec<String> = required(&field["args"])
        .map(|argument| {
            format!("{}: {}", argument["name"].as_str().unwrap(), made_up(&argument["type"], schema))
        })
        .collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let selection = if is_leaf(&field["type"]) { "" } else { "{ __typename }" };
    let document = format!("{root} {{ {name}{arguments} {selection} }}");
    let description = field["description"].as_str().unwrap_or_default().to_owned();
    Operation { root, name, description, document }
}

fn required(inputs: &Value) -> impl Iterator<Item = &Value> {
    let needed = |input: &&Value| input["type"]["kind"] == "NON_NULL" && input["defaultValue"].is_null();
    inputs.as_array().unwrap().iter().filter(needed)
}

/// The named type inside lists and non-nulls.
fn is_leaf(kind: &Value) -> bool {
    match kind["kind"].as_str().unwrap() {
        "NON_NULL" | "LIST" => is_leaf(&kind["ofType"]),
        kind => matches!(kind, "SCALAR" | "ENUM"),
    }
}

fn made_up(kind: &Value, schema: &Value) -> String {
    let name = kind["name"].as_str().unwrap_or_default();
    match kind["kind"].as_str().unwrap() {
        "NON_NULL" => made_up(&kind["ofType"], schema),
        "LIST" => format!("[{}]", made_up(&kind["ofType"], schema)),
        "ENUM" => named(schema, name)["enumValues"][0]["name"].as_str().unwrap().to_owned(),
        "INPUT_OBJECT" => {
            let described = named(schema, name);
            let all = &described["inputFields"];
            let fields: Vec<&Value> = if described["isOneOf"] == true {
                all.as_array().unwrap().iter().take(1).collect()
            } else {
                required(all).collect()
            };
            let fields = fields.iter().map(|field| {
                format!("{}: {}", field["name"].as_str().unwrap(), made_up(&field["type"], schema))
            });
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        _ => scalar(name),
    }
}

fn scalar(name: &str) -> String {
    match name {
        "Int" | "Float" => "1".to_owned(),
        "Boolean" => "false".to_owned(),
        "Date" => json!("2031-01-01").to_string(),
        "DateTime" => json!("2031-01-01T00:00:00Z").to_string(),
        "Position" => json!("1").to_string(),
        "Cvr" | "CvrNumber" => json!("13748136").to_string(),
        _ => json!("x").to_string(),
    }
}

fn named<'v>(schema: &'v Value, name: &str) -> &'v Value {
    schema["types"].as_array().unwrap().iter().find(|kind| kind["name"] == name).unwrap()
}
