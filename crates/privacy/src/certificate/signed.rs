//! A certificate with its signature: what is written to a file.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_vault::Signer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::canonical;
use super::log::there;
use super::{Certificate, CertificateError, FORMAT, LogProofs};

/// A certificate and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedCertificate {
    /// What is certified.
    pub certificate: Certificate,
    /// By whom.
    pub signature: Signature,
    /// That what it tells of is in the log. Not part of what is signed: it is signed itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub log: Option<LogProofs>,
}

/// An Ed25519 signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    /// The verifier key of the installation, see [`lethe_tlog::note::VerifierKey`].
    pub key: String,
    /// The signature's 64 bytes in base64.
    pub value: String,
}

impl Certificate {
    /// Signs it in the installation's name.
    ///
    /// # Errors
    /// [`CertificateError::Number`], [`CertificateError::Encode`] and [`CertificateError::Vault`].
    pub fn sign(self, signer: &Signer) -> Result<SignedCertificate, CertificateError> {
        let value = signer.sign(&message(&serde_json::to_value(&self)?)?)?;
        let signature =
            Signature { key: signer.verifier().to_string(), value: BASE64_STANDARD.encode(value) };
        Ok(SignedCertificate { certificate: self, signature, log: None })
    }
}

impl SignedCertificate {
    /// The file: JSON, indented, as people can read it. Only the canonical form is signed, so it may be indented anew.
    ///
    /// # Errors
    /// [`CertificateError::Encode`].
    pub fn json(&self) -> Result<String, CertificateError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// The bytes that are signed: the format's name, a line feed, and the certificate's canonical JSON.
pub(crate) fn message(certificate: &Value) -> Result<Vec<u8>, CertificateError> {
    Ok([FORMAT.as_bytes(), b"\n", &canonical(certificate)?].concat())
}
