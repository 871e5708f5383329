//! What administrators type about a user, not checked yet.

use lethe_kernel::{ErrorCode, Patch, Personal, UserError, UserId, text};
use lethe_nordic::EmailAddress;

use super::{Email, Identity, IdentitySubject, Name, UserRefusal};
use crate::directory::{Directory, LOCAL_ISSUER};

/// How many identities a user may have.
const IDENTITIES: usize = 10;

/// What to set, empty or leave alone.
#[derive(Clone, Default)]
pub struct UserInput {
    /// The name.
    pub name: Patch<String>,
    /// The e-mail address.
    pub email: Patch<String>,
}

/// An identity as it is typed.
#[derive(Clone)]
pub struct IdentityInput {
    /// The provider, as its tokens spell it.
    pub issuer: String,
    /// How the provider names the user.
    pub subject: String,
}

/// The identities of a user, and the directory that tells whether somebody else has one of them: there is no index of
/// them on any disk.
#[derive(Clone)]
pub struct Enrolment {
    /// Who is known.
    pub directory: Directory,
    /// All identities the user is to have.
    pub identities: Vec<IdentityInput>,
}

impl UserInput {
    /// The name, checked; `Keep` if it is left alone.
    pub(super) fn name(&self, user: UserId) -> Result<Option<Personal<Name>>, UserError> {
        let required = || UserError::at(ErrorCode::Required, "name", "A user needs a name.");
        match &self.name {
            Patch::Keep => Ok(None),
            Patch::Clear => Err(required()),
            Patch::Set(name) => {
                let name = text::line("name", name)?.ok_or_else(required)?;
                Ok(Some(Personal::of(user, Name(name))))
            }
        }
    }

    /// The e-mail address, checked.
    pub(super) fn email(&self, user: UserId) -> Result<Patch<Personal<Email>>, UserError> {
        self.email.clone().try_map(|address| {
            let address = EmailAddress::parse(&address)
                .map_err(|error| UserError::at(ErrorCode::InvalidValue, "email", error.to_string()))?;
            Ok(Personal::of(user, Email(address.as_str().to_owned())))
        })
    }
}

impl Enrolment {
    /// The identities, checked: nobody else has one of them as far as the ledger tells now. If two processes take the
    /// same identity at the same moment, it belongs to the user who comes first in the ledger.
    pub(super) async fn check(&self, user: UserId) -> Result<Vec<Identity>, lethe_ledger::Failure> {
        if self.identities.len() > IDENTITIES {
            let message =
                format!("A user has at most {IDENTITIES} identities. Leave out those no longer used.");
            return Err(UserError::at(ErrorCode::InvalidValue, "identities", message).into());
        }
        let roster = if self.identities.is_empty() { None } else { Some(self.directory.fresh().await?) };
        let mut checked: Vec<(String, String)> = Vec::new();
        for identity in &self.identities {
            let identity = identity.check()?;
            let owner = roster.as_ref().and_then(|roster| roster.by_identity(&identity.0, &identity.1));
            if owner.is_some_and(|owner| owner != user) || checked.contains(&identity) {
                return Err(UserError::from(UserRefusal::IdentityTaken).into());
            }
            checked.push(identity);
        }
        let seal =
            |(issuer, subject)| Identity { issuer, subject: Personal::of(user, IdentitySubject(subject)) };
        Ok(checked.into_iter().map(seal).collect())
    }
}

impl IdentityInput {
    fn check(&self) -> Result<(String, String), UserError> {
        let required = |message| UserError::at(ErrorCode::Required, "identities", message);
        let issuer = text::line("identities", &self.issuer)?.ok_or_else(|| {
            required("An identity needs an issuer: the address of the provider, as its tokens spell it.")
        })?;
        let subject = text::line("identities", &self.subject)?
            .ok_or_else(|| required("An identity needs a subject: how the provider names the user."))?;
        if issuer == LOCAL_ISSUER {
            let message = format!("{LOCAL_ISSUER} knows every user by id. Leave this identity out.");
            return Err(UserError::at(ErrorCode::InvalidValue, "identities", message));
        }
        Ok((issuer, subject))
    }
}
