//! The log, on stderr. It holds ids, codes, counts and times; never bodies, variables or values.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};
use crate::trace::{self, Traces};

/// Starts the log.
pub(crate) fn start(config: &Config, traces: Option<&Traces>) {
    // A `log` setting that does not parse was refused with the other settings.
    let chosen = EnvFilter::try_new(&config.log.0).unwrap_or_else(|_| EnvFilter::new("info"));
    let form = match config.log_format {
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
        }
    };
    let started =
        tracing_subscriber::registry().with(form.with_filter(logged(chosen))).with(traces.map(Traces::layer));
    if started.try_init().is_err() {
        tracing::debug!("the log had been started before");
    }
    // A panic's message may quote the value it stumbled over, so only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place = place.as_deref().unwrap_or("unknown"), "a defect: the code panicked");
    }));
}

/// Whether this process is stopping the PostgreSQL that it started.
static PARTING: AtomicBool = AtomicBool::new(false);

/// From now on connections end because this process stops PostgreSQL. That the library of the database, and whatever follows
/// the ledger in the background, warn of it is no news; their errors still are.
pub(crate) fn parting() {
    PARTING.store(true, Ordering::Relaxed);
}

/// What was chosen, within what may be logged. Our own spans are always there: they hold the ids that a line is found by.
fn logged<S: Subscriber>(chosen: EnvFilter) -> impl Filter<S> {
    chosen
        .or(filter_fn(|metadata| metadata.is_span() && is_ours(metadata.target())))
        .and(filter_fn(may_be_logged))
        .and(dynamic_filter_fn(|metadata, _| !PARTING.load(Ordering::Relaxed) || is_news(metadata)))
}

/// Whatever `log` asks for: below `info`, libraries write frames, headers and parameters, which hold personal values.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    metadata.target() != trace::TARGET && (is_ours(metadata.target()) || *metadata.level() <= Level::INFO)
}

fn is_news(metadata: &Metadata<'_>) -> bool {
    let of_the_database = ["sqlx", "lethe_ledger"].iter().any(|target| metadata.target().starts_with(target));
    !of_the_database || *metadata.level() == Level::ERROR
}

fn is_ours(target: &str) -> bool {
    target == "lethe" || target.starts_with("lethe_") || target.starts_with("lethe::")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_never_log_details_whatever_the_setting() {
        let written = Written::default();
        let writer = written.clone();
        let form = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).boxed();
        let form = form.with_filter(logged(EnvFilter::new("trace")));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(form), || {
            tracing::trace!(target: "tungstenite::protocol", "marker in a frame");
            tracing::debug!(target: "lethebridge", "marker of a stranger");
            tracing::trace!(target: "lethe_ledger::writer", "ours");
            tracing::info!(target: "sqlx::postgres", "theirs");
        });
        let text = written.text();
        assert!(!text.contains("marker") && text.contains("ours") && text.contains("theirs"), "{text}");
    }

    #[test]
    fn a_line_has_the_id_of_its_request_however_little_is_logged() {
        for chosen in ["error", "lethe_ledger=error,sqlx=warn"] {
            let written = Written::default();
            let writer = written.clone();
            let form = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
            let form = form.with_filter(logged(EnvFilter::new(chosen)));
            tracing::subscriber::with_default(tracing_subscriber::registry().with(form), || {
                let request = tracing::info_span!(target: "lethe::http", "request", request_id = "the-id");
                request.in_scope(|| {
                    tracing::error!(target: "lethe_ledger::writer", "shown");
                    tracing::info!(target: "lethe::http", "hidden");
                });
            });
            let text = written.text();
            assert!(text.contains("the-id") && text.contains("shown") && !text.contains("hidden"), "{text}");
        }
    }
}
