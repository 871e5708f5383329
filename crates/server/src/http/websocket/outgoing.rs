//! What a connection sends: the answers, and pings between them.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use futures_util::{Sink, SinkExt};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, interval_at};

const PING: &str = r#"{"type":"ping"}"#;
/// The longest reason that fits into the frame of a close.
const REASON: usize = 123;
/// The library's code for a client that says nothing any more, and what is told.
const SILENT: u16 = 3008;
const SILENCE: &str = "Nothing came from you for too long, not even an answer to a ping. Connect again.";

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
    Message::Close(Some(match code {
        1002 => CloseFrame { code: 4400, reason: whole(&reason).into() },
        SILENT => CloseFrame { code, reason: Utf8Bytes::from_static(SILENCE) },
        _ => CloseFrame { code, reason: whole(&reason).into() },
    }))
}

/// As many whole sentences as fit, or else as many whole words.
fn whole(reason: &str) -> &str {
    if reason.len() <= REASON {
        return reason;
    }
    let fits = reason.get(..reason.floor_char_boundary(REASON)).unwrap_or_default();
    let sentences = fits.rfind(". ").map(|end| end + 1);
    let end = sentences.or_else(|| fits.rfind(' ')).unwrap_or_default();
    fits.get(..end).unwrap_or_default()
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
        for (code, expected) in [(1002, 4400), (4429, 4429), (SILENT, SILENT)] {
            let reason = Utf8Bytes::from("æ".repeat(REASON));
            sender.send(Message::Close(Some(CloseFrame { code, reason }))).await.unwrap();
            let Some(Message::Close(Some(frame))) = sent.recv().await else { unreachable!("{code}") };
            assert_eq!(frame.code, expected);
            assert!(frame.reason.len() <= REASON);
        }
    }

    #[test]
    fn a_reason_that_is_too_long_ends_with_a_whole_sentence_or_a_whole_word() {
        assert_eq!(whole("Connect again."), "Connect again.");
        assert_eq!(whole(&format!("Connect again. {}.", "word ".repeat(40))), "Connect again.");
        let words = whole("word ".repeat(40).as_str()).to_owned();
        assert!(words.len() <= REASON && words.ends_with("word"), "{words}");
        assert_eq!(whole(&"æ".repeat(REASON)), "");
    }
}
