//! A view with a child table, one that only counts, and ways to wait for them.

use std::collections::HashMap;
use std::time::Duration;

use lethe_kernel::Personal;
use lethe_ledger::{Child, Ledger, LedgerError, Projection, Reads, Recorded, Views, ViewsBuilder, rows};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bank::{AccountEvent, Name};
use crate::world::eventually;

/// Long enough for the slowest machine; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The balance of every account and every amount that led to it, in version `V` of the view.
pub(crate) struct BalanceView<const V: i32>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BalanceRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) name: Option<Personal<Name>>,
    pub(crate) balance: i64,
    pub(crate) amounts: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) account_id: Uuid,
    pub(crate) position: i64,
    pub(crate) amount: i64,
}

impl<const V: i32> Projection for BalanceView<V> {
    const NAME: &'static str = "balance";
    const VERSION: i32 = V;
    const SQL: &'static str = "CREATE TABLE balance (id uuid PRIMARY KEY, version bigint NOT NULL, name text, \
         balance bigint NOT NULL); \
         CREATE TABLE balance_amount (account_id uuid NOT NULL, position bigint NOT NULL, \
         amount bigint NOT NULL, PRIMARY KEY (account_id, position))";
    const CHILDREN: &'static [Child] = &[Child {
        field: "amounts",
        table: "balance_amount",
        owner: "account_id",
        key: &["position"],
        first: None,
    }];
    const SOURCES: &'static [&'static str] = &["account"];
    type Row = BalanceRow;

    // An amount is added, whatever there is.
    fn reads(_: &Recorded) -> Result<Reads, LedgerError> {
        Ok(Reads::nothing())
    }

    fn fold(
        row: Option<BalanceRow>,
        account_id: Uuid,
        event: &Recorded,
    ) -> Result<Option<BalanceRow>, LedgerError> {
        let empty = BalanceRow { id: account_id, version: 0, name: None, balance: 0, amounts: Vec::new() };
        let mut row = row.unwrap_or(empty);
        row.version += 1;
        match event.decode()? {
            AccountEvent::Named { name } => row.name = Some(name),
            AccountEvent::Added { amount } => {
                row.balance += amount;
                row.amounts.push(Change { account_id, position: event.position, amount });
            }
            AccountEvent::Nicknamed { .. } | AccountEvent::Marked { .. } => {}
        }
        Ok(Some(row))
    }
}

/// How many events each stream has; it reads none of them.
pub(crate) struct CountView;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CountRow {
    pub(crate) id: Uuid,
    pub(crate) events: i64,
}

impl Projection for CountView {
    const NAME: &'static str = "event_count";
    const VERSION: i32 = 1;
    const SQL: &'static str = "CREATE TABLE event_count (id uuid PRIMARY KEY, events bigint NOT NULL)";
    const SOURCES: &'static [&'static str] = &["account", "book"];
    type Row = CountRow;

    fn fold(row: Option<CountRow>, id: Uuid, _: &Recorded) -> Result<Option<CountRow>, LedgerError> {
        Ok(Some(CountRow { id, events: row.map_or(0, |row| row.events) + 1 }))
    }
}

/// Both views.
pub(crate) fn both() -> ViewsBuilder {
    ViewsBuilder::default().with::<BalanceView<1>>().with::<CountView>()
}

/// Running views that can be waited for.
pub(crate) struct Followed(pub(crate) Views);

/// Starts one view.
pub(crate) async fn following<P: Projection>(ledger: &Ledger) -> Followed {
    start(ledger, ViewsBuilder::default().with::<P>()).await
}

pub(crate) async fn start(ledger: &Ledger, views: ViewsBuilder) -> Followed {
    Followed(views.start(ledger.parts().clone()).await.unwrap())
}

impl Followed {
    /// Waits until all of them show everything up to a position.
    pub(crate) async fn until(&self, position: i64) {
        caught_up(&self.0, position).await;
    }
}

/// Waits until all views show everything up to a position; fails at once if one of them halts.
pub(crate) async fn caught_up(views: &Views, position: i64) {
    eventually("the views show the position", async || {
        let states = views.states();
        assert!(states.iter().all(|(_, state)| state.halted().is_none()), "{states:?}");
        states.iter().all(|(_, state)| state.position >= position)
    })
    .await;
    assert!(views.reached(&views.names(), position, PATIENCE).await.unwrap());
}

/// The rows of some accounts, by id.
pub(crate) async fn balances(ledger: &Ledger, ids: &[Uuid]) -> HashMap<Uuid, BalanceRow> {
    let rows = rows::<BalanceView<1>>(&ledger.parts().pool, ids).await.unwrap();
    rows.into_iter().map(|row| (row.id, row)).collect()
}
