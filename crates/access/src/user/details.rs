//! The personal values of a user, sealed for the user.

use lethe_kernel::{Personal, personal_text};
use serde::{Deserialize, Serialize};

personal_text! {
    /// The name.
    Name = "user.name",
    /// The e-mail address.
    Email = "user.email",
    /// How a provider of identities names the user.
    IdentitySubject = "user.identity_subject",
}

/// How a user proves who they are: whom a provider of identities vouches for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider, as its tokens spell it.
    pub issuer: String,
    /// How the provider names the user.
    pub subject: Personal<IdentitySubject>,
}
