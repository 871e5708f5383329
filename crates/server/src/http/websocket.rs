//! `/graphql/ws`: queries, mutations and subscriptions over the protocol `graphql-transport-ws`.

mod conversation;
mod guard;
mod operations;
mod outgoing;

use std::sync::Arc;

use async_graphql::Executor;
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::sink::unfold;
use lethe_kernel::RequestId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::Instrument;

use super::Endpoint;
use super::answer::Refusal;
use super::caller::Asked;
use super::load::{Present, busy};
use conversation::Conversation;
use guard::{FORBIDDEN, Guard};
use operations::Operations;

const PROTOCOL: &str = "graphql-transport-ws";
/// How often a client is pinged in the time that it may be silent.
const PINGS: u32 = 3;
/// "Going away", as RFC 6455 numbers it.
const AWAY: u16 = 1001;

/// Room for web sockets.
#[derive(Clone)]
pub(crate) struct Sockets {
    room: Arc<Semaphore>,
    most: u32,
}

impl Sockets {
    /// Room for so many at once.
    pub(crate) fn new(most: u32) -> Self {
        Self { room: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX))), most }
    }

    /// Waits until every one is closed.
    pub(crate) async fn closed(&self) {
        drop(self.room.acquire_many(self.most).await);
    }
}

/// Turns the connection into a web socket.
pub(super) async fn upgrade<E: Executor>(State(endpoint): State<Endpoint<E>>, request: Request) -> Response {
    accept(endpoint, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn accept<E: Executor>(endpoint: Endpoint<E>, request: Request) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    let offered =
        parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == PROTOCOL) {
        return Err(Refusal::bad_request("Open a web socket with the protocol graphql-transport-ws."));
    }
    let asked = Asked::from_headers(&parts.headers)?;
    // Browsers cannot set headers here: who shows no token introduces themselves in their first message.
    if asked.has_token() {
        endpoint.gate.enter(asked.clone()).await?;
    }
    let guard = Guard::new(endpoint.gate.clone(), asked);
    let id = parts.extensions.get::<RequestId>().copied().unwrap_or(RequestId(uuid::Uuid::nil()));
    // Clients may offer older protocols beside it; the first one offered would be taken.
    parts.headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    let no_upgrade =
        |status: StatusCode| Refusal::new(status, "BAD_REQUEST", "This is not a web socket handshake.");
    let protocol = GraphQLProtocol::from_request_parts(&mut parts, &()).await.map_err(no_upgrade)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejection| no_upgrade(rejection.into_response().status()))?;
    let room = endpoint.sockets.room.clone().try_acquire_owned().map_err(|_| busy("socket"))?;
    let span = tracing::info_span!(parent: None, "request", request_id = %id);
    let most = endpoint.limits.body_bytes;
    Ok(upgrade.protocols([PROTOCOL]).max_message_size(most).max_frame_size(most).on_upgrade(move |socket| {
        serve(endpoint, socket, protocol, Client { guard, id, _room: room }).instrument(span)
    }))
}

/// Who is at the other end, and the room that the connection takes.
struct Client {
    guard: Guard,
    id: RequestId,
    _room: OwnedSemaphorePermit,
}

/// Serves the connection until the client leaves or the server stops; the client resumes from its last position.
async fn serve<E: Executor>(
    Endpoint { executor, limits, stop, .. }: Endpoint<E>,
    socket: WebSocket,
    protocol: GraphQLProtocol,
    Client { guard, id, _room }: Client,
) {
    let _present = Present::new(metrics::gauge!("lethe_websocket_connections"));
    let (socket, incoming) = socket.split();
    let (sender, messages) = mpsc::channel(1);
    let operations = Operations::new(executor, limits.operations, stop, guard.clone());
    let conversation = Conversation::default();
    let (heard, told) = (conversation.clone(), conversation.clone());
    let incoming = incoming.scan((), move |(), message| ready(heard.received(message)));
    let answers = unfold((sender.clone(), guard.clone(), told), async |(sender, guard, told), message| {
        match told.told(guard.coded(message)) {
            Some(message) => sender.send(message).await.map(|()| (sender, guard, told)),
            None => Ok((sender, guard, told)),
        }
    });
    let introduced = guard.clone();
    let connection = GraphQLWebSocket::new_with_pair(answers, incoming, operations.clone(), protocol)
        .keepalive_timeout(limits.silence)
        .on_connection_init(move |payload| introduced.introduce(payload, id));
    let talk = async move {
        tokio::select! {
            () = connection.serve() => {}
            () = operations.finished() => close(&sender, AWAY, "The server stops. Connect again.").await,
            reason = guard.lost() => close(&sender, FORBIDDEN, reason).await,
            (code, reason) = conversation.never_introduced(limits.header_time) => close(&sender, code, reason).await,
        }
        if let Some((code, reason)) = conversation.broken() {
            close(&sender, code, reason).await;
        }
    };
    tokio::join!(talk, outgoing::send(messages, socket, limits.silence / PINGS));
}

/// Says why the connection ends, behind whatever was answered before. A client that is gone already needs no reason.
async fn close(sender: &mpsc::Sender<Message>, code: u16, reason: impl Into<Utf8Bytes>) {
    let reason = reason.into();
    drop(sender.send(Message::Close(Some(CloseFrame { code, reason }))).await);
}
