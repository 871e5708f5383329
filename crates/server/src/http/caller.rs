//! Who asks. A request shows a bearer token, which tells who its user is; what they may do is asked of those who work
//! here, as the ledger says less than a second ago.

mod admit;
mod asked;
mod members;

use std::sync::Arc;

use axum::http::StatusCode;
use lethe_auth::{TokenError, Verified, Verifier};
use lethe_kernel::{Clock, Role, Session};

use super::answer::Refusal;
pub(super) use asked::Asked;
pub(crate) use members::Members;

/// Lets callers in, and tells later whether they still may be.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    verifier: Verifier,
    members: Members,
    clock: Clock,
    /// Where tokens come from, as a sentence.
    source: String,
}

/// A caller who was let in.
#[derive(Clone, Debug)]
pub(super) struct Entered {
    /// As whom.
    pub(super) session: Session,
    verified: Verified,
    asked: Asked,
}

impl Gate {
    /// A gate that believes a verifier's tokens; `source` says where those come from.
    pub(crate) fn new(verifier: Verifier, members: Members, clock: Clock, source: String) -> Self {
        Self(Arc::new(Inner { verifier, members, clock, source }))
    }

    /// Whether tokens are those that the data folder's key signs.
    pub(super) fn is_local(&self) -> bool {
        self.0.verifier.is_local()
    }

    /// Lets a caller in.
    ///
    /// # Errors
    /// 401 without a token that is believed, of a user who is or has left; 403 without the role or the device; 503 when
    /// that cannot be found out.
    pub(super) async fn enter(&self, asked: Asked) -> Result<Entered, Refusal> {
        let Some(token) = &asked.token else {
            let message =
                format!("This needs a token: send the header \"Authorization: Bearer …\". {}", self.0.source);
            return Err(Refusal::unauthenticated(message));
        };
        let verified = self.0.verifier.verify(token).await.map_err(|error| self.not_believed(&error))?;
        let session = self.admitted(&verified, &asked).await?;
        Ok(Entered { session, verified, asked: asked.without_token() })
    }

    /// Whether somebody who was let in would be again, with the same rights.
    ///
    /// # Errors
    /// As [`Gate::enter`].
    pub(super) async fn still(&self, entered: &Entered) -> Result<(), Refusal> {
        if entered.verified.expires <= self.0.clock.now() {
            return Err(self.not_believed(&TokenError::Expired));
        }
        if self.admitted(&entered.verified, &entered.asked).await? == entered.session {
            return Ok(());
        }
        Err(Refusal::forbidden("Your roles have changed. Connect again."))
    }

    async fn admitted(&self, verified: &Verified, asked: &Asked) -> Result<Session, Refusal> {
        let roster = self.0.members.now().await?;
        match roster.by_identity(&verified.issuer, &verified.subject) {
            Some(user) => admit::admit(verified, asked, roster.user(user).map(|member| (user, member))),
            None if roster.has_anybody(Role::SystemAdministrator) => admit::admit(verified, asked, None),
            None => admit::found(verified, asked),
        }
    }

    fn not_believed(&self, error: &TokenError) -> Refusal {
        match error {
            TokenError::Unavailable => {
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", error.to_string())
            }
            error => Refusal::invalid_token(format!("{error} {}", self.0.source)),
        }
    }
}
