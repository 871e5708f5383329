//! `lethe certificate show`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use lethe_kernel::ContactId;
use lethe_privacy::certificate::{CertificateError, SignedCertificate, certificate_of, unit_name};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe certificate show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The contact that was erased: its id in the API, or its plain UUID
    #[arg(value_parser = lethe_api::contact_id)]
    contact: ContactId,
    /// A page to print instead of JSON; only the JSON can be verified
    #[arg(long)]
    html: bool,
    /// Write it to this file [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Issues the certificate. Issued again, it is the same.
///
/// # Errors
/// [`Error::Certificate`] when there is none, [`Error::Ledger`], [`Error::File`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let issued = issue(config, &folder, &database, arguments.contact).await;
    database.stop().await?;
    let (issued, unit) = issued?;
    let written = if arguments.html { issued.html(unit.as_deref()) } else { issued.json()? };
    match &arguments.out {
        Some(path) => fs::write(path, written).map_err(Error::file("write", path))?,
        None => output::line(written.trim_end())?,
    }
    Ok(Outcome::Done)
}

async fn issue(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    contact: ContactId,
) -> Result<(SignedCertificate, Option<String>), Error> {
    let pool = database.connect(config).await?;
    let issued = async {
        let (ledger, notary) = Running::notarised(config, pool.clone(), folder).await?;
        let certificate = certificate_of(ledger.parts(), contact).await?;
        let unit = unit_name(ledger.parts(), &certificate).await?;
        let signer = ledger.parts().vault.signer().await.map_err(CertificateError::from)?;
        Ok((certificate.sign(&signer)?.with_log(&notary).await?, unit))
    }
    .await;
    pool.close().await;
    issued
}
