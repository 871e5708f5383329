//! `lethe keys status`.

use clap::Args;
use lethe_vault::mirror::MirrorStatus;
use lethe_vault::{CustodianStatus, Due, Vault, VaultStatus};
use uuid::Uuid;

use super::with_pool;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys status`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Tells how the keys stand, also while servers run, and also of a database that was moved.
///
/// # Errors
/// [`Error::Vault`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let status = with_pool(config, async |pool, folder| {
        let custody = config.custody(folder.path());
        let status = Vault::status(&pool, &custody, &config.mirrors()).await?;
        let origin: Uuid = sqlx::query_scalar("SELECT origin FROM ledger.origin").fetch_one(&pool).await?;
        // Without the root, the key that signs cannot be read.
        let signer = async { Vault::open_moved(pool, &custody).await?.signer().await }.await.ok();
        let verifier = signer.as_ref().map(|signer| signer.verifier().to_string());
        let log = signer.and_then(|signer| lethe_notary::verifier(origin, signer.public_key()).ok());
        Ok(Told { status, verifier, log: log.map(|key| key.to_string()) })
    })
    .await?;
    if arguments.json {
        output::line(&serde_json::to_string(&status).map_err(std::io::Error::other)?)?;
    } else {
        for line in lines(&status.status) {
            output::line(&line)?;
        }
        output::line(&format!("Signs as      {}", status.verifier.as_deref().unwrap_or("unknown")))?;
        output::line(&format!("Log           {}", status.log.as_deref().unwrap_or("unknown")))?;
    }
    Ok(Outcome::Done)
}

/// How the keys stand, and the key that verifies what the installation signs, under its name and under that of its log.
#[derive(serde::Serialize)]
struct Told {
    #[serde(flatten)]
    status: VaultStatus,
    verifier: Option<String>,
    log: Option<String>,
}

fn lines(status: &VaultStatus) -> Vec<String> {
    let mut lines = vec![
        format!("Installation  {}", status.installation),
        format!("Root          epoch {}, {} buckets", status.epoch, status.buckets),
        format!("Keys          {}, and {} destroyed", status.keys, status.tombstones),
        format!("Not final     {} destroyed keys, until `lethe keys rotate`", status.not_final),
    ];
    if status.moved {
        lines.push("Database      not where it was: see `lethe keys adopt` and `lethe restore`".to_owned());
    }
    lines.push(match &status.rotation {
        Some((step, old, new, covers)) => format!(
            "Rotation      from epoch {old} to {new}, {step}; makes final what was erased up to position {covers}"
        ),
        None => format!("Rotation      none is under way; {}", due(&status.due)),
    });
    lines.extend(status.custodians.iter().map(custodian));
    lines.extend(status.former.iter().map(|name| {
        format!(
            "Custodian     {name} is in the settings no more and was not seen empty: see `lethe keys retire`"
        )
    }));
    if status.mirrors.is_empty() {
        lines.push(
            "Mirror        none: without one, the vault cannot be restored after a rotation".to_owned(),
        );
    }
    lines.extend(status.mirrors.iter().map(mirror));
    lines
}

/// Whether the next night rotates, and why.
fn due(due: &Due) -> String {
    let reasons = [
        (due.erased > 0, format!("{} keys were destroyed", due.erased)),
        (due.buckets > 0, format!("{} buckets have a destroyed key", due.buckets)),
        (due.lost > 0, format!("{} buckets are renewed after a restore, a move or an upgrade", due.lost)),
        (due.minted, "keys were made".to_owned()),
    ];
    let reasons: Vec<String> = reasons.into_iter().filter(|(is, _)| *is).map(|(_, reason)| reason).collect();
    if reasons.is_empty() {
        return "nothing asks for one".to_owned();
    }
    format!("one is due: {}", reasons.join(", "))
}

fn custodian(custodian: &CustodianStatus) -> String {
    let name = &custodian.name;
    if let Some(error) = &custodian.error {
        return format!("Custodian     {name}: {error}");
    }
    let epochs: Vec<String> = custodian.epochs.iter().map(ToString::to_string).collect();
    format!("Custodian     {name} holds the root of epoch {}", epochs.join(" and "))
}

fn mirror(mirror: &MirrorStatus) -> String {
    let path = mirror.path.display();
    let backlog = mirror.backlog;
    match (&mirror.error, mirror.epoch, mirror.export_age) {
        (Some(error), ..) => format!("Mirror        {path}: {error}"),
        (None, Some(epoch), Some(age)) => format!(
            "Mirror        {path}: epoch {epoch}, {backlog} changes behind, full export {} hours old",
            age / 3600
        ),
        _ => format!("Mirror        {path}: empty, {backlog} changes behind"),
    }
}
