//! One unit of work: aggregates loaded at known versions, their decisions, and the events to append.

mod loaded;
mod outcome;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use cqrs_es::DomainEvent;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{
    Caller, CommandId, Detail, ErrorCode, EventId, KeyClass, Personal, PersonalValue, Subject, UserError,
};
use lethe_vault::{DestroyedKey, Keyring, StoredKey, VaultError, sealed_json, subjects_in};
use loaded::{Kind, Loaded};
use uuid::Uuid;

use crate::append::NewEvent;
use crate::cache::{State, StreamId};
use crate::work::Moment;
use crate::{Context, Failure, LedgerError, Parts, Secrets, Stored};

/// What a command works on. Every stream it loads, written or only read, must still be at that version when the
/// events are appended.
pub struct UnitOfWork<'l> {
    parts: &'l Parts,
    context: &'l Context,
    command: CommandId,
    now: Moment,
    streams: HashMap<StreamId, Loaded>,
    /// Ids made by this command: nobody else can have used them.
    new: HashSet<Uuid>,
    keyring: Arc<Keyring>,
    used: BTreeSet<StoredKey>,
    destroyed: Vec<DestroyedKey>,
    events: Vec<NewEvent>,
}

impl<'l> UnitOfWork<'l> {
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
            destroyed: Vec::new(),
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
    /// As [`UnitOfWork::load`].
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
    /// `missing`, and as [`UnitOfWork::load`].
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
    /// `STALE_VERSION` with the present version, and as [`UnitOfWork::load`].
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
    /// The rule that refused it, and what can fail in [`UnitOfWork::load`] and in the vault.
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
            let key = Arc::make_mut(&mut self.keyring).ensure(subject, class)?;
            self.used.insert(key.stored());
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

    /// Has the keys of a subject destroyed in the transaction that appends this unit's events, those of the classes
    /// that `which` names; answers what they are. What they sealed is gone with them, in whatever event or view it
    /// stands, and no key is made for that subject and class again. Destroying what was destroyed before does nothing.
    ///
    /// # Errors
    /// What can fail in the vault.
    pub async fn destroy(
        &mut self,
        subject: impl Into<Subject>,
        which: impl Fn(KeyClass) -> bool,
    ) -> Result<Vec<DestroyedKey>, LedgerError> {
        let subject = subject.into();
        // Read now: what is remembered of a subject may lack a key of another class that it got since.
        let mut destroyed = self.parts.vault.keyring(&[subject]).await?.destroyable(subject)?;
        destroyed.retain(|key| which(key.class) && !self.destroyed.contains(key));
        self.destroyed.extend_from_slice(&destroyed);
        Ok(destroyed)
    }

    /// A personal value in clear, for what the command does with it besides storing it.
    ///
    /// # Errors
    /// What can fail in the vault; the subject was erased.
    pub async fn open<T: PersonalValue>(
        &mut self,
        value: &Personal<T>,
        subject: impl Into<Subject>,
    ) -> Result<T, LedgerError> {
        let subject = subject.into();
        self.load_keys(&[subject]).await?;
        Ok(self.keyring.open(value, subject)?)
    }

    /// A digest of `input` under the key of `subject`, with which it dies.
    ///
    /// # Errors
    /// What can fail in the vault.
    pub async fn keyed_digest(&mut self, subject: Subject, input: &[u8]) -> Result<[u8; 32], LedgerError> {
        self.load_keys(&[subject]).await?;
        let key = Arc::make_mut(&mut self.keyring).ensure(subject, KeyClass::Crm)?;
        self.used.insert(key.stored());
        Ok(self.keyring.input_mac(subject, input)?)
    }
}
