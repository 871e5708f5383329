//! A reader of the files of events that believes everything.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Files;

/// A line that is JSON, and what follows it: nothing, or the two texts of an event.
pub(super) struct Piece {
    pub(super) line: Vec<u8>,
    pub(super) texts: Vec<u8>,
}

/// The pieces of a file; what cannot be read is one piece.
pub(super) fn pieces(file: &[u8]) -> Vec<Piece> {
    let (mut pieces, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let head: Value = serde_json::from_slice(line).unwrap_or_default();
        let length = |name: &str| head[name].as_u64().map_or(0, |bytes| bytes.saturating_add(1));
        let texts = length("metadataBytes").saturating_add(length("payloadBytes"));
        let (texts, after) = after.split_at(usize::try_from(texts).unwrap().min(after.len()));
        pieces.push(Piece { line: line.to_vec(), texts: texts.to_vec() });
        rest = after;
    }
    pieces
}

pub(super) fn joined(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| [piece.line.as_slice(), &piece.texts]).flatten().copied().collect()
}

/// All events of a bundle: what stands in their lines, and their texts.
pub(crate) fn events(files: &Files) -> BTreeMap<u64, (Value, Vec<u8>)> {
    let files = files.0.iter().filter(|(name, _)| name.starts_with("events/"));
    let pieces = files.flat_map(|(_, bytes)| pieces(bytes));
    pieces
        .filter_map(|piece| {
            let head: Value = serde_json::from_slice(&piece.line).ok()?;
            Some((head["position"].as_u64()?, (head, piece.texts)))
        })
        .collect()
}
