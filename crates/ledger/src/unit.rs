//! One unit of work: aggregates loaded at known versions, their decisions, and the events to append.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use lethe_kernel::{Caller, CommandId, Detail, ErrorCode, EventId, Subject, UserError};
use lethe_vault::{Keyring, VaultError, sealed_json, subjects_in};
use uuid::Uuid;

use crate::append::{Expectation, NewEvent, NewUnit};
use crate::cache::{State, StreamId};
use crate::load::LONG;
use crate::work::Moment;
use crate::{Answer, Context, Failure, LedgerError, Metadata, Parts, Secrets, Stored};

/// What a command works on. Every stream it loads, written or only read, must still be at that version when the
/// events are appended.
pub struct Unit<'l> {
    parts: &'l Parts,
    context: &'l Context,
    command: CommandId,
    now: Moment,
    streams: HashMap<StreamId, Loaded>,
    /// Ids made by this command: nobody else can have used them.
    new: HashSet<Uuid>,
    keyring: Arc<Keyring>,
    used: BTreeSet<Uuid>,
    events: Vec<NewEvent>,
}

/// A stream as the command sees it.
struct Loaded {
    /// The state with the events staged here.
    state: State,
    /// The state as it is stored, with sealed values.
    base: State,
    stored: i64,
    staged: i64,
    /// Whether the state came from memory, so that it may be old.
    remembered: bool,
    /// Whether the stream's id was made by this command.
    new: bool,
    kind: Kind,
}

/// What can be done with a state whose type is known only here.
#[derive(Clone, Copy)]
struct Kind {
    /// Applies events as they are stored.
    advance: fn(&State, &[&NewEvent]) -> Result<State, LedgerError>,
    /// Keeps a snapshot.
    keep: fn(&Parts, Uuid, &State, i64),
}

impl Kind {
    fn of<A: Stored>() -> Self {
        let keep = |parts: &Parts, id, state: &State, version| {
            if let Some(state) = state.downcast_ref::<A>() {
                parts.keep_snapshot(id, state, version);
            }
        };
        Self { advance: advance::<A>, keep }
    }
}

fn advance<A: Stored>(state: &State, events: &[&NewEvent]) -> Result<State, LedgerError> {
    let mut state: A = state.downcast_ref::<A>().cloned().unwrap_or_default();
    for event in events {
        let event = serde_json::from_str(&event.payload).map_err(|_| encoded(event))?;
        Aggregate::apply(&mut state, event);
    }
    Ok(Arc::new(state))
}

fn encoded(event: &NewEvent) -> LedgerError {
    LedgerError::Encode(format!("{} does not read what it wrote", event.event_type))
}

impl<'l> Unit<'l> {
    pub(crate) fn new(parts: &'l Parts, context: &'l Context, command: CommandId) -> Self {
        Self {
            parts,
            context,
            command,
            now: parts.clock.now(),
            streams: HashMap::new(),
            new: HashSet::new(),
            keyring: Arc::default(),
            used: BTreeSet::new(),
            events: Vec::new(),
        }
    }

    /// Who gave the command.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.context.caller
    }

    /// The moment the command is decided at.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// A new id. What is stored under it is known: nothing.
    #[must_use]
    pub fn new_id(&mut self) -> Uuid {
        let id = self.parts.ids.next();
        self.new.insert(id);
        id
    }

    /// The state of an aggregate; its default if the stream is empty.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn load<A: Stored>(&mut self, id: impl Into<Uuid>) -> Result<&A, LedgerError> {
        let id = id.into();
        if !self.streams.contains_key(&(A::TYPE, id)) {
            let loaded = self.fetch::<A>(id).await?;
            self.streams.insert((A::TYPE, id), loaded);
        }
        self.streams
            .get(&(A::TYPE, id))
            .and_then(|loaded| loaded.state.downcast_ref())
            .ok_or_else(|| LedgerError::Encode(format!("two aggregates are named {}", A::TYPE)))
    }

    async fn fetch<A: Stored>(&self, id: Uuid) -> Result<Loaded, LedgerError> {
        let known = if self.new.contains(&id) {
            Some((Arc::new(A::default()) as State, 0, false))
        } else {
            let kept = self.parts.cache.get((A::TYPE, id)).filter(|(state, _)| state.is::<A>());
            kept.map(|(state, version)| (state, version, true))
        };
        let (state, stored, remembered) = if let Some(known) = known {
            known
        } else {
            let (state, version) = self.parts.aggregate::<A>(id).await?;
            let state: State = Arc::new(state);
            self.parts.cache.put((A::TYPE, id), state.clone(), version);
            (state, version, false)
        };
        let new = self.new.contains(&id);
        Ok(Loaded { base: state.clone(), state, stored, staged: 0, remembered, new, kind: Kind::of::<A>() })
    }

    /// The version of an aggregate as it is stored: the number of its events.
    ///
    /// # Errors
    /// As [`Unit::load`].
    pub async fn version<A: Stored>(&mut self, id: impl Into<Uuid>) -> Result<i64, LedgerError> {
        let id = id.into();
        self.load::<A>(id).await?;
        Ok(self.streams.get(&(A::TYPE, id)).map_or(0, |loaded| loaded.stored))
    }

    /// Takes the state of an aggregate as loaded that the caller has followed himself, so that a long stream is not
    /// read again. If the stream is no longer at `version`, the command runs again.
    pub fn assume<A: Stored>(&mut self, id: impl Into<Uuid>, state: A, version: i64) {
        let state: State = Arc::new(state);
        let kind = Kind::of::<A>();
        let loaded = Loaded {
            base: state.clone(),
            state,
            stored: version,
            staged: 0,
            remembered: true,
            new: false,
            kind,
        };
        self.streams.entry((A::TYPE, id.into())).or_insert(loaded);
    }

    /// The state of an aggregate that must exist; `missing` if it does not.
    ///
    /// # Errors
    /// `missing`, and as [`Unit::load`].
    pub async fn existing<A: Stored>(
        &mut self,
        id: impl Into<Uuid>,
        missing: UserError,
    ) -> Result<&A, Failure> {
        let id = id.into();
        if self.version::<A>(id).await? == 0 {
            return Err(missing.into());
        }
        Ok(self.load::<A>(id).await?)
    }

    /// Refuses the command if the aggregate is not at the version the caller has seen.
    ///
    /// # Errors
    /// `STALE_VERSION` with the present version, and as [`Unit::load`].
    pub async fn expect<A: Stored>(
        &mut self,
        id: impl Into<Uuid>,
        expected: Option<i64>,
    ) -> Result<(), Failure> {
        let current = self.version::<A>(id).await?;
        match expected {
            Some(expected) if expected != current => Err(UserError {
                detail: Detail::CurrentVersion(current),
                ..UserError::at(
                    ErrorCode::StaleVersion,
                    "expectedVersion",
                    format!(
                        "The object is at version {current}, not {expected}. Read it again and decide anew."
                    ),
                )
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Has an aggregate decide a command and stages its events; tells whether anything changed.
    ///
    /// # Errors
    /// The rule that refused it, and what can fail in [`Unit::load`] and in the vault.
    pub async fn handle<A: Stored>(
        &mut self,
        id: impl Into<Uuid>,
        command: A::Command,
    ) -> Result<bool, Failure> {
        let id = id.into();
        let subjects = self.load::<A>(id).await?.subjects(id);
        self.load_keys(&subjects).await?;
        // A lost key is never replaced by a new one: what was sealed before would stay closed behind it.
        self.keyring.require(&subjects)?;
        let secrets = Secrets::new(self.keyring.clone());
        let sink = EventSink::default();
        // The stream stays among those looked at, so that a refusal is confirmed too.
        let mut state: A = self.load::<A>(id).await?.clone();
        state.handle(command, &secrets, &sink).await.map_err(UserError::from)?;
        if let Some(fault) = secrets.fault() {
            return Err(fault.into());
        }
        let events = sink.collect().await;
        let Some(loaded) = self.streams.get_mut(&(A::TYPE, id)) else { return Ok(false) };
        loaded.state = Arc::new(state);
        let first = loaded.stored + loaded.staged + 1;
        loaded.staged += i64::try_from(events.len()).unwrap_or(i64::MAX);
        for (sequence, event) in (first..).zip(&events) {
            self.stage(A::TYPE, id, sequence, event).await?;
        }
        Ok(!events.is_empty())
    }

    async fn stage<E: DomainEvent>(
        &mut self,
        aggregate: &'static str,
        stream: Uuid,
        sequence: i64,
        event: &E,
    ) -> Result<(), LedgerError> {
        let owners = subjects_in(event)?;
        let subjects: Vec<Subject> = owners.iter().map(|(subject, _)| *subject).collect();
        self.load_keys(&subjects).await?;
        for (subject, class) in owners {
            let key = Arc::make_mut(&mut self.keyring).ensure(subject, class, self.parts.ids.next())?;
            self.used.insert(key.id());
        }
        let id = EventId(self.parts.ids.next());
        let payload = sealed_json(event, &self.keyring, id)?;
        self.events.push(NewEvent {
            id,
            aggregate,
            stream,
            sequence,
            event_type: event.event_type(),
            version: event.event_version(),
            payload,
            metadata: String::new(),
        });
        Ok(())
    }

    async fn load_keys(&mut self, subjects: &[Subject]) -> Result<(), VaultError> {
        let keyring = Arc::make_mut(&mut self.keyring);
        keyring.assume_none(subjects.iter().filter(|subject| self.new.contains(&subject.id)).copied());
        self.parts.vault.load_recent(keyring, subjects).await
    }

    /// Whether everything the decision looked at still is as it was, where it may be old; and the ledger's last
    /// position at that moment.
    pub(crate) async fn confirmed(&self) -> Result<(bool, i64), LedgerError> {
        let streams: Vec<Expectation> = self.expectations(|loaded| loaded.remembered);
        let keys: Vec<Uuid> = self.keyring.stored().collect();
        self.parts.unchanged(&streams, &keys).await
    }

    /// As [`Unit::confirmed`], without asking when nothing can be old.
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

    /// Forgets everything the command looked at, because something of it was old.
    pub(crate) fn forget(&self) {
        self.streams.keys().for_each(|stream| self.parts.cache.forget(*stream));
        self.parts.vault.forget(self.keyring.subjects());
    }

    /// What to append; `None` if nothing changed and nobody will ask again.
    pub(crate) async fn finish(&mut self, answer: &Answer) -> Result<Option<NewUnit>, LedgerError> {
        let input = self.input_mac(answer).await?;
        if self.events.is_empty() && input.is_none() {
            return Ok(None);
        }
        let minted = self.keyring.minted();
        let new_keys: Vec<_> =
            minted.iter().map(|key| self.parts.vault.wrap(key)).collect::<Result<_, _>>()?;
        let metadata = self.metadata(&new_keys);
        let plain = encode(&Metadata { keys: None, ..metadata.clone() })?;
        let with_keys = encode(&metadata)?;
        for (index, event) in self.events.iter_mut().enumerate() {
            event.metadata.clone_from(if index == 0 { &with_keys } else { &plain });
        }
        for key in &new_keys {
            self.used.remove(&key.id);
        }
        Ok(Some(NewUnit {
            command: self.command,
            outcome: if self.events.is_empty() { "unchanged" } else { "applied" },
            objects: answer.objects.clone(),
            input,
            // Nobody else can have written to a stream whose id was made here; its primary key would tell.
            expectations: self.expectations(|loaded| !loaded.new),
            new_keys,
            live_keys: self.used.iter().copied().collect(),
            events: std::mem::take(&mut self.events),
        }))
    }

    /// Keeps the states that an append has made, for the commands after this one.
    pub(crate) fn keep(&self, appended: &NewUnit) {
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

    /// A digest of `input` under the key of `subject`, with which it dies.
    ///
    /// # Errors
    /// What can fail in the vault.
    pub async fn keyed_digest(&mut self, subject: Subject, input: &[u8]) -> Result<[u8; 32], LedgerError> {
        self.load_keys(&[subject]).await?;
        let key = Arc::make_mut(&mut self.keyring).ensure(
            subject,
            lethe_kernel::KeyClass::Crm,
            self.parts.ids.next(),
        )?;
        self.used.insert(key.id());
        Ok(self.keyring.input_mac(subject, input)?)
    }

    async fn input_mac(&mut self, answer: &Answer) -> Result<Option<(Subject, [u8; 32])>, LedgerError> {
        let Some(idempotency) = &self.context.idempotency else { return Ok(None) };
        let subject = answer.subject.unwrap_or_else(|| self.context.caller.user.into());
        Ok(Some((subject, self.keyed_digest(subject, &idempotency.input).await?)))
    }

    fn metadata(&self, new_keys: &[lethe_vault::NewKey]) -> Metadata {
        let Context { caller, request, causation, .. } = self.context;
        let keys: Vec<String> = new_keys.iter().map(created).collect();
        Metadata {
            user: caller.user,
            unit: caller.unit,
            role: caller.role,
            command: self.command,
            request: *request,
            correlation: request.0,
            causation: *causation,
            occurred: self.now,
            keys: (!keys.is_empty()).then(|| keys.join(" ")),
        }
    }
}

fn created(key: &lethe_vault::NewKey) -> String {
    let commitment = BASE64_URL_SAFE_NO_PAD.encode(key.commitment);
    format!("{}/{}/{}/{}/{commitment}", key.subject.kind.name(), key.subject.id, key.class.name(), key.id)
}

fn encode(metadata: &Metadata) -> Result<String, LedgerError> {
    serde_json::to_string(metadata).map_err(|error| LedgerError::Encode(error.to_string()))
}
