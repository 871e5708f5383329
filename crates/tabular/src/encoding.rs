//! The encodings that Excel writes: told from the file, decoded piece by piece.

use std::io;

use encoding_rs::{Decoder, DecoderResult};
use serde::{Deserialize, Serialize};

use crate::source::{Source, read_full};

/// How the text of a CSV file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark: Excel's "CSV UTF-8".
    Utf8,
    /// UTF-16, low byte first: Excel's "Unicode text".
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252: Excel's "CSV" on a Danish or Swedish Windows.
    Windows1252,
}

impl Encoding {
    pub(crate) fn is_utf16(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    fn decoder(self) -> Option<Decoder> {
        let encoding = match self {
            Encoding::Utf8 => return None,
            Encoding::Utf16Le => encoding_rs::UTF_16LE,
            Encoding::Utf16Be => encoding_rs::UTF_16BE,
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        Some(encoding.new_decoder_without_bom_handling())
    }
}

/// An encoding and the length of the byte order mark that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) encoding: Encoding,
    pub(crate) length: usize,
}

/// Reads the byte order mark, if there is one.
pub(crate) fn mark(head: &[u8]) -> Option<Mark> {
    let (encoding, length) = match head {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
        _ => return None,
    };
    Some(Mark { encoding, length })
}

const CHUNK: usize = 64 * 1024;

/// UTF-8 when every byte of the source is, otherwise Windows-1252, in which every byte means something.
pub(crate) fn guess(source: &mut dyn Source) -> io::Result<Encoding> {
    let mut chunk = vec![0; CHUNK];
    let mut kept = 0;
    loop {
        let read = read_full(source, chunk.get_mut(kept..).unwrap_or_default())?;
        let bytes = chunk.get(..kept + read).unwrap_or_default();
        let Err(error) = std::str::from_utf8(bytes) else {
            if read == 0 {
                return Ok(Encoding::Utf8);
            }
            kept = 0;
            continue;
        };
        // A character may be cut in two by the end of the chunk; at the end of the file it may not.
        if error.error_len().is_some() || read == 0 {
            return Ok(Encoding::Windows1252);
        }
        let (valid, end) = (error.valid_up_to(), bytes.len());
        chunk.copy_within(valid..end, 0);
        kept = end - valid;
    }
}

/// Stands for bytes that could not be decoded: it is never part of UTF-8, so that exactly the cell that has it fails.
const UNDECODABLE: u8 = 0xFF;

/// Decodes a source to UTF-8. What is not UTF-8 in a UTF-8 source is passed on as it is.
pub(crate) struct Decoding {
    source: Box<dyn Source>,
    decoder: Option<Decoder>,
    chunk: Vec<u8>,
    ended: bool,
}

impl Decoding {
    /// Starts behind the byte order mark.
    pub(crate) fn new(mut source: Box<dyn Source>, mark: Mark) -> io::Result<Decoding> {
        source.seek(io::SeekFrom::Start(mark.length as u64))?;
        Ok(Decoding { source, decoder: mark.encoding.decoder(), chunk: vec![0; CHUNK], ended: false })
    }

    /// Appends the next piece to `text`; false at the end of the source.
    pub(crate) fn read_into(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let read = read_full(&mut *self.source, &mut self.chunk)?;
        self.ended = read < self.chunk.len();
        let bytes = self.chunk.get(..read).unwrap_or_default();
        match &mut self.decoder {
            None => text.extend_from_slice(bytes),
            Some(decoder) => decode(decoder, bytes, self.ended, text),
        }
        Ok(true)
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], last: bool, text: &mut Vec<u8>) {
    let mut piece = String::new();
    loop {
        let needed = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        piece.reserve(needed.unwrap_or(CHUNK));
        let (result, consumed) = decoder.decode_to_string_without_replacement(bytes, &mut piece, last);
        text.extend_from_slice(piece.as_bytes());
        piece.clear();
        bytes = bytes.get(consumed..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => text.push(UNDECODABLE),
        }
    }
}
