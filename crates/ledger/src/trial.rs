//! Folding events without a database, to find out whether a view is what it was, and whether following it gives what a
//! rebuild gives.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::difference::Difference;
use crate::shape::{Shape, State};
use crate::view::wanted;
use crate::{Child, LedgerError, Reads, Recorded, ViewsBuilder};

/// A view that is tried on events.
#[derive(Clone, Copy)]
pub struct Trial(pub(crate) &'static Shape);

/// The rows that there are, by key, as JSON; lists in the order of their items' texts.
pub type TriedRows = BTreeMap<Uuid, Value>;

impl ViewsBuilder {
    /// Every view, to be tried.
    #[must_use]
    pub fn trials(&self) -> Vec<Trial> {
        self.shapes().map(Trial).collect()
    }
}

impl Trial {
    /// The view's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its version.
    #[must_use]
    pub fn version(self) -> i32 {
        self.0.version
    }

    /// The SQL that creates its tables, without comments and with single blanks.
    #[must_use]
    pub fn sql(self) -> String {
        let lines = self.0.sql.lines().map(|line| line.split("--").next().unwrap_or(line));
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    /// Its lists: the row's field, and the table.
    pub fn lists(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.children.iter().map(|list| (list.field, list.table))
    }

    /// The types of streams it follows.
    #[must_use]
    pub fn sources(self) -> &'static [&'static str] {
        self.0.sources
    }

    /// The rows after some events, as a rebuild folds them.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    pub fn rebuilt(self, events: &[Recorded]) -> Result<TriedRows, LedgerError> {
        let mut rows: HashMap<Uuid, Box<dyn State>> = HashMap::new();
        crate::view::fold_into(self.0, &mut rows, events)?;
        let mut tried = TriedRows::new();
        for (key, state) in rows {
            if let Some(json) = state.json()? {
                tried.insert(key, self.sorted(parsed(&json)?));
            }
        }
        Ok(tried)
    }

    /// The rows after some events, as following folds them, so many at once: on what is read of each row, and what
    /// differs then put into the stored row.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    pub fn followed(self, events: &[Recorded], at_once: usize) -> Result<TriedRows, LedgerError> {
        let mut stored = TriedRows::new();
        for batch in events.chunks(at_once.max(1)) {
            for (key, reads) in wanted(self.0, batch)? {
                let read = stored.get(&key).map(|row| self.read(row, &reads).to_string());
                let mut rows = HashMap::from([(key, (self.0.state)(read.as_deref())?)]);
                let before = rows.get(&key).map(|row| row.json()).transpose()?.flatten();
                crate::view::fold_into(self.0, &mut rows, batch)?;
                let Some(row) = rows.remove(&key) else { continue };
                let mut changed = Difference::new(self.0);
                let after = row.json()?;
                changed.add(self.0, key, (before.as_deref(), after.as_deref()), row.was_gone())?;
                self.put(&mut stored, key, changed);
            }
        }
        Ok(stored.into_iter().map(|(key, row)| (key, self.sorted(row))).collect())
    }

    /// What is read of a stored row.
    fn read(self, row: &Value, reads: &Reads) -> Value {
        let mut row = row.clone();
        for list in self.0.children {
            if let Some(Value::Array(items)) = row.get_mut(list.field) {
                if !reads.whole(list.field) {
                    let first = firsts(list, items, reads);
                    items.retain(|item| {
                        first.contains(item) || reads.items_of(list.field).any(|key| is_of(item, key))
                    });
                }
                items.sort_by_key(Value::to_string);
            }
        }
        row
    }

    /// What [`save`](crate::store::save) does.
    fn put(self, stored: &mut TriedRows, key: Uuid, changed: Difference) {
        for key in changed.gone {
            stored.remove(&key);
        }
        for mut row in changed.inserted {
            if let Value::Object(fields) = &mut row {
                for list in self.0.children {
                    fields.insert(list.field.to_owned(), Value::Array(Vec::new()));
                }
            }
            stored.insert(key, row);
        }
        let Some(row) = stored.get_mut(&key) else { return };
        for (_, new) in changed.updated {
            if let Value::Object(fields) = row {
                for column in &changed.columns {
                    fields.insert(column.clone(), new.get(column).cloned().unwrap_or(Value::Null));
                }
            }
        }
        for (list, items) in self.0.children.iter().zip(changed.lists) {
            if let Some(Value::Array(there)) = row.get_mut(list.field) {
                there.retain(|item| !items.gone.iter().any(|gone| is_same(list, item, gone)));
                there.extend(items.come);
            }
        }
    }

    fn sorted(self, mut row: Value) -> Value {
        for list in self.0.children {
            if let Some(Value::Array(items)) = row.get_mut(list.field) {
                items.sort_by_key(Value::to_string);
            }
        }
        row
    }
}

fn firsts(list: &Child, items: &[Value], reads: &Reads) -> Vec<Value> {
    let by = |item: &Value| list.first.and_then(|column| item.get(column)).map(Value::to_string);
    let mut items: Vec<Value> =
        items.iter().filter(|item| by(item).is_some_and(|by| by != "null")).cloned().collect();
    items.sort_by_key(by);
    items.truncate(usize::try_from(reads.first_of(list.field)).unwrap_or(0));
    items
}

fn is_of(item: &Value, key: &Value) -> bool {
    key.as_object().is_some_and(|key| key.iter().all(|(column, value)| item.get(column) == Some(value)))
}

fn is_same(list: &Child, one: &Value, other: &Value) -> bool {
    list.key.iter().all(|column| one.get(column) == other.get(column))
}

fn parsed(json: &str) -> Result<Value, LedgerError> {
    let row: Map<String, Value> = serde_json::from_str(json)
        .map_err(|_| LedgerError::Encode("a view's row is no JSON object".into()))?;
    Ok(Value::Object(row))
}
