//! The views and reactions of one process.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::reaction::React;
use crate::rebuild::{self, Progress, Rebuilt};
use crate::runner::checkpoint;
use crate::runner::feed::{Tail, feed};
use crate::runner::lead::lead;
use crate::runner::standby::{Board, Place, watch_others};
use crate::runner::{Follower, Runner};
use crate::shape::{Shape, Shaped, State, row_of};
use crate::view::{self, View};
use crate::{Ledger, LedgerError, Parts, Projection, ProjectionState, Reaction, Reads, now};

/// Collects the views and reactions that a server runs.
#[derive(Default)]
pub struct ViewsBuilder(Vec<Definition>);

struct Definition {
    name: &'static str,
    follower: Arc<dyn Follower>,
    /// `None` for a reaction, which has no rows.
    view: Option<&'static Shape>,
}

impl ViewsBuilder {
    /// Adds a view.
    #[must_use]
    pub fn with<P: Projection>(self) -> Self {
        self.view(P::SHAPE)
    }

    fn view(mut self, shape: &'static Shape) -> Self {
        self.0.push(Definition { name: shape.name, follower: Arc::new(View(shape)), view: Some(shape) });
        self
    }

    /// The descriptions of the views.
    pub(crate) fn shapes(&self) -> impl Iterator<Item = &'static Shape> {
        self.0.iter().filter_map(|definition| definition.view)
    }

    /// Adds a reaction, which gives its commands to a ledger.
    #[must_use]
    pub fn reacting<R: Reaction>(mut self, ledger: Ledger) -> Self {
        self.0.push(Definition { name: R::NAME, follower: Arc::new(React::<R>::new(ledger)), view: None });
        self
    }

    /// The names of all views.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0
            .iter()
            .filter(|definition| definition.view.is_some())
            .map(|definition| definition.name)
            .collect()
    }

    /// Builds a view anew beside the one that is read, compares the two, and puts it in its place. Servers may run
    /// meanwhile. `None` if there is no such view. At most `memory` bytes of payload are folded at once; what is more
    /// takes another pass over the ledger.
    ///
    /// # Errors
    /// Errors of the database, [`LedgerError::Unreadable`], and [`LedgerError::NewerVersion`]; the view that is read
    /// is then as it was.
    pub async fn rebuild(
        &self,
        parts: &Arc<Parts>,
        name: &str,
        memory: usize,
        progress: Progress<'_>,
    ) -> Result<Option<Rebuilt>, LedgerError> {
        let view = self.0.iter().find(|definition| definition.name == name).and_then(|found| found.view);
        let Some(view) = view else { return Ok(None) };
        Ok(Some(rebuild::on_demand(parts, view, memory, progress).await?))
    }

    /// Creates missing tables and has everything follow the ledger from where it stands, in this process or in the
    /// one that does so already. What must be rebuilt first is rebuilt while this goes on.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::NewerVersion`].
    pub async fn start(self, parts: Arc<Parts>) -> Result<Views, LedgerError> {
        let mut opened = Vec::new();
        for definition in &self.0 {
            opened.push(definition.follower.open(&parts).await?);
        }
        let (locks, held) = watch::channel(vec![false; self.0.len()]);
        let board = Arc::new(Board {
            places: self
                .0
                .iter()
                .zip(&opened)
                .map(|(definition, position)| Place::new(definition.follower.who(), *position))
                .collect(),
            held: held.clone(),
            waiting: watch::Sender::new(0),
            abroad: watch::Sender::new(0),
        });
        let (tail, newest) = watch::channel(Arc::new(Tail::at(*parts.head_watch().borrow())));
        for (index, (definition, position)) in self.0.iter().zip(&opened).enumerate() {
            let follower = (index, definition.follower.clone());
            let built = position.is_some();
            let runner = Runner::new(parts.clone(), board.clone(), follower, newest.clone(), built);
            spawn(&parts, runner.run());
        }
        let names = board.places.iter().map(|place| place.who.lock()).collect();
        spawn(&parts, feed(parts.clone(), board.clone(), tail));
        spawn(&parts, lead(parts.clone(), names, locks));
        spawn(&parts, watch_others(parts.clone(), board.clone()));
        Ok(Views { parts, definitions: Arc::new(self.0), board })
    }
}

/// Has a task run until the process stops using the database.
fn spawn(parts: &Parts, task: impl Future<Output = ()> + Send + 'static) {
    let mut close = parts.pool.close_event();
    tokio::spawn(async move { close.do_until(task).await });
}

/// The running views.
#[derive(Clone)]
pub struct Views {
    parts: Arc<Parts>,
    definitions: Arc<Vec<Definition>>,
    board: Arc<Board>,
}

impl Views {
    /// Waits until the named views and reactions show everything up to a position; tells whether they did in time.
    ///
    /// # Errors
    /// [`LedgerError::UnknownView`] for an unknown name: what does not run never reaches anything.
    pub async fn reached(
        &self,
        names: &[&str],
        position: i64,
        within: Duration,
    ) -> Result<bool, LedgerError> {
        let mut places = Vec::new();
        for name in names {
            let place = self.board.places.iter().enumerate().find(|(_, place)| place.who.name == *name);
            places.push(place.ok_or_else(|| LedgerError::UnknownView((*name).to_owned()))?);
        }
        let all = async {
            for (index, place) in places {
                let state = &place.state;
                if state.borrow().position >= position {
                    continue;
                }
                let _waiting = self.board.wait(index);
                if state.subscribe().wait_for(|state| state.position >= position).await.is_err() {
                    return false;
                }
            }
            true
        };
        Ok(tokio::time::timeout(within, all).await.unwrap_or(false))
    }

    /// The names of all views.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.definitions.iter().filter(|view| view.view.is_some()).map(|view| view.name).collect()
    }

    /// Every view and reaction, and how far it has come.
    #[must_use]
    pub fn states(&self) -> Vec<(&'static str, ProjectionState)> {
        self.board.places.iter().map(|place| (place.who.name, place.state.borrow().clone())).collect()
    }

    /// Compares every view with its rebuild from the ledger; answers the rows that differ.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn differences(&self) -> Result<Vec<(&'static str, Uuid)>, LedgerError> {
        let mut all = Vec::new();
        for view in self.definitions.iter() {
            let Some(shape) = view.view else { continue };
            let wrong = view::differences(self.parts.clone(), shape).await?;
            all.extend(wrong.into_iter().map(|id| (view.name, id)));
        }
        Ok(all)
    }
}

impl Views {
    /// The rows of some streams as they are at a position, with these of their lists – what the others hold says nothing –,
    /// right also while the view is behind or is being rebuilt. What the view has is not folded again, unless a stream has later events.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn rows_at<P: Projection>(
        &self,
        ids: &[Uuid],
        until: i64,
        reads: &Reads,
    ) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
        let place = self.board.places.iter().find(|place| place.who.name == P::NAME);
        let is_built = place.is_some_and(|place| place.is_built.load(Ordering::Relaxed));
        let rows = now::rows_at(&self.parts, P::SHAPE, is_built, (ids, reads), until).await?;
        Ok(rows_of::<P>(rows))
    }
}

fn rows_of<P: Projection>(rows: HashMap<Uuid, Box<dyn State>>) -> HashMap<Uuid, P::Row> {
    rows.into_iter().filter_map(|(key, state)| Some((key, row_of::<P>(state)?))).collect()
}

impl Parts {
    /// The position up to which a view shows the ledger, as every process knows it: the last one before the next event
    /// of its sources.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn shown<P: Projection>(&self) -> Result<i64, LedgerError> {
        let seen = checkpoint::seen(self, &[P::SHAPE.identity()]).await?;
        Ok(seen.into_iter().flatten().next().map_or(0, |seen| seen.position))
    }

    /// The rows of some streams of a view as they were at a position, folded from their events.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn rows_at<P: Projection>(
        &self,
        ids: &[Uuid],
        until: i64,
    ) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
        Ok(rows_of::<P>(view::rows_at(self, P::SHAPE, ids, until).await?))
    }
}
