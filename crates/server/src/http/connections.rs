//! Connections: accepted until the server stops, each with limits on the heads of its requests.

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use super::{Limits, head};
use crate::signal::Stop;

/// Accepts connections until the server stops, and answers those that are open then; nobody listens any more. Each
/// ends after the request that it is at.
pub(crate) async fn accept(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: Stop,
) -> TaskTracker {
    let mut builder = http1::Builder::new();
    let (headers, bytes) = head::below(limits.header_bytes);
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_headers(headers)
        .max_header_size(bytes);
    let open = TaskTracker::new();
    let mut stopping = std::pin::pin!(stop.clone().requested());
    loop {
        let (stream, _) = tokio::select! {
            biased;
            () = &mut stopping => break,
            // It goes on after errors by itself.
            accepted = Listener::accept(&mut listener) => accepted,
        };
        open.spawn(serve(builder.clone(), stream, router.clone(), stop.clone()));
    }
    open.close();
    open
}

async fn serve(builder: http1::Builder, stream: TcpStream, router: Router, stop: Stop) {
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Of its kind only: the text may quote what the client sent.
        tracing::debug!(timeout = error.is_timeout(), parse = error.is_parse(), "a connection broke");
    }
}
