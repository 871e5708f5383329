use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

/// Receives one line of plain text for whatever takes more than about a second.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

const QUIET: Duration = Duration::from_secs(1);
const REPEAT: Duration = Duration::from_secs(10);

/// Waits for `work`, saying `line` once it has taken over a second and again every ten seconds.
pub(crate) async fn announcing<F: Future>(progress: &Progress, line: &str, work: F) -> F::Output {
    let mut work = pin!(work);
    let mut patience = QUIET;
    loop {
        if let Ok(output) = timeout(patience, &mut work).await {
            return output;
        }
        progress(line);
        patience = REPEAT;
    }
}
