//! Work that goes on after its request was answered.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Work that goes on by itself until the server stops. It is dropped where it waits, that is between two units of work
/// or while one is appended, so it must be able to go on from what the ledger holds.
#[derive(Clone, Default)]
pub struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    /// Starts a work, in the span of the caller; `ended` is told its result, or nothing if it was interrupted.
    pub fn spawn<T>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        ended: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        let stop = self.stop.clone();
        let task = async move { ended(stop.run_until_cancelled_owned(work).await) };
        self.tasks.spawn(task.in_current_span());
    }

    /// Interrupts all work, and waits until it has ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn work_is_interrupted_by_the_stop_and_told_from_work_that_ended() {
        let background = Background::default();
        let (told, mut tell) = unbounded_channel();
        let also = told.clone();
        background.spawn(ready(7), move |ended| told.send(ended).unwrap());
        assert_eq!(tell.recv().await, Some(Some(7)));
        background.spawn(pending(), move |ended| also.send(ended).unwrap());
        background.stop().await;
        assert_eq!(tell.recv().await, Some(None));
    }
}
