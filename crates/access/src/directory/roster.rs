use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lethe_kernel::{DeviceId, Role, UnitId, UserId};
use lethe_nordic::Country;
use uuid::Uuid;

use super::LOCAL_ISSUER;
use crate::UnitKind;
use crate::device::{DeviceEvent, DeviceStatus, Revoked};
use crate::unit::{self, UnitEvent};
use crate::user::{Grant, UserEvent};

/// Everybody who may work here, as of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    users: HashMap<UserId, Member>,
    units: HashMap<UnitId, UnitEntry>,
    identities: HashMap<(String, String), UserId>,
    /// Which device of which user a stream is of.
    devices: HashMap<Uuid, (UserId, DeviceId)>,
    /// Streams with an event that cannot be read.
    unreadable: HashSet<Uuid>,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The unit that takes care of the user.
    pub unit: UnitId,
    /// Whether they have left; they then have no role and no device.
    pub off_boarded: bool,
    /// The roles they have, in a stable order.
    pub grants: BTreeSet<Grant>,
    /// Whether it is a programme.
    pub integration: bool,
    /// The devices they asked for.
    pub devices: BTreeMap<DeviceId, DeviceStatus>,
    /// Whether the ledger says something of them that cannot be read, so that nobody knows what they may do.
    pub unreadable: bool,
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitEntry {
    /// What it is.
    pub kind: UnitKind,
    /// Where it is.
    pub country: Country,
    /// Its DPM, if it has one.
    pub dpm: Option<UserId>,
}

impl Roster {
    /// The user whom a provider of identities names so.
    #[must_use]
    pub fn by_identity(&self, issuer: &str, subject: &str) -> Option<UserId> {
        if issuer == LOCAL_ISSUER {
            return subject.parse().ok().map(UserId).filter(|user| self.users.contains_key(user));
        }
        self.identities.get(&(issuer.to_owned(), subject.to_owned())).copied()
    }

    /// A user.
    #[must_use]
    pub fn user(&self, user: UserId) -> Option<&Member> {
        self.users.get(&user)
    }

    /// Whether anybody has a role, in whatever unit. Of whom the ledger says something that cannot be read may have it.
    #[must_use]
    pub fn has_anybody(&self, role: Role) -> bool {
        !self.unreadable.is_empty()
            || self.users.values().any(|member| member.grants.iter().any(|grant| grant.role == role))
    }

    /// Whose device a stream is of.
    #[must_use]
    pub fn owner(&self, device_stream: Uuid) -> Option<UserId> {
        self.devices.get(&device_stream).map(|(user, _)| *user)
    }

    /// A unit.
    #[must_use]
    pub fn unit(&self, unit: UnitId) -> Option<&UnitEntry> {
        self.units.get(&unit)
    }

    pub(super) fn unit_event(&mut self, id: UnitId, event: &UnitEvent) {
        match event {
            UnitEvent::Registered(unit::Registered { country, kind, .. }) => {
                self.units.insert(id, UnitEntry { kind: *kind, country: *country, dpm: None });
            }
            UnitEvent::Amended(_) => {}
            UnitEvent::DpmAppointed(appointed) => {
                if let Some(entry) = self.units.get_mut(&id) {
                    entry.dpm = Some(appointed.user);
                }
            }
        }
    }

    /// Takes note of what happened to a user. Identities come apart, because they are opened for it.
    pub(super) fn user_event(&mut self, id: UserId, event: &UserEvent) {
        if let UserEvent::Registered(event) = event {
            let member = Member {
                unit: event.unit,
                off_boarded: false,
                grants: BTreeSet::new(),
                integration: event.integration,
                devices: BTreeMap::new(),
                unreadable: self.unreadable.contains(&id.0),
            };
            self.users.insert(id, member);
            return;
        }
        let Some(member) = self.users.get_mut(&id) else { return };
        match event {
            UserEvent::Granted(granted) => drop(member.grants.insert(granted.grant)),
            UserEvent::Revoked(revoked) => drop(member.grants.remove(&revoked.grant)),
            UserEvent::OffBoarded(_) => {
                member.off_boarded = true;
                member.grants.clear();
                member.devices.values_mut().for_each(|status| *status = DeviceStatus::Revoked);
            }
            UserEvent::Anonymised(_) => self.identify(id, Vec::new()),
            UserEvent::Registered(_) | UserEvent::Amended(_) | UserEvent::DeviceRequested(_) => {}
        }
    }

    /// All identities of a user from now on. One that another user has already stays theirs.
    pub(super) fn identify(&mut self, user: UserId, identities: Vec<(String, String)>) {
        self.identities.retain(|_, owner| *owner != user);
        for identity in identities {
            self.identities.entry(identity).or_insert(user);
        }
    }

    /// Takes note that something cannot be read: a user is not let in, a device counts as revoked.
    pub(super) fn distrust(&mut self, kind: &str, stream: Uuid) {
        self.unreadable.insert(stream);
        match kind {
            "user" => {
                self.users.entry(UserId(stream)).and_modify(|member| member.unreadable = true);
            }
            "device" => {
                self.device_event(stream, &DeviceEvent::Revoked(Revoked {}));
            }
            _ => {}
        }
    }

    pub(super) fn device_event(&mut self, stream: Uuid, event: &DeviceEvent) {
        let status = match event {
            DeviceEvent::Requested(requested) => {
                self.devices.insert(stream, (requested.user, requested.device));
                DeviceStatus::Requested
            }
            DeviceEvent::Approved(_) => DeviceStatus::Approved,
            DeviceEvent::Revoked(_) => DeviceStatus::Revoked,
        };
        let Some((user, device)) = self.devices.get(&stream) else { return };
        if let Some(member) = self.users.get_mut(user) {
            // Whoever has left has no device any more, whatever comes later; nor is one trusted of which not all is known.
            let gone = member.off_boarded || self.unreadable.contains(&stream);
            let status = if gone { DeviceStatus::Revoked } else { status };
            member.devices.insert(*device, status);
        }
    }
}

#[cfg(test)]
mod tests;
