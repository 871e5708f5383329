use lethe_tlog::note::VerifierKeyError;

/// Why a file is no good certificate. No message quotes the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is nothing in it.
    #[error("The file is empty.")]
    Empty,
    /// It is larger than any certificate.
    #[error("The file is larger than {0} bytes, and no certificate is. It was not read.")]
    TooLarge(usize),
    /// It ends too early.
    #[error(
        "The file ends in the middle, at line {line}, column {column}. It was cut off; get the whole file."
    )]
    Truncated {
        /// Where it ends.
        line: usize,
        /// The byte in that line.
        column: usize,
    },
    /// It is no JSON.
    #[error("The file is not JSON: it goes wrong at line {line}, column {column}.")]
    NotJson {
        /// Where it goes wrong.
        line: usize,
        /// The byte in that line.
        column: usize,
    },
    /// It is JSON, but nothing says that it is a certificate.
    #[error("The file is JSON, but no certificate of erasure: it has no \"certificate\" with a \"format\".")]
    NotACertificate,
    /// It is of a version that is not known here.
    #[error(
        "The certificate is of another format than lethe-certificate/2, the only one this version of Lethe knows. Verify it \
         with a newer version of Lethe; one of format 1 must be issued anew, `lethe certificate show` does."
    )]
    UnknownFormat,
    /// It has not the fields of a certificate.
    #[error(
        "The certificate has not the form of lethe-certificate/2: at line {line}, column {column}, a field is missing, is \
         there twice, is not known or is of the wrong kind. It was altered."
    )]
    Malformed {
        /// Where it goes wrong.
        line: usize,
        /// The byte in that line.
        column: usize,
    },
    /// The key it names cannot be read.
    #[error("The key in the certificate cannot be read: {0}")]
    Key(VerifierKeyError),
    /// It is signed with the key of another installation than it names.
    #[error("The certificate names one installation and is signed with the key of another. It was altered.")]
    OtherInstallation,
    /// It is signed with another key than the one given.
    #[error(
        "The certificate is signed with another key than the one given. It was not issued by the installation that publishes \
         that key, or that installation has another key now."
    )]
    OtherKey,
    /// Signature, key and certificate do not belong together.
    #[error(
        "The signature does not belong to the certificate and its key. A field was altered after it was signed, or it was \
         signed by somebody else."
    )]
    Signature,
    /// What stands beside it does not prove that it is in the log.
    #[error(
        "The certificate is signed, but the proofs beside it do not show that its events are in the log of the installation. {0}"
    )]
    Log(String),
}

impl Rejection {
    /// A stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::TooLarge(_) => "TOO_LARGE",
            Self::Truncated { .. } => "TRUNCATED",
            Self::NotJson { .. } => "NOT_JSON",
            Self::NotACertificate => "NOT_A_CERTIFICATE",
            Self::UnknownFormat => "UNKNOWN_FORMAT",
            Self::Malformed { .. } => "MALFORMED",
            Self::Key(_) => "KEY_UNREADABLE",
            Self::OtherInstallation => "OTHER_INSTALLATION",
            Self::OtherKey => "OTHER_KEY",
            Self::Signature => "SIGNATURE",
            Self::Log(_) => "LOG",
        }
    }
}
