//! The file with a witness's private key: `PRIVATE+KEY+<name>+<hash>+<base64 of 04 ‖ seed>`, as Go's `note` package writes
//! private keys.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_tlog::note::{KeyKind, Signer};

use super::WitnessError;
use crate::error::Error;

const PREFIX: &str = "PRIVATE+KEY+";

/// The type of cosignatures.
const COSIGNATURE: u8 = 0x04;

/// Reads the key, or makes one under the name if there is no file.
///
/// # Errors
/// [`WitnessError`], [`Error::File`].
pub(super) fn load(path: &Path, name: Option<&str>) -> Result<Signer, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = name.ok_or_else(|| WitnessError::NoKey(path.to_owned()))?;
            return make(path, name);
        }
        Err(error) => return Err(Error::file("read", path)(error)),
    };
    let signer = parse(text.trim_end()).ok_or_else(|| WitnessError::DamagedKey(path.to_owned()))?;
    match name.filter(|name| *name != signer.verifier().name()) {
        Some(given) => {
            let found = signer.verifier().name().to_owned();
            Err(WitnessError::OtherName { found, given: given.to_owned() }.into())
        }
        None => Ok(signer),
    }
}

fn parse(text: &str) -> Option<Signer> {
    let mut parts = text.strip_prefix(PREFIX)?.splitn(3, '+');
    let (name, hash, key) = (parts.next()?, parts.next()?, parts.next()?);
    let key = BASE64_STANDARD.decode(key).ok()?;
    let (kind, seed) = key.split_first()?;
    let signer = Signer::of_seed(name, KeyKind::Cosignature, seed.try_into().ok()?).ok()?;
    let hash_is_right = format!("{:08x}", signer.verifier().id()) == hash;
    (*kind == COSIGNATURE && hash_is_right).then_some(signer)
}

fn make(path: &Path, name: &str) -> Result<Signer, Error> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| WitnessError::NoRandomness)?;
    let signer = Signer::of_seed(name, KeyKind::Cosignature, &seed).map_err(|_| WitnessError::BadName)?;
    let key = BASE64_STANDARD.encode([&[COSIGNATURE], seed.as_slice()].concat());
    let line = format!("{PREFIX}{name}+{:08x}+{key}\n", signer.verifier().id());
    // What is signed with the key must be verifiable tomorrow, so it is on the disk first.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(Error::file("write", path))?;
    Ok(signer)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(load(&path, None), Err(Error::Witness(WitnessError::NoKey(_)))));
        assert!(matches!(load(&path, Some("a b")), Err(Error::Witness(WitnessError::BadName))));
        let made = load(&path, Some("witness.example/w")).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(load(&path, None).unwrap().verifier(), made.verifier());
        assert_eq!(load(&path, Some("witness.example/w")).unwrap().verifier(), made.verifier());
        assert!(matches!(load(&path, Some("other")), Err(Error::Witness(WitnessError::OtherName { .. }))));
    }

    #[test]
    fn a_damaged_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        load(&path, Some("w")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [String::new(), text.replace("+w+", "+v+"), text[..text.len() - 5].to_owned()] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(load(&path, None), Err(Error::Witness(WitnessError::DamagedKey(_)))));
        }
    }
}
