//! The ledger itself: one dense order, dense streams, whole units of work, and times that never go back.
//!
//! Each check is one statement, so it sees one moment of a ledger that is being appended to, and reads the table once.

use sqlx::PgPool;

use super::Finding;

const ADVICE: &str = "Somebody or something changed the tables past Lethe. Stop it, keep a copy of the database, and restore \
                      the last backup in which this check is ok.";

/// What must hold of the tables.
struct Check {
    name: &'static str,
    holds: &'static str,
    /// Answers how often it does not hold, and the first position.
    sql: &'static str,
    /// What is wrong, in words before the number of cases and before the first position.
    wrong: (&'static str, &'static str),
}

const CHECKS: [Check; 5] = [
    Check {
        name: "ledger positions",
        holds: "They are dense from 1 on.",
        sql: "SELECT count(*), min(before + 1) \
              FROM (SELECT position, lag(position, 1, 0::bigint) OVER (ORDER BY position) AS before \
                    FROM ledger.events) e \
              WHERE position <> before + 1",
        wrong: ("Events are missing; gaps", "the first missing position"),
    },
    Check {
        name: "ledger sequences",
        holds: "Every stream counts its events from 1, in the order of their positions.",
        sql: "SELECT count(*), min(position) \
              FROM (SELECT position, sequence, row_number() OVER stream AS number, lag(position) OVER stream AS before \
                    FROM ledger.events \
                    WINDOW stream AS (PARTITION BY aggregate_type, aggregate_id ORDER BY sequence)) e \
              WHERE sequence <> number OR position < before",
        wrong: ("Events are not the next of their stream; events", "the first at position"),
    },
    Check {
        name: "ledger units of work",
        holds: "The events of every unit stand together and end where its command says.",
        sql: "SELECT count(*), min(u.first) \
              FROM (SELECT metadata->>'command' AS command, min(position) AS first, max(position) AS last, \
                           count(*) AS events \
                    FROM ledger.events GROUP BY 1) u \
              LEFT JOIN ledger.commands c \
                ON c.command_id::text = u.command AND c.outcome = 'applied' AND c.position = u.last \
              WHERE c.command_id IS NULL OR u.last - u.first + 1 <> u.events",
        wrong: ("Units of work are torn or have no command; units", "the first from position"),
    },
    Check {
        name: "ledger commands",
        holds: "Every applied command has its events.",
        sql: "SELECT count(*), min(c.position) FROM ledger.commands c \
              LEFT JOIN (SELECT DISTINCT metadata->>'command' AS command FROM ledger.events) e \
                ON e.command = c.command_id::text \
              WHERE c.outcome = 'applied' AND e.command IS NULL",
        wrong: ("Commands were applied and have no event; commands", "the first at position"),
    },
    Check {
        name: "ledger times",
        holds: "No event was recorded before the one in front of it.",
        sql: "SELECT count(*), min(position) \
              FROM (SELECT position, recorded_at < lag(recorded_at) OVER (ORDER BY position) AS back \
                    FROM ledger.events) e \
              WHERE back",
        wrong: ("Recorded times go back; events", "the first at position"),
    },
];

/// Runs every check of the ledger's tables.
pub(super) async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    for check in &CHECKS {
        let (cases, first): (i64, Option<i64>) = sqlx::query_as(check.sql).fetch_one(pool).await?;
        findings.push(match first {
            None if cases == 0 => Finding::ok(check.name, check.holds),
            first => {
                let (what, at) = check.wrong;
                let message = format!("{what}: {cases}, {at}: {}.", first.unwrap_or_default());
                Finding::problem(check.name, message, ADVICE)
            }
        });
    }
    Ok(findings)
}
