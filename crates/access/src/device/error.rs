use lethe_kernel::{ErrorCode, Rule};

/// The rules a device's command can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There is no such device, or not the caller's to see.
    #[error("No device has this id. Check the id, or query for your devices again.")]
    Unknown,
    /// Wrong, used, expired, of no device at all: nobody is told which.
    #[error("This link approves no device. Sign in from the device again, and use the newest mail.")]
    NotApproved,
    /// It was revoked.
    #[error("This device was revoked. It stays so; whoever uses it again needs it registered as a new one.")]
    Revoked,
}

impl Rule for DeviceError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::NotApproved => ErrorCode::Forbidden,
            Self::Revoked => ErrorCode::Ended,
        }
    }

    fn field(&self) -> Vec<String> {
        match self {
            Self::Unknown => vec!["deviceId".to_owned()],
            Self::NotApproved | Self::Revoked => Vec::new(),
        }
    }
}
