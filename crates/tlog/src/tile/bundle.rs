//! Entry bundles: the entries of a tile of level 0, each after its length as `u16`, big-endian.

use super::WIDTH;

/// Why something is no entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is too long for its length to be written.
    #[error("Entry {0} of the bundle is longer than 65,535 bytes.")]
    TooLong(usize),
    /// There are more entries than a tile has.
    #[error("The bundle holds more than {WIDTH} entries.")]
    TooMany,
    /// It ends within an entry.
    #[error("The bundle ends within entry {0}.")]
    Cut(usize),
}

/// Writes a bundle.
///
/// # Errors
/// [`BundleError::TooLong`], [`BundleError::TooMany`].
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bundle = Vec::new();
    for (number, entry) in entries.into_iter().enumerate() {
        if number >= usize::from(WIDTH) {
            return Err(BundleError::TooMany);
        }
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong(number))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle, in order.
///
/// # Errors
/// [`BundleError::Cut`], [`BundleError::TooMany`].
pub fn decode_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let (mut entries, mut rest) = (Vec::new(), bundle);
    while !rest.is_empty() {
        if entries.len() >= usize::from(WIDTH) {
            return Err(BundleError::TooMany);
        }
        let cut = BundleError::Cut(entries.len());
        let (length, after) = rest.split_first_chunk().ok_or(cut)?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(cut)?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}
