//! Random histories of a vault, with everything kept that was ever on a disk: appends that fail, rotations that are cut off at
//! any step, processes that end, moves and restores. At their end nothing opens but the living.

use std::collections::BTreeMap;

use lethe_crm::contact::ErasureKind;
use lethe_kernel::{Clock, ContactId};
use lethe_ledger::Ledger;
use lethe_privacy::restore::{Mode, restore};
use lethe_privacy::rotation::rotate;
use lethe_vault::custodian::CustodianSpec;
use lethe_vault::mirror::{Mirrors, Takeover};
use lethe_vault::restore::{Prepared, Source, check};
use lethe_vault::{Custody, Vault};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::cluster::{Cluster, folder};
use crate::orphans::{audit, failing, living, roots, try_register};
use crate::people::{erase, found, migrated, named, process_of, register, tell};

/// How many histories are tried; `just attack` tries more.
fn rounds() -> usize {
    std::env::var("LETHE_ATTACK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2)
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Register,
    Repeat,
    Fail(&'static str),
    Erase(usize),
    Rotate,
    /// A rotation that is cut off behind so many of its steps.
    CutOff(u8),
    Restart,
    /// The database is on another timeline, and what was known of a rotation may be lost.
    Move {
        forgetting: bool,
    },
    Restore,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Register),
        2 => Just(Act::Repeat),
        3 => proptest::sample::select(vec!["40001", "53100", "22000"]).prop_map(Act::Fail),
        4 => any::<usize>().prop_map(Act::Erase),
        2 => Just(Act::Rotate),
        5 => (0..6_u8).prop_map(Act::CutOff),
        2 => Just(Act::Restart),
        1 => any::<bool>().prop_map(|forgetting| Act::Move { forgetting }),
        1 => Just(Act::Restore),
    ]
}

struct World {
    cluster: Cluster,
    ledger: Ledger,
    /// Who was registered, and whether they are erased.
    people: BTreeMap<ContactId, bool>,
    keys: u128,
}

fn custody(cluster: &Cluster) -> Custody {
    Custody { custodians: cluster.custodians().map(CustodianSpec::File).to_vec(), buckets: 4 }
}

impl World {
    async fn create() -> Self {
        let cluster = Cluster::start(folder()).await;
        migrated(&cluster).await;
        let ledger = process_of(&cluster).await;
        found(&ledger).await;
        Self { cluster, ledger, people: BTreeMap::new(), keys: 0 }
    }

    async fn act(&mut self, act: Act) {
        let pool = self.ledger.parts().pool.clone();
        match act {
            Act::Register => drop(self.people.insert(register(&self.ledger, named("Åse")).await, false)),
            Act::Repeat => {
                self.keys += 1;
                for _ in 0..2 {
                    assert!(try_register(&self.ledger, Uuid::from_u128(self.keys)).await);
                }
                let sql = "SELECT objects[1] FROM ledger.commands ORDER BY position DESC LIMIT 1";
                let id: Uuid = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
                self.people.insert(ContactId(id), false);
            }
            Act::Fail(code) => {
                self.keys += 1;
                failing(&pool, &self.ledger, code, Uuid::from_u128(self.keys)).await;
            }
            Act::Erase(which) => {
                let alive: Vec<ContactId> =
                    self.people.iter().filter(|(_, erased)| !**erased).map(|(person, _)| *person).collect();
                if let Some(person) = alive.get(which % alive.len().max(1)) {
                    erase(&self.ledger, *person, ErasureKind::Anonymised).await;
                    self.people.insert(*person, true);
                }
            }
            Act::Rotate => drop(rotate(&self.ledger, &|_| {}).await.unwrap()),
            Act::CutOff(steps) => cut_off(&self.ledger, steps).await,
            Act::Restart => self.restart().await,
            Act::Move { forgetting } => {
                self.ledger.parts().vault.mirrors().feed(&pool).await.unwrap();
                sqlx::raw_sql("UPDATE vault.root SET timeline = timeline + 1").execute(&pool).await.unwrap();
                if forgetting {
                    let lost = "DELETE FROM vault.rotation WHERE step IN ('begun', 'prepared')";
                    sqlx::raw_sql(lost).execute(&pool).await.unwrap();
                }
                let mirrors = Mirrors::new(&[self.cluster.mirror()]);
                // The mirror is that of the other timeline.
                Vault::adopt(&pool, &custody(&self.cluster), &mirrors, false).await.unwrap();
                mirrors.export(&pool, Takeover::Allow).await.unwrap();
                self.restart().await;
            }
            Act::Restore => {
                self.ledger.parts().vault.mirrors().feed(&pool).await.unwrap();
                // Between switch and export the mirror is of the root before, and a restore is refused.
                let source = Source::read(&self.cluster.mirror()).await.unwrap();
                let custody = custody(&self.cluster);
                if check(&pool, &custody, &Mirrors::default(), &source).await.is_ok() {
                    let prepared = Prepared::find(&pool, &custody, &source).await.unwrap();
                    restore(&pool, &Clock::system(), &source, Mode::Keep).await.unwrap();
                    prepared.destroy().await.unwrap();
                    let mirrors = Mirrors::new(&[self.cluster.mirror()]);
                    mirrors.export(&pool, Takeover::Allow).await.unwrap();
                }
                self.restart().await;
            }
        }
    }

    /// Another process.
    async fn restart(&mut self) {
        self.ledger.parts().pool.close().await;
        self.ledger = process_of(&self.cluster).await;
    }
}

/// Begins a rotation, or takes one up, and stops behind so many steps; one less than the last is a switch that is rolled back.
async fn cut_off(ledger: &Ledger, steps: u8) {
    let (parts, vault) = (ledger.parts(), &ledger.parts().vault);
    let rotation = match vault.take_up().await.unwrap() {
        Some(rotation) => rotation,
        None => vault.begin().await.unwrap(),
    };
    if steps > 0 && rotation.step == "begun" {
        vault.prepare(&rotation).await.unwrap();
    }
    let Some(rotation) = vault.rotation().await.unwrap().filter(|rotation| rotation.step == "prepared")
    else {
        return;
    };
    if steps < 2 {
        return;
    }
    let change = vault.rekey(&rotation).await.unwrap();
    if steps < 3 {
        return;
    }
    let mut transaction = parts.pool.begin().await.unwrap();
    parts.lock_appends(&mut transaction).await.unwrap();
    vault.switch(&mut transaction, &rotation, change).await.unwrap();
    transaction.rollback().await.unwrap();
}

/// Histories that were found by chance and went wrong once.
fn known() -> [Vec<Act>; 1] {
    let before = [
        Act::Register,
        Act::Erase(2_879_905_203_961_657_165),
        Act::CutOff(4),
        Act::Register,
        Act::Register,
        Act::Register,
        Act::Restore,
        Act::Register,
        Act::CutOff(2),
        Act::Register,
        Act::Repeat,
        Act::Erase(14_395_102_340_787_720_880),
        Act::CutOff(2),
        Act::Erase(3_467_538_378_769_786_395),
        Act::Restore,
        Act::Register,
        Act::Repeat,
        Act::Erase(17_035_868_262_142_771_259),
        Act::Repeat,
        Act::Move { forgetting: true },
        Act::Restore,
        Act::Register,
        Act::Rotate,
        Act::Erase(7_591_946_604_236_977_365),
    ];
    [before.to_vec()]
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_that_went_wrong_once_go_right() {
    for acts in known() {
        go_through(acts).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_a_random_history_the_present_root_opens_the_living_and_nobody_else() {
    let mut runner = TestRunner::default();
    for _ in 0..rounds() {
        go_through(proptest::collection::vec(act(), 24).new_tree(&mut runner).unwrap().current()).await;
    }
}

async fn go_through(acts: Vec<Act>) {
    tell(&format!("Random history: {acts:?}"));
    let mut world = World::create().await;
    for act in acts {
        world.act(act).await;
    }
    rotate(&world.ledger, &|_| {}).await.unwrap();
    let pool = world.ledger.parts().pool.clone();
    for sql in ["CHECKPOINT", "SELECT pg_switch_wal()"] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    let (living, now) = (living(&pool).await, roots(&world.cluster.custodians()[0]));
    assert_eq!(now.len(), 1);
    for (person, erased) in &world.people {
        let keyring = world.ledger.parts().vault.keyring(&[(*person).into()]).await.unwrap();
        assert_eq!(keyring.of((*person).into()).is_empty(), *erased, "{person:?}");
    }
    let verified = world.ledger.parts().vault.verify().await.unwrap();
    assert_eq!(verified.findings, Vec::<String>::new());
    pool.close().await;
    let everything = world.cluster.stop().await;
    assert_eq!(audit(&now, &living, everything.path()).openable, []);
}
