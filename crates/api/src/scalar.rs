//! The API's own scalars.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, NaiveDate, Utc};
use lethe_graphql::Scalars;
use lethe_nordic::Cvr;

/// Every scalar that is not GraphQL's own, so that a value of one is looked at before anything is executed. What is told
/// repeats no value.
pub(crate) const SCALARS: Scalars = &[
    ("Position", |value| {
        read::<Position>(value, "A position is a whole number that an answer gave you, as a string.")
    }),
    ("TreeSize", |value| read::<TreeSize>(value, "A size of the log is a whole number, as a string.")),
    ("Date", |value| read::<Date>(value, "A date is written YYYY-MM-DD and must exist.")),
    ("DateTime", |value| {
        read::<DateTime<Utc>>(value, "A time is written as RFC 3339 has it, such as 2030-06-01T12:00:00Z.")
    }),
    ("MaskedCpr", |value| read::<MaskedCpr>(value, "A masked number is only ever an answer.")),
    ("Cvr", |value| {
        read::<CvrNumber>(value, "A CVR number has 8 digits, the last of which checks the others.")
    }),
];

fn read<T: ScalarType>(value: Value, looks: &str) -> Result<(), String> {
    T::parse(value).map(drop).map_err(|_| looks.to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position(pub(crate) i64);

/// Where in the ledger an answer stands, as a string; pass it as `minPosition` to read your own writes anywhere.
#[Scalar]
impl ScalarType for Position {
    fn parse(value: Value) -> InputValueResult<Self> {
        let position = match &value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        position.filter(|position| *position >= 0).map(Self).ok_or_else(|| {
            InputValueError::custom("A position is a whole number that an answer gave you, as a string.")
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TreeSize(pub(crate) u64);

/// How many events a tree of the log has, as a string. The event at position *p* is its leaf number *p* − 1.
#[Scalar]
impl ScalarType for TreeSize {
    fn parse(value: Value) -> InputValueResult<Self> {
        let size = match &value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64(),
            _ => None,
        };
        size.map(Self)
            .ok_or_else(|| InputValueError::custom("A size of the log is a whole number, as a string."))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A day, `YYYY-MM-DD`, in Europe/Copenhagen.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        (text.len() == 10)
            .then(|| text.parse().ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| InputValueError::custom("A date is written YYYY-MM-DD and must exist."))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskedCpr(pub(crate) String);

/// A CPR number without its last four digits, `DDMMYY-****`, or a personnummer likewise, `YYMMDD-****`.
#[Scalar]
impl ScalarType for MaskedCpr {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("A masked number is only ever an answer."))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CvrNumber(pub(crate) Cvr);

/// A CVR number of a Danish legal unit: 8 digits, modulus 11.
#[Scalar(name = "Cvr")]
impl ScalarType for CvrNumber {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        Cvr::parse(text).map(Self).map_err(|error| InputValueError::custom(error.to_string()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_of_the_schema_is_looked_at_before_anything_is_executed() {
        let sdl = crate::Graph::sdl();
        let scalars: Vec<_> = sdl.lines().filter_map(|line| line.strip_prefix("scalar ")).collect();
        assert!(scalars.len() > 4, "{scalars:?}");
        for scalar in scalars {
            let name = scalar.split_whitespace().next().unwrap();
            // A file is checked where its form is received.
            let known = name == "Upload" || SCALARS.iter().any(|(known, _)| *known == name);
            assert!(known, "{name} is not in SCALARS");
        }
    }

    #[test]
    fn what_is_told_about_a_value_does_not_repeat_it() {
        for (name, read) in SCALARS {
            let told = read(Value::String("310765-7913".to_owned())).unwrap_err();
            assert!(!told.contains("310765"), "{name}: {told}");
        }
    }
}
