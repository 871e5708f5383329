//! The keys of one request: read in as few statements as possible, forgotten with the request.

use std::sync::Arc;

use async_graphql::{Context, Result};
use lethe_kernel::{Personal, PersonalValue, SealedText, Subject};
use lethe_vault::Keyring;
use tokio::sync::RwLock;

use crate::app::{parts, request};
use crate::error::sealed;

#[derive(Clone, Default)]
pub(crate) struct Keys(Arc<RwLock<Keyring>>);

/// Reads the keys of these subjects, in one statement, unless they are there.
pub(crate) async fn load(context: &Context<'_>, subjects: &[Subject]) -> Result<()> {
    let mut keyring = request(context).keys.0.write().await;
    parts(context).vault.load(&mut keyring, subjects).await.map_err(|error| sealed(&error))
}

/// Opens a value of a subject, if there is one.
pub(crate) async fn open<T: PersonalValue>(
    context: &Context<'_>,
    value: Option<&Personal<T>>,
    subject: impl Into<Subject>,
) -> Result<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    let subject = subject.into();
    load(context, &[subject]).await?;
    let keyring = request(context).keys.0.read().await;
    keyring.open(value, subject).map(Some).map_err(|error| sealed(&error))
}

/// Opens a text that is known by its label alone.
pub(crate) async fn open_text(
    context: &Context<'_>,
    text: &SealedText,
    subject: Subject,
    label: &str,
) -> Result<String> {
    load(context, &[subject]).await?;
    let keyring = request(context).keys.0.read().await;
    keyring.open_text(text, subject, label).map_err(|error| sealed(&error))
}
