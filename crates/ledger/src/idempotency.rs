//! Repeated commands: the same key gives the same outcome, without keeping what was sent.

use lethe_kernel::{Caller, CommandId, ErrorCode, Subject, SubjectKind, UserError};
use lethe_vault::{Keyring, Vault, VaultError};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::{Committed, Failure, LedgerError};

const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_7468_655f_6964_656d_706f_7465_6e74);

/// What a client sends so that a command can be repeated safely.
#[derive(Clone)]
pub struct Idempotency {
    /// The client's key.
    pub key: Uuid,
    /// The mutation it was sent to.
    pub mutation: &'static str,
    /// The input in a canonical form. It never leaves memory: stored is a digest under a key that dies with the
    /// subject.
    pub input: Vec<u8>,
}

impl Idempotency {
    /// The id of the unit of work: the same for every repetition by the same user.
    pub(crate) fn command(&self, caller: Caller) -> CommandId {
        let name =
            [caller.user.0.as_bytes(), self.key.as_bytes().as_slice(), self.mutation.as_bytes()].concat();
        CommandId(Uuid::new_v5(&NAMESPACE, &name))
    }
}

/// The answer that was given to a command before, if it was.
pub(crate) async fn earlier_answer(
    pool: &PgPool,
    vault: &Vault,
    command: CommandId,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Committed>, Failure> {
    let row = sqlx::query(
        "SELECT position, objects, subject_kind, subject_id, input_mac FROM ledger.commands WHERE command_id = $1",
    )
    .bind(command.0)
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if let (Some(idempotency), Some(subject)) = (idempotency, subject_of(&row)?) {
        let mac: Vec<u8> = row.try_get("input_mac")?;
        let mut keyring = Keyring::default();
        vault.load(&mut keyring, &[subject]).await?;
        match keyring.input_is(subject, &idempotency.input, &mac) {
            // If the subject was erased, its digest died with it: nobody can tell any more what was sent.
            Ok(true) | Err(VaultError::Erased(_)) => {}
            Ok(false) => return Err(reused().into()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(Committed {
        objects: row.try_get("objects")?,
        position: row.try_get("position")?,
        repeated: true,
        streams: None,
    }))
}

fn subject_of(row: &sqlx::postgres::PgRow) -> Result<Option<Subject>, LedgerError> {
    let kind: Option<&str> = row.try_get("subject_kind")?;
    let id: Option<Uuid> = row.try_get("subject_id")?;
    let (Some(kind), Some(id)) = (kind, id) else { return Ok(None) };
    let unknown = || {
        LedgerError::Encode(
        "the ledger knows a command by the key of a subject of an unknown kind; start a newer version of Lethe".into(),
    )
    };
    Ok(Some(Subject::new(SubjectKind::from_name(kind).ok_or_else(unknown)?, id)))
}

fn reused() -> UserError {
    UserError::at(
        ErrorCode::IdempotencyKeyReused,
        "idempotencyKey",
        "This idempotency key was used for another input. Use a new key for a new command.",
    )
}
