//! The operations of one web socket: limited in number, and known, so that the server can finish them when it stops.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Request, Response, ServerError};
use futures_util::stream::{BoxStream, StreamExt, once};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::super::parameters::{Stopped, parse};
use crate::signal::Stop;

/// An executor that takes so many operations at once, and no new ones once the server stops.
#[derive(Clone)]
pub(super) struct Operations<E> {
    executor: E,
    room: Arc<Semaphore>,
    /// Those that end by themselves: queries and mutations.
    ending: TaskTracker,
    stop: Stop,
}

impl<E> Operations<E> {
    pub(super) fn new(executor: E, most: usize, stop: Stop) -> Self {
        Self { executor, room: Arc::new(Semaphore::new(most)), ending: TaskTracker::new(), stop }
    }

    /// Waits until the server stops, and then until every query and mutation is answered.
    pub(super) async fn finished(&self) {
        self.stop.clone().requested().await;
        self.ending.close();
        self.ending.wait().await;
    }
}

impl<E: Executor> Executor for Operations<E> {
    async fn execute(&self, request: Request) -> Response {
        self.executor.execute(request).await
    }

    fn execute_stream(
        &self,
        mut request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        if self.stop.is_requested() {
            return refused("UNAVAILABLE", "The server stops. Connect again in a moment.");
        }
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            metrics::counter!("lethe_http_shed_total", "what" => "operation").increment(1);
            return refused(
                "TOO_MANY_OPERATIONS",
                "Too many operations run on this connection. Complete one of them first.",
            );
        };
        let operation = match parse(&mut request) {
            Ok(operation) => operation,
            Err(Stopped::Answered(response)) => return once(std::future::ready(*response)).boxed(),
            Err(Stopped::Refused(refusal)) => return refused(refusal.code, &refusal.message),
        };
        let ending = (operation != Some(OperationType::Subscription)).then(|| self.ending.token());
        let answers = self.executor.execute_stream(request, session_data);
        // Both are given back with the last answer, or when the client completes the operation.
        futures_util::stream::unfold((answers, room, ending), async |(mut answers, room, ending)| {
            Some((answers.next().await?, (answers, room, ending)))
        })
        .boxed()
    }
}

fn refused(code: &'static str, message: &str) -> BoxStream<'static, Response> {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    once(std::future::ready(Response::from_errors(vec![error]))).boxed()
}
