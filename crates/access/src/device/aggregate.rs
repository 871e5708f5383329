use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::UserId;
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::secret::is_same;
use super::{Approved, DeviceCommand, DeviceError, DeviceEvent, DeviceStatus, Requested, Revoked};

/// The state of a device that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Device {
    user: Option<UserId>,
    status: Option<DeviceStatus>,
    /// The digest of the secret that approves it, and until when it does.
    secret: Option<(String, DateTime<Utc>)>,
}

type Decision = Result<Vec<DeviceEvent>, DeviceError>;

impl Device {
    /// Whose it is, if anybody asked for it.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    fn decide(&self, command: DeviceCommand) -> Decision {
        match (command, self.status) {
            (DeviceCommand::Request { request, at }, None | Some(DeviceStatus::Requested)) => {
                let waits = self.secret.as_ref().is_some_and(|(_, expires)| at < *expires);
                Ok((!waits).then_some(DeviceEvent::Requested(request)).into_iter().collect())
            }
            (DeviceCommand::Request { .. }, Some(DeviceStatus::Approved))
            | (DeviceCommand::Revoke, Some(DeviceStatus::Revoked)) => Ok(Vec::new()),
            (DeviceCommand::Request { .. }, Some(DeviceStatus::Revoked)) => Err(DeviceError::Revoked),
            (DeviceCommand::Approve { digest, at }, Some(DeviceStatus::Requested))
                if self
                    .secret
                    .as_ref()
                    .is_some_and(|(secret, expires)| is_same(secret, &digest) && at < *expires) =>
            {
                Ok(vec![DeviceEvent::Approved(Approved {})])
            }
            (DeviceCommand::Approve { .. }, _) => Err(DeviceError::NotApproved),
            (DeviceCommand::Revoke, Some(_)) => Ok(vec![DeviceEvent::Revoked(Revoked {})]),
            (DeviceCommand::Revoke, None) => Err(DeviceError::Unknown),
        }
    }
}

impl Aggregate for Device {
    const TYPE: &'static str = "device";
    type Command = DeviceCommand;
    type Event = DeviceEvent;
    type Error = DeviceError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: DeviceCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), DeviceError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: DeviceEvent) {
        match event {
            DeviceEvent::Requested(Requested { user, secret, expires, .. }) => {
                self.user = Some(user);
                self.status = Some(DeviceStatus::Requested);
                self.secret = Some((secret, expires));
            }
            DeviceEvent::Approved(_) => {
                self.status = Some(DeviceStatus::Approved);
                self.secret = None;
            }
            DeviceEvent::Revoked(_) => {
                self.status = Some(DeviceStatus::Revoked);
                self.secret = None;
            }
        }
    }
}

impl Stored for Device {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use lethe_kernel::{DeviceId, Personal};
    use uuid::Uuid;

    use super::*;
    use crate::device::Label;

    const USER: UserId = UserId(Uuid::from_u128(1));

    fn device() -> TestFramework<Device> {
        TestFramework::with(Secrets::default())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn requested(secret: &str, expires: &str) -> Requested {
        Requested {
            user: USER,
            device: DeviceId(Uuid::from_u128(2)),
            label: Some(Personal::of(USER, Label("Firefox på kontoret".into()))),
            secret: secret.into(),
            expires: at(expires),
        }
    }

    fn waiting() -> Vec<DeviceEvent> {
        vec![DeviceEvent::Requested(requested("aa", "2030-06-02T12:00:00Z"))]
    }

    fn approved() -> Vec<DeviceEvent> {
        [waiting(), vec![DeviceEvent::Approved(Approved {})]].concat()
    }

    fn revoked() -> Vec<DeviceEvent> {
        [approved(), vec![DeviceEvent::Revoked(Revoked {})]].concat()
    }

    fn request(secret: &str, now: &str) -> DeviceCommand {
        DeviceCommand::Request { request: requested(secret, "2030-06-03T12:00:00Z"), at: at(now) }
    }

    fn approve(digest: &str, now: &str) -> DeviceCommand {
        DeviceCommand::Approve { digest: digest.into(), at: at(now) }
    }

    #[test]
    fn is_asked_for_once_as_long_as_its_secret_lives() {
        let event = || vec![DeviceEvent::Requested(requested("bb", "2030-06-03T12:00:00Z"))];
        let [early, late] = ["2030-06-02T11:59:59Z", "2030-06-02T12:00:00Z"];
        device().given_no_previous_events().when(request("bb", early)).then_expect_events(event());
        device().given(waiting()).when(request("bb", early)).then_expect_events(vec![]);
        device().given(waiting()).when(request("bb", late)).then_expect_events(event());
        device().given(approved()).when(request("bb", late)).then_expect_events(vec![]);
        device().given(revoked()).when(request("bb", late)).then_expect_error(DeviceError::Revoked);
    }

    #[test]
    fn a_secret_approves_once_and_in_time() {
        let now = "2030-06-02T11:59:59Z";
        let refuses = |history, command| {
            device().given(history).when(command).then_expect_error(DeviceError::NotApproved);
        };
        device()
            .given(waiting())
            .when(approve("aa", now))
            .then_expect_events(vec![DeviceEvent::Approved(Approved {})]);
        refuses(waiting(), approve("bb", now));
        refuses(waiting(), approve("aa", "2030-06-02T12:00:00Z"));
        refuses(approved(), approve("aa", now));
        refuses(revoked(), approve("aa", now));
        device()
            .given_no_previous_events()
            .when(approve("aa", now))
            .then_expect_error(DeviceError::NotApproved);
    }

    #[test]
    fn an_older_secret_approves_nothing_any_more() {
        let again = DeviceEvent::Requested(requested("bb", "2030-06-03T12:00:00Z"));
        device()
            .given([waiting(), vec![again]].concat())
            .when(approve("aa", "2030-06-02T13:00:00Z"))
            .then_expect_error(DeviceError::NotApproved);
    }

    #[test]
    fn is_revoked_once_and_for_good() {
        let revoke = || DeviceCommand::Revoke;
        let event = DeviceEvent::Revoked(Revoked {});
        device().given(approved()).when(revoke()).then_expect_events(vec![event.clone()]);
        device().given(waiting()).when(revoke()).then_expect_events(vec![event]);
        device().given(revoked()).when(revoke()).then_expect_events(vec![]);
        device().given_no_previous_events().when(revoke()).then_expect_error(DeviceError::Unknown);
    }

    #[test]
    fn the_label_cannot_be_written_in_clear() {
        let error = serde_json::to_string(&requested("aa", "2030-06-02T12:00:00Z")).unwrap_err().to_string();
        assert!(error.contains("user.device_label of user") && !error.contains("Firefox"), "{error}");
    }
}
