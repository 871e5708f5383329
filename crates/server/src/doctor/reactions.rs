//! What became of the commands that events caused: those that did not do all they should.

use sqlx::PgPool;

use super::Finding;

const CHECK: &str = "reactions";
/// Of the last thirty days, by the times of the events: what is older was told often enough.
const UNDONE: &str = "SELECT o.reaction, o.outcome, count(*), max(o.position) \
     FROM ledger.reaction_outcomes o JOIN ledger.events e USING (position) \
     WHERE o.outcome <> 'APPLIED' AND e.recorded_at > now() - interval '30 days' GROUP BY 1, 2 ORDER BY 1, 2";

/// Looks at the outcomes, once reactions have come to the ledger's end.
pub(super) async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let undone: Vec<(String, String, i64, i64)> = sqlx::query_as(UNDONE).fetch_all(pool).await?;
    if undone.is_empty() {
        let message = "What events of the last thirty days should cause was done.";
        return Ok(vec![Finding::ok(CHECK, message)]);
    }
    let finding = |(reaction, outcome, times, last): (String, String, i64, i64)| {
        let message = format!(
            "{times} × {outcome} from {reaction} within the last thirty days, the last time for the event at position {last}."
        );
        Finding::warning(CHECK, message, advice(&outcome))
    };
    Ok(undone.into_iter().map(finding).collect())
}

fn advice(outcome: &str) -> &'static str {
    match outcome {
        "NOT_ALL_TOLD" => {
            "A unit that has a contact which was erased has no DPM with an address, and the log of that moment names it. Give \
             it one, and tell them yourself: it is not tried again."
        }
        _ => {
            "It was refused, and is not tried again. docs/ledger.md (Reactions) says what it should have done, and what to do yourself."
        }
    }
}
