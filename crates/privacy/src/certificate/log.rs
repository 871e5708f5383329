//! The proofs that stand beside a certificate: that the events it tells of are in the log, and so cannot have been made up
//! or changed later.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lethe_notary::Notary;
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{KeyKind, VerifierKey};
use lethe_tlog::proof::Proof;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::{Certificate, CertificateError, Rejection, SignedCertificate};

/// How long it may take until the newest events are signed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Files `.tlog-proof` (C2SP `tlog-proof`), all of the tree that ends with the end of the old root. They are the same
/// whenever they are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogProofs {
    /// Of the event that says that the contact is erased.
    pub erasure: String,
    /// Of the event from which on nothing hung from the old root.
    pub keys_rotated: String,
    /// Of the event that says that the old root is gone.
    pub root_destroyed: String,
}

/// What an entry of the log must say.
struct Told<'c> {
    position: i64,
    event_type: &'static str,
    stream: (&'static str, Uuid),
    event_id: Option<&'c Uuid>,
    recorded_at: Option<DateTime<Utc>>,
}

impl SignedCertificate {
    /// The same with the proofs from the log beside it; waits until the log has come that far.
    ///
    /// # Errors
    /// [`CertificateError::Log`].
    pub async fn with_log(self, notary: &Notary) -> Result<Self, CertificateError> {
        let positions = [
            self.certificate.request.event_position,
            self.certificate.rotation.switched_position,
            self.certificate.rotation.root_destroyed_position,
        ];
        let [erasure, rotated, destroyed] = positions;
        notary.catch_up(destroyed, PATIENCE).await?;
        let size = u64::try_from(destroyed).unwrap_or_default();
        let log = LogProofs {
            erasure: notary.proof_at(erasure, size).await?.to_string(),
            keys_rotated: notary.proof_at(rotated, size).await?.to_string(),
            root_destroyed: notary.proof_at(destroyed, size).await?.to_string(),
        };
        Ok(Self { log: Some(log), ..self })
    }
}

impl LogProofs {
    /// Checks that they are about the events of a certificate, and signed with the key of its installation.
    pub(super) fn check(&self, it: &Certificate, key: [u8; 32]) -> Result<(), Rejection> {
        let vault = ("vault", it.installation);
        let erased = Told {
            position: it.request.event_position,
            event_type: "contact.erased",
            stream: ("contact", it.request.contact),
            event_id: Some(&it.request.event_id),
            recorded_at: Some(it.request.recorded_at),
        };
        let rotated = Told {
            position: it.rotation.switched_position,
            event_type: "vault.keys_rotated",
            stream: vault,
            event_id: None,
            recorded_at: None,
        };
        let destroyed = Told {
            position: it.rotation.root_destroyed_position,
            event_type: "vault.root_destroyed",
            stream: vault,
            event_id: None,
            recorded_at: Some(it.rotation.root_destroyed_at),
        };
        let first = erased.check(&self.erasure, key)?;
        for (told, proof) in [(rotated, &self.keys_rotated), (destroyed, &self.root_destroyed)] {
            if told.check(proof, key)? != first {
                return Err(Rejection::Log("Its proofs are of different logs or sizes.".to_owned()));
            }
        }
        Ok(())
    }
}

impl Told<'_> {
    /// The checkpoint that vouches for it.
    fn check(&self, file: &str, key: [u8; 32]) -> Result<Checkpoint, Rejection> {
        let wrong = |error: &dyn std::fmt::Display| Rejection::Log(error.to_string());
        let proof: Proof = file.parse().map_err(|error| wrong(&error))?;
        // The log bears the name of its history, and the key of the installation.
        let origin = proof.checkpoint.text().lines().next().unwrap_or_default();
        let key = VerifierKey::new(origin, KeyKind::Ed25519, key).map_err(|error| wrong(&error))?;
        let keys = [key];
        let proven = proof.verify(&keys).map_err(|error| wrong(&error))?;
        let entry = proven.entry;
        let same = i64::try_from(entry.position) == Ok(self.position)
            && entry.event_type == self.event_type
            && (entry.stream_type, entry.stream_id) == (self.stream.0, &self.stream.1.to_string())
            && self.event_id.is_none_or(|id| *id == entry.event_id)
            && self.recorded_at.is_none_or(|at| at.timestamp_micros() == entry.recorded_at);
        if same {
            return Ok(proven.checkpoint);
        }
        Err(Rejection::Log(format!("The proof for position {} is one of another event.", self.position)))
    }
}

/// A member that is there holds something: `null` is refused as everywhere in the file.
pub(super) fn there<'de, D: Deserializer<'de>>(from: D) -> Result<Option<LogProofs>, D::Error> {
    LogProofs::deserialize(from).map(Some)
}
