//! Whether a value is one of a type of input. Every message names the place and the type, and repeats no value.

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Pos, ServerError, Value};

use crate::fault::{INPUT, INVALID, MOST, quoted, refusal};

/// What reads a value of a scalar of the schema's own; its error is a sentence that says what one looks like.
pub type Read = fn(Value) -> Result<(), String>;

/// The scalars that the schema has of its own, by name.
pub type Scalars = &'static [(&'static str, Read)];

/// Most values of an enumeration that a message lists.
const LISTED: usize = 12;

/// Looks at values, and collects what is wrong with them.
pub(crate) struct Values<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) scalars: Scalars,
    pub(crate) errors: Vec<ServerError>,
}

/// Where a value stands: the names and numbers that lead to it.
struct Path<'a> {
    root: &'a str,
    place: Pos,
    steps: Vec<String>,
}

impl Path<'_> {
    fn told(&self) -> String {
        self.steps.iter().fold(self.root.to_owned(), |path, step| format!("{path}.{step}"))
    }
}

impl Values<'_> {
    /// Whether so much is wrong that nothing more is told.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= MOST
    }

    /// Checks the value that a name stands for: `$input` of a variable, `first` of an argument.
    pub(crate) fn check(&mut self, root: &str, place: Pos, of: &str, value: &Value) {
        self.value(&mut Path { root, place, steps: Vec::new() }, of, value);
    }

    /// Whether a variable may be of a type; if not, that is told. A variable that nobody gave is looked at here alone.
    pub(crate) fn declares(&mut self, root: &str, place: Pos, of: &str) -> bool {
        let named = MetaTypeName::concrete_typename(of);
        let why = match self.registry.types.get(named) {
            Some(MetaType::Scalar { .. } | MetaType::Enum { .. } | MetaType::InputObject { .. }) => {
                return true;
            }
            Some(_) => "which cannot be given as a value",
            None => "which does not exist",
        };
        let message = format!("is of the type {}, {why}.", quoted(named));
        self.wrong(&Path { root, place, steps: Vec::new() }, INVALID, &message);
        false
    }

    fn value(&mut self, path: &mut Path<'_>, of: &str, value: &Value) {
        if self.is_full() {
            return;
        }
        match (MetaTypeName::create(of), value) {
            (MetaTypeName::NonNull(_), Value::Null) => {
                self.wrong(path, INVALID, &format!("must not be null: its type is {of}. Give a value."));
            }
            (MetaTypeName::NonNull(of), value) => self.value(path, of, value),
            (_, Value::Null) => {}
            (MetaTypeName::List(of), Value::List(values)) => {
                for (index, value) in values.iter().enumerate() {
                    path.steps.push(index.to_string());
                    self.value(path, of, value);
                    path.steps.pop();
                }
            }
            (MetaTypeName::List(of), value) => self.value(path, of, value),
            (MetaTypeName::Named(of), value) => self.named(path, of, value),
        }
    }

    fn named(&mut self, path: &mut Path<'_>, of: &str, value: &Value) {
        let registry = self.registry;
        match registry.types.get(of) {
            Some(MetaType::Scalar { is_valid, .. }) => {
                if let Some((code, message)) = self.scalar(of, value) {
                    self.wrong(path, code, &message);
                } else if is_valid.as_ref().is_some_and(|is_valid| !is_valid(value)) {
                    self.wrong(path, INVALID, &format!("is no {of}. Give one."));
                }
            }
            Some(MetaType::Enum { enum_values, .. }) => {
                let known = match value {
                    Value::Enum(name) => enum_values.contains_key(name.as_str()),
                    Value::String(name) => enum_values.contains_key(name.as_str()),
                    _ => false,
                };
                if !known {
                    let names: Vec<_> = enum_values.keys().take(LISTED).map(String::as_str).collect();
                    let more = if enum_values.len() > LISTED { " and others" } else { "" };
                    let message = format!("is no {of}. Give one of {}{more}.", names.join(", "));
                    self.wrong(path, INVALID, &message);
                }
            }
            Some(MetaType::InputObject { input_fields, oneof, .. }) => match value {
                Value::Object(values) => self.object(path, of, (input_fields, *oneof), values),
                _ => self.wrong(path, INVALID, &format!("is no {of}. Give an object with its fields.")),
            },
            // The executor's rules refuse a variable of a type that is not an input type.
            Some(_) => {}
            None => {
                self.wrong(path, INVALID, &format!("is of the type {}, which does not exist.", quoted(of)));
            }
        }
    }

    fn scalar(&self, of: &str, value: &Value) -> Option<(&'static str, String)> {
        if of == "Int" {
            let number = match value {
                Value::Number(number) => number.as_i64(),
                _ => None,
            };
            let is_int = number.is_some_and(|number| i32::try_from(number).is_ok());
            let message = "is no Int. Give a whole number from -2147483648 to 2147483647.";
            return (!is_int).then(|| (INVALID, message.to_owned()));
        }
        let (_, read) = self.scalars.iter().find(|(name, _)| *name == of)?;
        read(value.clone()).err().map(|what| (INPUT, format!("is no {of}. {what}")))
    }

    fn object(
        &mut self,
        path: &mut Path<'_>,
        of: &str,
        (fields, oneof): (&IndexMap<String, MetaInputValue>, bool),
        values: &IndexMap<Name, Value>,
    ) {
        if oneof && (values.len() != 1 || values.values().any(|value| *value == Value::Null)) {
            let names: Vec<_> = fields.keys().map(String::as_str).collect();
            let message =
                format!("takes exactly one field that is not null. Give one of {}.", names.join(", "));
            return self.wrong(path, INVALID, &message);
        }
        for name in values.keys().filter(|name| !fields.contains_key(name.as_str())) {
            self.wrong(
                path,
                INVALID,
                &format!("has a field {}, which {of} has not. Leave it out.", quoted(name)),
            );
            if self.is_full() {
                return;
            }
        }
        for field in fields.values() {
            path.steps.push(field.name.clone());
            match values.get(field.name.as_str()) {
                Some(value) => self.value(path, &field.ty, value),
                None if field.ty.ends_with('!') && field.default_value.is_none() => {
                    self.wrong(path, INVALID, &format!("is missing. Give a value of the type {}.", field.ty));
                }
                None => {}
            }
            path.steps.pop();
        }
    }

    fn wrong(&mut self, path: &Path<'_>, code: &'static str, what: &str) {
        if !self.is_full() {
            self.errors.push(refusal(code, format!("{} {what}", path.told()), Some(path.place)));
        }
    }
}
