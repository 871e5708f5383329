//! Verifying a file, without database and without secrets.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_tlog::note::VerifierKey;
use lethe_vault::key_name;
use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use super::signed::message;
use super::{FORMAT, Rejection, SignedCertificate};

/// The largest file that is read: some fifty thousand destroyed keys.
pub const MAX_BYTES: usize = 16 << 20;

/// Verifies a file. Given a key, it must be the one that signed; without one, a good answer says no more than that the
/// file is as whoever made its key has signed it.
///
/// # Errors
/// [`Rejection`] says what is wrong.
pub fn verify(file: &[u8], published: Option<&VerifierKey>) -> Result<SignedCertificate, Rejection> {
    if file.len() > MAX_BYTES {
        return Err(Rejection::TooLarge(MAX_BYTES));
    }
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(Rejection::Empty);
    }
    is_known(file)?;
    // The strict reading comes first: it refuses what is there twice, of which the loose one would take the last.
    let read: SignedCertificate = serde_json::from_slice(file).map_err(|error| malformed(&error))?;
    let loose: Value = serde_json::from_slice(file).map_err(|error| malformed(&error))?;
    // A list of its fields in their order reads as an object.
    let is_object = |name: &str| loose.get(name).is_none_or(Value::is_object);
    if !["certificate", "signature", "log"].into_iter().all(is_object) {
        return Err(Rejection::Malformed { line: 1, column: 1 });
    }
    let key: VerifierKey = read.signature.key.parse().map_err(Rejection::Key)?;
    if key.name() != key_name(read.certificate.installation) {
        return Err(Rejection::OtherInstallation);
    }
    if published.is_some_and(|published| *published != key) {
        return Err(Rejection::OtherKey);
    }
    // What is signed is what stands in the file, not what was understood of it.
    let message =
        loose.get("certificate").and_then(|it| message(it).ok()).ok_or(Rejection::NotACertificate)?;
    if !signature(&read).is_some_and(|signature| key.verifies(&message, &signature)) {
        return Err(Rejection::Signature);
    }
    if let Some(log) = &read.log {
        log.check(&read.certificate, key.public_key())?;
    }
    Ok(read)
}

/// Whether the file says that it is of the known format. Nothing else of it is kept, however large it is.
fn is_known(file: &[u8]) -> Result<(), Rejection> {
    #[derive(Deserialize)]
    struct File {
        certificate: Format,
    }
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let read: File = serde_json::from_slice(file).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Eof => Rejection::Truncated { line, column },
            Category::Data => Rejection::NotACertificate,
            Category::Syntax | Category::Io => Rejection::NotJson { line, column },
        }
    })?;
    if read.certificate.format == FORMAT { Ok(()) } else { Err(Rejection::UnknownFormat) }
}

fn malformed(error: &serde_json::Error) -> Rejection {
    Rejection::Malformed { line: error.line(), column: error.column() }
}

fn signature(read: &SignedCertificate) -> Option<[u8; 64]> {
    BASE64_STANDARD.decode(&read.signature.value).ok()?.try_into().ok()
}
