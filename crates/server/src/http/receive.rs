//! The body of a POST.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::Request;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::io::AsyncReadExt;
use futures_util::{Stream, TryStreamExt};

use super::Limits;
use super::answer::Refusal;
use super::form::{self, Unread};
use super::parameters::from_json;

/// The request in a body, if it comes in time.
///
/// # Errors
/// 408, 413, 415, and 400 for a body that is neither JSON nor a form.
pub(super) async fn request(headers: &HeaderMap, body: Body, limits: Limits) -> Result<Request, Refusal> {
    let received = tokio::time::timeout(limits.body_time, in_any_time(headers, body, limits)).await;
    received.unwrap_or_else(|_| {
        Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "REQUEST_TIMEOUT",
            "The body took too long to come, so nothing was done. Send it again, faster or in smaller parts.",
        ))
    })
}

/// The request in a body: JSON, or a form with files (the GraphQL multipart request specification).
async fn in_any_time(headers: &HeaderMap, body: Body, limits: Limits) -> Result<Request, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/json" if parts.all(is_utf8) => {
            let mut bytes = Vec::new();
            let (chunks, exceeded) = bounded(body, limits.body_bytes);
            let read = chunks.into_async_read().read_to_end(&mut bytes).await;
            if read.is_err() || exceeded.load(Ordering::Relaxed) {
                return Err(incomplete(&exceeded, limits.body_bytes));
            }
            from_json(&bytes)
        }
        "multipart/form-data" => {
            let most = limits.upload_bytes;
            let (chunks, exceeded) = bounded(body, most);
            let received = form::request(content_type, chunks, limits).await;
            if exceeded.load(Ordering::Relaxed) {
                return Err(incomplete(&exceeded, most));
            }
            received.map_err(|unread| match unread {
                Unread::Refused(refusal) => refusal,
                Unread::TooLarge => too_large(limits.body_bytes),
            })
        }
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "Send the request as application/json in UTF-8, or as multipart/form-data if it has files.",
        )),
    }
}

fn is_utf8(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    }
}

/// How many times the limit is read, most of it thrown away, so that a client that is still sending gets the answer.
const GRACE: usize = 4;

/// A body of at most that many bytes, and whether it had more.
fn bounded(
    body: Body,
    limit: usize,
) -> (impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static, Arc<AtomicBool>) {
    let mut read = 0_usize;
    let exceeded = Arc::new(AtomicBool::new(false));
    let noticed = exceeded.clone();
    let chunks = body.into_data_stream().try_filter_map(move |chunk| {
        read = read.saturating_add(chunk.len());
        if read > limit {
            noticed.store(true, Ordering::Relaxed);
        }
        ready(if read > limit.saturating_mul(GRACE) {
            Err(axum::Error::new(io::Error::from(io::ErrorKind::FileTooLarge)))
        } else {
            Ok((read <= limit).then_some(chunk))
        })
    });
    (chunks.map_err(io::Error::other), exceeded)
}

fn incomplete(exceeded: &AtomicBool, limit: usize) -> Refusal {
    if exceeded.load(Ordering::Relaxed) {
        return too_large(limit);
    }
    Refusal::bad_request("The body ended before it was complete. Send it again.")
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "PAYLOAD_TOO_LARGE",
        format!("The body has more than {limit} bytes. Send less at once."),
    )
}
