//! The table that is printed, and kept in benches/results.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::Outcome;
use crate::driver::Measured;

/// Where the table is kept, beside what was written about earlier ones.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/results/pages.md");

/// The table, which is printed as it grows.
pub struct Table(String);

/// One line: a scenario at a number of connections.
pub struct Line<'o> {
    pub name: &'static str,
    pub connections: usize,
    pub ours: &'o Outcome,
    pub peer: &'o Outcome,
}

impl Table {
    pub fn new() -> Self {
        let mut table = Self(String::new());
        table.say(&format!(
            "Requests/s and latencies in ms, medians of the rounds; CPU in ms a request, of the process that answers and of \
             PostgreSQL. {}\n",
            machine()
        ));
        table
    }

    pub fn title(&mut self, contacts: u64) {
        self.say(&format!(
            "### {contacts} contacts\n\n\
             | request | connections | Lethe | p50 | p99 | CPU | PostgreSQL | PostGraphile | p50 | p99 | CPU | PostgreSQL | \
             Lethe / PostGraphile |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
        ));
    }

    pub fn add(&mut self, line: &Line<'_>) {
        let name = if line.connections == 1 { line.name } else { "" };
        let (ours, peer) = (figures(line.ours), figures(line.peer));
        let ratio = match (median(&line.ours.rounds, |m| m.rate), median(&line.peer.rounds, |m| m.rate)) {
            (Some(ours), Some(peer)) => format!("{:.2}", ours / peer.max(f64::MIN_POSITIVE)),
            _ => String::new(),
        };
        self.say(&format!("| {name} | {} | {ours} | {peer} | {ratio} |", line.connections));
    }

    pub fn memory(&mut self, contacts: u64, ours: u64, peer: Option<u64>) {
        let peer = peer.map(|peer| format!(", PostGraphile {peer} MiB")).unwrap_or_default();
        self.say(&format!(
            "\nResident memory after that, with {contacts} contacts: Lethe {ours} MiB{peer}.\n"
        ));
    }

    pub fn write(mut self, took: Duration) {
        self.say(&format!("The whole took {} minutes.", took.as_secs() / 60));
        fs::write(KEPT, format!("# Pages over HTTP\n\n{}", self.0)).unwrap();
    }

    fn say(&mut self, text: &str) {
        println!("{text}");
        writeln!(self.0, "{text}").unwrap();
    }
}

fn median(rounds: &[Measured], of: impl Fn(&Measured) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn figures(outcome: &Outcome) -> String {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let rounds = &outcome.rounds;
    let (Some(rate), Some(p50), Some(p99)) = (
        median(rounds, |measured| measured.rate),
        median(rounds, |measured| milliseconds(measured.p50)),
        median(rounds, |measured| milliseconds(measured.p99)),
    ) else {
        return " | | | | ".to_owned();
    };
    let requests = f64::from(u32::try_from(outcome.usage.requests.max(1)).unwrap());
    let (server, postgres) = (outcome.usage.server / requests, outcome.usage.postgres / requests);
    format!("{rate:.0} | {p50:.2} | {p99:.2} | {server:.2} | {postgres:.2}")
}

/// What the system says of its processors and memory.
fn machine() -> String {
    let of = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { " A DEBUG BUILD: its figures say nothing." } else { "" };
    format!(
        "Machine: {processors} processors ({}), {}.{build}",
        of("/proc/cpuinfo", "model name"),
        of("/proc/meminfo", "MemTotal")
    )
}
