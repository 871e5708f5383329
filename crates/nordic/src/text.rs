//! How a checked text is stored: `as_str`, serde, and a `Debug` that fits.

use std::fmt;

use serde::de;

use crate::Error;

/// Gives a type with a field `text` its `as_str` and serde as a string that `$read` checks again.
macro_rules! stored_as_text {
    ($type:ident, $read:path) => {
        impl $type {
            /// The one written form, as it is stored.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::text::deserialize(deserializer, $read)
            }
        }
    };
}

/// Shows the value: for numbers of companies.
macro_rules! shown {
    ($type:ident) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self.text)
            }
        }
    };
}

/// Shows only the type: for values of persons.
macro_rules! hidden {
    ($type:ident) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}

pub(crate) use {hidden, shown, stored_as_text};

/// Reads a string and checks it with `read`.
///
/// A format such as JSON is asked for *any* value: asked for a string, it would answer a number itself, and quote it.
pub(crate) fn deserialize<'de, D: de::Deserializer<'de>, T>(
    deserializer: D,
    read: fn(&str) -> Result<T, Error>,
) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(CheckedText(read))
    } else {
        deserializer.deserialize_str(CheckedText(read))
    }
}

/// Takes a string and nothing else.
///
/// Serde's own answer to a wrong type quotes the value ("invalid type: integer `…`"), and a number written
/// without quotes may well be a CPR number; so each kind of number is refused here.
struct CheckedText<T>(fn(&str) -> Result<T, Error>);

impl<T> CheckedText<T> {
    fn no_number<E: de::Error>() -> Result<T, E> {
        Err(E::custom("a text in quotation marks is expected here, not a number or a truth value"))
    }
}

impl<T> de::Visitor<'_> for CheckedText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        std::str::from_utf8(bytes).map_or_else(|_| Self::no_number(), |text| self.visit_str(text))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<T, E> {
        Self::no_number()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<T, E> {
        Self::no_number()
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<T, E> {
        Self::no_number()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<T, E> {
        Self::no_number()
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<T, E> {
        Self::no_number()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<T, E> {
        Self::no_number()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Cpr, Cvr, EmailAddress, Organisationsnummer, PNumber, Personnummer, Phone};

    #[test]
    fn serde_writes_a_string_and_checks_it_when_reading() {
        let cvr: Cvr = serde_json::from_str("\"DK13748136\"").unwrap();
        assert_eq!(serde_json::to_string(&cvr).unwrap(), "\"13748136\"");
        assert!(serde_json::from_str::<Cvr>("\"13748137\"").is_err());
        assert!(serde_json::from_str::<PNumber>("\"12\"").is_err());
        assert!(serde_json::from_str::<Organisationsnummer>("\"556\"").is_err());
        assert!(serde_json::from_str::<EmailAddress>("\"nobody\"").is_err());
    }

    #[test]
    fn no_message_of_serde_repeats_the_value() {
        for written in ["3113585123", "\"3113585123\"", "-3113585123", "3113585123.5"] {
            let errors = [
                serde_json::from_str::<Cpr>(written).unwrap_err().to_string(),
                serde_json::from_str::<Personnummer>(written).unwrap_err().to_string(),
                serde_json::from_str::<Phone>(written).unwrap_err().to_string(),
                serde_json::from_str::<EmailAddress>(written).unwrap_err().to_string(),
            ];
            for error in errors {
                assert!(!error.contains("3113585123"), "{error}");
            }
        }
    }

    #[test]
    fn personal_values_are_hidden_and_company_numbers_are_shown() {
        assert_eq!(format!("{:?}", Cpr::parse("010158-5123").unwrap()), "Cpr(…)");
        assert_eq!(format!("{:?}", Cvr::parse("13748136").unwrap()), "Cvr(13748136)");
        assert_eq!(Cvr::parse("13748136").unwrap().to_string(), "13748136");
    }
}
