//! JSON as a text, in which values are exchanged whatever comes of it.

use std::ops::Range;

/// A value in a text, and the field it belongs to, name and all; without one, both are the same.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) field: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Span {
    pub(super) fn is_field(&self) -> bool {
        self.field != self.value
    }
}

/// All values in a text; none if it is no JSON.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut scan = Scan { bytes: text.as_bytes(), at: 0, spans: &mut spans };
    match scan.value() {
        Some(value) => {
            spans.push(Span { field: value.clone(), value });
            spans
        }
        None => Vec::new(),
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    spans: &'a mut Vec<Span>,
}

impl Scan<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn value(&mut self) -> Option<Range<usize>> {
        let opening = self.peek()?;
        let begin = self.at;
        match opening {
            b'"' => self.string()?,
            b'{' | b'[' => {
                self.at += 1;
                while !matches!(self.peek()?, b'}' | b']') {
                    let field = self.at;
                    if opening == b'{' {
                        self.string()?;
                        (self.peek()? == b':').then(|| self.at += 1)?;
                    }
                    let value = self.value()?;
                    let field = if opening == b'{' { field..value.end } else { value.clone() };
                    self.spans.push(Span { field, value });
                    if self.peek()? == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            _ => {
                let end = |byte: &u8| b",]} \n".contains(byte);
                self.at += self.bytes[begin..].iter().position(end).unwrap_or(self.bytes.len() - begin);
                (self.at > begin).then_some(())?;
            }
        }
        Some(begin..self.at)
    }
}
