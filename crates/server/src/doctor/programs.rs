//! PostgreSQL's programs.

use super::Finding;
use crate::config::Config;

const CHECK: &str = "PostgreSQL's programs";

/// Looks for the programs of the embedded PostgreSQL.
pub(super) fn check(config: &Config) -> Finding {
    match lethe_local_postgres::find_binaries(config.pg_bin.as_deref()) {
        Ok(found) => Finding::ok(CHECK, format!("PostgreSQL {} in {}.", found.version, found.dir.display())),
        Err(lethe_local_postgres::Error::NotInstalled { .. }) if !config.offline => {
            Finding::note(CHECK, "PostgreSQL is not installed; the first start downloads a pinned build.")
        }
        Err(error) => Finding::error(CHECK, &error),
    }
}
