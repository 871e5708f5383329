//! Events by what is known about them.

use lethe_kernel::RequestId;
use lethe_ledger::{Context, EventFilter, Parts, Recorded};

use crate::postgres::Database;
use crate::works::{Add, Rename};
use crate::world::{caller, id, ledger};

/// What is wanted, and how it is told of an event that was read plainly.
type Wanted = (EventFilter, fn(&Recorded) -> bool);

fn wanted() -> [Wanted; 5] {
    let user = caller(7).user;
    let filter = EventFilter::default;
    [
        (filter(), |_| true),
        (EventFilter { types: vec!["account.named".into()], ..filter() }, |event| {
            event.event_type == "account.named"
        }),
        (EventFilter { user: Some(user), ..filter() }, |event| {
            event.metadata().unwrap().user == caller(7).user
        }),
        (EventFilter { stream: Some((vec!["account".into()], id(11))), ..filter() }, |event| {
            event.stream == id(11)
        }),
        (EventFilter { types: vec!["nothing.happened".into()], ..filter() }, |_| false),
    ]
}

async fn found(
    parts: &Parts,
    filter: &EventFilter,
    bounds: (i64, i64),
    end: (i64, bool),
    window: i64,
) -> Vec<i64> {
    let found = parts.search(filter, bounds, end, window).await.unwrap();
    found.iter().map(|event| event.position).collect()
}

#[tokio::test]
async fn whatever_the_window_those_events_are_found_that_are_wanted_in_order_and_from_both_ends() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    for n in 0..17_i64 {
        let user = if n % 5 == 3 { 7 } else { 2 };
        let context = Context::new(caller(user), RequestId(id(1)));
        let account = id(10 + u128::from(n % 3 == 1));
        if n % 7 == 2 {
            ledger.execute(&context, &Rename(account, "Åse")).await.unwrap();
        } else {
            ledger.execute(&context, &Add(account, n + 1)).await.unwrap();
        }
    }
    let parts = ledger.parts();
    let all = parts.after(0, 100).await.unwrap();
    for (filter, is_wanted) in wanted() {
        for (after, before) in [(0, i64::MAX), (0, 9), (4, 13), (5, 6), (16, i64::MAX), (30, i64::MAX)] {
            let inside = |event: &&Recorded| event.position > after && event.position < before;
            let plain: Vec<i64> =
                all.iter().filter(inside).filter(|e| is_wanted(e)).map(|e| e.position).collect();
            for window in [1, 3, 100] {
                for limit in [2, 100] {
                    let first: Vec<i64> = plain.iter().copied().take(limit).collect();
                    let last: Vec<i64> =
                        plain.iter().copied().skip(plain.len().saturating_sub(limit)).collect();
                    let limit = i64::try_from(limit).unwrap();
                    let bounds = (after, before);
                    assert_eq!(
                        found(parts, &filter, bounds, (limit, false), window).await,
                        first,
                        "{filter:?} {window}"
                    );
                    assert_eq!(
                        found(parts, &filter, bounds, (limit, true), window).await,
                        last,
                        "{filter:?} {window}"
                    );
                }
            }
        }
    }
}
