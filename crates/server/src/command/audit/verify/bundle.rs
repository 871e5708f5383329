//! An audit bundle.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use lethe_tlog::bundle::{self, Expected, Fault, Progress, Report, Selection};
use serde_json::{Value, json};

use super::{Arguments, Finding, witnessed, witnesses_json};
use crate::output;

/// How many events are checked before a line says so where no bar can be drawn.
const EVERY: u64 = 1_000_000;

pub(super) fn verify(arguments: &Arguments) -> Finding {
    let expected = Expected {
        key: arguments.key.as_ref(),
        origin: arguments.origin.as_deref(),
        witnesses: &arguments.witnesses,
    };
    let mut bar = Bar::new();
    let verified = bundle::verify(&arguments.path, &expected, &mut |progress| bar.tell(progress));
    bar.finish();
    match verified {
        Ok(report) => good(&report, arguments),
        Err(fault) => bad(&fault),
    }
}

fn good(report: &Report, arguments: &Arguments) -> Finding {
    Finding { good: true, text: told(report, arguments), json: listed(report, arguments) }
}

fn told(report: &Report, arguments: &Arguments) -> String {
    let it = &report.checkpoint;
    let selected = match report.selection {
        Selection::All => "all".to_owned(),
        Selection::Range { from, until } => format!("positions {from} to {until}"),
        Selection::Unit { id } => format!("those of the unit {id}"),
        Selection::Contact { id } => format!("those about the contact {id}"),
    };
    let missing = if is_complete(report) {
        "none of them is missing"
    } else {
        "whether there are more of the kind cannot be verified"
    };
    let sizes: Vec<String> = report.earlier.iter().map(u64::to_string).collect();
    let earlier = if sizes.is_empty() {
        String::new()
    } else {
        format!("\ngrown from    earlier checkpoints of {} events", sizes.join(", "))
    };
    format!(
        "The bundle is {}. Every event in it is the one that was logged; {missing}. {}\n\n\
         log           {}\ncheckpoint    {} events, root {}\nselected      {selected}\nchecked       {} events{}{earlier}",
        if arguments.key.is_some() { "good" } else { "intact" },
        arguments.signed_by(&report.key),
        output::shown(&it.origin),
        it.size,
        it.root,
        report.events,
        witnessed(&report.witnesses),
    )
}

fn listed(report: &Report, arguments: &Arguments) -> Value {
    json!({
        "intact": true,
        "keyCompared": arguments.key.is_some(),
        "key": report.key.to_string(),
        "origin": report.checkpoint.origin,
        "size": report.checkpoint.size,
        "root": report.checkpoint.root,
        "selection": report.selection,
        "complete": is_complete(report),
        "events": report.events,
        "witnesses": witnesses_json(&report.witnesses),
        "earlier": report.earlier,
    })
}

/// Whether it was verified that no position is missing.
fn is_complete(report: &Report) -> bool {
    report.selection.range(report.checkpoint.size).is_some()
}

fn bad(fault: &Fault) -> Finding {
    // A fault names what it found, and that may be anything.
    let message = output::shown(&fault.to_string());
    let text = match fault.position() {
        Some(position) => format!("The bundle is not good from position {position} on. {message}"),
        None => format!("The bundle is not good. {message}"),
    };
    let json = json!({
        "intact": false,
        "code": fault.code(),
        "position": fault.position(),
        "message": message,
    });
    Finding { good: false, text, json }
}

/// Tells how far it is, on stderr.
enum Bar {
    Drawn(ProgressBar),
    Lines { next: u64 },
}

impl Bar {
    fn new() -> Self {
        if !stderr().is_terminal() {
            return Self::Lines { next: EVERY };
        }
        let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} events, {per_sec}");
        Self::Drawn(ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    fn tell(&mut self, progress: Progress) {
        match self {
            Self::Drawn(bar) => {
                bar.set_length(progress.events);
                bar.set_position(progress.checked);
            }
            Self::Lines { next } if progress.checked >= *next => {
                *next = progress.checked + EVERY;
                output::note(&format!("{} of {} events are checked.", progress.checked, progress.events));
            }
            Self::Lines { .. } => {}
        }
    }

    fn finish(self) {
        if let Self::Drawn(bar) = self {
            bar.finish_and_clear();
        }
    }
}
