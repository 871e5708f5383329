//! `/graphql/ws`: queries, mutations and subscriptions over the protocol `graphql-transport-ws`.

mod outgoing;

use std::time::Duration;

use async_graphql::{Data, Executor};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::sink::unfold;
use lethe_kernel::{Caller, RequestId};
use tokio::sync::mpsc;

use super::answer::Refusal;
use super::{Endpoint, caller};
use crate::graphql;

const PROTOCOL: &str = "graphql-transport-ws";
/// How often a client is asked whether it is still there.
const PING: Duration = Duration::from_secs(10);
/// How long it may leave that unanswered.
const SILENCE: Duration = Duration::from_secs(30);

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
    let caller = caller::from_headers(&parts.headers)?;
    let id = parts.extensions.get::<RequestId>().copied().unwrap_or(RequestId(uuid::Uuid::nil()));
    // Clients may offer older protocols beside it; the first one offered would be taken.
    parts.headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    let no_upgrade =
        |status: StatusCode| Refusal::new(status, "BAD_REQUEST", "This is not a web socket handshake.");
    let protocol = GraphQLProtocol::from_request_parts(&mut parts, &()).await.map_err(no_upgrade)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejection| no_upgrade(rejection.into_response().status()))?;
    Ok(upgrade
        .protocols([PROTOCOL])
        .max_message_size(endpoint.limits.body_bytes)
        .on_upgrade(move |socket| serve(endpoint, socket, protocol, (caller, id))))
}

/// Serves the connection until the client leaves or the server stops; the client resumes from its last position.
async fn serve<E: Executor>(
    endpoint: Endpoint<E>,
    socket: WebSocket,
    protocol: GraphQLProtocol,
    (caller, request): (Caller, RequestId),
) {
    let (socket, incoming) = socket.split();
    let (sender, messages) = mpsc::channel(1);
    let answers = unfold(sender, async |sender, message| sender.send(message).await.map(|()| sender));
    let connection = GraphQLWebSocket::new_with_pair(answers, incoming, endpoint.executor, protocol)
        .keepalive_timeout(SILENCE)
        .on_connection_init(move |payload| async move {
            let caller = caller::from_payload(&payload, caller).map_err(|refusal| refusal.message)?;
            let mut data = Data::default();
            data.insert(caller);
            data.insert(graphql::request(caller, request));
            Ok(data)
        });
    tokio::select! {
        ((), ()) = async { tokio::join!(connection.serve(), outgoing::send(messages, socket, PING)) } => {}
        () = endpoint.stop.requested() => {}
    }
}
