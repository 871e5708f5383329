//! Rows that were deleted or replaced and still stand in PostgreSQL's files, read with the extension `pg_dirtyread`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use lethe_kernel::ContactId;
use sqlx::PgPool;

use crate::people::tell;

/// Every table of ours, with what it takes to read it in full.
const TABLES: &str = "SELECT c.oid::regclass::text, \
     string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) \
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('vault', 'ledger', 'view', 'public') \
     GROUP BY c.oid";

/// Writes all rows, dead or alive, into a file; whether the extension is there.
pub(crate) async fn write(pool: &PgPool, erased: &[ContactId], folder: &Path) -> bool {
    if sqlx::raw_sql("CREATE EXTENSION pg_dirtyread").execute(pool).await.is_err() {
        tell(
            "SKIPPED: dead rows were not read. Install postgresql-15-dirtyread, or that of your PostgreSQL.",
        );
        return false;
    }
    let tables: Vec<(String, String)> = sqlx::query_as(TABLES).fetch_all(pool).await.unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut text = String::new();
    for (table, columns) in tables {
        let sql = format!("SELECT r::text FROM pg_dirtyread('{table}'::regclass) AS r ({columns})");
        let rows: Vec<String> = sqlx::query_scalar(&sql).fetch_all(pool).await.unwrap();
        let dead_keys = rows.iter().filter(|row| erased.iter().any(|one| row.contains(&one.to_string())));
        if table == "vault.keys" {
            assert_eq!(dead_keys.count(), erased.len(), "the rows of erased keys are still there: {rows:#?}");
        }
        writeln!(text, "{table}\n{}", rows.join("\n")).unwrap();
    }
    fs::write(folder.join("dirtyread.txt"), text).unwrap();
    true
}
