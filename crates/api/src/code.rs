//! Codes as enums of the graph: their values and sentences are those of the declaration (`codes!`).

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::{Deprecation, MetaEnumValue, MetaType, MetaTypeId, Registry};
use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, Name, OutputType, Positioned,
    ServerResult, Value,
};

/// A code as the graph shows and takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Code<T>(pub(crate) T);

/// A list of codes that is a type of the graph. [`code!`] declares one.
pub(crate) trait Graph: lethe_kernel::Code {
    /// What the graph calls it.
    const NAME: &'static str;
    /// What it is, line by line.
    const DESCRIPTION: &'static str;
}

/// Declares that a list of codes is an enum of the graph: what resolvers call it, and its name and sentence there.
macro_rules! code {
    ($(#[doc = $doc:literal])+ $alias:ident: $name:literal = $code:ty) => {
        $(#[doc = $doc])+
        pub(crate) type $alias = $crate::code::Code<$code>;

        impl $crate::code::Graph for $code {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = concat!($($doc, "\n"),+);
        }

        impl From<$crate::code::Code<$code>> for $code {
            fn from(code: $crate::code::Code<$code>) -> Self {
                code.0
            }
        }
    };
}
pub(crate) use code;

impl<T> From<T> for Code<T> {
    fn from(code: T) -> Self {
        Self(code)
    }
}

fn described(lines: &str) -> String {
    lines.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn declare<T: Graph>() -> MetaType {
    let value = |code: &T| MetaEnumValue {
        name: code.name().to_owned(),
        description: Some(described(code.meaning())),
        deprecation: Deprecation::NoDeprecated,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        directive_invocations: Vec::new(),
    };
    MetaType::Enum {
        name: T::NAME.to_owned(),
        description: Some(described(T::DESCRIPTION)),
        enum_values: T::ALL.iter().map(|code| (code.name().to_owned(), value(code))).collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(std::any::type_name::<Code<T>>()),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

impl<T: Graph> InputType for Code<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::Enum, |_| declare::<T>())
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let name = match &value {
            Value::Enum(name) => name.as_str(),
            Value::String(name) => name,
            _ => return Err(InputValueError::expected_type(value)),
        };
        // The value is not repeated: it may be anything that somebody wrote there.
        T::from_name(name).map(Self).ok_or_else(|| InputValueError::custom("The enum has no such value."))
    }

    fn to_value(&self) -> Value {
        Value::Enum(Name::new(self.0.name()))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl<T: Graph> OutputType for Code<T> {
    fn type_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Enum, |_| declare::<T>())
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(InputType::to_value(self))
    }
}
