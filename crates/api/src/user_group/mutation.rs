use async_graphql::{Context, ID, InputObject, Object};
use lethe_access::user_group::{
    AddMember, CloseUserGroup, CreateUserGroup, RemoveMember, RenameUserGroup, UserGroupView,
};
use lethe_kernel::{UserError, UserGroupId, UserId};
use lethe_ledger::Work;

use super::UserGroup;
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{Outcome, changed, execute, payload};
use crate::permission::allowed;

/// A group to create.
#[derive(InputObject)]
pub(crate) struct UserGroupCreateInput {
    /// What it is called.
    name: String,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A group and its new name.
#[derive(InputObject)]
pub(crate) struct UserGroupRenameInput {
    /// The group.
    user_group_id: ID,
    /// Its name.
    name: String,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A group and a user who comes in.
#[derive(InputObject)]
pub(crate) struct UserGroupAddMemberInput {
    /// The group.
    user_group_id: ID,
    /// The user, of whatever unit.
    user_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A group and a user who goes.
#[derive(InputObject)]
pub(crate) struct UserGroupRemoveMemberInput {
    /// The group.
    user_group_id: ID,
    /// The user.
    user_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A group to close.
#[derive(InputObject)]
pub(crate) struct UserGroupCloseInput {
    /// The group.
    user_group_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `userGroupCreate`.
    UserGroupCreatePayload { user_group: UserGroup },
    /// The answer to `userGroupRename`.
    UserGroupRenamePayload { user_group: UserGroup },
    /// The answer to `userGroupAddMember`.
    UserGroupAddMemberPayload { user_group: UserGroup },
    /// The answer to `userGroupRemoveMember`.
    UserGroupRemoveMemberPayload { user_group: UserGroup },
    /// The answer to `userGroupClose`.
    UserGroupClosePayload { user_group: UserGroup },
}

/// Mutations of groups of users.
#[derive(Default)]
pub(crate) struct UserGroupMutation;

#[Object]
impl UserGroupMutation {
    /// Creates a group of users in the name of your unit, whose administrators take care of it.
    #[doc = allowed!(userGroupCreate)]
    async fn user_group_create(
        &self,
        context: &Context<'_>,
        input: UserGroupCreateInput,
    ) -> Result<UserGroupCreatePayload> {
        let work = Ok(CreateUserGroup { name: input.name });
        let (outcome, group) = act(context, "userGroupCreate", input.idempotency_key, work).await?;
        Ok(UserGroupCreatePayload::new(outcome, group))
    }

    /// Calls a group otherwise.
    #[doc = allowed!(userGroupRename)]
    async fn user_group_rename(
        &self,
        context: &Context<'_>,
        input: UserGroupRenameInput,
    ) -> Result<UserGroupRenamePayload> {
        let work = group(&input.user_group_id).map(|group| RenameUserGroup { group, name: input.name });
        let (outcome, group) = act(context, "userGroupRename", input.idempotency_key, work).await?;
        Ok(UserGroupRenamePayload::new(outcome, group))
    }

    /// Takes a user of any unit into a group.
    #[doc = allowed!(userGroupAddMember)]
    async fn user_group_add_member(
        &self,
        context: &Context<'_>,
        input: UserGroupAddMemberInput,
    ) -> Result<UserGroupAddMemberPayload> {
        let work =
            member(&input.user_group_id, &input.user_id).map(|(group, user)| AddMember { group, user });
        let (outcome, group) = act(context, "userGroupAddMember", input.idempotency_key, work).await?;
        Ok(UserGroupAddMemberPayload::new(outcome, group))
    }

    /// Lets a user go from a group.
    #[doc = allowed!(userGroupRemoveMember)]
    async fn user_group_remove_member(
        &self,
        context: &Context<'_>,
        input: UserGroupRemoveMemberInput,
    ) -> Result<UserGroupRemoveMemberPayload> {
        let work =
            member(&input.user_group_id, &input.user_id).map(|(group, user)| RemoveMember { group, user });
        let (outcome, group) = act(context, "userGroupRemoveMember", input.idempotency_key, work).await?;
        Ok(UserGroupRemoveMemberPayload::new(outcome, group))
    }

    /// Closes a group for good.
    #[doc = allowed!(userGroupClose)]
    async fn user_group_close(
        &self,
        context: &Context<'_>,
        input: UserGroupCloseInput,
    ) -> Result<UserGroupClosePayload> {
        let work = group(&input.user_group_id).map(|group| CloseUserGroup { group });
        let (outcome, group) = act(context, "userGroupClose", input.idempotency_key, work).await?;
        Ok(UserGroupClosePayload::new(outcome, group))
    }
}

fn member(of: &ID, user: &ID) -> std::result::Result<(UserGroupId, UserId), UserError> {
    Ok((group(of)?, UserId(Kind::User.read(user, "userId")?)))
}

fn group(id: &ID) -> std::result::Result<UserGroupId, UserError> {
    Kind::UserGroup.read(id, "userGroupId").map(UserGroupId)
}

async fn act(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<ID>,
    work: std::result::Result<impl Work, UserError>,
) -> Result<(Outcome, Option<UserGroup>)> {
    let outcome = execute(context, mutation, key.as_ref(), work, UserGroup::VIEWS).await?;
    let group = changed::<UserGroupView>(context, &outcome).await?.map(UserGroup);
    Ok((outcome, group))
}
