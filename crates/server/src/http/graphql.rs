//! `/graphql`, as the specification "GraphQL over HTTP" wants it.

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use lethe_kernel::{RequestId, Session};

use super::accept::{MediaType, negotiate};
use super::answer::{Refusal, executed};
use super::caller::Asked;
use super::parameters::{Stopped, from_pairs, parse};
use super::{Endpoint, receive};
use crate::graphql;

/// The type of the operation that was answered, for traces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation(pub(super) &'static str);

/// A query in the address. Whatever changes something must be a POST, so that no link and no image can do it.
pub(super) async fn get<E: Executor>(
    State(endpoint): State<Endpoint<E>>,
    Extension(id): Extension<RequestId>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let media = match negotiate(&headers) {
        Ok(media) => media,
        Err(refusal) => return refusal.answer(MediaType::Json),
    };
    let session = match session(&endpoint, &headers).await {
        Ok(session) => session,
        Err(refusal) => return refusal.answer(media),
    };
    let prepared = Query::<Vec<(String, String)>>::try_from_uri(&uri)
        .map_err(|_| Refusal::bad_request("The address is not well-formed."))
        .and_then(|Query(pairs)| from_pairs(pairs))
        .map_err(Stopped::from)
        .and_then(|request| prepare(request, session, id))
        .and_then(|(request, operation)| match operation {
            Some(OperationType::Mutation) => Err(only_post()),
            // What its hash stands for is not known here.
            None if request.query.is_empty() => Err(only_post()),
            _ => Ok((request, operation)),
        });
    answer(&endpoint, prepared, media).await
}

/// A request in the body.
pub(super) async fn post<E: Executor>(
    State(endpoint): State<Endpoint<E>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let media = match negotiate(&headers) {
        Ok(media) => media,
        Err(refusal) => return refusal.answer(MediaType::Json),
    };
    // Before anything of the body is received.
    let session = match session(&endpoint, &headers).await {
        Ok(session) => session,
        Err(refusal) => return refusal.answer(media),
    };
    let prepared = receive::request(&headers, body, endpoint.limits)
        .await
        .map_err(Stopped::from)
        .and_then(|request| prepare(request, session, id));
    answer(&endpoint, prepared, media).await
}

/// Who asks.
async fn session<E>(endpoint: &Endpoint<E>, headers: &HeaderMap) -> Result<Session, Refusal> {
    Ok(endpoint.gate.enter(Asked::from_headers(headers)?).await?.session)
}

/// Adds the caller, and reads the document.
fn prepare(
    mut request: Request,
    session: Session,
    id: RequestId,
) -> Result<(Request, Option<OperationType>), Stopped> {
    let operation = parse(&mut request)?;
    Ok((request.data(session).data(graphql::request(session, id)), operation))
}

async fn answer<E: Executor>(
    endpoint: &Endpoint<E>,
    prepared: Result<(Request, Option<OperationType>), Stopped>,
    media: MediaType,
) -> Response {
    match prepared {
        Ok((request, operation)) => {
            let mut response = executed(endpoint.executor.execute(request).await, media);
            if let Some(operation) = operation {
                response.extensions_mut().insert(Operation(name(operation)));
            }
            response
        }
        Err(Stopped::Answered(response)) => executed(*response, media),
        Err(Stopped::Refused(refusal)) => refusal.answer(media),
    }
}

fn name(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

fn only_post() -> Stopped {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "Send mutations, and queries by their hash, as POST.",
    )
    .into()
}
