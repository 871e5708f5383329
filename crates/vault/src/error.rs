use std::path::PathBuf;

use lethe_kernel::{EventId, Subject};

use crate::custodian::CustodiansError;
use crate::mirror::{MirrorError, MirrorsError};
use crate::nursery::NURSERY;

/// What can go wrong with keys and sealed values. No message contains a value or a key.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The root does not come from its custodians.
    #[error(transparent)]
    Custodians(#[from] CustodiansError),
    /// A mirror does not allow it.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Not every mirror could be written.
    #[error(transparent)]
    Mirrors(#[from] MirrorsError),
    /// There is nothing yet.
    #[error("This database has no vault yet. `lethe serve` makes one; `lethe restore` brings one back.")]
    NoVault,
    /// The database knows no vault, but a custodian holds a root: it belongs to another database.
    #[error(
        "This database has no vault yet, but {0} holds a root key already: it belongs to another database. Point \
         --data-dir at an empty folder, or connect to the database that the root belongs to."
    )]
    RootOfAnother(String),
    /// The database runs in another cluster, or on another timeline, than the one it was written in.
    #[error(
        "This database is not where it was: it was written in cluster {expected}, and this is cluster {found}. It may be \
         a copy or have been restored, and a copy must not have root keys destroyed that the other one needs. If it is \
         a backup, run `lethe restore`. If it was moved, upgraded or promoted, and the old one is gone for good, run \
         `lethe keys adopt`."
    )]
    Moved {
        /// System identifier and timeline that the vault knows.
        expected: String,
        /// Those of this database.
        found: String,
    },
    /// A root file is a copy from another machine.
    #[error(
        "The root file {} belongs to another machine: the data folder was copied. If both went on, each could open what the \
         other erases, so nothing is opened here. If the other machine is gone for good, run `lethe keys adopt`; else use \
         it there, or a transit custodian for several machines.", .0.display()
    )]
    OnAnotherMachine(PathBuf),
    /// The custodians are ahead of the database: it is older than they are.
    #[error(
        "The custodians hold the root of epoch {held}, but this database is at epoch {epoch}: it is an older copy, whose \
         root was destroyed. Run `lethe restore` with the newest export of the vault."
    )]
    Older {
        /// The database's epoch.
        epoch: i64,
        /// The newest epoch at a custodian.
        held: i64,
    },
    /// The ledger is ahead of the vault: it is older than the ledger.
    #[error(
        "This vault is older than the ledger beside it: {0}, which the vault does not know. Keys that were destroyed may be \
         back in it. Run `lethe restore --from` with the newest mirror."
    )]
    OlderThanLedger(String),
    /// A custodian is not as it must be for a rotation.
    #[error(
        "{custodian} holds the roots of epochs {epochs:?}, but for a rotation it must hold that of {} and none but {expected:?}. \
         An earlier root that is still there opens what was erased: find out why it is there, destroy it, and rotate \
         again.", expected.first().unwrap_or(&0)
    )]
    Unready {
        /// Which custodian.
        custodian: String,
        /// What it holds.
        epochs: Vec<i64>,
        /// What it may hold; it must hold the first.
        expected: Vec<i64>,
    },
    /// A custodian that is no longer in the settings may still hold a root.
    #[error(
        "{custodian} kept a root of this vault and is no longer in the settings. What it still holds would open what was \
         erased, so nothing becomes final. {why} Empty it with `lethe keys retire {custodian}`; if it is gone for good and \
         no copy of it is left, add --gone."
    )]
    Former {
        /// Which custodian.
        custodian: String,
        /// What is known of it.
        why: String,
    },
    /// A custodian that is to be retired and cannot be.
    #[error("{0} {1}.")]
    Custodian(String, &'static str),
    /// A replica has not replayed the switch.
    #[error(
        "The replica {0} has not replayed the switch to the new root, and would need the old one if it took over. The \
         old root is kept until it has; drop its slot if it is gone for good."
    )]
    Behind(String),
    /// A rotation came between two steps; it is tried again.
    #[error("The root key was rotated at the same moment. Send the request again.")]
    Rotated,
    /// A value is sealed under a key that the database does not have, although nobody destroyed it.
    #[error(
        "There is no key for {subject}, yet a value is sealed for it{} and nothing says that the key was destroyed. The \
         vault is incomplete; restore it.", in_event(*event)
    )]
    KeyMissing {
        /// Whose key it is.
        subject: Subject,
        /// The event with the value, if one was to be opened.
        event: Option<EventId>,
    },
    /// The key was destroyed; what it sealed is gone for good.
    #[error("The key of {0} was destroyed, and with it everything that was sealed for it.")]
    Erased(Subject),
    /// A bucket's key does not unwrap.
    #[error(
        "The key of bucket {0} does not unwrap by the root of its epoch. The vault is damaged; restore it."
    )]
    BucketDamaged(i32),
    /// The nursery's key is missing or does not unwrap, so no key can be made, and none opens that it wraps.
    #[error(
        "The key of the nursery of epoch {0} is missing, or does not unwrap by the root of that epoch. The vault is damaged; \
         restore it."
    )]
    NurseryDamaged(i64),
    /// A key does not unwrap, or is not the key it claims to be.
    #[error("The key of {0} does not unwrap to the key that was created. The vault is damaged; restore it.")]
    KeyDamaged(Subject),
    /// A sealed value does not open: altered, cut, or moved from where it belongs.
    #[error("A value {label} of {subject} does not open{}: it was altered, or moved from where it belongs.", in_event(*event))]
    Corrupt {
        /// Whose value it should be.
        subject: Subject,
        /// The value's label.
        label: String,
        /// The event it says it was sealed for.
        event: Option<EventId>,
    },
    /// A value could not be encoded.
    #[error("A value could not be sealed: {0}.")]
    Encode(String),
    /// The system has no randomness or refuses an operation.
    #[error("The cryptographic library failed; the system may lack randomness.")]
    Crypto,
    /// The keys could not be read.
    #[error("The keys could not be read from PostgreSQL: {0}.")]
    Database(#[from] sqlx::Error),
}

fn in_event(event: Option<EventId>) -> String {
    event.map(|event| format!(" (event {})", event.0)).unwrap_or_default()
}

impl VaultError {
    /// That the key of a bucket, or of the nursery, is missing or does not unwrap.
    pub(crate) fn damaged(bucket: i32, generation: i64) -> Self {
        if bucket == NURSERY { Self::NurseryDamaged(generation) } else { Self::BucketDamaged(bucket) }
    }

    /// Whether keys or values are damaged, rather than away, destroyed or not accessible for a while.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::KeyMissing { .. }
                | Self::KeyDamaged(_)
                | Self::BucketDamaged(_)
                | Self::NurseryDamaged(_)
                | Self::Corrupt { .. }
        )
    }
}
