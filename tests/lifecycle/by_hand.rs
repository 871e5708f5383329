//! Events that are not Lethe's own: written by hand, in the test's own transaction.

use sqlx::PgConnection;
use uuid::Uuid;

/// An event as it stands in the table.
pub(crate) struct ByHand<'t> {
    pub(crate) aggregate: &'t str,
    pub(crate) stream: &'t str,
    pub(crate) sequence: i64,
    pub(crate) event_type: &'t str,
    pub(crate) payload: &'t str,
}

/// Appends an event as a unit of its own, which the transaction's end makes visible; answers its position.
pub(crate) async fn append(connection: &mut PgConnection, event: ByHand<'_>) -> i64 {
    let command = Uuid::from_u128(0x0b_a9d0_u128 << 64 | u128::from(event.sequence.unsigned_abs()));
    let command = Uuid::new_v5(&command, event.stream.as_bytes());
    let metadata = format!(
        r#"{{"user":"{0}","unit":"{0}","role":"SYSTEM","command":"{command}","request":"{0}","correlation":"{0}","occurred":"2026-01-01T00:00:00Z"}}"#,
        Uuid::nil()
    );
    let query = sqlx::query_as(
        "SELECT results[1], lasts[1] FROM ledger.append(now(), \
         ARRAY[ROW($1, 'applied', '{}', NULL, NULL, NULL, 1)]::ledger.new_unit[], \
         ARRAY[ROW(1, $2, $3, $4::bigint - 1)]::ledger.expectation[], '{}', '{}', '{}', '{}', \
         ARRAY[ROW(1, 0, $2, $3, $4::bigint, $5, '1', $6, $7, $1)]::ledger.new_event[])",
    );
    let (result, position): (i16, i64) = query
        .bind(command)
        .bind(event.aggregate)
        .bind(event.stream)
        .bind(event.sequence)
        .bind(event.event_type)
        .bind(event.payload)
        .bind(metadata)
        .fetch_one(connection)
        .await
        .unwrap();
    assert_eq!(result, 0, "it was refused");
    position
}
