//! The database: its settings, its tables, its clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lethe_kernel::Clock;
use lethe_ledger::LedgerError;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::{Finding, custody, growth, ledger, mirrors, views};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, reason};

const SETTINGS: &str = "database settings";
const TABLES: &str = "tables";
const CLOCK: &str = "clock";
const PATIENCE: Duration = Duration::from_secs(10);
/// Recorded times never go back, so a clock that is ahead stays ahead.
const TOLERATED_MS: i64 = 2_000;

/// Runs every check that needs the database.
pub(super) async fn check(database: &Database, config: &Config, folder: &DataDir) -> Vec<Finding> {
    // Not `lethe_ledger::connect`: that refuses the very settings that are to be examined.
    let options =
        PgPoolOptions::new().max_connections(config.database_connections.get()).acquire_timeout(PATIENCE);
    let pool = match options.connect_with(database.options.clone()).await {
        Ok(pool) => pool,
        Err(error) => {
            let advice = "Check that PostgreSQL runs, DATABASE_URL, and the user's password.";
            return vec![Finding::problem(
                "database",
                format!("It cannot be reached: {}.", reason(&error)),
                advice,
            )];
        }
    };
    let findings = match examine(config, &pool, folder).await {
        Ok(findings) => findings,
        Err(error) => {
            vec![Finding::problem("database", format!("A check failed: {error}."), "See PostgreSQL's log.")]
        }
    };
    pool.close().await;
    findings
}

async fn examine(config: &Config, pool: &PgPool, folder: &DataDir) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = settings(pool).await?;
    findings.extend(logging(pool).await?);
    findings.push(clock(pool).await?);
    let (tables, current) = migrations(pool).await?;
    findings.push(tables);
    if current {
        findings.extend(custody::check(config, pool, folder).await?);
        findings.extend(mirrors::check(config, pool).await);
        findings.extend(growth::check(pool).await?);
        findings.extend(ledger::check(pool).await?);
        findings.extend(views::check(config, pool, folder).await?);
    }
    Ok(findings)
}

async fn settings(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let version: String =
        sqlx::query_scalar("SELECT current_setting('server_version')").fetch_one(pool).await?;
    let mut findings = vec![Finding::ok("database", format!("PostgreSQL {version} answers."))];
    for name in ["fsync", "full_page_writes"] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(pool).await?;
        findings.push(if value == "on" {
            Finding::ok(SETTINGS, format!("{name} is on."))
        } else {
            let message = format!("{name} is {value}: what was acknowledged may be lost in a crash.");
            Finding::problem(SETTINGS, message, format!("Set {name} = on and restart PostgreSQL."))
        });
    }
    let checksums: String =
        sqlx::query_scalar("SELECT current_setting('data_checksums')").fetch_one(pool).await?;
    findings.push(if checksums == "on" {
        Finding::ok(SETTINGS, "data_checksums is on.")
    } else {
        let advice = "Stop PostgreSQL and run pg_checksums --enable.";
        Finding::warning(SETTINGS, "data_checksums is off: a disk that alters data is not noticed.", advice)
    });
    Ok(findings)
}

/// Whether PostgreSQL writes what is sealed, and keys that may never be stored, into its log.
async fn logging(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let logging = lethe_ledger::logging_of_parameters(pool).await?;
    let warn = |setting: &String| {
        Finding::warning(
            SETTINGS,
            format!(
                "{setting}: the parameters of statements, which hold sealed values and wrapped keys, are in its log."
            ),
            "Set log_parameter_max_length = 0 and log_parameter_max_length_on_error = 0 (and those of auto_explain and \
             pgaudit): what is in the log opens until the next rotation of the root.",
        )
    };
    Ok(logging.iter().map(warn).collect())
}

async fn clock(pool: &PgPool) -> Result<Finding, sqlx::Error> {
    let theirs: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(pool).await?;
    Ok(compare((Clock::system().now() - theirs).num_milliseconds()))
}

fn compare(ahead_ms: i64) -> Finding {
    if ahead_ms.abs() <= TOLERATED_MS {
        return Finding::ok(CLOCK, "It agrees with PostgreSQL's clock.");
    }
    Finding::warning(
        CLOCK,
        format!("It is {ahead_ms} ms ahead of PostgreSQL's clock (negative: behind)."),
        "Set both machines' clocks by NTP; times in the ledger come from this one.",
    )
}

/// Whether the tables are those of this version.
async fn migrations(pool: &PgPool) -> Result<(Finding, bool), sqlx::Error> {
    let has_any: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(pool).await?;
    if !has_any {
        return Ok((Finding::note(TABLES, "There are none yet; `lethe serve` creates them."), false));
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await?;
    let known = sqlx::migrate!("../../migrations");
    let pending =
        known.iter().filter(|known| applied.iter().all(|(version, _)| *version != known.version)).count();
    let changed = known.iter().any(|known| {
        applied.iter().any(|(version, checksum)| *version == known.version && *checksum != *known.checksum)
    });
    let newer = applied.iter().any(|(version, _)| known.iter().all(|known| known.version != *version));
    if let Err(error @ LedgerError::EarlierForm) = lethe_ledger::readable(pool).await {
        let advice = "Nothing was changed: the version of Lethe that wrote them still reads them.";
        return Ok((Finding::problem(TABLES, error.to_string(), advice), false));
    }
    Ok(if newer || changed {
        let advice = "Start the version of Lethe that wrote them, or a newer one.";
        (Finding::problem(TABLES, "They belong to another version of Lethe.", advice), false)
    } else if pending > 0 {
        (
            Finding::warning(
                TABLES,
                format!("{pending} migrations are pending."),
                "`lethe serve` runs them.",
            ),
            false,
        )
    } else {
        (Finding::ok(TABLES, "They are up to date."), true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn clocks_may_differ_by_little() {
        assert_eq!(compare(-2_000).level, Level::Ok);
        assert_eq!(compare(2_001).level, Level::Warning);
        assert_eq!(compare(-2_001).level, Level::Warning);
    }
}
