//! A client of the protocol graphql-transport-ws.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::{PATIENCE, Server};

type Connected = (WebSocketStream<MaybeTlsStream<TcpStream>>, Response);

/// Asks for a connection.
pub(crate) async fn connect(server: &Server) -> tungstenite::Result<Connected> {
    connect_as(server, Some(&server.bearer())).await
}

/// Asks for a connection, and shows this in the head if it is something.
pub(crate) async fn connect_as(server: &Server, bearer: Option<&str>) -> tungstenite::Result<Connected> {
    let mut request = format!("ws://{}/graphql/ws", server.address).into_client_request().unwrap();
    let protocol = "graphql-transport-ws".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    if let Some(bearer) = bearer {
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
    }
    connect_async(request).await
}

/// A connection that was accepted.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects and introduces itself.
    pub(crate) async fn open(server: &Server) -> Self {
        let (stream, answer) = connect(server).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "graphql-transport-ws");
        let mut socket = Self(stream);
        socket.send(json!({"type": "connection_init"})).await;
        assert_eq!(socket.receive().await.unwrap()["type"], "connection_ack");
        socket
    }

    /// Connects and subscribes.
    pub(crate) async fn subscribe(server: &Server, query: &str, variables: Value) -> Self {
        let mut socket = Self::open(server).await;
        let payload = json!({"query": query, "variables": variables});
        socket.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
        socket
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message; none once the server has closed the connection.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing came");
            match next {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" {
                        return Some(message);
                    }
                    self.send(json!({"type": "pong"})).await;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    }

    /// The data of the next result.
    pub(crate) async fn next(&mut self) -> Value {
        let mut message = self.receive().await.expect("the server closed the connection");
        assert_eq!(message["type"], "next", "{message:#}");
        assert_eq!(message["payload"].get("errors"), None, "{message:#}");
        message["payload"]["data"].take()
    }
}
