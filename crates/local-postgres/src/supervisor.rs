//! The task that keeps the server running until its owner has had enough.

use tokio::sync::oneshot::Receiver;

use crate::guard::Guard;
use crate::launch::Launch;
use crate::lock::OwnerLock;
use crate::{Error, leftover};

/// Restarts the server whenever it ends, and stops it when the sender of `owner` is dropped. Holds the lock
/// until then.
pub(crate) async fn supervise(
    launch: Launch,
    mut guard: Guard,
    mut owner: Receiver<()>,
    _lock: OwnerLock,
) -> Result<(), Error> {
    loop {
        let ended = tokio::select! {
            _ = &mut owner => false,
            () = guard.ended() => true,
        };
        if !ended {
            let stopped = guard.stop(&launch.placement, &launch.progress).await;
            // Without its watching half the guard stops nothing; then we do.
            return match stopped {
                Err(_) => leftover::stop(&launch.placement, &launch.binaries, &launch.progress).await,
                stopped => stopped,
            };
        }
        // Closes the pipe: should only the guard have been killed, its other half now stops PostgreSQL.
        drop(guard);
        (launch.progress)("PostgreSQL has ended unexpectedly; starting it again.");
        let restarted = tokio::select! {
            _ = &mut owner => None,
            guard = launch.again() => Some(guard),
        };
        match restarted {
            Some(restarted) => guard = restarted,
            None => return leftover::stop(&launch.placement, &launch.binaries, &launch.progress).await,
        }
    }
}
