use std::collections::HashSet;

use lethe_kernel::{ContactId, EventId};
use proptest::prelude::*;

use super::*;
use crate::append::{Expectation, NewEvent};

/// A unit that was decided on streams at some versions and writes the first of them.
#[derive(Clone, Debug)]
struct Plan {
    command: u128,
    reads: Vec<(u128, i64)>,
    writes: bool,
    mints: Option<u128>,
    uses: Option<u128>,
    destroys: Option<u128>,
}

struct Waits(NewUnit);

impl Carries for Waits {
    fn unit(&self) -> &NewUnit {
        &self.0
    }
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn unit(plan: &Plan) -> Waits {
    let expectations: Vec<Expectation> = plan
        .reads
        .iter()
        .map(|(stream, version)| Expectation { aggregate: "a", stream: id(*stream), version: *version })
        .collect();
    let events = expectations.iter().filter(|_| plan.writes).take(1).map(|x| NewEvent {
        id: EventId(id(0)),
        aggregate: x.aggregate,
        stream: x.stream,
        sequence: x.version + 1,
        event_type: String::new(),
        version: String::new(),
        payload: String::new(),
        metadata: String::new(),
    });
    let key = |subject: u128| lethe_vault::NewKey {
        id: id(subject),
        subject: ContactId(id(subject)).into(),
        class: KeyClass::Crm,
        wrapped: Vec::new(),
        epoch: 1,
        commitment: [0; 32],
    };
    let used = |key: u128| lethe_vault::StoredKey {
        id: id(key),
        subject: ContactId(id(key)).into(),
        class: KeyClass::Crm,
    };
    let destroyed = |key: u128| lethe_vault::DestroyedKey {
        id: id(key),
        subject: ContactId(id(key)).into(),
        class: KeyClass::Crm,
        commitment: [0; 32],
    };
    Waits(NewUnit {
        command: CommandId(id(plan.command)),
        outcome: "applied",
        objects: Vec::new(),
        input: None,
        events: events.collect(),
        expectations,
        new_ids: HashSet::new(),
        new_keys: plan.mints.into_iter().map(key).collect(),
        live_keys: plan.uses.into_iter().map(used).collect(),
        destroyed: plan.destroys.into_iter().map(destroyed).collect(),
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    let reads = proptest::collection::btree_map(0..5_u128, 0..3_i64, 0..4);
    // Keys that are stored: 100 and 101.
    let stored = || proptest::option::of(100..102_u128);
    (0..12_u128, reads, any::<bool>(), proptest::option::of(0..3_u128), stored(), stored()).prop_map(
        |(command, reads, writes, mints, uses, destroys)| Plan {
            command,
            reads: reads.into_iter().collect(),
            writes,
            mints,
            uses,
            destroys,
        },
    )
}

/// The plain meaning of a batch: its units come one after another, each checked against what the ones before it left.
#[derive(Clone, Default)]
struct Model {
    versions: HashMap<Uuid, i64>,
    keys: HashSet<Subject>,
    lost: HashSet<Uuid>,
    commands: HashSet<CommandId>,
}

impl Model {
    fn append(&mut self, unit: &NewUnit) -> Option<Appended> {
        if self.commands.contains(&unit.command) {
            return Some(Appended::Duplicate);
        }
        let known = |x: &Expectation| self.versions.get(&x.stream).copied().unwrap_or(0) == x.version;
        let destroyed = || unit.destroyed.iter().map(|key| key.id);
        if !unit.expectations.iter().all(known)
            || unit.live_keys.iter().map(|key| key.id).chain(destroyed()).any(|key| self.lost.contains(&key))
            || unit.new_keys.iter().any(|key| self.keys.contains(&key.subject))
        {
            return Some(Appended::Conflict);
        }
        self.commands.insert(unit.command);
        self.lost.extend(destroyed());
        self.keys.extend(unit.new_keys.iter().map(|key| key.subject));
        for event in &unit.events {
            self.versions.insert(event.stream, event.sequence);
        }
        None
    }
}

proptest! {
    /// Checking all units of a batch against what was there before it, and deciding what waits from what was appended,
    /// is the same as appending them one after another in that order.
    #[test]
    fn a_batch_is_as_if_its_units_came_one_after_another(plans in proptest::collection::vec(plan(), 0..30)) {
        let mut waiting: VecDeque<Waits> = plans.iter().map(unit).collect();
        let (mut one_by_one, mut left) = (Model::default(), plans.len());
        while !waiting.is_empty() {
            let batch = choose(&mut waiting);
            prop_assert!(!batch.is_empty());
            left -= batch.len();
            let (before, mut appended) = (one_by_one.clone(), Vec::new());
            for Waits(unit) in &batch {
                // As the database does: against the state before the batch.
                let outcome = before.clone().append(unit);
                prop_assert_eq!(outcome, one_by_one.append(unit));
                if outcome.is_none() {
                    appended.push(unit.command);
                }
            }
            let accepted = batch.iter().map(Carries::unit).filter(|unit| appended.contains(&unit.command));
            for (Waits(unit), outcome) in decided(&mut waiting, accepted) {
                left -= 1;
                prop_assert_eq!(Some(outcome), one_by_one.append(&unit));
            }
        }
        prop_assert_eq!(left, 0);
    }
}

#[test]
fn a_batch_has_a_largest_size() {
    let plan =
        |command| Plan { command, reads: Vec::new(), writes: false, mints: None, uses: None, destroys: None };
    let mut waiting: VecDeque<Waits> = (0..600).map(|n| unit(&plan(n))).collect();
    assert_eq!(choose(&mut waiting).len(), UNITS);
    let mut big: VecDeque<Waits> =
        (0..3).map(|n| unit(&Plan { reads: vec![(n, 0)], writes: true, ..plan(n) })).collect();
    for Waits(unit) in &mut big {
        unit.events[0].payload = " ".repeat(BYTES);
    }
    assert_eq!(choose(&mut big).len(), 1);
    assert_eq!(big.len(), 2);
}
