//! The keys of one request: read in as few statements as possible, forgotten with the request, and on a connection
//! that stays open after a second at the latest, so that a destroyed key opens nothing for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::Context;
use lethe_kernel::{EventId, KeyClass, Personal, PersonalValue, SealedText, Subject};
use lethe_vault::{Keyring, VaultError};
use tokio::sync::{Mutex, MutexGuard};

use crate::app::{parts, request};
use crate::error::{ApiError, Result, sealed};
use crate::visibility::Visibility;

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

/// Opens a value of a subject, if there is one; nothing if its key was destroyed, or if the caller's role sees no
/// personal values.
pub(crate) async fn open<T: PersonalValue>(
    context: &Context<'_>,
    value: Option<&Personal<T>>,
    subject: impl Into<Subject>,
) -> Result<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    let subject = subject.into();
    if !Visibility::of(context).reads(subject) {
        return Ok(None);
    }
    let held = held(context, &[subject]).await?;
    unless_erased(context, held.keyring.open(value, subject))
}

/// Opens a text of an event that is known by its label alone; nothing if its key was destroyed.
pub(crate) async fn open_text(
    context: &Context<'_>,
    text: &SealedText,
    subject: Subject,
    label: &str,
    event: EventId,
) -> Result<Option<String>> {
    let held = held(context, &[subject]).await?;
    unless_erased(context, held.keyring.open_text(text, subject, label, event))
}

/// Whether the key of a subject was destroyed, so that what it sealed is gone for good.
pub(crate) async fn is_erased(context: &Context<'_>, subject: impl Into<Subject>) -> Result<bool> {
    let subject = subject.into();
    Ok(held(context, &[subject]).await?.keyring.is_destroyed(subject, KeyClass::Crm))
}

async fn held<'c>(context: &'c Context<'_>, subjects: &[Subject]) -> Result<MutexGuard<'c, Held>> {
    let mut held = request(context).keys.0.lock().await;
    let now = Instant::now();
    if held.since.is_none_or(|since| now.duration_since(since) > LIFE) {
        *held = Held { since: Some(now), keyring: Keyring::default() };
    }
    // One key that is damaged is an error where it is used, and not of all who are shown beside.
    let loaded = parts(context).vault.load_each(&mut held.keyring, subjects).await;
    loaded.map_err(|error| loud(context, &error))?;
    Ok(held)
}

/// What was destroyed is shown as withheld. Anything else that does not open is an error, never a value that looks
/// erased.
fn unless_erased<T>(context: &Context<'_>, opened: Result<T, VaultError>) -> Result<Option<T>> {
    match opened {
        Ok(value) => Ok(Some(value)),
        Err(VaultError::Erased(_)) => Ok(None),
        Err(error) => Err(loud(context, &error)),
    }
}

fn loud(context: &Context<'_>, error: &VaultError) -> ApiError {
    parts(context).vault.alarm(error);
    sealed(error)
}
