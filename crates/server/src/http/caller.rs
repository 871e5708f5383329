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
use super::device::FirstUse;
pub(super) use asked::Asked;
pub(crate) use members::Members;

/// The code of a refusal for the device.
pub(super) const DEVICE_NOT_APPROVED: &str = "DEVICE_NOT_APPROVED";

/// Lets callers in, and tells later whether they still may be.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    verifier: Verifier,
    members: Members,
    clock: Clock,
    /// Who is told of a device that is used for the first time.
    first_use: Option<FirstUse>,
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
    /// A gate that believes a verifier's tokens; `source` says where those come from. With `first_use` it asks users about
    /// devices that they have not used before (R53).
    pub(crate) fn new(
        verifier: Verifier,
        members: Members,
        clock: Clock,
        source: String,
        first_use: Option<FirstUse>,
    ) -> Self {
        Self(Arc::new(Inner { verifier, members, clock, first_use, source }))
    }

    /// Whether tokens are those that the data folder's key signs.
    pub(super) fn is_local(&self) -> bool {
        self.0.verifier.is_local()
    }

    /// Lets a caller in.
    ///
    /// # Errors
    /// 401 without a token that is believed, of a user who is or has left; 403 without the role or the device; 429 with too
    /// many new devices; 503 when that cannot be found out.
    pub(super) async fn enter(&self, asked: Asked) -> Result<Entered, Refusal> {
        let Some(token) = &asked.token else {
            let message =
                format!("This needs a token: send the header \"Authorization: Bearer …\". {}", self.0.source);
            return Err(Refusal::unauthenticated(message));
        };
        let verified = self.0.verifier.verify(token).await.map_err(|error| self.not_believed(&error))?;
        let session = match self.admitted(&verified, &asked).await {
            Ok(session) => session,
            Err(refusal) => {
                let asked_too_often = match refusal.code {
                    DEVICE_NOT_APPROVED => self.ask_about(&verified, &asked).await,
                    _ => None,
                };
                return Err(asked_too_often.unwrap_or(refusal));
            }
        };
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

    /// Asks the user about a device that they have not used before, or have not approved in time; answers a refusal if
    /// they were asked about too many lately.
    async fn ask_about(&self, verified: &Verified, asked: &Asked) -> Option<Refusal> {
        let (first_use, device) = (self.0.first_use.as_ref()?, asked.device.or(verified.device)?);
        let roster = self.0.members.now().await.ok()?;
        let user = roster.by_identity(&verified.issuer, &verified.subject)?;
        first_use.of((user, roster.user(user)?), device, asked.agent.clone()).await
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
