//! SIGINT and SIGTERM: the first one ends the work in an orderly way, the second one at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::Error;
use crate::output;

const AT_ONCE: i32 = 130;

/// Becomes true with the first signal.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`Error::Output`] when the system refuses.
    pub(crate) fn on_signals() -> Result<Self, Error> {
        let (stop, stopped) = watch::channel(false);
        let signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(listen(signals, stop));
        Ok(Self(stopped))
    }

    /// One that a test sets.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (watch::Sender<bool>, Self) {
        let (stop, stopped) = watch::channel(false);
        (stop, Self(stopped))
    }

    /// Whether the first signal came.
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the first signal.
    pub(crate) async fn requested(mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn listen((mut interrupt, mut terminate): (Signal, Signal), stop: watch::Sender<bool>) {
    either(&mut interrupt, &mut terminate).await;
    stop.send_replace(true);
    either(&mut interrupt, &mut terminate).await;
    output::note("Stopped at once. PostgreSQL is stopped by its guard; whatever was answered is safe.");
    std::process::exit(AT_ONCE);
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
