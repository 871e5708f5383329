//! Connections break: what was acknowledged is there once, and everything else may be sent again.

use std::path::Path;
use std::sync::{Arc, Mutex};

use lethe_kernel::Clock;
use lethe_ledger::{Failure, Ledger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::postgres::Database;
use crate::works::Add;
use crate::world::{LOCK, appends_waiting, context, id, keyed, ledger, ledger_with};

const CUT_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND application_name = 'lethe'";

async fn count(database: &Database, amount: i64) -> i64 {
    database
        .count(&format!("SELECT count(*) FROM ledger.events WHERE payload::text LIKE '%:{amount}}}}}'"))
        .await
}

#[tokio::test]
async fn no_statement_is_compiled_or_given_to_other_processes() {
    let database = Database::create().await;
    for (setting, wanted) in [("jit", "off"), ("max_parallel_workers_per_gather", "0")] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&ledger(&database).await.parts().pool)
            .await
            .unwrap();
        assert_eq!(value, wanted, "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_unit_is_there_exactly_once_though_connections_are_cut_again_and_again() {
    const EACH: i64 = 40;
    let database = Database::create().await;
    let ledgers = [ledger(&database).await, ledger(&database).await];
    let (tell, mut told) = watch::channel(0);
    let mut writers = JoinSet::new();
    for writer in 0..6_i64 {
        let (ledger, tell) = (ledgers[usize::from(writer % 2 == 0)].clone(), tell.clone());
        writers.spawn(async move {
            let (mut acknowledged, mut failed) = (Vec::new(), Vec::new());
            for n in 0..EACH {
                // Every amount occurs once and each writer has a stream of its own; nothing is sent twice.
                let amount = 1000 + writer * EACH + n;
                match ledger.execute(&context(), &Add(id(writer.unsigned_abs().into()), amount)).await {
                    Ok(_) => acknowledged.push(amount),
                    Err(Failure::Failed(_)) => failed.push(amount),
                    Err(refused) => panic!("{refused}"),
                }
                tell.send_modify(|done| *done += 1);
            }
            (acknowledged, failed)
        });
    }
    drop(tell);
    let mut next = 5;
    while told.wait_for(|done| *done >= next).await.is_ok() {
        next += 12;
        sqlx::query(CUT_ALL).execute(&database.pool).await.unwrap();
    }
    for (acknowledged, failed) in writers.join_all().await {
        for amount in acknowledged {
            assert_eq!(count(&database, amount).await, 1, "{amount} was acknowledged");
        }
        for amount in failed {
            assert_eq!(count(&database, amount).await, 0, "{amount} was answered with an error");
        }
    }
    let last = ledgers[0].execute(&context(), &Add(id(1), 1)).await.unwrap().position;
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, last);
}

#[tokio::test]
async fn an_append_cut_while_it_waits_is_sent_again_by_the_writer_and_is_there_once() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let mut holder = database.pool.acquire().await.unwrap();
    sqlx::query(&format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut *holder).await.unwrap();
    let waiting = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.execute(&keyed(1, b"+5"), &Add(id(1), 5)).await }
    });
    appends_waiting(&database, 1).await;
    sqlx::query(CUT_ALL).execute(&database.pool).await.unwrap();
    sqlx::query(&format!("SELECT pg_advisory_unlock({LOCK})")).execute(&mut *holder).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().position, 1);
    assert_eq!(count(&database, 5).await, 1);
    let again = ledger.execute(&keyed(1, b"+5"), &Add(id(1), 5)).await.unwrap();
    assert_eq!((again.position, again.repeated), (1, true));
}

/// What a proxy does with the request that holds the text, once.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    BeforeRequest,
    BeforeAnswer,
}

type Plan = Arc<Mutex<Option<(&'static str, Cut)>>>;

/// Passes everything on between the ledger and PostgreSQL, except what the plan cuts.
fn proxy(listener: UnixListener, socket: std::path::PathBuf, plan: Plan) {
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(pass(client, server, plan.clone()));
        }
    });
}

async fn pass(mut client: UnixStream, mut server: UnixStream, plan: Plan) -> std::io::Result<()> {
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let bytes = &request[..read?];
                let cut = planned(&plan, bytes);
                if bytes.is_empty() || cut == Some(Cut::BeforeRequest) {
                    return Ok(());
                }
                server.write_all(bytes).await?;
                if cut == Some(Cut::BeforeAnswer) {
                    // PostgreSQL answers after it has committed. The client never hears of it.
                    return server.read(&mut answer).await.map(drop);
                }
            }
            read = server.read(&mut answer) => {
                let bytes = &answer[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

fn planned(plan: &Plan, bytes: &[u8]) -> Option<Cut> {
    let mut plan = plan.lock().unwrap();
    let (text, _) = (*plan)?;
    let meant = bytes.windows(text.len()).any(|window| window == text.as_bytes());
    if meant { plan.take().map(|(_, cut)| cut) } else { None }
}

/// A ledger behind a proxy, and the proxy's plan.
async fn behind_proxy(database: &Database) -> (Ledger, Plan) {
    let socket = |folder: &Path| folder.join(".s.PGSQL.5432");
    let real = database.options.get_socket().unwrap().clone();
    let listener = UnixListener::bind(socket(database.folder.path())).unwrap();
    let plan = Plan::default();
    proxy(listener, socket(&real), plan.clone());
    let options = database.options.clone().socket(database.folder.path());
    (ledger_with(database, options, Clock::system()).await, plan)
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_looked_up_and_acknowledged() {
    let database = Database::create().await;
    let (ledger, plan) = behind_proxy(&database).await;
    ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    *plan.lock().unwrap() = Some((r#"{"amount":777}"#, Cut::BeforeAnswer));
    let done = ledger.execute(&context(), &Add(id(1), 777)).await.unwrap();
    assert_eq!((done.position, done.objects), (2, vec![id(1)]));
    assert!(plan.lock().unwrap().is_none(), "the connection was cut");
    assert_eq!(count(&database, 777).await, 1);
    assert_eq!(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position, 3);
}

#[tokio::test]
async fn an_append_that_never_arrived_is_sent_again_and_is_there_once() {
    let database = Database::create().await;
    let (ledger, plan) = behind_proxy(&database).await;
    ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    *plan.lock().unwrap() = Some((r#"{"amount":777}"#, Cut::BeforeRequest));
    assert_eq!(ledger.execute(&context(), &Add(id(1), 777)).await.unwrap().position, 2);
    assert!(plan.lock().unwrap().is_none(), "the connection was cut");
    assert_eq!(count(&database, 777).await, 1);
    assert_eq!(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position, 3);
}
