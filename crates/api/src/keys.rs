//! The keys of one request: read in as few statements as possible, forgotten with the request, and on a connection
//! that stays open after a second at the latest, so that a destroyed key opens nothing for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Context, Result};
use lethe_kernel::{EventId, Personal, PersonalValue, SealedText, Subject};
use lethe_vault::{Keyring, VaultError};
use tokio::sync::{Mutex, MutexGuard};

use crate::app::{parts, request};
use crate::error::sealed;

const LIFE: Duration = Duration::from_secs(1);

#[derive(Clone, Default)]
pub(crate) struct Keys(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    since: Option<Instant>,
    keyring: Keyring,
}

/// Reads the keys of these subjects, in one statement, unless they are there.
pub(crate) async fn load(context: &Context<'_>, subjects: &[Subject]) -> Result<()> {
    held(context, subjects).await.map(drop)
}

/// Opens a value of a subject, if there is one.
pub(crate) async fn open<T: PersonalValue>(
    context: &Context<'_>,
    value: Option<&Personal<T>>,
    subject: impl Into<Subject>,
) -> Result<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    let subject = subject.into();
    opened(held(context, &[subject]).await?.keyring.open(value, subject)).map(Some)
}

/// Opens a text of an event that is known by its label alone.
pub(crate) async fn open_text(
    context: &Context<'_>,
    text: &SealedText,
    subject: Subject,
    label: &str,
    event: EventId,
) -> Result<String> {
    opened(held(context, &[subject]).await?.keyring.open_text(text, subject, label, event))
}

async fn held<'c>(context: &'c Context<'_>, subjects: &[Subject]) -> Result<MutexGuard<'c, Held>> {
    let mut held = request(context).keys.0.lock().await;
    let now = Instant::now();
    if held.since.is_none_or(|since| now.duration_since(since) > LIFE) {
        *held = Held { since: Some(now), keyring: Keyring::default() };
    }
    opened(parts(context).vault.load(&mut held.keyring, subjects).await)?;
    Ok(held)
}

fn opened<T>(result: Result<T, VaultError>) -> Result<T> {
    result.map_err(|error| sealed(&error))
}
