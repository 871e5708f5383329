//! Documents whose text is too long, has too many tokens or is nested so deeply that reading it would exhaust the stack
//! are refused before anything reads them.

use async_graphql::{Data, Executor, Request, Response};
use futures_util::stream::{BoxStream, StreamExt};
use lethe_graphql::check_text;

use super::answer::add_codes;

/// An executor that never sees such documents.
#[derive(Clone)]
pub(super) struct Guarded<E>(pub(super) E);

impl<E: Executor> Executor for Guarded<E> {
    async fn execute(&self, request: Request) -> Response {
        match check_text(&request.query) {
            Ok(()) => self.0.execute(request).await,
            Err(refusal) => Response::from_errors(vec![refusal]),
        }
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<std::sync::Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        match check_text(&request.query) {
            Ok(()) => self
                .0
                .execute_stream(request, session_data)
                .map(|mut response| {
                    add_codes(&mut response);
                    response
                })
                .boxed(),
            Err(refusal) => {
                let response = Response::from_errors(vec![refusal]);
                futures_util::stream::once(std::future::ready(response)).boxed()
            }
        }
    }
}
