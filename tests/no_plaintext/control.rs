//! What the search must find: a text in clear, put on purpose into another database of the same cluster.

use std::path::Path;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::marker::letters;

async fn connect(folder: &Path, database: &str) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
    options.database(database).connect().await.unwrap()
}

/// Plants a text in a table, and so in the WAL, and in a file; answers it.
pub(crate) async fn plant(folder: &Path) -> String {
    let text = format!("Q{}æØå{}", letters(9), letters(9));
    let mut connection = connect(folder, "postgres").await;
    sqlx::query("CREATE DATABASE control").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let mut connection = connect(folder, "control").await;
    sqlx::query("CREATE TABLE control (t text)").execute(&mut connection).await.unwrap();
    sqlx::query("INSERT INTO control VALUES ($1)").bind(&text).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    std::fs::write(folder.join("reports/planted.txt"), &text).unwrap();
    text
}

/// Has PostgreSQL gather what it keeps about values: the most common ones, and histograms.
pub(crate) async fn analyse(folder: &Path) {
    let mut connection = connect(folder, "postgres").await;
    sqlx::query("VACUUM ANALYZE").execute(&mut connection).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_stats WHERE schemaname NOT LIKE 'pg\\_%'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(kept > 50, "PostgreSQL keeps no statistics");
    connection.close().await.unwrap();
}
