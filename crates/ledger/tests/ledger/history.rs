//! Random histories, given to two processes in turn, against a ledger as plain as can be.

use std::collections::HashMap;

use lethe_kernel::ErrorCode;
use lethe_ledger::{Context, Failure, Ledger};
use proptest::prelude::*;
use uuid::Uuid;

use crate::postgres::Database;
use crate::works::{Add, Close, Enter, Rename, Transfer};
use crate::world::{code, context, keyed, ledger};

const NAMES: [&str; 2] = ["Åse", "Bo"];

#[derive(Clone, Copy, Debug)]
enum Command {
    Add(usize, i64),
    Rename(usize, usize),
    Transfer(usize, usize, i64),
    Enter(usize),
    Close,
}

/// A command, the process it is given to, and perhaps an idempotency key.
#[derive(Clone, Copy, Debug)]
struct Step(Command, usize, Option<u128>);

fn step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        4 => (0..3_usize, -20..20_i64).prop_map(|(account, amount)| Command::Add(account, amount)),
        2 => (0..3_usize, 0..2_usize).prop_map(|(account, name)| Command::Rename(account, name)),
        3 => (0..3_usize, 1..3_usize, 1..20_i64)
            .prop_map(|(from, by, amount)| Command::Transfer(from, (from + by) % 3, amount)),
        2 => (0..3_usize).prop_map(Command::Enter),
        1 => Just(Command::Close),
    ];
    (command, 0..2_usize, proptest::option::of(0..6_u128))
        .prop_map(|(command, to, key)| Step(command, to, key))
}

/// What a command comes to: the number of events that the ledger has then, or a refusal.
type Outcome = Result<usize, ErrorCode>;

#[derive(Default)]
struct Model {
    balances: [i64; 3],
    names: [Option<usize>; 3],
    closed: bool,
    /// Type and account of every event.
    events: Vec<(&'static str, usize)>,
    answered: HashMap<u128, (String, usize)>,
}

impl Model {
    fn give(&mut self, Step(command, _, key): Step) -> Outcome {
        let input = format!("{command:?}");
        if let Some((before, position)) = key.and_then(|key| self.answered.get(&key)) {
            return if *before == input { Ok(*position) } else { Err(ErrorCode::IdempotencyKeyReused) };
        }
        self.decide(command)?;
        if let Some(key) = key {
            self.answered.insert(key, (input, self.events.len()));
        }
        Ok(self.events.len())
    }

    fn decide(&mut self, command: Command) -> Result<(), ErrorCode> {
        match command {
            Command::Add(account, amount) => self.add(account, amount)?,
            Command::Rename(account, name) => self.rename(account, name),
            Command::Transfer(from, to, amount) => {
                self.add(from, -amount)?;
                self.add(to, amount)?;
            }
            Command::Enter(_) | Command::Close if self.closed => return Err(ErrorCode::Ended),
            Command::Enter(account) => {
                // "Entered" is a third name.
                self.rename(account, 2);
                self.events.push(("book.entered", 3));
                self.add(account, 1)?;
            }
            Command::Close => {
                self.closed = true;
                self.events.push(("book.closed", 3));
            }
        }
        Ok(())
    }

    fn add(&mut self, account: usize, amount: i64) -> Result<(), ErrorCode> {
        if self.balances[account] + amount < 0 {
            return Err(ErrorCode::RuleViolated);
        }
        self.balances[account] += amount;
        self.events.push(("account.added", account));
        Ok(())
    }

    fn rename(&mut self, account: usize, name: usize) {
        if self.names[account] != Some(name) {
            self.names[account] = Some(name);
            self.events.push(("account.named", account));
        }
    }
}

async fn give(ledger: &Ledger, ids: &[Uuid], Step(command, _, key): Step) -> Result<i64, Failure> {
    let context: Context = key.map_or_else(context, |key| keyed(key, format!("{command:?}").as_bytes()));
    let committed = match command {
        Command::Add(account, amount) => ledger.execute(&context, &Add(ids[account], amount)).await,
        Command::Rename(account, name) => ledger.execute(&context, &Rename(ids[account], NAMES[name])).await,
        Command::Transfer(from, to, amount) => {
            ledger.execute(&context, &Transfer(ids[from], ids[to], amount)).await
        }
        Command::Enter(account) => {
            ledger.execute(&context, &Enter { account: ids[account], book: ids[3] }).await
        }
        Command::Close => ledger.execute(&context, &Close(ids[3])).await,
    }?;
    Ok(committed.position)
}

async fn check(steps: Vec<Step>) {
    let database = Database::create().await;
    let processes = [ledger(&database).await, ledger(&database).await];
    let ids: Vec<Uuid> = (1..5).map(Uuid::from_u128).collect();
    let mut model = Model::default();
    for step in steps {
        let expected = model.give(step);
        let found = give(&processes[step.1], &ids, step).await;
        match (expected, found) {
            (Ok(events), Ok(position)) => assert_eq!(i64::try_from(events).unwrap(), position, "{step:?}"),
            (Err(expected), Err(failure)) => assert_eq!(Some(expected), code(&failure), "{step:?}"),
            (expected, found) => panic!("{step:?}: {expected:?}, not {found:?}"),
        }
    }
    let stored = processes[0].parts().after(0, 10_000).await.unwrap();
    let mut versions: HashMap<Uuid, i64> = HashMap::new();
    assert_eq!(stored.len(), model.events.len());
    for (n, (event, (kind, stream))) in stored.iter().zip(&model.events).enumerate() {
        let version = versions.entry(event.stream).or_default();
        *version += 1;
        assert_eq!((event.event_type.as_str(), event.stream), (*kind, ids[*stream]));
        assert_eq!((event.position, event.sequence), (i64::try_from(n).unwrap() + 1, *version));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_processes_in_turn_are_one_plain_ledger(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(steps));
    }
}
