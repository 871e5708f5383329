//! What grows, and what an operator must do about it: vacuum, bloat, sizes. `docs/operations/growth.md` tells the rest.

use sqlx::{FromRow, PgPool};

use super::Finding;

const VACUUM: &str = "vacuum";
const SIZES: &str = "sizes";
/// Fewer dead rows are nobody's business.
const FEW_ROWS: i64 = 100_000;
/// Smaller indexes are built anew by nobody.
const SMALL: i64 = 256 << 20;
/// How long a transaction may be open; nothing that was deleted since it began is removed before it ends.
const LONG_SECONDS: i64 = 3600;
/// How many transactions may be ahead of the oldest row that is not frozen. PostgreSQL itself begins to freeze at a tenth of
/// what it can count, and stops at its end.
const OLD_XID: i64 = 1_000_000_000;

/// A table of ours, as PostgreSQL counts it.
#[derive(Debug, FromRow)]
struct Table {
    name: String,
    live: i64,
    dead: i64,
    /// Bytes without indexes, and of the indexes.
    heap: i64,
    indexes: i64,
    /// Whether autovacuum is off for it.
    excluded: bool,
    /// Where statistics were deleted or lost, nothing is known of rows.
    vacuumed: bool,
}

const TABLES: &str = "SELECT s.schemaname || '.' || s.relname AS name, s.n_live_tup AS live, s.n_dead_tup AS dead, \
        pg_table_size(s.relid) AS heap, pg_indexes_size(s.relid) AS indexes, \
        coalesce(array_to_string(c.reloptions, ' ') ~ 'autovacuum_enabled=(false|off|no|0)', false) AS excluded, \
        coalesce(s.last_autovacuum, s.last_vacuum) IS NOT NULL AS vacuumed \
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid \
    WHERE s.schemaname IN ('ledger', 'vault', 'notary', 'view') ORDER BY 1";

/// The oldest transaction of any session in this database, and the oldest slot of a replica or a prepared transaction.
const HELD: &str = "SELECT coalesce((SELECT extract(epoch FROM max(now() - xact_start))::bigint FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'), 0), \
    (SELECT count(*) FROM pg_prepared_xacts WHERE prepared < now() - interval '1 hour'), \
    (SELECT count(*) FROM pg_replication_slots WHERE NOT active), \
    (SELECT max(age(datfrozenxid))::bigint FROM pg_database)";

/// Runs every check of what grows.
pub(super) async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    for name in ["autovacuum", "track_counts"] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(pool).await?;
        findings.extend(switched_off(name, &value));
    }
    let (open, prepared, slots, age) = sqlx::query_as(HELD).fetch_one(pool).await?;
    findings.extend(held(open, prepared, slots));
    findings.extend(old(age));
    let tables: Vec<Table> = sqlx::query_as(TABLES).fetch_all(pool).await?;
    findings.extend(tables.iter().filter_map(excluded));
    findings.extend(tables.iter().filter_map(dead));
    if findings.is_empty() {
        findings.push(Finding::ok(VACUUM, "Autovacuum is on and keeps up, and nothing holds it back."));
    }
    findings.extend(tables.iter().filter_map(swollen));
    findings.push(sizes(&tables));
    Ok(findings)
}

fn switched_off(name: &str, value: &str) -> Option<Finding> {
    (value != "on").then(|| {
        let message = format!("{name} is {value}: what is deleted is never removed, and tables only grow.");
        Finding::warning(VACUUM, message, format!("Set {name} = on and reload PostgreSQL's settings."))
    })
}

fn excluded(table: &Table) -> Option<Finding> {
    table.excluded.then(|| {
        let advice = format!("Run ALTER TABLE {} RESET (autovacuum_enabled).", table.name);
        Finding::warning(VACUUM, format!("Autovacuum is off for {}.", table.name), advice)
    })
}

/// A table of which more than a fifth, and more than autovacuum lets be, is dead.
fn dead(table: &Table) -> Option<Finding> {
    let Table { name, live, dead, vacuumed, .. } = table;
    (*dead > FEW_ROWS && dead.saturating_mul(4) > *live).then(|| {
        let never = if *vacuumed { "" } else { ", and it was never vacuumed" };
        Finding::warning(
            VACUUM,
            format!("{dead} rows of {name} are dead beside {live} living ones{never}."),
            format!(
                "Run VACUUM (ANALYZE) {name}. If that comes back, lower autovacuum_vacuum_cost_delay or give PostgreSQL more \
                 autovacuum_max_workers."
            ),
        )
    })
}

fn held(open_seconds: i64, prepared: i64, slots: i64) -> Vec<Finding> {
    let mut findings = Vec::new();
    if open_seconds > LONG_SECONDS {
        findings.push(Finding::warning(
            VACUUM,
            format!(
                "A transaction has been open for {} minutes; nothing that was deleted since can be removed.",
                open_seconds / 60
            ),
            "Find it in pg_stat_activity (xact_start) and end it; set idle_in_transaction_session_timeout.",
        ));
    }
    if prepared > 0 {
        findings.push(Finding::warning(
            VACUUM,
            format!("{prepared} prepared transactions wait for longer than an hour; nothing that was deleted since can be removed."),
            "Find them in pg_prepared_xacts, and COMMIT PREPARED or ROLLBACK PREPARED. Lethe prepares none.",
        ));
    }
    if slots > 0 {
        findings.push(Finding::warning(
            VACUUM,
            format!("{slots} replication slots have nobody who reads them; the write-ahead log is kept for them without end."),
            "Start the replica again, or drop the slot with pg_drop_replication_slot.",
        ));
    }
    findings
}

fn old(age: i64) -> Option<Finding> {
    (age > OLD_XID).then(|| {
        Finding::warning(
            VACUUM,
            format!("The oldest row that is not frozen is {age} transactions old; PostgreSQL stops at 2 billion."),
            "Run VACUUM (FREEZE) on the oldest database (pg_database.datfrozenxid), and find out what holds autovacuum back.",
        )
    })
}

/// Indexes that take twice the room of what they index: half of their pages are empty.
fn swollen(table: &Table) -> Option<Finding> {
    let Table { name, heap, indexes, .. } = table;
    (*indexes > SMALL && *indexes > heap.saturating_mul(3)).then(|| {
        Finding::warning(
            SIZES,
            format!("The indexes of {name} take {} MiB, the table {} MiB.", indexes >> 20, heap >> 20),
            format!(
                "If they grew without it, run REINDEX TABLE CONCURRENTLY {name}; servers may run meanwhile."
            ),
        )
    })
}

fn sizes(tables: &[Table]) -> Finding {
    let (heap, indexes) = tables
        .iter()
        .fold((0_i64, 0_i64), |(heap, indexes), table| (heap + table.heap, indexes + table.indexes));
    let largest = tables.iter().max_by_key(|table| table.heap + table.indexes);
    let largest = largest.map_or_else(String::new, |table| {
        format!(" The largest is {} with {} MiB.", table.name, (table.heap + table.indexes) >> 20)
    });
    Finding::ok(
        SIZES,
        format!("Tables take {} MiB, their indexes {} MiB.{largest}", heap >> 20, indexes >> 20),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn table() -> Table {
        Table {
            name: "view.note".to_owned(),
            live: 1_000_000,
            dead: 0,
            heap: 1 << 30,
            indexes: 1 << 30,
            excluded: false,
            vacuumed: true,
        }
    }

    #[test]
    fn autovacuum_that_is_off_is_a_warning_for_all_tables_or_one() {
        assert!(switched_off("autovacuum", "on").is_none());
        assert_eq!(switched_off("autovacuum", "off").unwrap().level, Level::Warning);
        assert!(excluded(&table()).is_none());
        let finding = excluded(&Table { excluded: true, ..table() }).unwrap();
        assert!(finding.advice.unwrap().contains("ALTER TABLE view.note RESET"));
    }

    #[test]
    fn many_dead_rows_are_a_warning_and_few_or_a_small_share_are_not() {
        assert!(dead(&Table { dead: 250_000, ..table() }).is_none(), "autovacuum is about to come");
        assert!(dead(&Table { live: 10, dead: 100_000, ..table() }).is_none());
        let finding = dead(&Table { dead: 250_001, vacuumed: false, ..table() }).unwrap();
        assert!(
            finding.message.contains("never vacuumed")
                && finding.advice.unwrap().contains("VACUUM (ANALYZE) view.note")
        );
    }

    #[test]
    fn what_holds_vacuum_back_is_a_warning() {
        assert!(held(LONG_SECONDS, 0, 0).is_empty());
        assert_eq!(held(LONG_SECONDS + 1, 1, 1).len(), 3);
        assert!(old(OLD_XID).is_none());
        assert!(old(OLD_XID + 1).unwrap().message.contains("2 billion"));
    }

    #[test]
    fn indexes_much_larger_than_their_table_are_a_warning() {
        assert!(swollen(&Table { indexes: 3 << 30, ..table() }).is_none());
        assert!(swollen(&Table { indexes: (3 << 30) + 1, ..table() }).is_some());
        assert!(swollen(&Table { heap: 0, indexes: SMALL, ..table() }).is_none());
        let told = sizes(&[table(), Table { name: "ledger.events".to_owned(), heap: 3 << 30, ..table() }]);
        assert!(told.message.ends_with("The largest is ledger.events with 4096 MiB."), "{}", told.message);
    }
}
