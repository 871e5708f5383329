//! `lethe certificate verify`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use lethe_privacy::certificate::{self, MAX_BYTES, Rejection, SignedCertificate};
use lethe_tlog::note::VerifierKey;
use serde_json::{Value, json};

use crate::error::{Error, Outcome};
use crate::output::{self, shown};

/// The flags of `lethe certificate verify`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The certificate's JSON file
    file: PathBuf,
    /// The verifier key that the installation publishes; `lethe keys status` shows it there
    #[arg(long, value_name = "VERIFIER_KEY")]
    key: Option<VerifierKey>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Verifies a file and says what it proves.
///
/// # Errors
/// [`Error::File`] when it cannot be read, [`Error::Output`].
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let file = read(&arguments.file)?;
    let verified = certificate::verify(&file, arguments.key.as_ref());
    let compared = arguments.key.is_some();
    output::line(&match &verified {
        _ if arguments.json => output::json(&report(&verified, compared)),
        Ok(signed) => good(signed, compared),
        Err(rejection) => format!("The certificate is not good. {}", shown(&rejection.to_string())),
    })?;
    Ok(if verified.is_ok() { Outcome::Done } else { Outcome::Findings })
}

/// Reads no more than one byte beyond what is allowed, from whatever is given, so that even an endless one is refused.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(Error::file("open", path))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(Error::file("read", path))?;
    Ok(bytes)
}

fn good(signed: &SignedCertificate, compared: bool) -> String {
    let it = &signed.certificate;
    let proves = if compared {
        "It was issued by the installation whose key you gave, and nothing in it was altered.".to_owned()
    } else {
        format!(
            "Nothing in it was altered since it was signed. Who signed it is not proven yet: anybody can make a key of that \
             name. Compare the key with the one that the installation publishes (`lethe keys status`), or give that one \
             with --key.\n\n{}",
            shown(&signed.signature.key)
        )
    };
    format!(
        "The certificate is {}. {proves}\n\n\
         contact       {}\nerasure       {}, {}, {}\nrecorded      {}, position {}\nfinal since   {}, position {}\n\
         keys          {} destroyed\nin the log    {}\ninstallation  {}",
        if compared { "good" } else { "intact" },
        it.request.contact,
        shown(&it.request.kind),
        shown(&it.request.reason),
        shown(&it.request.legal_basis),
        it.request.recorded_at,
        it.request.event_position,
        it.rotation.root_destroyed_at,
        it.rotation.root_destroyed_position,
        it.destroyed_keys.len(),
        if signed.log.is_some() {
            "proven by the proofs beside it"
        } else {
            "not told: there are no proofs beside it"
        },
        it.installation,
    )
}

fn report(verified: &Result<SignedCertificate, Rejection>, compared: bool) -> Value {
    match verified {
        Ok(signed) => json!({
            "intact": true,
            "keyCompared": compared,
            "key": signed.signature.key,
            "inLog": signed.log.is_some(),
            "certificate": signed.certificate,
        }),
        Err(rejection) => json!({
            "intact": false,
            "keyCompared": compared,
            "code": rejection.code(),
            "message": rejection.to_string(),
        }),
    }
}
