//! Rows in the binary form of PostgreSQL's COPY. What a column gets is the same as what it gets of a row's JSON while
//! a view is followed; only the road is shorter.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::PgArgumentBuffer;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use crate::LedgerError;
use crate::shape::Shape;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The type of a column, as far as views use them.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Uuid,
    Uuids,
    Text,
    Texts,
    Integer,
    Bigint,
    Boolean,
    Date,
    Time,
    Json,
}

impl Kind {
    /// The kind of a type in PostgreSQL's catalogue.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "uuid" => Self::Uuid,
            "_uuid" => Self::Uuids,
            "text" => Self::Text,
            "_text" => Self::Texts,
            "int4" => Self::Integer,
            "int8" => Self::Bigint,
            "bool" => Self::Boolean,
            "date" => Self::Date,
            "timestamptz" => Self::Time,
            "jsonb" => Self::Json,
            _ => return None,
        })
    }
}

/// A table's columns, in order.
#[derive(Debug)]
struct Table {
    name: &'static str,
    columns: Vec<(String, Kind)>,
}

/// The tables of a view: the main one, and those of its lists with the fields they come from.
#[derive(Debug)]
pub(super) struct Layout {
    tables: Vec<Table>,
    lists: &'static [crate::Child],
}

/// Encoded rows, per table.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    tables: Vec<Vec<u8>>,
    pub(super) rows: u64,
}

/// The encoded rows of a table, by its name.
type Rows = (&'static str, Vec<u8>);

impl Layout {
    /// The layout of the tables of a view in a schema.
    pub(super) async fn read(
        connection: &mut PgConnection,
        shape: &Shape,
        schema: &str,
    ) -> Result<Self, LedgerError> {
        let mut layout = Self { tables: Vec::new(), lists: shape.children };
        for name in shape.tables() {
            let found: Vec<(String, String)> = sqlx::query_as(
                "SELECT a.attname::text, t.typname::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
                 WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            )
            .bind(format!("{schema}.{name}"))
            .fetch_all(&mut *connection)
            .await?;
            let kind = |(column, type_name): (String, String)| match Kind::named(&type_name) {
                Some(kind) => Ok((column, kind)),
                None => Err(LedgerError::Encode(format!(
                    "the column {column} of the view's table {name} has the type {type_name}, which rebuilds do not write"
                ))),
            };
            let columns = found.into_iter().map(kind).collect::<Result<_, _>>()?;
            layout.tables.push(Table { name, columns });
        }
        Ok(layout)
    }

    pub(super) fn chunk(&self) -> Chunk {
        Chunk { tables: self.tables.iter().map(|_| HEADER.to_vec()).collect(), rows: 0 }
    }

    /// Adds a row and its lists, as JSON, to a chunk.
    pub(super) fn encode(&self, row: &str, chunk: &mut Chunk) -> Result<(), LedgerError> {
        let wrong = |error: serde_json::Error| {
            let reason =
                if error.is_data() { "a field has another type than its column" } else { "it is no JSON" };
            LedgerError::Encode(format!("a view's row cannot be written: {reason}"))
        };
        let seed = Row { layout: self, table: 0, out: &mut chunk.tables };
        seed.deserialize(&mut serde_json::Deserializer::from_str(row)).map_err(wrong)?;
        chunk.rows += 1;
        Ok(())
    }

    /// The names of the tables: the main one, and those of its lists.
    pub(super) fn halves(&self) -> [Vec<&'static str>; 2] {
        let mut names = self.tables.iter().map(|table| table.name);
        [names.next().into_iter().collect(), names.collect()]
    }

    /// The rows of a chunk in the same halves.
    pub(super) fn split(&self, chunk: Chunk) -> [Vec<Rows>; 2] {
        let mut rows = self.tables.iter().map(|table| table.name).zip(chunk.tables);
        [rows.next().into_iter().collect(), rows.collect()]
    }
}

/// Writes rows into the tables of a schema, which this transaction has emptied.
pub(super) async fn write(
    connection: &mut PgConnection,
    schema: &str,
    tables: Vec<Rows>,
) -> Result<(), LedgerError> {
    for (table, mut rows) in tables {
        if rows.len() > HEADER.len() {
            rows.extend(TRAILER);
            let sql = format!("COPY {schema}.{table} FROM STDIN WITH (FORMAT binary, FREEZE)");
            let mut copy = connection.copy_in_raw(&sql).await?;
            copy.send(rows).await?;
            copy.finish().await?;
        }
    }
    Ok(())
}

/// One JSON object, encoded as a row of a table.
struct Row<'r> {
    layout: &'r Layout,
    table: usize,
    out: &'r mut Vec<Vec<u8>>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let table = self.layout.tables.get(self.table).ok_or_else(|| A::Error::custom("no such table"))?;
        let lists = if self.table == 0 { self.layout.lists } else { &[] };
        let mut values = PgArgumentBuffer::default();
        let mut places: Vec<Option<Range<usize>>> = vec![None; table.columns.len()];
        while let Some(field) = map.next_key::<&str>()? {
            if let Some(list) = lists.iter().position(|list| list.field == field) {
                map.next_value_seed(List(Row { layout: self.layout, table: list + 1, out: &mut *self.out }))?;
            } else if let Some((place, (_, kind))) =
                places.iter_mut().zip(&table.columns).find(|(_, (column, _))| column == field)
            {
                let start = values.len();
                let null = value(*kind, &mut map, &mut values)?;
                *place = matches!(null, IsNull::No).then(|| start..values.len());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let out = self.out.get_mut(self.table).ok_or_else(|| A::Error::custom("no such table"))?;
        tuple(&values, &places, out).ok_or_else(|| A::Error::custom("a row that is too large"))
    }
}

/// The values of one row: how many, then each with its length.
fn tuple(values: &[u8], places: &[Option<Range<usize>>], out: &mut Vec<u8>) -> Option<()> {
    out.extend(i16::try_from(places.len()).ok()?.to_be_bytes());
    for place in places {
        match place {
            None => out.extend((-1_i32).to_be_bytes()),
            Some(place) => {
                let value = values.get(place.clone())?;
                out.extend(i32::try_from(value.len()).ok()?.to_be_bytes());
                out.extend(value);
            }
        }
    }
    Some(())
}

/// A JSON array, each item encoded as a row.
struct List<'r>(Row<'r>);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Row { layout, table, out } = self.0;
        while items.next_element_seed(Row { layout, table, out: &mut *out })?.is_some() {}
        Ok(())
    }
}

/// A text that is not copied unless it has escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// Encodes the next value of a map as a kind of column; the driver knows how.
fn value<'de, A: MapAccess<'de>>(
    kind: Kind,
    map: &mut A,
    out: &mut PgArgumentBuffer,
) -> Result<IsNull, A::Error> {
    match kind {
        Kind::Uuid => put(map.next_value::<Option<Uuid>>()?, out),
        Kind::Uuids => put(map.next_value::<Option<Vec<Uuid>>>()?, out),
        Kind::Text => put(map.next_value::<Option<Text<'_>>>()?.as_ref().map(|text| text.0.as_ref()), out),
        Kind::Texts => put(map.next_value::<Option<Vec<String>>>()?, out),
        Kind::Integer => put(map.next_value::<Option<i32>>()?, out),
        Kind::Bigint => put(map.next_value::<Option<i64>>()?, out),
        Kind::Boolean => put(map.next_value::<Option<bool>>()?, out),
        Kind::Date => put(map.next_value::<Option<NaiveDate>>()?, out),
        // The driver cuts what is smaller than a microsecond; PostgreSQL rounds it when it reads a text.
        Kind::Time => put(map.next_value::<Option<DateTime<Utc>>>()?.map(|time| time.round_subsecs(6)), out),
        Kind::Json => {
            let Some(json) = map.next_value::<Option<&RawValue>>()? else { return Ok(IsNull::Yes) };
            // The version of the form, then the text.
            out.push(1);
            out.extend(json.get().as_bytes());
            Ok(IsNull::No)
        }
    }
    .map_err(A::Error::custom)
}

fn put<'q, T: Encode<'q, Postgres>>(
    value: Option<T>,
    out: &mut PgArgumentBuffer,
) -> Result<IsNull, sqlx::error::BoxDynError> {
    value.map_or(Ok(IsNull::Yes), |value| value.encode_by_ref(out))
}
