use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use lethe_access::user::{
    AmendUser, AnonymiseUser, Enrolment, Grant, GrantRole, IdentityInput, OffBoardUser, RegisterUser,
    RevokeRole, UserInput, UserView,
};
use lethe_kernel::{Patch, UnitId, UserError, UserId};
use lethe_ledger::Work;

use super::User;
use crate::app::app;
use crate::argument::patch;
use crate::error::Result;
use crate::event::RoleField;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{Outcome, changed, execute_access, payload};
use crate::permission::allowed;

/// How a user proves who they are.
#[derive(InputObject)]
pub(crate) struct UserIdentityInput {
    /// The provider, as its tokens spell it (`iss`).
    issuer: String,
    /// How the provider names the user (`sub`).
    subject: String,
}

/// A user to register.
#[derive(InputObject)]
pub(crate) struct UserRegisterInput {
    /// The name.
    name: String,
    /// The e-mail address; only a programme needs none.
    email: Option<String>,
    /// How the user proves who they are; nobody else may have one of these.
    #[graphql(default)]
    identities: Vec<UserIdentityInput>,
    /// Whether it is a programme, not a person.
    #[graphql(default)]
    integration: bool,
    /// The unit that takes care of the user; your own if left out.
    unit_id: Option<ID>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// What to change of a user: a field that is absent stays.
#[derive(InputObject)]
pub(crate) struct UserAmendInput {
    /// The user.
    user_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// The name.
    name: Option<String>,
    /// The e-mail address; null empties that of a programme.
    email: MaybeUndefined<String>,
    /// All identities from now on.
    identities: Option<Vec<UserIdentityInput>>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A role of a user in a unit.
#[derive(InputObject)]
pub(crate) struct UserGrantInput {
    /// The user.
    user_id: ID,
    /// The unit.
    unit_id: ID,
    /// The role.
    role: RoleField,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A role of a user in a unit.
#[derive(InputObject)]
pub(crate) struct UserRevokeInput {
    /// The user.
    user_id: ID,
    /// The unit.
    unit_id: ID,
    /// The role.
    role: RoleField,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A user who leaves.
#[derive(InputObject)]
pub(crate) struct UserOffBoardInput {
    /// The user.
    user_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A user to forget.
#[derive(InputObject)]
pub(crate) struct UserAnonymiseInput {
    /// The user.
    user_id: ID,
    /// A UUID of your choice.
    idempotency_key: ID,
}

payload! {
    /// The answer to `userRegister`.
    UserRegisterPayload { user: User },
    /// The answer to `userAmend`.
    UserAmendPayload { user: User },
    /// The answer to `userGrant`.
    UserGrantPayload { user: User },
    /// The answer to `userRevoke`.
    UserRevokePayload { user: User },
    /// The answer to `userOffBoard`.
    UserOffBoardPayload { user: User },
    /// The answer to `userAnonymise`.
    UserAnonymisePayload { user: User },
}

/// Mutations of users.
#[derive(Default)]
pub(crate) struct UserMutation;

#[Object]
impl UserMutation {
    /// Registers a user, who may do nothing yet: `userGrant` gives roles. Administrators of a unit register its users.
    #[doc = allowed!(userRegister)]
    async fn user_register(
        &self,
        context: &Context<'_>,
        input: UserRegisterInput,
    ) -> Result<UserRegisterPayload> {
        let unit = input.unit_id.map(|id| Kind::Unit.read(&id, "unitId").map(UnitId)).transpose();
        let enrolment = Some(enrolment(context, input.identities));
        let email = input.email.map_or(Patch::Keep, Patch::Set);
        let integration = input.integration;
        let input_ = UserInput { name: Patch::Set(input.name), email };
        let work = unit.map(|unit| RegisterUser { id: None, unit, integration, input: input_, enrolment });
        let (outcome, user) = act(context, "userRegister", input.idempotency_key, work).await?;
        Ok(UserRegisterPayload::new(outcome, user))
    }

    /// Changes a user's name, e-mail address or identities. An administrator may who may give every role that the user has;
    /// the user alone may for the name.
    #[doc = allowed!(userAmend)]
    async fn user_amend(&self, context: &Context<'_>, input: UserAmendInput) -> Result<UserAmendPayload> {
        let name = input.name.map_or(Patch::Keep, Patch::Set);
        let enrolment = input.identities.map(|identities| enrolment(context, identities));
        let values = UserInput { name, email: patch(input.email) };
        let work = user(&input.user_id).map(|user| AmendUser {
            user,
            expected_version: input.expected_version,
            input: values,
            enrolment,
        });
        let (outcome, user) = act(context, "userAmend", input.idempotency_key, work).await?;
        Ok(UserAmendPayload::new(outcome, user))
    }

    /// Gives a user a role in a unit, within a second in force everywhere. Administrators of a unit give `CONSULTANT`,
    /// `UNIT_ADMINISTRATOR` and `INTEGRATION` in it; the role `DPM` comes with `unitDpmAppoint` alone, and nobody gives
    /// themself a role.
    #[doc = allowed!(userGrant)]
    async fn user_grant(&self, context: &Context<'_>, input: UserGrantInput) -> Result<UserGrantPayload> {
        let grant = grant(&input.unit_id, input.role);
        let work = user(&input.user_id).and_then(|user| Ok(GrantRole { user, grant: grant? }));
        let (outcome, user) = act(context, "userGrant", input.idempotency_key, work).await?;
        Ok(UserGrantPayload::new(outcome, user))
    }

    /// Takes a role in a unit from a user, within a second in force everywhere. Whoever may give it may take it.
    #[doc = allowed!(userRevoke)]
    async fn user_revoke(&self, context: &Context<'_>, input: UserRevokeInput) -> Result<UserRevokePayload> {
        let grant = grant(&input.unit_id, input.role);
        let work = user(&input.user_id).and_then(|user| Ok(RevokeRole { user, grant: grant? }));
        let (outcome, user) = act(context, "userRevoke", input.idempotency_key, work).await?;
        Ok(UserRevokePayload::new(outcome, user))
    }

    /// Ends a user's work: every role and every device, within a second in force everywhere. A unit's data protection
    /// manager needs a successor first.
    #[doc = allowed!(userOffBoard)]
    async fn user_off_board(
        &self,
        context: &Context<'_>,
        input: UserOffBoardInput,
    ) -> Result<UserOffBoardPayload> {
        let work = user(&input.user_id).map(|user| OffBoardUser { user });
        let (outcome, user) = act(context, "userOffBoard", input.idempotency_key, work).await?;
        Ok(UserOffBoardPayload::new(outcome, user))
    }

    /// Forgets a user who has left: name, e-mail address, identities and the labels of devices open for nobody any more.
    /// What they did stays in the history under their id. Irreversible.
    #[doc = allowed!(userAnonymise)]
    async fn user_anonymise(
        &self,
        context: &Context<'_>,
        input: UserAnonymiseInput,
    ) -> Result<UserAnonymisePayload> {
        let work = user(&input.user_id).map(|user| AnonymiseUser { user });
        let (outcome, user) = act(context, "userAnonymise", Some(input.idempotency_key), work).await?;
        Ok(UserAnonymisePayload::new(outcome, user))
    }
}

fn user(id: &ID) -> std::result::Result<UserId, UserError> {
    Kind::User.read(id, "userId").map(UserId)
}

fn grant(unit: &ID, role: RoleField) -> std::result::Result<Grant, UserError> {
    Ok(Grant { unit: UnitId(Kind::Unit.read(unit, "unitId")?), role: role.into() })
}

fn enrolment(context: &Context<'_>, identities: Vec<UserIdentityInput>) -> Enrolment {
    let identities = identities.into_iter().map(|identity| {
        let UserIdentityInput { issuer, subject } = identity;
        IdentityInput { issuer, subject }
    });
    Enrolment { directory: app(context).directory.clone(), identities: identities.collect() }
}

async fn act(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<ID>,
    work: std::result::Result<impl Work, UserError>,
) -> Result<(Outcome, Option<User>)> {
    let outcome = execute_access(context, mutation, key.as_ref(), work, User::VIEWS).await?;
    let user = changed::<UserView>(context, &outcome).await?.map(User);
    Ok((outcome, user))
}
