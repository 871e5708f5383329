//! Why a token is not believed, in sentences that hold nothing of it.

use std::path::PathBuf;

/// The longest token that is looked at.
pub(crate) const MOST_BYTES: usize = 16 * 1024;

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nobody reads that much.
    #[error("The token is longer than {MOST_BYTES} bytes. Ask the issuer for one with fewer claims.")]
    TooLong,
    /// It is no JWT, or its header or its claims are no JSON objects.
    #[error("The token is not a signed JWT, or it is signed with something else than RS256, ES256 or EdDSA.")]
    Malformed,
    /// Its header names an algorithm that is not accepted.
    #[error(
        "The token is signed with an algorithm that is not accepted. Accepted are RS256, ES256 and EdDSA."
    )]
    Algorithm,
    /// It is a JWT for something else, for example for logging out.
    #[error("The token is of another type than an access token or an ID token.")]
    Type,
    /// Its header has extensions that must be understood and are not.
    #[error("The token's header has critical extensions, and none is known here.")]
    Critical,
    /// The issuer has no such key.
    #[error("The token is signed with a key that its issuer does not have (any more). Get a new one.")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("The token's signature does not match.")]
    Signature,
    /// It comes from somebody else.
    #[error("The token comes from another issuer than the one that is trusted here.")]
    Issuer,
    /// It is meant for somebody else.
    #[error("The token is meant for another audience than this service.")]
    Audience,
    /// Something that it must say is missing or has another form.
    #[error("The claim {0} of the token is missing or cannot be read.")]
    Claim(&'static str),
    /// It has ended.
    #[error("The token has expired. Get a new one.")]
    Expired,
    /// It is of the future.
    #[error("The token is not valid yet. Check the clocks of the issuer and of this server.")]
    NotYet,
    /// The issuer's keys are not known, so nothing can be verified.
    #[error("Tokens cannot be verified now: the issuer's keys cannot be fetched. Try again in a moment.")]
    Unavailable,
}

/// Why an issuer's keys cannot be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It does not answer.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why not.
        reason: String,
    },
    /// It answers something else.
    #[error("{url} answers with status {status}; 200 was expected")]
    Status {
        /// What was asked for.
        url: String,
        /// What came.
        status: u16,
    },
    /// Its answer is too long, or is not what it should be.
    #[error("{url} answers with something else than {expected}")]
    Unexpected {
        /// What was asked for.
        url: String,
        /// What should have come.
        expected: &'static str,
    },
    /// The discovery document is of another issuer.
    #[error("the discovery document at {url} is of another issuer; oidc_issuer must be spelled as in there")]
    OtherIssuer {
        /// Where it is.
        url: String,
    },
    /// The keys are at an address that is not protected.
    #[error("the discovery document at {url} names a jwks_uri that is not https")]
    Unprotected {
        /// Where the document is.
        url: String,
    },
    /// There is no key that could be used.
    #[error("{url} has no key for RS256, ES256 or EdDSA")]
    NoKeys {
        /// Where keys should be.
        url: String,
    },
}

/// Why the data folder's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalKeyError {
    /// A file operation failed.
    #[error("Cannot {action} {}: {source}. Check the path, its owner and its permissions.", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error(
        "The file {} does not hold a key that signs tokens. Remove it: the next start makes a new one, and tokens signed \
         with the old one are worth nothing then.",
        .0.display()
    )]
    Damaged(PathBuf),
    /// Others may read it.
    #[error("The file {} may be read by others, who could sign tokens with it. \
         Run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// The library refused.
    #[error("A key or a token could not be made: {0}.")]
    Cryptography(&'static str),
}

impl LocalKeyError {
    /// For `map_err`: the failure of a file operation on `path`.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
