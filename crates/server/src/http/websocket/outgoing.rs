//! What a connection sends: the answers, and pings between them.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use futures_util::{Sink, SinkExt};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, interval_at};

const PING: &str = r#"{"type":"ping"}"#;
/// The longest reason that fits into the frame of a close.
const REASON: usize = 123;

/// Sends the messages to the client until there are no more, or until it cannot be reached. A client that only listens
/// says nothing of its own accord; it is asked that often whether it is still there.
pub(super) async fn send(mut messages: Receiver<Message>, sink: impl Sink<Message>, often: Duration) {
    let mut sink = std::pin::pin!(sink);
    let mut pings = interval_at(Instant::now() + often, often);
    loop {
        let message = tokio::select! {
            message = messages.recv() => match message {
                Some(message) => by_protocol(message),
                None => return,
            },
            _ = pings.tick() => Message::Text(Utf8Bytes::from_static(PING)),
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

/// The codes of `graphql-transport-ws` instead of the general ones, so that clients know whether to try again.
fn by_protocol(message: Message) -> Message {
    let Message::Close(Some(CloseFrame { code, reason })) = message else { return message };
    let end = reason.floor_char_boundary(REASON);
    let reason = reason.get(..end).unwrap_or_default();
    Message::Close(Some(match code {
        1011 => CloseFrame { code: 4401, reason: Utf8Bytes::from_static("Unauthorized") },
        1002 => CloseFrame { code: 4400, reason: reason.into() },
        _ => CloseFrame { code, reason: reason.into() },
    }))
}

#[cfg(test)]
mod tests {
    use futures_util::sink::unfold;
    use tokio::sync::mpsc::{Sender, channel};

    use super::*;

    fn sending(often: Duration) -> (Sender<Message>, Receiver<Message>) {
        let (sender, messages) = channel(1);
        let (client, sent) = channel(1);
        let sink = unfold(client, async |client, message| client.send(message).await.map(|()| client));
        tokio::spawn(send(messages, sink, often));
        (sender, sent)
    }

    #[tokio::test]
    async fn a_client_that_only_listens_is_pinged() {
        let (sender, mut sent) = sending(Duration::from_millis(1));
        assert_eq!(sent.recv().await, Some(Message::text(PING)));
        sender.send(Message::text("answer")).await.unwrap();
        drop(sender);
        let mut answered = false;
        while let Some(message) = sent.recv().await {
            answered |= message == Message::text("answer");
        }
        assert!(answered);
    }

    #[tokio::test]
    async fn a_connection_is_closed_with_the_codes_of_its_protocol() {
        let (sender, mut sent) = sending(Duration::from_hours(1));
        for (code, expected) in [(1011, 4401), (1002, 4400), (4429, 4429), (3008, 3008)] {
            let reason = Utf8Bytes::from("æ".repeat(REASON));
            sender.send(Message::Close(Some(CloseFrame { code, reason }))).await.unwrap();
            let Some(Message::Close(Some(frame))) = sent.recv().await else { unreachable!("{code}") };
            assert_eq!(frame.code, expected);
            assert!(frame.reason.len() <= REASON);
        }
    }
}
