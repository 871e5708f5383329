//! What a row of the table of kinds becomes.

use lethe_ledger::{
    Audience, Change, Described, EventType, LedgerError, Projection, Recorded, Stored, Versioned,
};

use super::{Kind, STREAM_TYPES, Seen};

/// A type of streams.
#[derive(Clone, Copy, Debug)]
pub struct StreamType {
    /// Its stored name, for example `contact`.
    pub name: &'static str,
    /// The types of events that stand in such streams.
    pub events: &'static [EventType],
    /// What one of these events says.
    pub description: fn(&Recorded) -> Result<Description, LedgerError>,
    /// What such a stream is about.
    pub(crate) kind: Kind,
    /// Who sees what happened in it.
    pub(crate) seen: Seen,
}

/// What an event says, and to whom.
#[derive(Clone, Debug)]
pub struct Description {
    /// What it changed.
    pub changes: Vec<Change>,
    /// Who is shown that.
    pub audience: Audience,
}

impl StreamType {
    /// The type of the stream that an event stands in.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`] if nobody knows it.
    pub(crate) fn of(event: &Recorded) -> Result<&'static Self, LedgerError> {
        let known = STREAM_TYPES.iter().find(|stream| stream.name == event.aggregate_type);
        known.ok_or_else(|| event.unknown())
    }
}

/// The streams of an aggregate.
pub(super) const fn of<A: Stored<Event: Described>>(kind: Kind, seen: Seen) -> StreamType {
    StreamType {
        name: A::TYPE,
        events: A::Event::TYPES,
        description: |event| {
            let decoded = event.decode::<A::Event>()?;
            Ok(Description { changes: decoded.changes(event.stream), audience: decoded.audience() })
        },
        kind,
        seen,
    }
}

/// A view that something is shown from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownView {
    pub(crate) name: &'static str,
    /// The types of streams it follows.
    pub(crate) sources: &'static [&'static str],
}

/// A view, for those who wait for it.
pub(crate) const fn shown<P: Projection>() -> ShownView {
    ShownView { name: P::NAME, sources: P::SOURCES }
}

/// What an answer can consist of.
pub(crate) trait Shown {
    /// The views that it and what its fields lead to are read from.
    const VIEWS: &'static [ShownView];
}

impl<T: Shown> Shown for Vec<T> {
    const VIEWS: &'static [ShownView] = T::VIEWS;
}

/// Makes of the rows: [`Kind`], [`Node`](super::Node) and how one is found, the types of streams, the views, the loaders.
macro_rules! kinds {
    ($(
        $kind:ident {
            $(object: $object:ident, view: $view:ty => $new:expr, shows: [$($shown:ty),* $(,)?],)?
            streams: { $($aggregate:ty => $seen:expr),* $(,)? },
            beside: [$($beside:ty),*], lists: [$($list:ty),*],
        }
    )+) => {
        /// The types of the API that have ids.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $($kind),+
        }

        impl Kind {
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),+];

            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind)),+
                }
            }
        }

        /// Anything with a global id.
        #[derive(async_graphql::Interface)]
        #[graphql(field(name = "id", ty = "async_graphql::ID", desc = "The object's id, unlike any other's."))]
        pub(crate) enum Node {
            $($($object($object),)?)+
            Event(Event),
        }

        /// An object by its type and own id; none of an event, which is found by its position.
        pub(crate) async fn by_kind(
            context: &async_graphql::Context<'_>,
            kind: Kind,
            id: uuid::Uuid,
        ) -> crate::error::Result<Option<Node>> {
            match kind {
                $($(Kind::$object => {
                    let row = crate::loader::by_id::<$view>(context, id).await?;
                    Ok(row.map($new).map(Node::$object))
                })?)+
                Kind::Event | Kind::Installation | Kind::Reveals => Ok(None),
            }
        }

        /// The views that an object of this type is read from, its own first.
        #[cfg(test)]
        fn views_of(kind: Kind) -> &'static [ShownView] {
            match kind {
                $($(Kind::$object => <$object as Shown>::VIEWS,)?)+
                Kind::Event | Kind::Installation | Kind::Reveals => &[],
            }
        }

        $($(impl Shown for $object {
            const VIEWS: &'static [ShownView] = &[shown::<$view>(), $(shown::<$shown>()),*];
        })?)+

        /// Every type of streams.
        pub const STREAM_TYPES: &[StreamType] = &[$($(of::<$aggregate>(Kind::$kind, $seen),)*)+];

        /// The views the API reads.
        #[must_use]
        pub fn views() -> lethe_ledger::ViewsBuilder {
            lethe_ledger::ViewsBuilder::default()
                $($(.with::<$view>())? $(.with::<$beside>())* $(.with::<$list>())*)+
        }

        /// Adds what reads rows of views by their ids.
        pub(crate) fn with_loaders<Q, M, S>(
            schema: async_graphql::SchemaBuilder<Q, M, S>,
            parts: &std::sync::Arc<lethe_ledger::Parts>,
        ) -> async_graphql::SchemaBuilder<Q, M, S> {
            use crate::loader::ById;
            schema
                $($(.data(ById::<$view>::new(parts.clone())))? $(.data(ById::<$beside>::new(parts.clone())))*)+
        }
    };
}
pub(super) use kinds;
