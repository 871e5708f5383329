//! Those who work here.

use std::sync::Arc;

use axum::http::StatusCode;
use lethe_access::Directory;
use lethe_access::directory::Roster;

use super::super::answer::Refusal;

/// Those who work here, as the ledger said less than a second ago.
#[derive(Clone)]
pub(crate) enum Members {
    /// Follows the ledger.
    Following(Directory),
    /// As a test says: there is no ledger.
    #[cfg(test)]
    Fixed(Arc<Roster>),
}

impl Members {
    /// All of them, now.
    ///
    /// # Errors
    /// 503 when the ledger cannot be asked.
    pub(super) async fn now(&self) -> Result<Arc<Roster>, Refusal> {
        match self {
            Self::Following(directory) => directory.current().await.map_err(|_| {
                Refusal::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "UNAVAILABLE",
                    "The database cannot be asked who may work here. Send the request again in a moment.",
                )
            }),
            #[cfg(test)]
            Self::Fixed(roster) => Ok(roster.clone()),
        }
    }
}
