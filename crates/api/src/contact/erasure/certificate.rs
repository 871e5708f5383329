use async_graphql::{ComplexObject, Context, SimpleObject};
use lethe_notary::NotaryError;
use lethe_privacy::certificate::{CertificateError, certificate_of, unit_name};

use super::{Erasure, ErasureState};
use crate::app::{app, parts};
use crate::error::{ApiError, Result, sealed, top_level};

/// The certificate of an erasure that is final, signed by this installation. It can be verified without a server.
#[derive(SimpleObject)]
pub(crate) struct Certificate {
    /// The certificate as a JSON file: `lethe certificate verify` verifies it.
    json: String,
    /// A page to print.
    html: String,
    /// The key that verifies the signature, in the form of C2SP signed-note. Compare it with the one that the
    /// installation publishes.
    verifier_key: String,
}

#[ComplexObject]
impl Erasure {
    /// Its certificate, once it is final. Asked for again, it is the same.
    async fn certificate(&self, context: &Context<'_>) -> Result<Option<Certificate>> {
        if self.state == ErasureState::Erased {
            return Ok(None);
        }
        match issue(context, self).await {
            Ok(certificate) => Ok(Some(certificate)),
            Err(CertificateError::NotFinal { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<CertificateError> for ApiError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Ledger(error) | CertificateError::Log(NotaryError::Ledger(error)) => {
                error.into()
            }
            CertificateError::Vault(error) | CertificateError::Log(NotaryError::Vault(error)) => {
                sealed(&error)
            }
            error => {
                tracing::error!(%error, "an erasure is not certified");
                top_level("NOT_CERTIFIED", error.to_string())
            }
        }
    }
}

async fn issue(context: &Context<'_>, erasure: &Erasure) -> Result<Certificate, CertificateError> {
    let parts = parts(context);
    let certificate = certificate_of(parts, erasure.contact).await?;
    let unit = unit_name(parts, &certificate).await?;
    let signer = parts.vault.signer().await?;
    let verifier_key = signer.verifier().to_string();
    let file = certificate.sign(&signer)?.with_log(&app(context).notary).await?;
    Ok(Certificate { json: file.json()?, html: file.html(unit.as_deref()), verifier_key })
}
