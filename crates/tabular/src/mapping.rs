//! Tells which header stands for which column of an import.
//!
//! Headers and names are compared without regard to case, blank space, `.` `-` `_` `:` `*` and the ways of writing
//! Danish and Swedish letters: `CVR-nr.` is `cvrnr`, `Kobenhavn`, `Koebenhavn` and `København` are one.

mod fold;
mod overrides;

use std::fmt;

use crate::{Error, Row};
use fold::fold;

/// A column that an import knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The name by which the import asks for it; also an alias.
    pub name: &'static str,
    /// Headers that mean it.
    pub aliases: &'static [&'static str],
    /// Whether a table without it is refused.
    pub required: bool,
}

impl Column {
    /// The alias, or name, that a folded header equals.
    fn known_as(&self, folded: &str) -> Option<&'static str> {
        self.words().find(|word| fold(word) == folded)
    }

    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.aliases.iter().copied().chain([self.name])
    }

    /// For messages: the name and the first aliases.
    fn describe(&self) -> String {
        match self.aliases {
            [] => self.name.to_owned(),
            aliases => {
                let some: Vec<&str> = aliases.iter().copied().take(3).collect();
                format!("{} (for example {})", self.name, some.join(", "))
            }
        }
    }
}

/// All columns that one kind of import knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    /// The columns; two of them should share no alias, as the first one would always get it.
    pub columns: &'static [Column],
}

impl Vocabulary {
    /// The same as [`Mapping::guess`] with these columns.
    ///
    /// # Errors
    /// As [`Mapping::guess`].
    pub fn map(&self, headers: &[String], overrides: &[(String, String)]) -> Result<Mapping, Error> {
        Mapping::guess(headers, self.columns, overrides)
    }
}

/// Which header stands for which column.
#[derive(Clone, PartialEq, Eq)]
pub struct Mapping {
    headers: Vec<String>,
    /// The column's name per header.
    columns: Vec<Option<&'static str>>,
}

impl Mapping {
    /// Maps each header to the column that knows it. `overrides` are pairs of a header and a column's name; they come
    /// first, and their column is then no longer guessed.
    ///
    /// # Errors
    /// When no header is known, two headers mean one column, a required column is missing, or an override names a header
    /// or column that there is not. The error quotes no header: without a header row, the first row is a person's data.
    pub fn guess(
        headers: &[String],
        vocabulary: &[Column],
        overrides: &[(String, String)],
    ) -> Result<Mapping, Error> {
        let folded: Vec<String> = headers.iter().map(|header| fold(header)).collect();
        let mut columns = overrides::apply(&folded, vocabulary, overrides)?;
        for column in vocabulary {
            if !columns.contains(&Some(column.name)) {
                guess_column(column, &folded, &mut columns)?;
            }
        }
        if columns.iter().all(Option::is_none) {
            return Err(Error::NoKnownColumn { expected: expected(vocabulary.iter()) });
        }
        let missing = |column: &&Column| column.required && !columns.contains(&Some(column.name));
        if vocabulary.iter().any(|column| missing(&column)) {
            let expected = expected(vocabulary.iter().filter(missing));
            return Err(Error::MissingColumns { expected, headers: headers.len() });
        }
        Ok(Mapping { headers: headers.to_vec(), columns })
    }

    /// The row's text in a column, without blank space around it; nothing when it is empty or no header stands for it.
    #[must_use]
    pub fn get<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let index = self.columns.iter().position(|name| *name == Some(column))?;
        row.cells.get(index).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    /// The headers that stand for no column, with their index. They are the file's own words: show them to the person
    /// who imports, but keep them out of logs.
    pub fn unmapped_headers(&self) -> impl Iterator<Item = (usize, &str)> {
        let headers = self.headers.iter().zip(&self.columns).enumerate();
        headers
            .filter(|(_, (header, column))| column.is_none() && !header.is_empty())
            .map(|(index, (header, _))| (index, header.as_str()))
    }

    /// The headers that stand for a column, each with the column's name, in the table's order.
    #[must_use]
    pub fn describe(&self) -> Vec<(String, String)> {
        let pairs = self.headers.iter().zip(&self.columns);
        pairs.filter_map(|(header, column)| Some((header.clone(), (*column)?.to_owned()))).collect()
    }
}

impl fmt::Debug for Mapping {
    // Headers may be a person's data; the names of columns are ours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mapping").field(&self.columns).finish()
    }
}

fn guess_column(
    column: &Column,
    folded: &[String],
    columns: &mut [Option<&'static str>],
) -> Result<(), Error> {
    let free = columns.iter_mut().zip(folded).enumerate().filter(|(_, (taken, _))| taken.is_none());
    let mut found: Vec<_> =
        free.filter_map(|(index, (slot, header))| Some((index, slot, column.known_as(header)?))).collect();
    if found.len() > 1 {
        let headers =
            found.iter().map(|(index, _, alias)| format!("{alias} (column {})", index + 1)).collect();
        return Err(Error::AmbiguousColumn { column: column.name.to_owned(), headers });
    }
    if let Some((_, slot, _)) = found.first_mut() {
        **slot = Some(column.name);
    }
    Ok(())
}

fn expected<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(Column::describe).collect::<Vec<_>>().join("; ")
}
