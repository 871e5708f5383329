//! What the protocol `graphql-transport-ws` wants and the library does not do: operations that run have ids of their own,
//! messages that are not of the protocol close the connection with a reason, and what is refused before it began comes as `error`.
//!
//! The library never sees the ids of the client. Each operation gets a number, which is never used again; what the
//! library says about a number that has ended is not sent.

mod message;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes};
use serde_json::value::RawValue;

use message::{FromClient, FromLibrary};

/// Why a connection is closed: a code of the protocol, and a sentence.
pub(super) type Closing = (u16, &'static str);

/// A message that is not of the protocol.
const INVALID: u16 = 4400;
/// As RFC 6455 numbers it.
const TOO_BIG: Closing = (1009, "The message is too big. Send less at once, files as a form over HTTP.");
const NOT_INTRODUCED: Closing =
    (4401, "Introduce yourself first: send connection_init, wait for connection_ack.");
const TOO_LATE: Closing = (4408, "Send connection_init as soon as the connection is open. Connect again.");
const RUNS_ALREADY: Closing =
    (4409, "An operation with this id runs already. Complete it, or take another id.");
const INTRODUCED_TWICE: Closing = (4429, "Send connection_init once only. Connect again.");

/// The conversation on one web socket; clones share it.
#[derive(Clone, Default)]
pub(super) struct Conversation(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Whether `connection_init` has come, and whether it was acknowledged.
    introduced: bool,
    acknowledged: bool,
    /// The operations that run, by the numbers that the library knows them by.
    running: HashMap<u64, Running>,
    /// The same by the ids of the client.
    numbers: HashMap<Arc<str>, u64>,
    next: u64,
    broken: Option<(u16, String)>,
}

struct Running {
    id: Arc<str>,
    /// Whether something was answered.
    begun: bool,
}

impl Conversation {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes from the client, as the library gets it.
    pub(super) fn received(
        &self,
        message: Result<Message, axum::Error>,
    ) -> Option<Result<Message, axum::Error>> {
        match message {
            Ok(message) => self.heard(&message).map(Ok),
            Err(error) => {
                // The kind of its errors is hidden; this is how that one is worded.
                if error.to_string().contains("too long") {
                    let (code, reason) = TOO_BIG;
                    self.lock().broken.get_or_insert((code, reason.to_owned()));
                }
                Some(Err(error))
            }
        }
    }

    /// A message of the client as the library gets it; none ends the conversation, whose client has broken the protocol.
    fn heard(&self, message: &Message) -> Option<Message> {
        let mut state = self.lock();
        let heard = match message {
            Message::Text(text) => state.hear(text.as_bytes()),
            Message::Binary(bytes) => state.hear(bytes),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return Some(message.clone()),
        };
        match heard {
            Ok(text) => Some(Message::Text(text.into())),
            Err(closing) => {
                state.broken.get_or_insert(closing);
                None
            }
        }
    }

    /// A message of the library as the client gets it; none if the client does not wait for it any more.
    pub(super) fn told(&self, message: Message) -> Option<Message> {
        let Message::Text(text) = &message else { return Some(message) };
        let mut state = self.lock();
        let told = match FromLibrary::read(text) {
            FromLibrary::Next { number, payload } => state.next(number, payload),
            FromLibrary::Complete { number } => state.end(number).map(|id| message::complete(&id)),
            FromLibrary::ConnectionAck => {
                state.acknowledged = true;
                return Some(message);
            }
            FromLibrary::Other => return Some(message),
        };
        told.map(|text| Message::Text(Utf8Bytes::from(text)))
    }

    /// Why the client has broken the protocol, if it has.
    pub(super) fn broken(&self) -> Option<(u16, String)> {
        self.lock().broken.clone()
    }

    /// Waits for a client that does not introduce itself in time.
    pub(super) async fn never_introduced(&self, within: Duration) -> Closing {
        tokio::time::sleep(within).await;
        if self.lock().introduced {
            std::future::pending::<()>().await;
        }
        TOO_LATE
    }
}

impl State {
    fn hear(&mut self, bytes: &[u8]) -> Result<String, (u16, String)> {
        let told = |(code, reason): Closing| (code, reason.to_owned());
        let invalid = |reason: &'static str| (INVALID, reason.to_owned());
        match FromClient::read(bytes).map_err(invalid)? {
            FromClient::ConnectionInit { payload } => {
                if std::mem::replace(&mut self.introduced, true) {
                    return Err(told(INTRODUCED_TWICE));
                }
                Ok(message::connection_init(payload))
            }
            FromClient::Subscribe { id, payload } => {
                if !self.acknowledged {
                    return Err(told(NOT_INTRODUCED));
                }
                if self.numbers.contains_key(id.as_ref()) {
                    return Err(told(RUNS_ALREADY));
                }
                let payload = message::request(payload).map_err(|refusal| (INVALID, refusal.message))?;
                Ok(message::subscribe(self.begin(&id), &payload))
            }
            FromClient::Complete { id } => {
                // It may have ended by itself meanwhile: both sides may end it at the same time.
                let number = self.numbers.remove(id.as_ref());
                if let Some(number) = number {
                    self.running.remove(&number);
                }
                Ok(number.map_or_else(message::pong, message::stop))
            }
            FromClient::Ping => Ok(message::ping()),
            FromClient::Pong => Ok(message::pong()),
        }
    }

    fn begin(&mut self, id: &str) -> u64 {
        let (id, number) = (Arc::<str>::from(id), self.next);
        self.next += 1;
        self.numbers.insert(id.clone(), number);
        self.running.insert(number, Running { id, begun: false });
        number
    }

    /// Forgets an operation; answers its id.
    fn end(&mut self, number: u64) -> Option<Arc<str>> {
        let Running { id, .. } = self.running.remove(&number)?;
        self.numbers.remove(&id);
        Some(id)
    }

    fn next(&mut self, number: u64, payload: &RawValue) -> Option<String> {
        let running = self.running.get_mut(&number)?;
        let began = std::mem::replace(&mut running.begun, true);
        let id = running.id.clone();
        match message::refusal(payload) {
            // It ends with this; the library's `complete` behind it is not sent.
            Some(errors) if !began => {
                self.end(number);
                Some(message::error(&id, errors))
            }
            _ => Some(message::next(&id, payload)),
        }
    }
}

#[cfg(test)]
mod tests;
