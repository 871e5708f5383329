//! The automaton that splits one record into cells.

use crate::RowErrorKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: either its end or the first of two quotes.
    Quote,
}

/// What a byte did to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The record goes on.
    More,
    /// The byte was the line break that ends the record.
    End,
    /// Text follows a closing quote.
    Malformed,
}

/// One record while it is read.
#[derive(Debug)]
pub(super) struct Record {
    delimiter: u8,
    state: State,
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Record {
    pub(super) fn new(delimiter: u8) -> Record {
        Record { delimiter, state: State::CellStart, text: Vec::new(), ends: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.state = State::CellStart;
        self.text.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, byte: u8) -> Step {
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::Quote,
            (State::CellStart, b'"') => self.state = State::Quoted,
            (State::Quote, b'"') | (State::Quoted, _) => self.text_byte(byte, State::Quoted),
            (_, b'\r' | b'\n') => {
                self.ends.push(self.text.len());
                return Step::End;
            }
            (_, _) if byte == self.delimiter => {
                self.ends.push(self.text.len());
                self.state = State::CellStart;
            }
            (State::Quote, _) => return Step::Malformed,
            (State::CellStart | State::Plain, _) => self.text_byte(byte, State::Plain),
        }
        Step::More
    }

    fn text_byte(&mut self, byte: u8, state: State) {
        self.text.push(byte);
        self.state = state;
    }

    /// Ends the record at the end of the file; false when a quote is still open.
    pub(super) fn finish(&mut self) -> bool {
        self.ends.push(self.text.len());
        self.state != State::Quoted
    }

    pub(super) fn cells(&self) -> Result<Vec<String>, RowErrorKind> {
        let mut start = 0;
        let cell = |&end: &usize| {
            let bytes = self.text.get(start..end).unwrap_or_default();
            start = end;
            std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| RowErrorKind::Undecodable)
        };
        self.ends.iter().map(cell).collect()
    }
}
