//! One question to one witness: `add-checkpoint` of C2SP `tlog-witness`.

use std::time::Duration;

use lethe_tlog::checkpoint::CheckpointError;
use lethe_tlog::note::{Note, Signature};
use lethe_tlog::witness::AddCheckpoint;
use reqwest::StatusCode;

use super::{Witness, WitnessFailure};
use crate::{Checkpoint, Notary, NotaryError};

/// How long a witness may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// No answer is longer.
const LONGEST: usize = 64 * 1024;

/// The way to witnesses.
pub(crate) struct Asking(Option<reqwest::Client>);

/// What came back: a status and a text.
type Answer = (StatusCode, String);

impl Asking {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build();
        Self(client.ok())
    }

    /// Has a witness cosign a checkpoint; `old` is the size it is believed to have seen last. Answers its signature line.
    pub(crate) async fn ask(
        &self,
        notary: &Notary,
        witness: &Witness,
        checkpoint: &Checkpoint,
        old: u64,
    ) -> Result<Result<String, WitnessFailure>, NotaryError> {
        let mut old = old.min(checkpoint.size);
        // A witness that has seen another size tells which, and is asked once more from there.
        for again in [true, false] {
            let body = body(notary, checkpoint, old).await?;
            let (status, text) = match self.post(witness, body).await {
                Ok(answer) => answer,
                Err(failure) => return Ok(Err(failure)),
            };
            match (status, seen(&text)) {
                (StatusCode::OK, _) => return Ok(cosignature(witness, checkpoint, &text)),
                (StatusCode::CONFLICT, Some(seen)) if seen > checkpoint.size => {
                    return Ok(Err(ahead(seen, checkpoint.size)));
                }
                (StatusCode::CONFLICT, Some(seen)) if again && seen != old => old = seen,
                (status, _) => return Ok(Err(refusal(status, old))),
            }
        }
        Ok(Err(WitnessFailure::Away("It tells another size each time it is asked.".to_owned())))
    }

    async fn post(&self, witness: &Witness, body: String) -> Result<Answer, WitnessFailure> {
        let away = |what: &str| WitnessFailure::Away(what.to_owned());
        let client = self.0.as_ref().ok_or_else(|| away("No way to ask over HTTP could be made."))?;
        let url = format!("{}/add-checkpoint", witness.url.as_str().trim_end_matches('/'));
        let answer = client.post(url).body(body).send().await;
        let mut answer = answer.map_err(|_| away("It cannot be reached, or does not answer in time."))?;
        let (status, mut text) = (answer.status(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(|_| away("Its answer breaks off."))? {
            text.extend_from_slice(&chunk);
            if text.len() > LONGEST {
                return Err(away("Its answer is longer than any cosignature."));
            }
        }
        Ok((status, String::from_utf8_lossy(&text).into_owned()))
    }
}

/// The size that a witness says it has seen.
fn seen(text: &str) -> Option<u64> {
    text.strip_suffix('\n')?.parse().ok()
}

fn ahead(seen: u64, size: u64) -> WitnessFailure {
    WitnessFailure::Fork(format!(
        "It has seen {seen} events of this log, and there are {size}. The ledger was shortened, an older copy of the database \
         was put in its place, or somebody else signs with its key."
    ))
}

fn refusal(status: StatusCode, old: u64) -> WitnessFailure {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => WitnessFailure::Fork(format!(
            "The log does not continue the {old} events that it has seen. The ledger was rewritten."
        )),
        StatusCode::NOT_FOUND => {
            WitnessFailure::Refused("It does not know this log; have it added there.".to_owned())
        }
        StatusCode::FORBIDDEN => WitnessFailure::Refused(
            "It knows this log under another key; have the key corrected there.".to_owned(),
        ),
        StatusCode::BAD_REQUEST => WitnessFailure::Refused("It does not understand the question.".to_owned()),
        status => WitnessFailure::Away(format!("It answers with status {}.", status.as_u16())),
    }
}

/// The question: the size that was seen before, the proof from there, and the checkpoint.
async fn body(notary: &Notary, checkpoint: &Checkpoint, old: u64) -> Result<String, NotaryError> {
    let proof = notary.consistency(old, checkpoint.size).await?;
    let checkpoint = checkpoint.note.parse().map_err(CheckpointError::Note)?;
    Ok(AddCheckpoint { old, proof, checkpoint }.to_string())
}

/// The witness's signature line in its answer, if it is one of that checkpoint.
fn cosignature(witness: &Witness, checkpoint: &Checkpoint, text: &str) -> Result<String, WitnessFailure> {
    let wrong = || {
        WitnessFailure::Away("What it answers is no cosignature by its key of this checkpoint.".to_owned())
    };
    let note: Note = checkpoint.note.parse().map_err(|_| wrong())?;
    let keys = [witness.key.clone()];
    for line in text.lines() {
        let Ok(signature) = line.parse::<Signature>() else { continue };
        let Ok(mut alone) = Note::new(note.text()) else { continue };
        alone.push(signature.clone());
        if alone.verify(&keys).is_ok() {
            return Ok(signature.to_string());
        }
    }
    Err(wrong())
}
