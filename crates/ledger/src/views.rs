//! The views of one process.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::{LedgerError, Parts, Projection, ProjectionState, runner, store};

type Differences = Result<Vec<Uuid>, LedgerError>;
type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Collects the views that a server offers.
#[derive(Default)]
pub struct ViewsBuilder(Vec<Definition>);

struct Definition {
    name: &'static str,
    prepare: fn(Arc<Parts>) -> Task<Result<i64, LedgerError>>,
    follow: fn(Arc<Parts>, watch::Sender<ProjectionState>) -> Task<()>,
    differences: fn(Arc<Parts>) -> Task<Differences>,
}

impl ViewsBuilder {
    /// Adds a view.
    #[must_use]
    pub fn with<P: Projection>(mut self) -> Self {
        self.0.push(Definition {
            name: P::NAME,
            prepare: |parts| Box::pin(async move { store::prepare::<P>(&parts.pool).await }),
            follow: |parts, state| Box::pin(runner::follow::<P>(parts, state)),
            differences: |parts| Box::pin(runner::differences::<P>(parts)),
        });
        self
    }

    /// Creates missing tables and has every view follow the ledger from where it stands.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::NewerVersion`].
    pub async fn start(self, parts: Arc<Parts>) -> Result<Views, LedgerError> {
        let mut views = Vec::new();
        for definition in self.0 {
            let position = (definition.prepare)(parts.clone()).await?;
            let (state, watched) = watch::channel(ProjectionState { position, halted: None });
            tokio::spawn((definition.follow)(parts.clone(), state));
            views.push((definition, watched));
        }
        Ok(Views { parts, views: Arc::new(views) })
    }
}

type Running = (Definition, watch::Receiver<ProjectionState>);

/// The running views.
#[derive(Clone)]
pub struct Views {
    parts: Arc<Parts>,
    views: Arc<Vec<Running>>,
}

impl Views {
    /// Waits until the named views show everything up to a position; tells whether they did in time.
    pub async fn reached(&self, names: &[&str], position: i64, within: Duration) -> bool {
        let all = async {
            for (_, state) in self.views.iter().filter(|(view, _)| names.contains(&view.name)) {
                if state.clone().wait_for(|state| state.position >= position).await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(within, all).await.unwrap_or(false)
    }

    /// The names of all views.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.views.iter().map(|(view, _)| view.name).collect()
    }

    /// Every view and how far it has come.
    #[must_use]
    pub fn states(&self) -> Vec<(&'static str, ProjectionState)> {
        self.views.iter().map(|(view, state)| (view.name, state.borrow().clone())).collect()
    }

    /// Compares every view with its rebuild from the ledger; answers the rows that differ.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn differences(&self) -> Result<Vec<(&'static str, Uuid)>, LedgerError> {
        let mut all = Vec::new();
        for (view, _) in self.views.iter() {
            let wrong = (view.differences)(self.parts.clone()).await?;
            all.extend(wrong.into_iter().map(|id| (view.name, id)));
        }
        Ok(all)
    }
}

impl Parts {
    /// The rows of some streams of a view as they were at a position, folded from their events.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn rows_at<P: Projection>(
        &self,
        ids: &[Uuid],
        until: i64,
    ) -> Result<std::collections::HashMap<Uuid, P::Row>, LedgerError> {
        runner::rows_at::<P>(self, ids, until).await
    }
}
