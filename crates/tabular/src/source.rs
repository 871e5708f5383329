//! Where the bytes come from, and what kind of file they are.

use std::io::{self, Read, Seek};

use crate::Error;
use crate::encoding::{self, Mark};

/// A file or an upload.
pub(crate) trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// What a file is, told from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text, in this encoding.
    Csv(Mark),
    /// A ZIP archive, which may be a workbook.
    Xlsx,
}

/// How many bytes at the start are searched for signs of a binary file.
const HEAD: u64 = 64 * 1024;

/// Starts of files that people take for tables.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel file (.xls) or a file with a password"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xFF\xD8\xFF", "an image"),
    (b"GIF8", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"\x1F\x8B", "a compressed file"),
    (b"7z\xBC\xAF\x27\x1C", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"{\\rtf", "a text document"),
    (b"<?xml", "an XML file"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<table", "a web page"),
];

/// Tells the format. Reads the source up to its end in constant memory and leaves it rewound.
pub(crate) fn recognise(source: &mut dyn Source) -> Result<Format, Error> {
    let mut head = Vec::new();
    Read::take(&mut *source, HEAD).read_to_end(&mut head)?;
    source.rewind()?;
    if head.starts_with(b"PK\x03\x04") {
        return Ok(Format::Xlsx);
    }
    let mark = encoding::mark(&head);
    let text = head.get(mark.map_or(0, |mark| mark.length)..).unwrap_or_default();
    if let Some(found) = foreign(text) {
        return Err(Error::NotATable { found });
    }
    if !mark.is_some_and(|mark| mark.encoding.is_utf16()) && head.contains(&0) {
        return Err(Error::NotATable { found: "a binary file" });
    }
    let mark = match mark {
        Some(mark) => mark,
        None => Mark { encoding: encoding::guess(source)?, length: 0 },
    };
    source.rewind()?;
    Ok(Format::Csv(mark))
}

fn foreign(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start();
    let starts =
        |magic: &[u8]| text.get(..magic.len()).is_some_and(|start| start.eq_ignore_ascii_case(magic));
    FOREIGN.iter().find(|(magic, _)| starts(magic)).map(|(_, found)| *found)
}

/// Reads until `buffer` is full or the source ends, as one `read` may return less.
pub(crate) fn read_full(source: &mut dyn Source, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match source.read(free) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
