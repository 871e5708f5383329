use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{DeviceId, Patch, Personal, Role, Subject, UnitId, UserId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Amended, Anonymised, DeviceRequested, Email, Grant, Granted, Identity, Name, OffBoarded, Revoked,
    UserCommand, UserEvent, UserRefusal,
};

/// How many new devices a user may ask for within [`WINDOW`].
const DEVICES: usize = 5;
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// The state of a user that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    unit: Option<UnitId>,
    integration: bool,
    name: Option<Personal<Name>>,
    email: Option<Personal<Email>>,
    identities: Vec<Identity>,
    grants: BTreeSet<Grant>,
    /// When each was last asked for.
    devices: BTreeMap<DeviceId, DateTime<Utc>>,
    off_boarded: bool,
    anonymised: bool,
}

type Decision = Result<Vec<UserEvent>, UserRefusal>;

impl User {
    /// The unit that takes care of the user, if they are registered.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.unit
    }

    /// Whether it is a programme.
    #[must_use]
    pub fn is_integration(&self) -> bool {
        self.integration
    }

    /// The roles they have.
    pub fn grants(&self) -> impl Iterator<Item = Grant> {
        self.grants.iter().copied()
    }

    /// The devices they asked for, approved or not.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> {
        self.devices.keys().copied()
    }

    /// The e-mail address, sealed.
    #[must_use]
    pub fn email(&self) -> Option<&Personal<Email>> {
        self.email.as_ref()
    }

    /// Whether they have left.
    #[must_use]
    pub fn is_off_boarded(&self) -> bool {
        self.off_boarded
    }

    fn decide(&self, command: UserCommand, secrets: &Secrets) -> Decision {
        match (command, self.unit) {
            (UserCommand::Register(event), None) if event.email.is_none() && !event.integration => {
                Err(UserRefusal::EmailRequired)
            }
            (UserCommand::Register(event), None) => Ok(vec![UserEvent::Registered(event)]),
            (UserCommand::Register(_), Some(_)) => Err(UserRefusal::AlreadyRegistered),
            (_, None) => Err(UserRefusal::Unknown),
            (UserCommand::OffBoard, _) => self.off_board(),
            (UserCommand::Anonymise, _) => self.anonymise(),
            (UserCommand::Revoke(_), _) if self.off_boarded => Ok(Vec::new()),
            (_, _) if self.off_boarded => Err(UserRefusal::OffBoarded),
            (UserCommand::Amend { user, change }, _) => self.amend(user, change, secrets),
            (UserCommand::Grant(grant), Some(unit)) => self.grant(grant, unit),
            (UserCommand::Revoke(grant), _) if grant.role == Role::Dpm => Err(UserRefusal::DpmByAppointment),
            (UserCommand::Revoke(grant), _) => Ok(self.revoke(grant)),
            (UserCommand::BecomeDpm(_), _) if self.integration => Err(UserRefusal::RoleOfIntegration),
            (UserCommand::BecomeDpm(unit), _) => Ok(self.give(Grant { unit, role: Role::Dpm })),
            (UserCommand::CeaseAsDpm(unit), _) => Ok(self.revoke(Grant { unit, role: Role::Dpm })),
            (UserCommand::RequestDevice { device, at }, _) => self.request_device(device, at),
        }
    }

    fn amend(&self, user: UserId, change: Amended, secrets: &Secrets) -> Decision {
        let same_name =
            |new: &Personal<Name>| self.name.as_ref().is_some_and(|old| secrets.same(old, new, user));
        let email = match (change.email, &self.email) {
            (Patch::Clear, _) if !self.integration => return Err(UserRefusal::EmailRequired),
            (Patch::Clear, None) => Patch::Keep,
            (Patch::Set(new), Some(old)) if secrets.same(old, &new, user) => Patch::Keep,
            (patch, _) => patch,
        };
        let same_identities = |new: &Vec<Identity>| {
            let same = |(a, b): (&Identity, &Identity)| {
                a.issuer == b.issuer && secrets.same(&a.subject, &b.subject, user)
            };
            new.len() == self.identities.len() && self.identities.iter().zip(new).all(same)
        };
        let change = Amended {
            name: change.name.filter(|new| !same_name(new)),
            email,
            identities: change.identities.filter(|new| !same_identities(new)),
        };
        let is_real = change.name.is_some() || !change.email.is_keep() || change.identities.is_some();
        Ok(is_real.then_some(UserEvent::Amended(change)).into_iter().collect())
    }

    fn grant(&self, grant: Grant, own: UnitId) -> Decision {
        match grant.role {
            Role::System => Err(UserRefusal::RoleOfSystem),
            Role::Dpm => Err(UserRefusal::DpmByAppointment),
            role if self.integration != (role == Role::Integration) => Err(UserRefusal::RoleOfIntegration),
            Role::Integration if grant.unit != own => Err(UserRefusal::UnitOfIntegration),
            _ => Ok(self.give(grant)),
        }
    }

    fn give(&self, grant: Grant) -> Vec<UserEvent> {
        let is_new = !self.grants.contains(&grant);
        is_new.then_some(UserEvent::Granted(Granted { grant })).into_iter().collect()
    }

    fn revoke(&self, grant: Grant) -> Vec<UserEvent> {
        let is_there = self.grants.contains(&grant);
        is_there.then_some(UserEvent::Revoked(Revoked { grant })).into_iter().collect()
    }

    fn request_device(&self, device: DeviceId, at: DateTime<Utc>) -> Decision {
        let mut lately: Vec<_> = self.devices.values().filter(|asked| **asked > at - WINDOW).collect();
        lately.sort_unstable_by(|one, other| other.cmp(one));
        // Once the last of so many is an hour ago, the next one may be asked for.
        if let Some(last) = lately.get(DEVICES - 1) {
            return Err(UserRefusal::TooManyDevices { most: DEVICES, again: **last + WINDOW });
        }
        Ok(vec![UserEvent::DeviceRequested(DeviceRequested { device, at })])
    }

    fn off_board(&self) -> Decision {
        if let Some(grant) = self.grants.iter().find(|grant| grant.role == Role::Dpm) {
            return Err(UserRefusal::IsDpm(grant.unit));
        }
        Ok((!self.off_boarded).then_some(UserEvent::OffBoarded(OffBoarded {})).into_iter().collect())
    }

    fn anonymise(&self) -> Decision {
        if !self.off_boarded {
            return Err(UserRefusal::NotOffBoarded);
        }
        Ok((!self.anonymised).then_some(UserEvent::Anonymised(Anonymised {})).into_iter().collect())
    }
}

impl Aggregate for User {
    const TYPE: &'static str = "user";
    type Command = UserCommand;
    type Event = UserEvent;
    type Error = UserRefusal;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: UserCommand,
        secrets: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), UserRefusal> {
        for event in self.decide(command, secrets)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: UserEvent) {
        match event {
            UserEvent::Registered(event) => {
                self.unit = Some(event.unit);
                self.integration = event.integration;
                self.name = Some(event.name);
                self.email = event.email;
                self.identities = event.identities;
            }
            UserEvent::Amended(event) => {
                self.name = event.name.or(self.name.take());
                event.email.apply(&mut self.email);
                self.identities = event.identities.unwrap_or(std::mem::take(&mut self.identities));
            }
            UserEvent::Granted(Granted { grant }) => drop(self.grants.insert(grant)),
            UserEvent::Revoked(Revoked { grant }) => drop(self.grants.remove(&grant)),
            UserEvent::DeviceRequested(event) => drop(self.devices.insert(event.device, event.at)),
            UserEvent::OffBoarded(_) => {
                self.grants.clear();
                self.off_boarded = true;
            }
            UserEvent::Anonymised(_) => {
                (self.name, self.email) = (None, None);
                self.identities.clear();
                self.anonymised = true;
            }
        }
    }
}

impl Stored for User {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        let is_known = self.unit.is_some() && !self.anonymised;
        if is_known { vec![UserId(id).into()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
