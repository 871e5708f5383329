//! Witnesses: other organisations that see every checkpoint, and sign it only if it continues what they saw before. A
//! ledger that was rewritten or put back to yesterday does not get past them.

mod ask;

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use lethe_tlog::note::{KeyKind, VerifierKey};
use sqlx::PgPool;

use crate::store::{signed, unsigned};
use crate::{Checkpoint, Notary, NotaryError};
use ask::Asking;

/// How long it is from one round of cosignatures to the next.
const ROUND: Duration = Duration::from_secs(1);

/// A witness, as the settings name it: where it is, and the key it cosigns with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    url: reqwest::Url,
    key: VerifierKey,
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessFailure {
    /// It has seen another history of this log: the ledger was rewritten or shortened, or somebody else uses its key.
    Fork(String),
    /// It does not take checkpoints of this log at all.
    Refused(String),
    /// It does not answer as a witness does.
    Away(String),
}

/// What is known of a witness.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct WitnessStatus {
    /// Its name.
    pub name: String,
    /// The size it cosigned last.
    pub size: i64,
    /// `FORK`, `REFUSED` or `AWAY`, if it does not cosign.
    pub failure: Option<String>,
    /// Why, in a sentence.
    pub reason: Option<String>,
    /// Since when.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it cosigned last.
    pub cosigned_at: Option<DateTime<Utc>>,
}

impl WitnessFailure {
    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fork(_) => "FORK",
            Self::Refused(_) => "REFUSED",
            Self::Away(_) => "AWAY",
        }
    }

    fn reason(&self) -> &str {
        let (Self::Fork(reason) | Self::Refused(reason) | Self::Away(reason)) = self;
        reason
    }
}

impl FromStr for Witness {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "Write the witness's address, a blank and its verifier key: https://witness.example NAME+HASH+KEY.";
        let (url, key) = text.trim().split_once(char::is_whitespace).ok_or(FORM)?;
        let url: reqwest::Url = url.parse().map_err(|_| FORM)?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.cannot_be_a_base() {
            return Err(FORM);
        }
        match key.trim().parse::<VerifierKey>() {
            Ok(key) if key.kind() == KeyKind::Cosignature => Ok(Self { url, key }),
            _ => Err(
                "The witness's verifier key must be the whole line, and of Ed25519 cosignatures (type 04).",
            ),
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.url, self.key)
    }
}

impl Witness {
    /// The name of its key.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.name()
    }
}

impl Notary {
    /// What is known of the witnesses that were ever asked.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn witnesses(pool: &PgPool) -> Result<Vec<WitnessStatus>, NotaryError> {
        Ok(sqlx::query_as("SELECT * FROM notary.witnesses ORDER BY name").fetch_all(pool).await?)
    }

    /// Has every witness cosign the newest checkpoint, again and again.
    pub(crate) async fn collect(&self, witnesses: &[Witness]) -> Result<Infallible, NotaryError> {
        let asking = Asking::new();
        let mut cosigned = 0;
        loop {
            if !witnesses.is_empty()
                && let Some(newest) = self.signed().await?
                && (newest.size != cosigned || self.is_any_failing().await?)
                && self.round(&asking, witnesses, &newest).await?
            {
                cosigned = newest.size;
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    async fn is_any_failing(&self) -> Result<bool, NotaryError> {
        let sql = "SELECT EXISTS (SELECT FROM notary.witnesses WHERE failure IS NOT NULL)";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.parts.pool).await?)
    }

    /// Asks all of them at once, and stores the checkpoint with the signatures that came; whether every one came.
    async fn round(
        &self,
        asking: &Asking,
        witnesses: &[Witness],
        newest: &Checkpoint,
    ) -> Result<bool, NotaryError> {
        let asked = witnesses.iter().map(|witness| async move {
            let old = self.seen_by(witness).await?;
            Ok::<_, NotaryError>((witness, asking.ask(self, witness, newest, old).await?))
        });
        let (mut note, mut all) = (newest.note.clone(), true);
        for answer in join_all(asked).await {
            let (witness, answer) = answer?;
            self.record(witness, newest.size, answer.as_ref().err()).await?;
            match answer {
                Ok(line) => note.push_str(&line),
                Err(_) => all = false,
            }
        }
        if note != newest.note {
            sqlx::query(
                "INSERT INTO notary.cosigned (size, note, cosigned_at) VALUES ($1, $2, now()) \
                 ON CONFLICT (one) DO UPDATE SET size = $1, note = $2, cosigned_at = now()",
            )
            .bind(signed(newest.size))
            .bind(note)
            .execute(&self.parts.pool)
            .await?;
        }
        Ok(all)
    }

    async fn seen_by(&self, witness: &Witness) -> Result<u64, NotaryError> {
        let sql = "SELECT size FROM notary.witnesses WHERE name = $1";
        let seen: Option<i64> =
            sqlx::query_scalar(sql).bind(witness.name()).fetch_optional(&self.parts.pool).await?;
        Ok(unsigned(seen.unwrap_or_default()))
    }

    /// Stores how it went; tells the log when something begins or ends.
    async fn record(
        &self,
        witness: &Witness,
        size: u64,
        failure: Option<&WitnessFailure>,
    ) -> Result<(), NotaryError> {
        let name = witness.name().to_owned();
        metrics::gauge!("lethe_witness_failing", "witness" => name.clone()).set(if failure.is_some() {
            1.0
        } else {
            0.0
        });
        self.tell_of(&name, failure).await?;
        sqlx::query(
            "INSERT INTO notary.witnesses (name, size, failure, reason, failing_since, cosigned_at) \
             VALUES ($1, CASE WHEN $3::text IS NULL THEN $2 ELSE 0 END, $3, $4, \
                     CASE WHEN $3 IS NULL THEN NULL ELSE now() END, CASE WHEN $3 IS NULL THEN now() END) \
             ON CONFLICT (name) DO UPDATE SET \
                 size = CASE WHEN $3 IS NULL THEN $2 ELSE witnesses.size END, failure = $3, reason = $4, \
                 failing_since = CASE WHEN $3 IS NULL THEN NULL ELSE coalesce(witnesses.failing_since, now()) END, \
                 cosigned_at = CASE WHEN $3 IS NULL THEN now() ELSE witnesses.cosigned_at END",
        )
        .bind(name)
        .bind(signed(size))
        .bind(failure.map(WitnessFailure::code))
        .bind(failure.map(WitnessFailure::reason))
        .execute(&self.parts.pool)
        .await?;
        Ok(())
    }

    /// Tells the log when a witness begins or ends to fail.
    async fn tell_of(&self, name: &str, failure: Option<&WitnessFailure>) -> Result<(), NotaryError> {
        let sql = "SELECT failure FROM notary.witnesses WHERE name = $1 AND failure IS NOT NULL";
        let before: Option<String> =
            sqlx::query_scalar(sql).bind(name).fetch_optional(&self.parts.pool).await?;
        match failure {
            Some(failure) if before.as_deref() != Some(failure.code()) => {
                let (code, reason) = (failure.code(), failure.reason());
                tracing::error!(witness = name, code, reason, "a witness does not cosign");
            }
            None if before.is_some() => tracing::info!(witness = name, "the witness cosigns again"),
            _ => {}
        }
        Ok(())
    }
}
