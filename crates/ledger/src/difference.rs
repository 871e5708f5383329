//! What events changed of rows and their lists: only that is written.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::shape::Shape;
use crate::{Child, LedgerError};

/// What changed of rows and of the items of their lists.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// The keys of rows that go, with everything in their lists.
    pub(crate) gone: Vec<Uuid>,
    pub(crate) inserted: Vec<Value>,
    pub(crate) updated: Vec<(Uuid, Value)>,
    /// The columns that differ in one of the updated rows at least.
    pub(crate) columns: BTreeSet<String>,
    /// In the order of the view's lists.
    pub(crate) lists: Vec<Items>,
}

/// What changed in a list; a changed item goes and comes.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) gone: Vec<Value>,
    pub(crate) come: Vec<Value>,
}

/// A row's own fields, and its lists in the order of the view's.
type Split = (Map<String, Value>, Vec<Vec<Value>>);

impl Difference {
    pub(crate) fn new(shape: &Shape) -> Self {
        let lists = shape.children.iter().map(|_| Items::default()).collect();
        Self { lists, ..Self::default() }
    }

    /// Adds what became of one row. `anew` says that it was gone in between, so that nothing that is stored of it stays.
    pub(crate) fn add(
        &mut self,
        shape: &Shape,
        key: Uuid,
        (before, after): (Option<&str>, Option<&str>),
        anew: bool,
    ) -> Result<(), LedgerError> {
        if before == after && !anew {
            return Ok(());
        }
        let before = before.map(|row| split(shape, row)).transpose()?;
        let after = after.map(|row| split(shape, row)).transpose()?;
        match (before, after) {
            (Some(before), Some(after)) if !anew => return self.changed(shape, key, before, after),
            (before, after) => {
                self.gone.extend(before.map(|_| key));
                if let Some((row, lists)) = after {
                    self.inserted.push(Value::Object(row));
                    for (changes, items) in self.lists.iter_mut().zip(lists) {
                        changes.come.extend(items);
                    }
                }
            }
        }
        Ok(())
    }

    fn changed(
        &mut self,
        shape: &Shape,
        key: Uuid,
        (old, before): Split,
        (new, after): Split,
    ) -> Result<(), LedgerError> {
        let fields = old.keys().chain(new.keys());
        let changed: BTreeSet<String> =
            fields.filter(|field| old.get(*field) != new.get(*field)).cloned().collect();
        if !changed.is_empty() {
            self.columns.extend(changed);
            self.updated.push((key, Value::Object(new)));
        }
        for (((list, changes), old), new) in shape.children.iter().zip(&mut self.lists).zip(before).zip(after)
        {
            changes.compare(list, old, new)?;
        }
        Ok(())
    }
}

impl Items {
    fn compare(&mut self, list: &Child, old: Vec<Value>, new: Vec<Value>) -> Result<(), LedgerError> {
        let count = new.len();
        let mut new: BTreeMap<String, Value> =
            new.into_iter().map(|item| (key_of(list, &item), item)).collect();
        if new.len() < count {
            return Err(LedgerError::Encode("a list of a view's row has two items with one key".into()));
        }
        for item in old {
            if let Entry::Occupied(same) = new.entry(key_of(list, &item))
                && *same.get() == item
            {
                same.remove();
            } else {
                self.gone.push(item);
            }
        }
        self.come.extend(new.into_values());
        Ok(())
    }
}

fn key_of(list: &Child, item: &Value) -> String {
    let columns = list.key.iter().map(|column| item.get(column).unwrap_or(&Value::Null).to_string());
    columns.collect::<Vec<_>>().join(" ")
}

fn split(shape: &Shape, row: &str) -> Result<Split, LedgerError> {
    let wrong = |_| LedgerError::Encode("a view's row is no JSON object".into());
    let mut row: Map<String, Value> = serde_json::from_str(row).map_err(wrong)?;
    let mut lists = Vec::new();
    for child in shape.children {
        match row.remove(child.field) {
            Some(Value::Array(items)) => lists.push(items),
            _ => return Err(LedgerError::Encode("a list of a view's row is no JSON array".into())),
        }
    }
    Ok((row, lists))
}
