//! The tables: how those of the version before are brought up, and what SQL computes.

use std::borrow::Cow;

use proptest::prelude::*;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::postgres::Database;

/// What a version before the nursery has left is not trusted: every bucket is due, and a prepared root is replaced.
#[tokio::test]
async fn tables_of_before_the_nursery_are_brought_up_and_every_bucket_is_due() {
    for step in ["prepared", "switched"] {
        let database = Database::create().await;
        let name = format!("before_{step}");
        database.run(&format!("CREATE DATABASE {name}")).await;
        let options = database.options.clone().database(&name);
        let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
        let mut migrator = sqlx::migrate!("../../migrations");
        let all = migrator.migrations.clone();
        migrator.migrations =
            Cow::Owned(all.iter().filter(|migration| migration.version < 5).cloned().collect());
        migrator.run(&pool).await.unwrap();
        sqlx::raw_sql(&format!(
            "INSERT INTO vault.root VALUES (true, gen_random_uuid(), 3, '', 2, 1, 1); \
             INSERT INTO vault.buckets VALUES (0, 1, 'x'), (1, 3, 'y'); \
             INSERT INTO vault.rotation (step, old_epoch, new_epoch, commitment, started_at) VALUES ('{step}', 3, 4, 'z', now())"
        ))
        .execute(&pool)
        .await
        .unwrap();
        migrator.migrations = all;
        migrator.run(&pool).await.unwrap();
        let buckets: Vec<(i32, i64, Vec<u8>, bool)> =
            sqlx::query_as("SELECT bucket, generation, wrapped, due FROM vault.buckets ORDER BY 1")
                .fetch_all(&pool)
                .await
                .unwrap();
        let expected = [(-1, 3, "", false), (0, 1, "x", true), (1, 3, "y", true)];
        let expected =
            expected.map(|(bucket, generation, wrapped, due)| (bucket, generation, wrapped.into(), due));
        assert_eq!(buckets, expected);
        // One that was not switched begins anew; one that was covers nothing.
        let (now, covers): (String, i64) =
            sqlx::query_as("SELECT step, covers_change FROM vault.rotation").fetch_one(&pool).await.unwrap();
        assert_eq!((now.as_str(), covers), (if step == "prepared" { "begun" } else { step }, 0));
        let due = lethe_vault::due(&pool).await.unwrap();
        assert_eq!((due.lost, due.buckets), (2, 0));
        pool.close().await;
    }
}

#[tokio::test]
async fn the_bucket_that_a_tombstone_names_is_that_of_the_key() {
    let database = Database::create().await;
    let ids: Vec<u128> = {
        use proptest::strategy::ValueTree as _;
        let mut runner = proptest::test_runner::TestRunner::default();
        let many = proptest::collection::vec(any::<u128>(), 500).new_tree(&mut runner).unwrap();
        many.current().into_iter().chain([0, u128::MAX, 1 << 127, (1 << 127) - 1]).collect()
    };
    for bits in [0, 1, 2, 15, 20] {
        let buckets: Vec<i32> =
            sqlx::query_scalar("SELECT vault.bucket_of(id, $2) FROM unnest($1::uuid[]) id")
                .bind(ids.iter().map(|id| Uuid::from_u128(*id)).collect::<Vec<_>>())
                .bind(1_i32 << bits)
                .fetch_all(&database.pool)
                .await
                .unwrap();
        let first_bits = |id: &u128| i32::try_from(id.checked_shr(128 - bits).unwrap_or(0)).unwrap();
        assert_eq!(buckets, ids.iter().map(first_bits).collect::<Vec<_>>());
    }
}
