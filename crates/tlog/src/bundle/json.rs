//! JSON, as strictly as the form describes it: an object is an object and no list of its values, none has a field twice, and
//! a UUID has one spelling.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

/// Reads an object from the text of one.
pub(super) fn object<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    serde_json::from_slice::<Object<T>>(text).map(|Object(it)| it)
}

/// Reads an object where one stands in another.
pub(super) fn from_object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|Object(it)| it)
}

/// For `deserialize_with`: a list of objects.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(it)| it).collect())
}

/// For `deserialize_with`, with `default`: a field that may be missing, and is not `null` if it is there.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// For `deserialize_with`: a UUID.
pub(super) fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    Id::deserialize(deserializer).map(|Id(id)| id)
}

/// A UUID in its one spelling: with hyphens, in lower case.
pub(super) struct Id(pub(super) Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Spelt;
        impl Visitor<'_> for Spelt {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a UUID with hyphens, in lower case")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                let id = Uuid::try_parse(text).ok().filter(|id| id.hyphenated().to_string() == text);
                id.map(Id).ok_or_else(|| E::custom("it is no UUID with hyphens, in lower case"))
            }
        }
        deserializer.deserialize_str(Spelt)
    }
}

/// What is read from an object alone. Derived code would take a list for one too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// The field `format` of an object of any version, if the whole text is sound: what follows is of its form only then.
pub(super) fn format(text: &[u8]) -> serde_json::Result<String> {
    serde_json::from_slice::<Sound>(text)?;
    object::<Version>(text).map(|version| version.format)
}

#[derive(Deserialize)]
struct Version {
    format: String,
}

/// Any JSON in which no object has a field twice.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_unit<E: Error>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sound, A::Error> {
        while list.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sound, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Sound)) = map.next_entry::<String, Sound>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a field is there twice"));
            }
        }
        Ok(Sound)
    }
}
