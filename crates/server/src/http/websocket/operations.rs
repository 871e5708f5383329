//! The operations of one web socket: limited in number, and known, so that the server can finish them when it stops.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Request, Response, ServerError};
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt, once, unfold};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::super::answer::internal;
use super::super::parameters::{Stopped, parse};
use super::guard::Guard;
use crate::signal::Stop;

/// An executor that takes so many operations at once, and no new ones once the server stops.
#[derive(Clone)]
pub(super) struct Operations<E> {
    executor: E,
    room: Arc<Semaphore>,
    /// Those that end by themselves: queries and mutations.
    ending: TaskTracker,
    stop: Stop,
    guard: Guard,
}

impl<E> Operations<E> {
    pub(super) fn new(executor: E, most: usize, stop: Stop, guard: Guard) -> Self {
        Self { executor, room: Arc::new(Semaphore::new(most)), ending: TaskTracker::new(), stop, guard }
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
        let (executor, guard) = (self.executor.clone(), self.guard.clone());
        let answers = once(async move {
            match guard.check().await {
                Ok(()) => executor.execute_stream(request, session_data),
                Err(refusal) => refused(refusal.code, &refusal.message),
            }
        });
        let answers = alone(answers.flatten());
        // Both are given back with the last answer, or when the client completes the operation.
        unfold((answers, room, ending, self.guard.clone()), async |(mut answers, room, ending, guard)| {
            let answer = answers.next().await?;
            // A subscription goes on for long, and what its caller may not see any more is not sent.
            let told = ending.is_some() || guard.may_be_told().await;
            told.then_some((answer, (answers, room, ending, guard)))
        })
        .boxed()
    }
}

/// A defect of one operation ends it alone, and not what else runs on the connection; its place is in the log.
fn alone(answers: impl Stream<Item = Response> + Send + 'static) -> BoxStream<'static, Response> {
    let told = |answer: Result<Response, _>| {
        answer.unwrap_or_else(|_| {
            let refusal = internal();
            failed(refusal.code, &refusal.message)
        })
    };
    AssertUnwindSafe(answers).catch_unwind().map(told).boxed()
}

fn refused(code: &'static str, message: &str) -> BoxStream<'static, Response> {
    once(std::future::ready(failed(code, message))).boxed()
}

fn failed(code: &'static str, message: &str) -> Response {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    Response::from_errors(vec![error])
}

#[cfg(test)]
mod tests;
