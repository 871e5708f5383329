//! The log: whether the ledger is the one that was signed, event by event, and whether witnesses cosign it.

use lethe_notary::{Notary, NotaryError, WitnessStatus};

use super::Finding;
use crate::config::Config;
use crate::database::Running;

const LOG: &str = "log";
const WITNESSES: &str = "witnesses";
const ADVICE: &str = "Somebody changed the tables past Lethe, or put an older copy of the database in its place. Stop it, keep a \
                      copy of the database, and bring back the one that was signed; docs/notary.md tells more.";

/// Compares every signed event with its leaf, and asks how the witnesses are.
pub(super) async fn check(config: &Config, running: &Running) -> Result<Vec<Finding>, NotaryError> {
    let notary = &running.notary;
    let state = notary.state();
    let checked = notary.check(&|_, _| {}).await?;
    // What is kept outside the database was compared when the notary was opened.
    let mut findings = vec![match checked.fault.or(state.fault) {
        None if checked.size == 0 => Finding::note(LOG, "Nothing is signed yet; a running server does that."),
        None => Finding::ok(LOG, format!("All {} signed events are what was signed.", checked.size)),
        Some(fault) => Finding::problem(LOG, fault.to_string(), ADVICE),
    }];
    let known = Notary::witnesses(&running.ledger.parts().pool).await?;
    for witness in &config.witnesses.0 {
        findings.push(finding(witness.name(), known.iter().find(|known| known.name == witness.name())));
    }
    Ok(findings)
}

fn finding(name: &str, known: Option<&WitnessStatus>) -> Finding {
    let Some(known) = known else {
        return Finding::note(WITNESSES, format!("{name} was not asked yet; a running server does that."));
    };
    match (known.failure.as_deref(), &known.reason, known.failing_since) {
        (Some(code), reason, Some(since)) => {
            let reason = reason.as_deref().unwrap_or_default();
            let message =
                format!("{name} does not cosign since {}. {reason}", since.format("%Y-%m-%d %H:%M UTC"));
            if code == "FORK" {
                Finding::problem(WITNESSES, message, ADVICE)
            } else {
                let advice = "Until then nobody but this installation vouches for its log.";
                Finding::warning(WITNESSES, message, advice)
            }
        }
        _ => Finding::ok(WITNESSES, format!("{name} has cosigned {} events.", known.size)),
    }
}
