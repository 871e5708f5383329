//! Values of a document with its variables in place.

use async_graphql::{Name, Value as Const, Variables};
use async_graphql_value::Value;

/// What a literal is, once its variables are in place. A variable that nobody gave is as if it did not stand there: an
/// argument or a field is left out, an entry of a list is null (October 2021, sections 3.10, 3.11, 6.4.1).
pub(crate) fn resolve(value: &Value, variables: &Variables) -> Option<Const> {
    Some(match value {
        Value::Variable(name) => variables.get(name)?.clone(),
        Value::Null => Const::Null,
        Value::Number(number) => Const::Number(number.clone()),
        Value::String(text) => Const::String(text.clone()),
        Value::Boolean(truth) => Const::Boolean(*truth),
        Value::Binary(bytes) => Const::Binary(bytes.clone()),
        Value::Enum(name) => Const::Enum(name.clone()),
        Value::List(values) => {
            Const::List(values.iter().map(|value| resolve(value, variables).unwrap_or_default()).collect())
        }
        Value::Object(fields) => Const::Object(
            fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), resolve(value, variables)?)))
                .collect(),
        ),
    })
}

/// Takes the variables that nobody gave out of a literal; answers whether nothing is left of it.
pub(crate) fn strip(value: &mut Value, is_absent: &dyn Fn(&Name) -> bool) -> bool {
    match value {
        Value::Variable(name) => return is_absent(name),
        Value::List(values) => {
            for value in values {
                if strip(value, is_absent) {
                    *value = Value::Null;
                }
            }
        }
        Value::Object(fields) => fields.retain(|_, value| !strip(value, is_absent)),
        _ => {}
    }
    false
}
