//! Changes as they happen, resumable without loss.

use std::time::Duration;

use async_graphql::futures_util::{Stream, stream};
use async_graphql::{Context, ID, Object, Subscription};
use lethe_ledger::{LedgerError, Recorded};
use uuid::Uuid;

use crate::app::{App, app, request};
use crate::error::{Result, is_passing, top_level};
use crate::event::Event;
use crate::id::{self, Kind};
use crate::kind::{Node, StreamType, by_kind};
use crate::permission;
use crate::permission::allowed;
use crate::scalar::Position;
use crate::visibility::Visibility;

const BATCH: i64 = 200;

/// How long a change waits for the views, so that its object shows it, before they are looked at again.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it waits after a first failure of the database, and at most.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(5);

pub(crate) struct Change(Recorded);

/// One event, and the object it changed.
#[Object]
impl Change {
    /// Where in the ledger it stands; pass the last one you have seen as `after` to go on from there.
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    /// The event.
    async fn event(&self) -> Event {
        Event(self.0.clone())
    }

    /// The object it changed, as it is now.
    async fn node(&self, context: &Context<'_>) -> Result<Option<Node>> {
        let known = StreamType::of(&self.0)?;
        by_kind(context, known.kind, self.0.stream).await
    }
}

/// Everything that can be followed.
#[derive(Default)]
pub struct Subscription;

#[Subscription]
impl Subscription {
    /// Changes of one object, or of everything that you see, from a position on; without one, from now on. Nothing is
    /// left out and nothing comes twice, so a client that reconnects with the last position it has seen misses nothing.
    /// It waits while the database or the views are away, and goes on from where it was. Another error ends it.
    #[doc = allowed!(changes)]
    async fn changes(
        &self,
        context: &Context<'_>,
        of: Option<ID>,
        after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<Change>> + use<>> {
        permission::check("changes", &request(context).session)?;
        let app = app(context).clone();
        let of = of.map(|id| target(&id)).transpose()?;
        let position = match after {
            Some(Position(position)) => position,
            None => app.ledger.parts().head().await?,
        };
        let feed = Feed { app, seen: Visibility::of(context), of, position, pending: Vec::new() };
        Ok(stream::unfold(Some(feed), |feed| async move {
            let mut feed = feed?;
            let change = feed.next().await;
            // An error ends it: the same one would come again at once, as often as the client can read it.
            let rest = change.is_ok().then_some(feed);
            Some((change, rest))
        }))
    }
}

fn target(global: &ID) -> Result<(Kind, Uuid)> {
    let malformed =
        || top_level("INVALID_VALUE", "This is no id of this API. Use an id that the API gave you.");
    let (kind, inner) = id::decode(global).ok_or_else(malformed)?;
    Ok((kind, inner.parse().map_err(|_| malformed())?))
}

struct Feed {
    app: App,
    seen: Visibility,
    of: Option<(Kind, Uuid)>,
    position: i64,
    /// Events read and not delivered yet, the next one last.
    pending: Vec<Recorded>,
}

impl Feed {
    async fn next(&mut self) -> Result<Change> {
        let mut wait = SOON;
        loop {
            if let Some(event) = self.pending.pop() {
                return Ok(Change(event));
            }
            let mut head = self.app.ledger.parts().head_watch();
            match self.read().await {
                Ok(true) => {
                    wait = SOON;
                    continue;
                }
                Ok(false) => wait = SOON,
                Err(error) if is_passing(&error) => {
                    if wait == SOON {
                        tracing::warn!(%error, "a subscription waits for the database");
                    }
                    tokio::time::sleep(wait).await;
                    wait = LATER.min(wait * 2);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            let position = self.position;
            if head.wait_for(|head| *head > position).await.is_err() {
                return Err(top_level(
                    "UNAVAILABLE",
                    "The server stops. Subscribe again from the last position.",
                ));
            }
        }
    }

    /// Reads the next events there are; whether there were any. What fails has changed nothing.
    async fn read(&mut self) -> Result<bool, LedgerError> {
        let read = self.app.ledger.parts().after(self.position, BATCH).await?;
        let Some(last) = read.last().map(|event| event.position) else { return Ok(false) };
        let mut wanted = Vec::new();
        for event in read {
            if self.wants(&event)? {
                wanted.push(event);
            }
        }
        self.pending = self.visible(wanted, last).await?;
        self.position = last;
        Ok(true)
    }

    /// Those that the caller sees, the next one last. That is told by views, so it waits until they show what happened.
    async fn visible(&self, events: Vec<Recorded>, last: i64) -> Result<Vec<Recorded>, LedgerError> {
        if events.is_empty() {
            return Ok(events);
        }
        let views = &self.app.views;
        while !views.reached(&views.names(), last, PATIENCE).await? && self.seen.unit().is_some() {
            tokio::time::sleep(SOON).await;
        }
        let mut seen = self.seen.seen(self.app.ledger.parts(), events).await?;
        seen.reverse();
        Ok(seen)
    }

    fn wants(&self, event: &Recorded) -> Result<bool, LedgerError> {
        let kind = StreamType::of(event)?.kind;
        Ok(self.of.is_none_or(|of| of == (kind, event.stream)))
    }
}
