//! The commands on users who work here.

use lethe_kernel::{ErrorCode, Patch, Role, UnitId, UserError, UserId};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::permission::{manages, may_grant};
use super::{
    Amended, Enrolment, Grant, Registered, User, UserCommand, UserInput, UserRefusal, administers, forbidden,
};
use crate::unit::existing_unit;

/// Registers a user. System administrators, and unit administrators for their own unit. Answers the user.
pub struct RegisterUser {
    /// The id they get; a new one if left out.
    pub id: Option<UserId>,
    /// The unit that takes care of them; the caller's own if left out.
    pub unit: Option<UnitId>,
    /// Whether it is a programme.
    pub integration: bool,
    /// Name and e-mail address.
    pub input: UserInput,
    /// How they prove who they are; none for whoever is known by local tokens alone.
    pub enrolment: Option<Enrolment>,
}

impl RegisterUser {
    /// Registers a person under this id who has no identity of a provider.
    #[must_use]
    pub fn person(id: UserId, name: &str, email: &str) -> Self {
        let input = UserInput { name: Patch::Set(name.to_owned()), email: Patch::Set(email.to_owned()) };
        Self { id: Some(id), unit: None, integration: false, input, enrolment: None }
    }
}

impl Work for RegisterUser {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let own = self.unit.unwrap_or(unit.caller().unit);
        if !administers(unit.caller(), own) {
            return Err(forbidden("Only an administrator of the unit may register its users.").into());
        }
        // Lethe itself registers a unit's first DPM before the unit.
        if unit.caller().role != Role::System {
            existing_unit(unit, own).await?;
        }
        let id = self.id.unwrap_or_else(|| UserId(unit.new_id()));
        let required = || UserError::at(ErrorCode::Required, "name", "A user needs a name.");
        let name = self.input.name(id)?.ok_or_else(required)?;
        let email = self.input.email(id)?.value().cloned();
        let identities = match &self.enrolment {
            Some(enrolment) => enrolment.check(id).await?,
            None => Vec::new(),
        };
        let event = Registered { unit: own, integration: self.integration, name, email, identities };
        unit.handle::<User>(id, UserCommand::Register(event)).await?;
        Ok(Answer::about(id, id))
    }
}

/// Changes a user's name, e-mail address or identities. Whoever could have given the user every role they have; the
/// user alone for the name. Answers the user.
pub struct AmendUser {
    /// The user.
    pub user: UserId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
    /// Name and e-mail address.
    pub input: UserInput,
    /// All identities from now on, if they change.
    pub enrolment: Option<Enrolment>,
}

impl Work for AmendUser {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        let user = existing_user(unit, self.user).await?;
        // Mails that approve devices go to the address, so it is not the user's alone to change.
        let name_alone = self.input.email.is_keep() && self.enrolment.is_none();
        let own_name = caller.user == self.user && name_alone;
        if !manages(caller, user) && !own_name {
            return Err(forbidden(
                "Only an administrator who may give every role that this user has may change the user.",
            )
            .into());
        }
        unit.expect::<User>(self.user, self.expected_version).await?;
        let identities = match &self.enrolment {
            Some(enrolment) => Some(enrolment.check(self.user).await?),
            None => None,
        };
        let change =
            Amended { name: self.input.name(self.user)?, email: self.input.email(self.user)?, identities };
        unit.handle::<User>(self.user, UserCommand::Amend { user: self.user, change }).await?;
        Ok(Answer::about(self.user, self.user))
    }
}

/// Gives a user a role in a unit. System administrators any but DPM; unit administrators those of their own unit.
/// Answers the user.
pub struct GrantRole {
    /// The user.
    pub user: UserId,
    /// What they get.
    pub grant: Grant,
}

impl Work for GrantRole {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        existing_user(unit, self.user).await?;
        existing_unit(unit, self.grant.unit).await?;
        if caller.user == self.user {
            return Err(forbidden("Nobody gives themself a role. Ask another administrator.").into());
        }
        let is_dpm = self.grant.role == Role::Dpm;
        if !is_dpm && !may_grant(caller, self.grant) {
            return Err(forbidden("You may not give this role in this unit.").into());
        }
        unit.handle::<User>(self.user, UserCommand::Grant(self.grant)).await?;
        Ok(Answer::of(self.user))
    }
}

/// Takes a role in a unit from a user. Whoever may give it. Answers the user.
pub struct RevokeRole {
    /// The user.
    pub user: UserId,
    /// What they lose.
    pub grant: Grant,
}

impl Work for RevokeRole {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        existing_user(unit, self.user).await?;
        let is_dpm = self.grant.role == Role::Dpm;
        if !is_dpm && !may_grant(caller, self.grant) {
            return Err(forbidden("You may not take this role in this unit.").into());
        }
        unit.handle::<User>(self.user, UserCommand::Revoke(self.grant)).await?;
        Ok(Answer::of(self.user))
    }
}

/// A user that must be registered, be it in this very step, and may have left.
///
/// # Errors
/// `NOT_FOUND`, and what can fail in loading.
pub(crate) async fn existing_user<'u>(
    unit: &'u mut UnitOfWork<'_>,
    user: UserId,
) -> Result<&'u User, Failure> {
    let found = unit.load::<User>(user).await?;
    if found.unit().is_some() { Ok(found) } else { Err(UserError::from(UserRefusal::Unknown).into()) }
}
