//! The lists of a row: what of them is read, and what is written.

use std::sync::Arc;

use lethe_ledger::{Child, Ledger, LedgerError, Projection, Reads, Recorded, ViewsBuilder, rows, rows_with};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::bank::AccountEvent;
use crate::postgres::Database;
use crate::view::{BalanceView, balances, following, start};
use crate::works::{Add, RenameAll};
use crate::world::{Process, context, id, ledger};

/// The amounts that each account was ever given, each once; an amount of 99 clears it away. Beside it stands what the last
/// fold saw of the list, which is other in a rebuild.
struct AmountsView;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AmountsRow {
    id: Uuid,
    least: Option<i64>,
    seen: Vec<String>,
    amounts: Vec<Given>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Given {
    account_id: Uuid,
    amount: i64,
    times: i64,
}

impl Projection for AmountsView {
    const NAME: &'static str = "amounts";
    const VERSION: i32 = 1;
    const SQL: &'static str = "CREATE TABLE amounts (id uuid PRIMARY KEY, least bigint, seen text[] NOT NULL); \
         CREATE TABLE amounts_item (account_id uuid NOT NULL, amount bigint NOT NULL, times bigint NOT NULL, \
         PRIMARY KEY (account_id, amount))";
    const CHILDREN: &'static [Child] = &[Child {
        field: "amounts",
        table: "amounts_item",
        owner: "account_id",
        key: &["amount"],
        first: Some("amount"),
    }];
    const SOURCES: &'static [&'static str] = &["account"];
    type Row = AmountsRow;

    fn reads(event: &Recorded) -> Result<Reads, LedgerError> {
        Ok(match event.decode()? {
            AccountEvent::Added { amount: 99 }
            | AccountEvent::Nicknamed { .. }
            | AccountEvent::Marked { .. } => Reads::nothing(),
            AccountEvent::Added { amount } => {
                Reads::nothing().item("amounts", json!({ "amount": amount })).first("amounts")
            }
            AccountEvent::Named { .. } => Reads::all(),
        })
    }

    fn fold(row: Option<AmountsRow>, id: Uuid, event: &Recorded) -> Result<Option<AmountsRow>, LedgerError> {
        let mut row = row.unwrap_or(AmountsRow { id, least: None, seen: Vec::new(), amounts: Vec::new() });
        row.seen = row.amounts.iter().map(|item| format!("{}×{}", item.amount, item.times)).collect();
        if let AccountEvent::Added { amount } = event.decode()? {
            if amount == 99 {
                return Ok(None);
            }
            // A negative one takes away.
            let wanted = amount.abs();
            let before = row.amounts.iter().position(|item| item.amount == wanted);
            let times = before.map_or(0, |at| row.amounts.remove(at).times);
            if amount > 0 {
                row.amounts.push(Given { account_id: id, amount, times: times + 1 });
            }
            row.amounts.sort_by_key(|item| item.amount);
            row.least = row.amounts.first().map(|item| item.amount);
        }
        Ok(Some(row))
    }
}

async fn add(ledger: &Ledger, amount: i64) -> i64 {
    ledger.execute(&context(), &Add(id(1), amount)).await.unwrap().position
}

async fn amounts(ledger: &Ledger) -> AmountsRow {
    rows::<AmountsView>(&ledger.parts().pool, &[id(1)]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_fold_is_given_what_it_asks_for_of_a_list_and_nothing_else() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<AmountsView>(&ledger).await;
    for amount in [5, 3, 8, 7, 3] {
        views.until(add(&ledger, amount).await).await;
    }
    // The two least, since one of them may have been the one that changes, and the one that is named.
    views.until(add(&ledger, 8).await).await;
    assert_eq!(amounts(&ledger).await.seen, ["3×2", "5×1", "8×1"]);
    views.until(add(&ledger, 4).await).await;
    assert_eq!(amounts(&ledger).await.seen, ["3×2", "5×1"]);
    let named = ledger.execute(&context(), &RenameAll(vec![id(1)])).await.unwrap().position;
    views.until(named).await;
    assert_eq!(amounts(&ledger).await.seen, ["3×2", "4×1", "5×1", "7×1", "8×2"]);
    assert_eq!(amounts(&ledger).await.least, Some(3));
    let none = rows_with::<AmountsView>(&ledger.parts().pool, &[id(1)], &Reads::nothing()).await.unwrap();
    assert_eq!(none[0].amounts, []);
}

#[tokio::test]
async fn what_goes_and_comes_between_two_readings_keeps_nothing_of_its_list() {
    let database = Arc::new(Database::create().await);
    let ledger = ledger(&database).await;
    let views = || ViewsBuilder::default().with::<AmountsView>();
    let process = Process::start(&database, views()).await;
    for amount in [1, 2, 3] {
        add(&ledger, amount).await;
    }
    crate::view::caught_up(&process.views, 3).await;
    process.kill();
    for amount in [99, 2, 9] {
        add(&ledger, amount).await;
    }
    start(&ledger, views()).await.until(6).await;
    let row = amounts(&ledger).await;
    let left: Vec<_> = row.amounts.iter().map(|item| (item.amount, item.times)).collect();
    assert_eq!((left, row.least), (vec![(2, 1), (9, 1)], Some(2)));
    views_until_gone(&ledger).await;
    assert_eq!(database.count("SELECT count(*) FROM view.amounts_item").await, 0);
}

/// Clears the account away.
async fn views_until_gone(ledger: &Ledger) {
    following::<AmountsView>(ledger).await.until(add(ledger, 99).await).await;
}

#[tokio::test]
async fn only_the_rows_and_items_that_changed_are_written() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    for _ in 0..20 {
        views.until(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position).await;
    }
    views.until(ledger.execute(&context(), &Add(id(2), 1)).await.unwrap().position).await;
    views.until(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position).await;
    let last = "(SELECT xmin FROM view.balance ORDER BY version DESC LIMIT 1)";
    for (table, written) in [("balance", 1), ("balance_amount", 1)] {
        let sql = format!("SELECT count(*) FROM view.{table} WHERE xmin = {last}");
        assert_eq!(database.count(&sql).await, written, "{table}");
    }
    assert_eq!(database.count("SELECT count(*) FROM view.balance_amount").await, 22);
    assert_eq!(views.0.differences().await.unwrap(), []);
}

#[tokio::test]
async fn a_row_is_as_it_is_now_also_while_its_view_stands_still_and_without_its_whole_stream() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    for _ in 0..3 {
        views.until(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position).await;
    }
    // From here on the view cannot move, and whoever folds the stream from its beginning fails.
    let mut line = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM ledger.projections WHERE name = 'balance' FOR UPDATE")
        .execute(&mut *line)
        .await
        .unwrap();
    database
        .run(
            "ALTER TABLE ledger.events DISABLE TRIGGER append_only; \
             UPDATE ledger.events SET payload = '{\"Added\":{\"amount\":\"x\"}}' WHERE position = 1; \
             ALTER TABLE ledger.events ENABLE TRIGGER append_only",
        )
        .await;
    for amount in [4, 5] {
        ledger.execute(&context(), &Add(id(1), amount)).await.unwrap();
    }
    let row = async |until, reads| {
        let rows = views.0.rows_at::<BalanceView<1>>(&[id(1), id(7)], until, &reads).await;
        rows.map(|mut rows| (rows.len(), rows.remove(&id(1)).unwrap()))
    };
    let (found, now) = row(i64::MAX, Reads::all()).await.unwrap();
    assert_eq!((found, now.balance, now.version, now.amounts.len()), (1, 12, 5, 5));
    let (_, now) = row(5, Reads::nothing()).await.unwrap();
    assert_eq!(now.balance, 12);
    // What the view has is later than this, so it is folded from the beginning.
    assert!(matches!(row(2, Reads::all()).await, Err(LedgerError::Unreadable { position: 1, .. })));
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 3);
    line.rollback().await.unwrap();
    views.until(5).await;
    let (_, now) = row(5, Reads::all()).await.unwrap();
    assert_eq!((now.balance, now.amounts.len()), (12, 5));
}

#[tokio::test]
async fn a_row_is_folded_from_its_events_while_its_view_is_of_another_version() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let old = following::<BalanceView<1>>(&ledger).await;
    old.until(ledger.execute(&context(), &Add(id(1), 3)).await.unwrap().position).await;
    database.run("UPDATE ledger.projections SET version = 2; UPDATE view.balance SET balance = 99").await;
    let rows = old.0.rows_at::<BalanceView<1>>(&[id(1)], i64::MAX, &Reads::all()).await.unwrap();
    assert_eq!(rows[&id(1)].balance, 3);
    database.run("UPDATE ledger.projections SET version = 1, position = 50").await;
    let rows = old.0.rows_at::<BalanceView<1>>(&[id(1)], i64::MAX, &Reads::all()).await.unwrap();
    assert_eq!(rows[&id(1)].balance, 3, "a view of a ledger that is no more");
}
