//! Which position must come next.

use std::ops::RangeInclusive;

use super::Fault;

/// The order of the events of a bundle.
pub(super) struct Order {
    /// The positions of which none may be missing.
    complete: Option<RangeInclusive<u64>>,
    /// The last position that was there; 0 before the first.
    last: u64,
}

impl Order {
    pub(super) fn new(complete: Option<RangeInclusive<u64>>) -> Self {
        let last = complete.as_ref().map_or(0, |range| range.start().saturating_sub(1));
        Self { complete, last }
    }

    /// The least position that may come next.
    pub(super) fn next(&self) -> u64 {
        self.last.saturating_add(1)
    }

    /// The last position that was there.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// That no position before this one is missing. `later` says whether the missing one comes after all.
    pub(super) fn reaches(&self, position: u64, later: impl FnOnce(u64) -> bool) -> Result<(), Fault> {
        let next = self.next();
        match &self.complete {
            Some(range) if next < position && next <= *range.end() => Err(if later(next) {
                Fault::Order { position: next, found: position }
            } else {
                Fault::Gap { position: next }
            }),
            _ => Ok(()),
        }
    }

    /// Takes the next event.
    pub(super) fn take(
        &mut self,
        file: &str,
        position: u64,
        later: impl FnOnce(u64) -> bool,
    ) -> Result<(), Fault> {
        self.reaches(position, later)?;
        if position <= self.last {
            return Err(Fault::Order { position: self.next(), found: position });
        }
        if self.complete.as_ref().is_some_and(|range| position > *range.end()) {
            return Err(Fault::Appended { file: file.to_owned(), position: self.last });
        }
        self.last = position;
        Ok(())
    }
}
