//! The log over the ledger: its newest checkpoint, and proofs from it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_notary::{Notary, NotaryError};
use lethe_tlog::Hash;

use crate::app::app;
use crate::error::{ApiError, Result, sealed, top_level};
use crate::permission::allowed;
use crate::scalar::TreeSize;

/// What the log was when it was last signed.
#[derive(SimpleObject)]
pub(crate) struct Checkpoint {
    /// How many events it covers.
    size: TreeSize,
    /// The root of the tree of that size, in base64.
    root_hash: String,
    /// The origin line, which names the log.
    origin: String,
    /// The verifier key of the log (C2SP `signed-note`). Compare it with one that you got another way.
    verifier_key: String,
    /// The signed note (C2SP `tlog-checkpoint`), with the signatures of witnesses if there are some.
    note: String,
    /// When it was signed.
    signed_at: DateTime<Utc>,
}

/// The proof that an event is in the log (RFC 6962, section 2.1.1).
#[derive(SimpleObject)]
pub(crate) struct InclusionProof {
    /// The size of the tree that it is about.
    tree_size: TreeSize,
    /// The number of the event's leaf, from 0.
    leaf_index: TreeSize,
    /// The hashes from the leaf's sibling up, in base64.
    hashes: Vec<String>,
}

/// The proof that the log only grew (RFC 6962, section 2.1.2).
#[derive(SimpleObject)]
pub(crate) struct ConsistencyProof {
    /// The size of the older tree.
    from: TreeSize,
    /// The size of the newer one.
    to: TreeSize,
    /// The hashes, in base64.
    hashes: Vec<String>,
}

/// The queries about the log.
#[derive(Default)]
pub(crate) struct NotaryQuery;

#[Object]
impl NotaryQuery {
    /// The newest signed checkpoint of the log over all events.
    #[doc = allowed!(checkpoint)]
    async fn checkpoint(&self, context: &Context<'_>) -> Result<Checkpoint> {
        let notary = &app(context).notary;
        let found = notary.checkpoint().await?;
        let found =
            found.ok_or_else(|| top_level("UNAVAILABLE", "Nothing is signed yet. Ask again in a second."))?;
        Ok(Checkpoint {
            size: TreeSize(found.size),
            root_hash: found.root.to_string(),
            origin: notary.origin().to_owned(),
            verifier_key: notary.verifier(),
            note: found.note,
            signed_at: found.at,
        })
    }

    /// The proof that the log of one size began as that of another, so that nothing in between was changed or taken away.
    /// Without `to`, up to the newest checkpoint.
    #[doc = allowed!(consistencyProof)]
    #[graphql(complexity = "10 + child_complexity")]
    async fn consistency_proof(
        &self,
        context: &Context<'_>,
        from: TreeSize,
        to: Option<TreeSize>,
    ) -> Result<ConsistencyProof> {
        let to = match to {
            Some(size) => size.0,
            None => newest(context).await?,
        };
        let hashes = app(context).notary.consistency(from.0, to).await?;
        Ok(ConsistencyProof { from, to: TreeSize(to), hashes: written(&hashes) })
    }
}

/// The hash of an event's leaf, in base64.
pub(crate) async fn leaf_hash(context: &Context<'_>, position: i64) -> Result<String> {
    let loader = context.data_unchecked::<DataLoader<LeafHashes>>();
    let leaf = loader.load_one(position).await?;
    let leaf = leaf.ok_or(NotaryError::NoEvent(position))?;
    Ok(leaf.to_string())
}

/// The proof that an event is in the log, once it is.
pub(crate) async fn inclusion_proof(
    context: &Context<'_>,
    position: i64,
    tree_size: Option<TreeSize>,
) -> Result<Option<InclusionProof>> {
    let size = match tree_size {
        Some(size) => size.0,
        None => newest(context).await?,
    };
    let leaf_index = u64::try_from(position.saturating_sub(1)).unwrap_or_default();
    if tree_size.is_none() && leaf_index >= size {
        return Ok(None);
    }
    let hashes = app(context).notary.inclusion(position, size).await?;
    let leaf_index = TreeSize(leaf_index);
    Ok(Some(InclusionProof { tree_size: TreeSize(size), leaf_index, hashes: written(&hashes) }))
}

/// The same as a file, once it is in the log.
pub(crate) async fn tlog_proof(context: &Context<'_>, position: i64) -> Result<Option<String>> {
    let proof = app(context).notary.proof(position).await?;
    Ok(proof.map(|proof| proof.to_string()))
}

async fn newest(context: &Context<'_>) -> Result<u64> {
    let checkpoint = app(context).notary.checkpoint().await?;
    Ok(checkpoint.map_or(0, |checkpoint| checkpoint.size))
}

fn written(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

impl From<&NotaryError> for ApiError {
    fn from(error: &NotaryError) -> Self {
        match error {
            NotaryError::Ledger(error) => error.into(),
            NotaryError::Vault(error) => sealed(error),
            NotaryError::Plan(_) | NotaryError::NotYet { .. } => {
                top_level("INVALID_VALUE", error.to_string())
            }
            error => {
                tracing::error!(%error, "the log cannot answer");
                top_level("LOG", error.to_string())
            }
        }
    }
}

impl From<NotaryError> for ApiError {
    fn from(error: NotaryError) -> Self {
        (&error).into()
    }
}

/// What a loader could not read.
impl From<Arc<NotaryError>> for ApiError {
    fn from(error: Arc<NotaryError>) -> Self {
        error.as_ref().into()
    }
}

/// Reads the leaf hashes that one level of a query asks for at once.
pub(crate) struct LeafHashes(Notary);

impl LeafHashes {
    pub(crate) fn new(notary: Notary) -> DataLoader<Self> {
        DataLoader::new(Self(notary), tokio::spawn).delay(Duration::ZERO)
    }
}

impl Loader<i64> for LeafHashes {
    type Value = Hash;
    type Error = Arc<NotaryError>;

    async fn load(&self, positions: &[i64]) -> Result<HashMap<i64, Hash>, Arc<NotaryError>> {
        Ok(self.0.leaves(positions).await.map_err(Arc::new)?.into_iter().collect())
    }
}
