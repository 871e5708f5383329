use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{UnitId, UserId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{
    Closed, Created, MemberAdded, MemberRemoved, Renamed, UserGroupCommand, UserGroupError, UserGroupEvent,
};

/// How many members a group may have.
const MEMBERS: usize = 1000;

/// The state of a group that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserGroup {
    created: Option<Created>,
    members: BTreeSet<UserId>,
    closed: bool,
}

type Decision = Result<Vec<UserGroupEvent>, UserGroupError>;

impl UserGroup {
    /// The unit whose administrators take care of it, if it was created.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.created.as_ref().map(|created| created.unit)
    }

    fn decide(&self, command: UserGroupCommand) -> Decision {
        let event = match (command, &self.created) {
            (UserGroupCommand::Create(event), None) => Some(UserGroupEvent::Created(event)),
            (UserGroupCommand::Create(_), Some(_)) => return Err(UserGroupError::AlreadyCreated),
            (_, None) => return Err(UserGroupError::Unknown),
            (UserGroupCommand::Close, _) => (!self.closed).then_some(UserGroupEvent::Closed(Closed {})),
            _ if self.closed => return Err(UserGroupError::Closed),
            (UserGroupCommand::Rename(name), Some(created)) => {
                (created.name != name).then_some(UserGroupEvent::Renamed(Renamed { name }))
            }
            (UserGroupCommand::AddMember(user), _) if self.members.contains(&user) => None,
            (UserGroupCommand::AddMember(_), _) if self.members.len() >= MEMBERS => {
                return Err(UserGroupError::Full);
            }
            (UserGroupCommand::AddMember(user), _) => Some(UserGroupEvent::MemberAdded(MemberAdded { user })),
            (UserGroupCommand::RemoveMember(user), _) => {
                let is_there = self.members.contains(&user);
                is_there.then_some(UserGroupEvent::MemberRemoved(MemberRemoved { user }))
            }
        };
        Ok(event.into_iter().collect())
    }
}

impl Aggregate for UserGroup {
    const TYPE: &'static str = "user_group";
    type Command = UserGroupCommand;
    type Event = UserGroupEvent;
    type Error = UserGroupError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: UserGroupCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), UserGroupError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: UserGroupEvent) {
        match event {
            UserGroupEvent::Created(event) => self.created = Some(event),
            UserGroupEvent::Renamed(Renamed { name }) => {
                if let Some(created) = &mut self.created {
                    created.name = name;
                }
            }
            UserGroupEvent::MemberAdded(MemberAdded { user }) => drop(self.members.insert(user)),
            UserGroupEvent::MemberRemoved(MemberRemoved { user }) => drop(self.members.remove(&user)),
            UserGroupEvent::Closed(_) => self.closed = true,
        }
    }
}

impl Stored for UserGroup {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;

    const USER: UserId = UserId(Uuid::from_u128(1));

    fn group() -> TestFramework<UserGroup> {
        TestFramework::with(Secrets::default())
    }

    fn created() -> Created {
        Created { unit: UnitId(Uuid::from_u128(7)), name: "Kampagne".into() }
    }

    fn history() -> Vec<UserGroupEvent> {
        vec![UserGroupEvent::Created(created())]
    }

    fn added(user: UserId) -> UserGroupEvent {
        UserGroupEvent::MemberAdded(MemberAdded { user })
    }

    #[test]
    fn is_created_once_and_renamed_to_another_name() {
        let create = || UserGroupCommand::Create(created());
        group().given_no_previous_events().when(create()).then_expect_events(history());
        group().given(history()).when(create()).then_expect_error(UserGroupError::AlreadyCreated);
        let rename = |name: &str| UserGroupCommand::Rename(name.into());
        let renamed = UserGroupEvent::Renamed(Renamed { name: "Kurser".into() });
        group().given(history()).when(rename("Kurser")).then_expect_events(vec![renamed]);
        group().given(history()).when(rename("Kampagne")).then_expect_events(vec![]);
        group().given_no_previous_events().when(rename("Kurser")).then_expect_error(UserGroupError::Unknown);
    }

    #[test]
    fn members_come_and_go_once() {
        let with = [history(), vec![added(USER)]].concat();
        let removed = UserGroupEvent::MemberRemoved(MemberRemoved { user: USER });
        let (add, remove) = (UserGroupCommand::AddMember(USER), UserGroupCommand::RemoveMember(USER));
        group().given(history()).when(add.clone()).then_expect_events(vec![added(USER)]);
        group().given(with.clone()).when(add).then_expect_events(vec![]);
        group().given(with).when(remove.clone()).then_expect_events(vec![removed]);
        group().given(history()).when(remove).then_expect_events(vec![]);
    }

    #[test]
    fn takes_a_thousand_members_and_no_more() {
        let full = (1..=1000).map(|n| added(UserId(Uuid::from_u128(n))));
        let full: Vec<_> = history().into_iter().chain(full).collect();
        let more = UserGroupCommand::AddMember(UserId(Uuid::from_u128(2000)));
        group().given(full).when(more).then_expect_error(UserGroupError::Full);
    }

    #[test]
    fn takes_nothing_once_it_is_closed() {
        let closed = UserGroupEvent::Closed(Closed {});
        let ended = [history(), vec![closed.clone()]].concat();
        group().given(history()).when(UserGroupCommand::Close).then_expect_events(vec![closed]);
        group().given(ended.clone()).when(UserGroupCommand::Close).then_expect_events(vec![]);
        for command in [UserGroupCommand::Rename("Kurser".into()), UserGroupCommand::AddMember(USER)] {
            group().given(ended.clone()).when(command).then_expect_error(UserGroupError::Closed);
        }
    }
}
