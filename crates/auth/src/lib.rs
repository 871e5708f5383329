//! Who a request comes from. A caller shows a *bearer token* (RFC 6750), a signed JWT (RFC 7519). It is verified here; what
//! its user may do is not in it but in the ledger.
//!
//! Tokens come from one of two places, never from both at once:
//!
//! - an **OpenID Connect issuer** ([`Issuer`]): its discovery document names its keys, which are fetched, remembered and
//!   fetched again when they change;
//! - the **data folder's own key** ([`LocalKey`]), for trying out and for tests: whoever can read the file is anybody.
//!
//! Whatever the token says about itself, it must be signed with RS256, ES256 or EdDSA, by a key that is of that
//! algorithm's type and that the issuer published for signing. Nothing of a token is in an error.

mod claims;
mod error;
mod key;
mod local;
mod memory;
mod oidc;
mod rules;
mod second_factor;
mod verified;
mod verifier;

pub use error::{IssuerError, LocalKeyError, TokenError};
pub use local::{LOCAL_AUDIENCE, LOCAL_ISSUER, LocalKey, LocalToken};
pub use oidc::{Issuer, IssuerUrl};
pub use rules::Rules;
pub use second_factor::SecondFactor;
pub use verified::Verified;
pub use verifier::Verifier;
