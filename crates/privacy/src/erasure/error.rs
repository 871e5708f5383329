use lethe_kernel::{ErrorCode, Rule};

/// The rules that an erasure can break, besides those of the contact itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// The caller may not erase it.
    #[error(
        "Only the DPM of a unit that has the contact, or a system administrator, may erase it. Ask the DPM of such a \
         unit."
    )]
    Forbidden,
    /// The token is not that of a preview of how things are now.
    #[error(
        "The facts have changed since the preview, or the token belongs to another one. Ask for it again with \
         contactErasurePreview, and decide anew."
    )]
    Outdated,
}

impl Rule for ErasureError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Forbidden => ErrorCode::Forbidden,
            Self::Outdated => ErrorCode::PreviewOutdated,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Forbidden => "contactId",
            Self::Outdated => "previewToken",
        };
        vec![field.to_owned()]
    }
}
