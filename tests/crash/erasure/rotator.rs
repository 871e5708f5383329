//! `lethe keys rotate`, again and again, killed at every step.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::chance::Chance;
use crate::observe::folder;
use crate::server::lethe;

/// What the process says when a step is done.
const STEPS: [&str; 4] = ["Prepared:", "Switched:", "Exported:", "Destroyed:"];

pub(crate) struct Rotator {
    settings: Vec<(&'static str, String)>,
    pub(crate) folder: TempDir,
    chance: Chance,
    next: usize,
    /// How often a process was killed that had said nothing yet, or this step as its last.
    pub(crate) cut: [usize; STEPS.len() + 1],
}

impl Rotator {
    pub(crate) fn new(settings: Vec<(&'static str, String)>, chance: Chance) -> Self {
        Self { settings, folder: folder(), chance, next: 0, cut: [0; STEPS.len() + 1] }
    }

    pub(crate) fn run(mut self, enough: &AtomicBool) -> Self {
        while !enough.load(Ordering::Relaxed) {
            self.rotate();
        }
        self
    }

    /// One process, killed right behind the step whose turn it is; a rotation that was cut off earlier is taken up.
    fn rotate(&mut self) {
        let mut command = lethe(self.folder.path());
        command.args(["keys", "rotate"]).envs(self.settings.iter().cloned());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let turn = self.next;
        self.next = (turn + 1) % self.cut.len();
        let heard = if turn == 0 {
            // Anywhere between its start and its end.
            std::thread::sleep(Duration::from_micros(self.chance.below(200_000)));
            true
        } else {
            lines.by_ref().any(|line| line.is_ok_and(|line| line.starts_with(STEPS[turn - 1])))
        };
        // Not only right behind a step.
        std::thread::sleep(Duration::from_micros(self.chance.below(15_000)));
        let running = child.try_wait().unwrap().is_none();
        if running {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        if !(heard && running) {
            return;
        }
        // What it said before it died.
        let last = lines
            .map_while(Result::ok)
            .filter_map(|line| STEPS.iter().position(|step| line.starts_with(step)).map(|step| step + 1));
        self.cut[last.last().unwrap_or(turn)] += 1;
    }
}
