//! Several processes on one root file, and processes that are killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use lethe_vault::custodian::{CustodianError, FileCustodian, Root};
use tempfile::TempDir;
use uuid::Uuid;

const EPOCHS: i64 = 100;

fn root(epoch: i64) -> Root {
    Root::generate(Uuid::from_u128(7), epoch).unwrap()
}

fn custodian() -> (TempDir, FileCustodian) {
    let folder = tempfile::tempdir().unwrap();
    let custodian = FileCustodian::in_data_dir(folder.path());
    (folder, custodian)
}

fn epochs(custodian: &FileCustodian) -> Vec<i64> {
    custodian.held().unwrap().iter().map(|held| held.epoch).collect()
}

/// Not a test: what the processes do that other tests start and kill.
#[test]
#[ignore = "a process of other tests"]
fn process() {
    let Ok(path) = std::env::var("LETHE_TEST_ROOT_FILE") else { return };
    let custodian = FileCustodian::new(path);
    if std::env::var("LETHE_TEST_RACE").is_ok() {
        println!("\nstored {:?}", race(&custodian));
        return;
    }
    for epoch in custodian.held().unwrap()[0].epoch.. {
        if custodian.fetch(epoch + 1).unwrap().is_none() {
            custodian.store(&root(epoch + 1)).unwrap();
        }
        custodian.destroy(epoch).unwrap();
        println!("\nrotated");
    }
}

/// Stores a root of each epoch, as another process does at the same time; answers of which it was the one.
fn race(custodian: &FileCustodian) -> Vec<i64> {
    let won = |epoch: &i64| {
        let root = root(*epoch);
        loop {
            match custodian.store(&root) {
                // The other one is about to destroy the root before.
                Err(CustodianError::NoFreeSlot { .. }) => {}
                Err(CustodianError::Another { .. } | CustodianError::Newer { .. }) => return false,
                stored => {
                    stored.unwrap();
                    custodian.destroy(*epoch - 1).unwrap();
                    return true;
                }
            }
        }
    };
    (1..=EPOCHS).filter(won).collect()
}

fn start(custodian: &FileCustodian, racing: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "custodian_processes::process"]);
    command.env("LETHE_TEST_ROOT_FILE", custodian.path()).stdout(Stdio::piped());
    if racing {
        command.env("LETHE_TEST_RACE", "");
    }
    command.spawn().unwrap()
}

#[test]
fn of_two_processes_that_store_at_once_one_wins() {
    let (_folder, custodian) = custodian();
    let told =
        [start(&custodian, true), start(&custodian, true)].map(|process| process.wait_with_output().unwrap());
    let mut stored = Vec::new();
    for output in told {
        assert!(output.status.success());
        let lines = String::from_utf8(output.stdout).unwrap();
        let list = lines.lines().find_map(|line| line.strip_prefix("stored ")).unwrap();
        stored.extend(serde_json::from_str::<Vec<i64>>(list).unwrap());
    }
    stored.sort_unstable();
    assert_eq!(stored, (1..=EPOCHS).collect::<Vec<_>>());
    assert_eq!(epochs(&custodian), [EPOCHS]);
}

#[test]
fn a_process_killed_while_it_rotates_leaves_a_root_and_the_next_goes_on() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    for round in 0..20 {
        let mut process = start(&custodian, false);
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let rotated =
            lines.map_while(Result::ok).filter(|line| line == "rotated").take(1 + round % 4).count();
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(rotated, 1 + round % 4);
        let held = epochs(&custodian);
        assert!(held.len() == 1 || held[1] == held[0] + 1, "{held:?}");
    }
}
