//! Pages of views.

use lethe_ledger::{Order, Page, connect, page};

use crate::postgres::Database;
use crate::view::{CountView, both, start};
use crate::works::Add;
use crate::world::{context, id, ledger};

const BY_EVENTS: Order = Order { by: "r.events", sql_type: "bigint", descending: false };

#[tokio::test]
async fn a_page_is_planned_for_its_values_however_often_it_was_asked_for() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    views.until(1).await;
    // One connection, so that every page is asked for on the same.
    let pool = connect(database.options.clone(), 1).await.unwrap();
    for asked in 0..12_i64 {
        let wanted = Page { limit: 10, ..Page::default() };
        let filter = |sql: &mut sqlx::QueryBuilder<'_, sqlx::Postgres>| {
            sql.push(" AND r.events > ").push_bind(-asked);
        };
        assert_eq!(page::<CountView>(&pool, filter, BY_EVENTS, &wanted).await.unwrap().len(), 1);
    }
    // What stays prepared is soon given one plan for all values.
    let prepared: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_prepared_statements \
         WHERE statement LIKE '%FROM view.event_count%' AND statement NOT LIKE '%pg_prepared_statements%'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(prepared, 0);
}
