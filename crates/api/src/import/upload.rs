use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bytes::Bytes;

/// What was uploaded: the bytes themselves. No JSON and no document can hold bytes, so no text that a client sends can
/// pass for a file, or name one.
#[derive(Clone)]
pub struct Upload(pub Bytes);

/// A file, sent as the GraphQL multipart request specification says.
#[Scalar(specified_by_url = "https://github.com/jaydenseric/graphql-multipart-request-spec")]
impl ScalarType for Upload {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Binary(content) => Ok(Self(content)),
            _ => Err(InputValueError::custom(
                "A file is sent as a part of a multipart form, whose part `map` names the variable it stands for.",
            )),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::Binary(_))
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}
