//! What a dump tells: every wrapped key, every commitment, every sealed value.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use lethe_kernel::Subject;
use uuid::Uuid;

/// What stands in a dump, as far as it is of use.
pub(crate) struct Dump {
    pub(crate) root: RootRow,
    pub(crate) buckets: Vec<BucketRow>,
    pub(crate) keys: Vec<KeyRow>,
    /// The sealed first name in the first event of each contact, and the sealed name in that of each user.
    names: HashMap<Uuid, String>,
}

#[derive(Clone)]
pub(crate) struct RootRow {
    pub(crate) installation: Uuid,
    pub(crate) epoch: i64,
    pub(crate) commitment: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct BucketRow {
    pub(crate) bucket: i32,
    pub(crate) generation: i64,
    pub(crate) wrapped: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct KeyRow {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) subject: Uuid,
    pub(crate) class: String,
    pub(crate) bucket: i32,
    pub(crate) generation: i64,
    pub(crate) wrapped: Vec<u8>,
    pub(crate) commitment: Vec<u8>,
}

/// A row by the names of its columns.
struct Row<'t>(HashMap<&'t str, &'t str>);

impl Row<'_> {
    fn text(&self, column: &str) -> String {
        self.0[column].to_owned()
    }

    fn get<T: FromStr>(&self, column: &str) -> T {
        self.0[column].parse().unwrap_or_else(|_| panic!("{column}"))
    }

    /// A `bytea`: `\\x` and hexadecimal digits.
    fn bytes(&self, column: &str) -> Vec<u8> {
        let digits = self.0[column].strip_prefix(r"\\x").unwrap().as_bytes().chunks(2);
        digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }
}

/// The rows of a table: between `COPY … FROM stdin;` and `\.`, with tabs between columns.
fn rows<'t>(dump: &'t str, table: &str) -> Vec<Row<'t>> {
    let (_, rest) = dump.split_once(&format!("COPY {table} (")).unwrap();
    let (columns, rest) = rest.split_once(") FROM stdin;\n").unwrap();
    let (body, _) = rest.split_once("\\.\n").unwrap();
    let columns: Vec<&str> = columns.split(", ").collect();
    body.lines().map(|line| Row(columns.iter().copied().zip(line.split('\t')).collect())).collect()
}

impl Dump {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let root = &rows(&text, "vault.root")[0];
        Self {
            root: RootRow {
                installation: root.get("installation"),
                epoch: root.get("epoch"),
                commitment: root.bytes("commitment"),
            },
            buckets: rows(&text, "vault.buckets").iter().map(bucket).collect(),
            keys: rows(&text, "vault.keys").iter().map(key).collect(),
            names: rows(&text, "ledger.events").iter().filter_map(name).collect(),
        }
    }

    /// The row of a person's key, if it is there.
    pub(crate) fn key_of(&self, person: Subject) -> Option<&KeyRow> {
        self.keys.iter().find(|key| key.subject == person.id)
    }

    /// The sealed name of a person.
    pub(crate) fn name_of(&self, person: Subject) -> &str {
        &self.names[&person.id]
    }
}

fn bucket(row: &Row<'_>) -> BucketRow {
    BucketRow { bucket: row.get("bucket"), generation: row.get("generation"), wrapped: row.bytes("wrapped") }
}

fn key(row: &Row<'_>) -> KeyRow {
    KeyRow {
        id: row.get("key_id"),
        kind: row.text("subject_kind"),
        subject: row.get("subject_id"),
        class: row.text("class"),
        bucket: row.get("bucket"),
        generation: row.get("generation"),
        wrapped: row.bytes("wrapped"),
        commitment: row.bytes("commitment"),
    }
}

fn name(row: &Row<'_>) -> Option<(Uuid, String)> {
    let place = match row.0["event_type"] {
        "contact.registered" => "/details/first_name",
        "user.registered" => "/name",
        _ => return None,
    };
    let payload: serde_json::Value = serde_json::from_str(row.0["payload"]).unwrap();
    let fields = payload.as_object().unwrap().values().next().unwrap();
    Some((row.get("aggregate_id"), fields.pointer(place).unwrap().as_str().unwrap().to_owned()))
}
