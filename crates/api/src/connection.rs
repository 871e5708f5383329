//! Relay connections by keyset.

use async_graphql::OutputType;
use async_graphql::connection::{Connection, CursorType, Edge};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_ledger::{Cursor, Found, Page};

use crate::error::{ApiError, Result, top_level};

/// The largest page.
pub(crate) const LARGEST: i32 = 100;

/// The page that is given when nobody asks for a size.
pub(crate) const USUAL: i32 = 20;

/// What a connection costs: its entries times what is asked of each.
pub(crate) fn weight(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let size = first.or(last).unwrap_or(USUAL).clamp(1, LARGEST);
    cost(usize::try_from(size).unwrap_or(1), child)
}

/// What a list costs. The cost stays so small that the costs of all fields of a request cannot overflow together, and
/// so large that no limit allows it.
pub(crate) fn cost(entries: usize, child: usize) -> usize {
    entries.saturating_mul(child).saturating_add(1).min(1 << 40)
}

/// The arguments of a connection.
#[derive(Clone, Default, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageArguments {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArguments {
    /// The size of the page and whether it is cut from the end.
    pub(crate) fn size(&self) -> Result<(i64, bool)> {
        let (size, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(invalid("Give `first` or `last`, not both.")),
            (first, None) => (first.unwrap_or(USUAL), false),
            (None, Some(last)) => (last, true),
        };
        if !(0..=LARGEST).contains(&size) {
            return Err(invalid(&format!(
                "A page has 0 to {LARGEST} entries; ask for the next page with `after`."
            )));
        }
        Ok((i64::from(size), from_end))
    }

    /// The page to read: one more than asked for, which tells whether there are more.
    pub(crate) fn page(&self) -> Result<Page> {
        let (size, from_end) = self.size()?;
        Ok(Page {
            after: self.after.as_deref().map(read).transpose()?,
            before: self.before.as_deref().map(read).transpose()?,
            limit: size + 1,
            from_end,
        })
    }

    /// Cuts what was read by [`PageArguments::page`] to what was asked for.
    pub(crate) fn connection<R, N: OutputType>(
        &self,
        mut found: Vec<Found<R>>,
        node: impl Fn(R) -> N,
    ) -> Result<Connection<Opaque, N>> {
        let (size, from_end) = self.size()?;
        let size = usize::try_from(size).unwrap_or(0);
        let more = found.len() > size;
        if from_end {
            found.drain(..found.len().saturating_sub(size));
        } else {
            found.truncate(size);
        }
        let (before, after) =
            if from_end { (more, self.before.is_some()) } else { (self.after.is_some(), more) };
        let mut connection = Connection::new(before, after);
        connection
            .edges
            .extend(found.into_iter().map(|found| Edge::new(Opaque(found.cursor), node(found.row))));
        Ok(connection)
    }
}

/// A cursor as clients see it: opaque.
pub(crate) struct Opaque(pub(crate) Cursor);

impl CursorType for Opaque {
    type Error = String;

    fn decode_cursor(text: &str) -> std::result::Result<Self, String> {
        read(text).map(Self).map_err(ApiError::into_message)
    }

    fn encode_cursor(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}|{}", self.0.id.simple(), self.0.key))
    }
}

fn read(text: &str) -> Result<Cursor> {
    let bad =
        || top_level("BAD_CURSOR", "The cursor is not one that this API gave. Begin from the first page.");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    let (id, key) = text.split_once('|').ok_or_else(bad)?;
    if key.contains('\0') {
        return Err(bad());
    }
    Ok(Cursor { id: id.parse().map_err(|_| bad())?, key: key.to_owned() })
}

fn invalid(message: &str) -> ApiError {
    top_level("INVALID_VALUE", message)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn found(n: u128) -> Found<u128> {
        let cursor = Cursor { key: n.to_string(), id: Uuid::from_u128(n) };
        Found { parent: Uuid::nil(), cursor, row: n }
    }

    fn shown(slice: &PageArguments, found: Vec<Found<u128>>) -> (Vec<String>, bool, bool) {
        let connection = slice.connection(found, |n| n.to_string()).unwrap();
        let nodes = connection.edges.into_iter().map(|edge| edge.node).collect();
        (nodes, connection.has_previous_page, connection.has_next_page)
    }

    #[test]
    fn a_page_knows_whether_there_are_more() {
        let first = PageArguments { first: Some(2), ..PageArguments::default() };
        assert_eq!(
            shown(&first, vec![found(1), found(2), found(3)]),
            (vec!["1".into(), "2".into()], false, true)
        );
        assert_eq!(shown(&first, vec![found(1)]), (vec!["1".into()], false, false));
        let last = PageArguments { last: Some(2), ..PageArguments::default() };
        assert_eq!(
            shown(&last, vec![found(1), found(2), found(3)]),
            (vec!["2".into(), "3".into()], true, false)
        );
    }

    #[test]
    fn costs_do_not_overflow_however_deep_a_query_is() {
        let deep = (0..100).fold(1, |child, _| weight(Some(100), None, child));
        assert_eq!(deep, 1 << 40);
        assert_eq!(weight(None, Some(5), 3), 16);
    }

    #[test]
    fn absurd_sizes_and_cursors_are_refused() {
        for (first, last) in [(Some(-1), None), (Some(101), None), (None, Some(101)), (Some(1), Some(1))] {
            assert!(PageArguments { first, last, ..PageArguments::default() }.page().is_err());
        }
        for cursor in ["", "x", "!!", &BASE64_URL_SAFE_NO_PAD.encode("no id|1")] {
            assert!(read(cursor).is_err(), "{cursor}");
        }
        let cursor = Cursor { key: "a|b".into(), id: Uuid::from_u128(1) };
        assert_eq!(read(&Opaque(cursor.clone()).encode_cursor()).unwrap(), cursor);
    }
}
