//! What one request, one connection and all of them together may cost.

use std::time::Duration;

use crate::config::Config;

/// The limits in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most GraphQL requests at once.
    pub(crate) requests: usize,
    /// The largest head of a request.
    pub(crate) header_bytes: usize,
    /// The largest body without files, and the largest message on a web socket.
    pub(crate) body_bytes: usize,
    /// The largest body with files.
    pub(crate) upload_bytes: usize,
    /// How long the head of a request may take to come.
    pub(crate) header_time: Duration,
    /// How long its body may take to come.
    pub(crate) body_time: Duration,
    /// How long all of it may take.
    pub(crate) time: Duration,
    /// Most web sockets at once.
    pub(crate) sockets: u32,
    /// Most operations at once on one web socket.
    pub(crate) operations: usize,
    /// How long a client may say nothing on a web socket.
    pub(crate) silence: Duration,
}

impl Limits {
    /// Those of the settings.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            requests: config.max_requests.get(),
            header_bytes: config.max_header_bytes.get(),
            body_bytes: config.max_body_bytes.get(),
            upload_bytes: config.max_upload_bytes.get(),
            header_time: Duration::from_secs(config.header_timeout_seconds.get()),
            body_time: Duration::from_secs(config.body_timeout_seconds.get()),
            time: Duration::from_secs(config.request_timeout_seconds.get()),
            sockets: config.max_sockets.get(),
            operations: config.max_operations.get(),
            silence: Duration::from_secs(config.socket_silence_seconds.get()),
        }
    }
}
