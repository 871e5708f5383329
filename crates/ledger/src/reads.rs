//! What of the lists of a row is read.

use std::collections::BTreeSet;

use serde_json::Value;

/// What of the lists of a row is read; the default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reads {
    all: bool,
    /// Lists that are read as a whole.
    lists: BTreeSet<&'static str>,
    /// Single items: the list, and an object with the columns of the item's key.
    items: Vec<(&'static str, Value)>,
    /// Lists of which the least item is looked for; named as often as one may have gone.
    first: Vec<&'static str>,
}

impl Reads {
    /// Every list as a whole.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Nothing of any list.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Lists as a whole.
    #[must_use]
    pub fn lists(fields: &[&'static str]) -> Self {
        Self { lists: fields.iter().copied().collect(), ..Self::default() }
    }

    /// And one item of a list, if it is there. `key` is an object with the columns of its key, without the owner.
    #[must_use]
    pub fn item(mut self, field: &'static str, key: Value) -> Self {
        self.items.push((field, key));
        self
    }

    /// And the item of a list that is the first by its column [`first`](crate::Child::first), also after the event has
    /// taken away or changed one item.
    #[must_use]
    pub fn first(mut self, field: &'static str) -> Self {
        self.first.push(field);
        self
    }

    /// And what somebody else reads.
    pub fn add(&mut self, other: Self) {
        self.all |= other.all;
        self.lists.extend(other.lists);
        self.items.extend(other.items);
        self.first.extend(other.first);
    }

    /// The lists it names.
    pub(crate) fn named(&self) -> impl Iterator<Item = &'static str> {
        self.lists.iter().chain(self.items.iter().map(|(list, _)| list)).chain(&self.first).copied()
    }

    /// Whether a list is read as a whole.
    pub(crate) fn whole(&self, field: &str) -> bool {
        self.all || self.lists.contains(field)
    }

    /// The keys of the single items of a list.
    pub(crate) fn items_of(&self, field: &str) -> impl Iterator<Item = &Value> {
        self.items.iter().filter(move |(list, _)| *list == field).map(|(_, key)| key)
    }

    /// How many of the first items of a list are read, so that one is left however many have gone; 0 if none is needed.
    pub(crate) fn first_of(&self, field: &str) -> i64 {
        let asked = self.first.iter().filter(|list| **list == field).count();
        if asked == 0 { 0 } else { i64::try_from(asked).unwrap_or(i64::MAX).saturating_add(1) }
    }
}
