//! Who is at the other end of a web socket, and whether they still may be.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::Data;
use axum::extract::ws::{CloseFrame, Message};
use lethe_kernel::RequestId;

use super::super::answer::Refusal;
use super::super::caller::{Asked, Entered, Gate};
use crate::graphql;

/// How often somebody who only listens is looked at: rights end within a second, the time that asking takes included.
const OFTEN: Duration = Duration::from_millis(200);
/// The library's code for a `connection_init` that is refused.
const REFUSED: u16 = 1002;
/// What the codes of `graphql-transport-ws` and of RFC 6455 say: no token, no right, try again later.
const UNAUTHORIZED: u16 = 4401;
pub(super) const FORBIDDEN: u16 = 4403;
const LATER: u16 = 1013;

/// Who is at the other end; clones share it.
#[derive(Clone)]
pub(super) struct Guard {
    gate: Gate,
    /// What the request for the web socket said.
    asked: Asked,
    entered: Arc<OnceLock<Entered>>,
    refused: Arc<OnceLock<u16>>,
}

impl Guard {
    pub(super) fn new(gate: Gate, asked: Asked) -> Self {
        Self { gate, asked, entered: Arc::default(), refused: Arc::default() }
    }

    /// Lets in who the payload of a `connection_init` message names, else who the request named; answers what the
    /// operations of the connection know of them.
    pub(super) async fn introduce(
        self,
        payload: serde_json::Value,
        id: RequestId,
    ) -> async_graphql::Result<Data> {
        let entered = match self.asked.with_payload(&payload) {
            Ok(asked) => self.gate.enter(asked).await,
            Err(refusal) => Err(refusal),
        };
        let entered = entered.map_err(|refusal| self.refuse(refusal))?;
        let session = self.entered.get_or_init(|| entered).session;
        let mut data = Data::default();
        data.insert(session);
        data.insert(graphql::request(session, id));
        Ok(data)
    }

    fn refuse(&self, refusal: Refusal) -> String {
        let code = match refusal.status.as_u16() {
            401 => UNAUTHORIZED,
            403 => FORBIDDEN,
            429 | 503 => LATER,
            _ => REFUSED,
        };
        self.refused.get_or_init(|| code);
        refusal.message
    }

    /// A message of the library, with the code that says why an introduction was refused.
    pub(super) fn coded(&self, message: Message) -> Message {
        match (message, self.refused.get()) {
            (Message::Close(Some(CloseFrame { code: REFUSED, reason })), Some(&code)) => {
                Message::Close(Some(CloseFrame { code, reason }))
            }
            (message, _) => message,
        }
    }

    /// Whether they still have the rights with which they were let in.
    ///
    /// # Errors
    /// The refusal says why not; 503 when that cannot be found out now.
    pub(super) async fn check(&self) -> Result<(), Refusal> {
        match self.entered.get() {
            Some(entered) => self.gate.still(entered).await,
            None => Err(Refusal::unauthenticated("Introduce yourself first.")),
        }
    }

    /// As [`Guard::check`]; while that cannot be found out, it waits. Whether they still may be served then.
    pub(super) async fn may_be_told(&self) -> bool {
        loop {
            match self.check().await {
                Err(refusal) if refusal.status.as_u16() == 503 => tokio::time::sleep(OFTEN).await,
                checked => return checked.is_ok(),
            }
        }
    }

    /// Waits until they may not be served any more; says why. Not as long as nobody has come in.
    pub(super) async fn lost(&self) -> String {
        loop {
            tokio::time::sleep(OFTEN).await;
            let Some(entered) = self.entered.get() else { continue };
            match self.gate.still(entered).await {
                Err(refusal) if refusal.status.as_u16() != 503 => return refusal.message,
                _ => {}
            }
        }
    }
}
