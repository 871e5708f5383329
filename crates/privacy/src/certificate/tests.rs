mod forged;
mod made;
mod printed;

use chrono::{DateTime, Utc};
use lethe_crm::contact::Remains;
use lethe_kernel::{CommandId, EventId, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Metadata, Recorded};
use lethe_vault::{Signer, key_name};
use uuid::Uuid;

use super::*;
use crate::rotation::{Finality, KeysRotated, RootDestroyed, VaultEvent};

const INSTALLATION: Uuid = Uuid::from_u128(0x0198_a6b2_5c1e_7000_8000_0000_0000_0001);
const CONTACT: Uuid = Uuid::from_u128(0x0198_a6b2_5c1e_7000_8000_0000_0000_0002);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The signer of an installation, whose key follows from its id.
fn signer(installation: Uuid) -> Signer {
    let seed = [installation.to_bytes_le(), installation.into_bytes()].concat().try_into().unwrap();
    Signer::of_seed(&key_name(installation), &seed).unwrap()
}

/// An entry of a list of destroyed keys.
fn entry(kind: &str, subject: Uuid, class: &str, id: u128) -> String {
    format!("{kind}/{subject}/{class}/{}/{}", Uuid::from_u128(id), "x5Ss".repeat(10) + "x5Q")
}

fn destroyed() -> String {
    let note = Uuid::from_u128(0x0198_a6b2_5c1e_7000_8000_0000_0000_0003);
    [
        entry("contact", CONTACT, "crm", 0x11),
        entry("contact", CONTACT, "field:0198a6b2-5c1e-7000-8000-00000000000f", 0x12),
        entry("document", note, "crm", 0x13),
    ]
    .join(" ")
}

fn erasure() -> Recorded {
    Recorded {
        position: 4711,
        id: EventId(Uuid::from_u128(0x21)),
        aggregate_type: "contact".to_owned(),
        stream: CONTACT,
        sequence: 5,
        event_type: "contact.erased".to_owned(),
        version: "1".to_owned(),
        recorded_at: at("2026-03-02T10:15:30.123456Z"),
        metadata: Metadata {
            user: UserId(Uuid::from_u128(0x31)),
            unit: UnitId(Uuid::from_u128(0x32)),
            role: Role::Dpm,
            command: CommandId(Uuid::from_u128(0x33)),
            request: RequestId(Uuid::from_u128(0x34)),
            correlation: Uuid::from_u128(0x34),
            causation: None,
            occurred: at("2026-03-02T10:15:30.120001Z"),
            keys: None,
            destroyed: Some(destroyed()),
        }
        .to_json()
        .unwrap(),
        payload: "{}".to_owned(),
    }
}

fn finality() -> Finality {
    Finality {
        old_epoch: 41,
        new_epoch: 42,
        covers: 4790,
        switched_position: 4802,
        destroyed_position: 4803,
        destroyed_at: at("2026-03-03T02:00:07Z"),
        custodians: vec!["file:/var/lib/lethe/vault/root.key".to_owned(), "transit:lethe".to_owned()],
    }
}

fn facts<'a>(erasure: &'a Recorded, destroyed: &'a str) -> Facts<'a> {
    Facts {
        installation: INSTALLATION,
        erasure,
        destroyed,
        kind: "ANONYMISED".to_owned(),
        reason: "REQUEST_OF_PERSON".to_owned(),
        legal_basis: "GDPR Article 17(1)".to_owned(),
        requested_at: Some(at("2026-02-27T08:00:00Z")),
        remaining: [Remains::Ids, Remains::Audit, Remains::Consents, Remains::FreeNotes, Remains::NoteShells]
            .map(remaining)
            .to_vec(),
        views: ["contact", "note", "prospect", "consent"].map(str::to_owned).to_vec(),
        finality: Some(finality()),
    }
}

fn certificate() -> Certificate {
    Certificate::new(facts(&erasure(), &destroyed())).unwrap()
}

fn signed() -> SignedCertificate {
    certificate().sign(&signer(INSTALLATION)).unwrap()
}

fn file() -> String {
    signed().json().unwrap()
}
