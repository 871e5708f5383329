//! Finds the delimiter in the first lines of a file.

use super::Delimiter;
use crate::Error;

/// What the start of a file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) delimiter: Delimiter,
    /// The bytes of the `sep=` line that precede the table.
    pub(super) skip: usize,
}

/// Obeys Excel's `sep=` line, or else takes the delimiter that splits the header line into the most cells.
pub(super) fn detect(head: &[u8]) -> Result<Detected, Error> {
    let line = head.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    if let Some(separator) = separator(line) {
        let rest = head.get(line.len()..).unwrap_or_default();
        let line_break = if rest.starts_with(b"\r\n") { 2 } else { rest.len().min(1) };
        let delimiter = Delimiter::of(separator).ok_or(Error::UnknownSeparator)?;
        return Ok(Detected { delimiter, skip: line.len() + line_break });
    }
    let prose = count(head, true);
    let counts = if prose.iter().all(|&(_, count)| count == 0) { count(head, false) } else { prose };
    let mut best = (Delimiter::Semicolon, 0);
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    Ok(Detected { delimiter: best.0, skip: 0 })
}

/// The character of a `sep=` line, which some programs quote.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (key, rest) = line.split_at_checked(4)?;
    let separator = *rest.first()?;
    let rest = rest.strip_suffix(b"\"").unwrap_or(rest);
    let only = rest.iter().all(|&byte| byte == separator || byte == b' ');
    (key.eq_ignore_ascii_case(b"sep=") && only).then_some(separator)
}

/// Counts each delimiter outside quotes in the first line that is not blank. With `prose`, one before a space does not
/// count: headers such as "Name, first and last" contain it, and no program writes it as a delimiter.
fn count(head: &[u8], prose: bool) -> [(Delimiter, usize); 3] {
    let mut counts = Delimiter::ALL.map(|delimiter| (delimiter, 0));
    let (mut quoted, mut at_cell_start) = (false, true);
    let head = head.trim_ascii_start();
    for (index, &byte) in head.iter().enumerate() {
        let before_space = head.get(index + 1) == Some(&b' ');
        match byte {
            b'"' if quoted || at_cell_start => quoted = !quoted,
            _ if quoted => {}
            b'\r' | b'\n' => break,
            _ => {
                at_cell_start = false;
                for (delimiter, count) in &mut counts {
                    if delimiter.byte() == byte {
                        at_cell_start = true;
                        *count += usize::from(!(prose && before_space));
                    }
                }
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(head: &str) -> Delimiter {
        detect(head.as_bytes()).unwrap().delimiter
    }

    #[test]
    fn the_header_line_decides() {
        assert_eq!(delimiter("a;b;c,d\n1,2,3,4,5"), Delimiter::Semicolon);
        assert_eq!(delimiter("a,b,c;d\n"), Delimiter::Comma);
        assert_eq!(delimiter("a\tb"), Delimiter::Tab);
        assert_eq!(delimiter("\r\n\r\na,b"), Delimiter::Comma);
        assert_eq!(delimiter("alone"), Delimiter::Semicolon);
    }

    #[test]
    fn quoted_delimiters_do_not_count() {
        assert_eq!(delimiter("\"a,b,c\nd,e\";f"), Delimiter::Semicolon);
        assert_eq!(delimiter("\"a \"\";;\"\"\",b"), Delimiter::Comma);
    }

    #[test]
    fn a_quote_inside_a_cell_is_text() {
        assert_eq!(delimiter("12\" pipe;a;b"), Delimiter::Semicolon);
    }

    #[test]
    fn prose_does_not_count_unless_there_is_nothing_else() {
        assert_eq!(delimiter("Amount (DKK, without VAT, rounded);CVR"), Delimiter::Semicolon);
        assert_eq!(delimiter("a, b, c"), Delimiter::Comma);
    }

    #[test]
    fn a_sep_line_is_obeyed_and_skipped() {
        assert_eq!(detect(b"sep=,\r\na;b"), Ok(Detected { delimiter: Delimiter::Comma, skip: 7 }));
        assert_eq!(detect(b"\"SEP=;\"\na,b"), Ok(Detected { delimiter: Delimiter::Semicolon, skip: 8 }));
        assert_eq!(detect(b"sep=\t"), Ok(Detected { delimiter: Delimiter::Tab, skip: 5 }));
        assert_eq!(detect(b"sep=|\na|b"), Err(Error::UnknownSeparator));
        assert_eq!(detect(b"sep=a;b\n").unwrap().skip, 0);
    }
}
