//! What becomes of a unit of work: confirmed, appended, kept in memory or forgotten.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_kernel::{KeyClass, Subject};
use lethe_vault::StoredKey;
use uuid::Uuid;

use super::UnitOfWork;
use super::loaded::Loaded;
use crate::append::{Expectation, NewEvent, NewUnit};
use crate::cache::StreamId;
use crate::load::LONG;
use crate::{Answer, Context, LedgerError, Metadata};

impl UnitOfWork<'_> {
    /// Whether everything the decision looked at still is as it was, where it may be old; and the ledger's last
    /// position at that moment.
    pub(crate) async fn confirmed(&self) -> Result<(bool, i64), LedgerError> {
        let streams: Vec<Expectation> = self.expectations(|loaded| loaded.remembered);
        let keys: Vec<StoredKey> = self.keyring.stored().collect();
        self.parts.unchanged(&streams, &keys).await
    }

    /// As [`UnitOfWork::confirmed`], without asking when nothing can be old.
    pub(crate) async fn stands(&self) -> Result<bool, LedgerError> {
        let certain =
            self.keyring.stored().next().is_none() && self.expectations(|l| l.remembered).is_empty();
        Ok(certain || self.confirmed().await?.0)
    }

    fn expectations(&self, which: impl Fn(&Loaded) -> bool) -> Vec<Expectation> {
        let streams = self.streams.iter().filter(|(_, loaded)| which(loaded));
        let expectation = |(stream, loaded): (&StreamId, &Loaded)| Expectation {
            aggregate: stream.0,
            stream: stream.1,
            version: loaded.stored,
        };
        streams.map(expectation).collect()
    }

    /// The types of the streams that it changes; of those it looked at, if it changes none.
    pub(crate) fn touched(&self) -> Vec<&'static str> {
        let mut changed: Vec<_> = self.events.iter().map(|event| event.aggregate).collect();
        if changed.is_empty() {
            changed.extend(self.streams.keys().map(|stream| stream.0));
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// Forgets everything the command looked at, because something of it was old.
    pub(crate) fn forget(&self) {
        self.streams.keys().for_each(|stream| self.parts.cache.forget(*stream));
        self.parts.vault.forget(self.keyring.subjects());
    }

    /// What to append; `None` if nothing changed and nobody will ask again.
    pub(crate) async fn finish(&mut self, answer: &Answer) -> Result<Option<NewUnit>, LedgerError> {
        let input = self.input_mac(answer).await?;
        if self.events.is_empty() && input.is_none() && self.destroyed.is_empty() {
            return Ok(None);
        }
        let new_keys = self.parts.vault.wrap(self.keyring.minted()).await?;
        let mut metadata = self.metadata(&new_keys);
        let mut events = self.events.iter_mut();
        if let Some(first) = events.next() {
            first.metadata = metadata.to_json()?;
        }
        (metadata.keys, metadata.destroyed) = (None, None);
        for event in events {
            event.metadata = metadata.to_json()?;
        }
        for key in self.keyring.minted() {
            self.used.remove(&key.stored());
        }
        Ok(Some(NewUnit {
            command: self.command,
            outcome: if self.events.is_empty() { "unchanged" } else { "applied" },
            objects: answer.objects.clone(),
            input,
            // Nobody else can have written to a stream whose id was made here; its primary key would tell.
            expectations: self.expectations(|loaded| !loaded.new),
            new_ids: std::mem::take(&mut self.new),
            new_keys,
            live_keys: self.used.iter().copied().collect(),
            destroyed: self.destroyed.clone(),
            events: std::mem::take(&mut self.events),
        }))
    }

    /// Keeps the states that an append has made, for the commands after this one, and forgets the keys it destroyed.
    pub(crate) fn keep(&self, appended: &NewUnit) {
        self.parts.vault.forget(appended.destroyed.iter().map(|key| key.subject));
        for (stream, loaded) in self.streams.iter().filter(|(_, loaded)| loaded.staged > 0) {
            let of = |event: &&NewEvent| (event.aggregate, event.stream) == *stream;
            let events: Vec<&NewEvent> = appended.events.iter().filter(of).collect();
            let version = loaded.stored + loaded.staged;
            match (loaded.kind.advance)(&loaded.base, &events) {
                Ok(state) => {
                    if version / LONG > loaded.stored / LONG {
                        (loaded.kind.keep)(self.parts, stream.1, &state, version);
                    }
                    self.parts.cache.put(*stream, state, version);
                }
                Err(error) => {
                    tracing::error!(%error, "a stored event could not be applied");
                    self.parts.cache.forget(*stream);
                }
            }
        }
    }

    async fn input_mac(&mut self, answer: &Answer) -> Result<Option<(Subject, [u8; 32])>, LedgerError> {
        let Some(idempotency) = &self.context.idempotency else { return Ok(None) };
        let subject = answer.subject.unwrap_or_else(|| self.context.caller.user.into());
        Ok(Some((subject, self.keyed_digest(subject, &idempotency.input).await?)))
    }

    fn metadata(&self, new_keys: &[lethe_vault::NewKey]) -> Metadata {
        let Context { caller, request, causation, .. } = self.context;
        let created = new_keys.iter().map(|key| named(key.subject, key.class, key.id, &key.commitment));
        let destroyed =
            self.destroyed.iter().map(|key| named(key.subject, key.class, key.id, &key.commitment));
        Metadata {
            user: caller.user,
            unit: caller.unit,
            role: caller.role,
            command: self.command,
            request: *request,
            correlation: request.0,
            causation: *causation,
            occurred: self.now,
            keys: list(created),
            destroyed: list(destroyed),
        }
    }
}

fn named(subject: Subject, class: KeyClass, id: Uuid, commitment: &[u8; 32]) -> String {
    let commitment = BASE64_URL_SAFE_NO_PAD.encode(commitment);
    format!("{}/{}/{}/{id}/{commitment}", subject.kind.name(), subject.id, class.name())
}

fn list(keys: impl Iterator<Item = String>) -> Option<String> {
    let keys: Vec<String> = keys.collect();
    (!keys.is_empty()).then(|| keys.join(" "))
}
