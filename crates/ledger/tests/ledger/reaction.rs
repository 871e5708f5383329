//! Reactions act once per event, whatever happens in between.

use std::sync::Arc;

use lethe_kernel::{Caller, Role};
use lethe_ledger::{Activity, Ledger, LedgerError, Reaction, Recorded, Views, ViewsBuilder};
use uuid::Uuid;

use crate::bank::{AccountEvent, Strange, StrangeEvent};
use crate::postgres::Database;
use crate::view::PATIENCE;
use crate::works::{Add, Estrange};
use crate::world::{Process, context, eventually, id, insist, ledger};

const BANK: Uuid = id(99);
const OUTCOMES: &str = "SELECT count(*) FROM ledger.reaction_outcomes";

/// Books a bonus on the bank's account when an account is opened, and takes it back when one is opened with a debt.
struct Welcome;

impl Reaction for Welcome {
    const NAME: &'static str = "welcome";
    const SOURCES: &'static [&'static str] = &["account"];
    type Work = Add;

    fn react(event: &Recorded) -> Result<Option<Add>, LedgerError> {
        let AccountEvent::Added { amount } = event.decode()? else { return Ok(None) };
        let opened = event.sequence == 1 && event.stream != BANK;
        Ok(opened.then_some(Add(BANK, if amount == 0 { -1000 } else { 1 })))
    }
}

/// The same for what happened before.
struct Early;

impl Reaction for Early {
    const NAME: &'static str = "early_welcome";
    const SOURCES: &'static [&'static str] = Welcome::SOURCES;
    const FROM_THE_BEGINNING: bool = true;
    type Work = Add;

    fn react(event: &Recorded) -> Result<Option<Add>, LedgerError> {
        Welcome::react(event)
    }
}

async fn reacting<R: Reaction>(ledger: &Ledger) -> Views {
    ViewsBuilder::default().reacting::<R>(ledger.clone()).start(ledger.parts().clone()).await.unwrap()
}

async fn open(ledger: &Ledger, account: u128, amount: i64) -> i64 {
    insist(ledger, &Add(id(account), amount)).await.unwrap().position
}

async fn handled(views: &Views, position: i64) {
    let running: Vec<_> = views.states().into_iter().map(|(name, _)| name).collect();
    assert!(views.reached(&running, position, PATIENCE).await.unwrap(), "{:?}", views.states());
}

/// How often the bank's account was changed.
async fn acts(database: &Database) -> i64 {
    let sql = format!("SELECT count(*) FROM ledger.events WHERE aggregate_id = '{BANK}'");
    database.count(&sql).await
}

#[tokio::test]
async fn a_reaction_acts_once_per_event_in_the_name_of_its_cause() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    open(&ledger, 1, 5).await;
    // It begins at the end of the ledger.
    let views = reacting::<Welcome>(&ledger).await;
    let cause = open(&ledger, 2, 5).await;
    let last = open(&ledger, 2, 5).await;
    handled(&views, last).await;
    assert_eq!(acts(&database).await, 1);
    let cause = ledger.parts().event(cause).await.unwrap().unwrap();
    let act = ledger.parts().stream_until("account", &[BANK], None).await.unwrap().remove(0);
    let (act, cause_metadata) = (act.metadata().unwrap(), cause.metadata().unwrap());
    assert_eq!(act.causation, Some(cause.id));
    assert_eq!(act.correlation, cause_metadata.correlation);
    assert_eq!(act.unit, cause_metadata.unit);
    assert_eq!((act.user, act.role), (Caller::SYSTEM, Role::System));
    assert_eq!(act.command.0.get_version_num(), 5);
    let outcome = "SELECT count(*) FROM ledger.reaction_outcomes WHERE reaction = 'welcome' AND position = 2 \
                   AND outcome = 'APPLIED'";
    assert_eq!(database.count(outcome).await, 1);
}

#[tokio::test]
async fn one_that_says_so_begins_at_the_beginning() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    open(&ledger, 1, 5).await;
    let last = open(&ledger, 2, 5).await;
    handled(&reacting::<Early>(&ledger).await, last).await;
    assert_eq!(acts(&database).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_the_command_and_the_checkpoint_does_not_act_twice() {
    let database = Arc::new(Database::create().await);
    database
        .run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END$$; \
             CREATE TRIGGER full_disk BEFORE INSERT ON ledger.reaction_outcomes EXECUTE FUNCTION full_disk()",
        )
        .await;
    let writer = ledger(&database).await;
    let first = ledger(&database).await;
    let process = Process::start(&database, ViewsBuilder::default().reacting::<Welcome>(first)).await;
    let position = open(&writer, 1, 5).await;
    eventually("it acted and could not say so", async || {
        acts(&database).await > 0 && matches!(process.views.states()[0].1.activity, Activity::Retrying(_))
    })
    .await;
    process.kill();
    database.run("DROP TRIGGER full_disk ON ledger.reaction_outcomes").await;
    let views = reacting::<Welcome>(&writer).await;
    handled(&views, position).await;
    eventually("the outcome is recorded", async || database.count(OUTCOMES).await == 1).await;
    assert_eq!(acts(&database).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_act_once() {
    const ACCOUNTS: u128 = 20;
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    let (first, second) = (reacting::<Welcome>(&one).await, reacting::<Welcome>(&other).await);
    let mut last = 0;
    for account in 1..=ACCOUNTS {
        last = open(if account % 2 == 0 { &one } else { &other }, account, 1).await;
    }
    handled(&first, last).await;
    handled(&second, last).await;
    assert_eq!(acts(&database).await, 20);
    assert_eq!(database.count(OUTCOMES).await, 20);
}

#[tokio::test]
async fn a_refusal_is_recorded_and_the_reaction_goes_on() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = reacting::<Welcome>(&ledger).await;
    open(&ledger, 1, 0).await;
    let last = open(&ledger, 2, 5).await;
    handled(&views, last).await;
    assert_eq!(acts(&database).await, 1);
    let refused =
        "SELECT count(*) FROM ledger.reaction_outcomes WHERE position = 1 AND outcome = 'RULE_VIOLATED'";
    assert_eq!(database.count(refused).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_from_the_beginning_does_nothing_again() {
    let database = Arc::new(Database::create().await);
    let writer = ledger(&database).await;
    let first = ledger(&database).await;
    let process = Process::start(&database, ViewsBuilder::default().reacting::<Welcome>(first)).await;
    open(&writer, 1, 5).await;
    let last = open(&writer, 2, 5).await;
    handled(&process.views, last).await;
    process.kill();
    database.run("UPDATE ledger.projections SET position = 0; DELETE FROM ledger.reaction_outcomes").await;
    let views = reacting::<Welcome>(&writer).await;
    handled(&views, writer.parts().head().await.unwrap()).await;
    assert_eq!(acts(&database).await, 2);
    // It went through all of it again.
    assert_eq!(database.count(OUTCOMES).await, 2);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_halts_a_reaction() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = reacting::<Welcome>(&ledger).await;
    open(&ledger, 1, 5).await;
    let strange = StrangeEvent::Strange(Strange { text: "x".into() });
    ledger.execute(&context(), &Estrange(id(2), strange)).await.unwrap();
    open(&ledger, 3, 5).await;
    eventually("it halts", async || views.states()[0].1.halted().is_some()).await;
    assert_eq!(acts(&database).await, 1);
}
