//! Whether a server answers, by really connecting to it.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(2);
/// Version 3.0 of the protocol (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
const PROTOCOL: i32 = 196_608;
const PARAMETERS: &[u8] = b"user\0postgres\0database\0postgres\0application_name\0lethe readiness\0\0";
/// No message of a healthy start-up is longer.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Whether the server behind this socket accepts a session. One that is starting up or shutting down does not.
pub(crate) async fn answers(socket: &Path) -> bool {
    matches!(timeout(PATIENCE, greet(socket)).await, Ok(Some(true)))
}

/// Opens a session and closes it. None if the connection fails or does not speak the protocol.
async fn greet(socket: &Path) -> Option<bool> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    let length = i32::try_from(8 + PARAMETERS.len()).ok()?;
    let hello = [&length.to_be_bytes()[..], &PROTOCOL.to_be_bytes()[..], PARAMETERS].concat();
    stream.write_all(&hello).await.ok()?;
    loop {
        let kind = stream.read_u8().await.ok()?;
        let length = usize::try_from(stream.read_i32().await.ok()?).ok()?.checked_sub(4)?;
        if length > LONGEST_MESSAGE {
            return None;
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        match kind {
            // Ready for a query; say goodbye.
            b'Z' => {
                stream.write_all(&[b'X', 0, 0, 0, 4]).await.ok()?;
                return Some(true);
            }
            // A server that has too many sessions (53300) works; one that is starting up or shutting down does not.
            b'E' => return Some(body.split(|byte| *byte == 0).any(|field| field == b"C53300")),
            _ => {}
        }
    }
}
