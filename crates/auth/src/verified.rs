//! What a token is worth.

use chrono::{DateTime, Utc};
use lethe_kernel::{DeviceId, Role, UnitId};

/// What a verified token says: who, and how sure its issuer is. What they may do is not its to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who says so.
    pub issuer: String,
    /// Who it is, in the words of the issuer; of a local token, the user's id.
    pub subject: String,
    /// Whether they proved themselves with a second factor (R54).
    pub second_factor: bool,
    /// The device that the token was made for.
    pub device: Option<DeviceId>,
    /// The unit it was made for; a request may ask for another.
    pub unit: Option<UnitId>,
    /// The role it was made for; a request may ask for another.
    pub role: Option<Role>,
    /// When it ends, the allowed clock skew included.
    pub expires: DateTime<Utc>,
}
