//! Where a server answers, and what is shown there: tokens signed with the key of its data folder.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use lethe_auth::{LocalKey, LocalToken};
use lethe_kernel::{Clock, DeviceId, IdSource, Role, UnitId, UserId};
use reqwest::RequestBuilder;
use uuid::Uuid;

/// The address of a server, and the key that signs its tokens.
#[derive(Clone)]
pub(crate) struct Door {
    address: String,
    key: Arc<LocalKey>,
}

impl Door {
    /// The door of the server that answers there and has this data folder.
    pub(crate) fn new(address: &str, data_dir: &Path) -> Self {
        let key = LocalKey::open(&data_dir.join("token.key")).unwrap();
        Self { address: address.to_owned(), key: Arc::new(key) }
    }

    /// What is shown by the user of the demo data who has this role.
    pub(crate) fn bearer(&self, role: &str) -> String {
        self.bearer_of(role, user(role), None)
    }

    /// What a user shows who acts in this role, for this unit if one is named.
    pub(crate) fn bearer_of(&self, role: &str, user: Uuid, unit: Option<Uuid>) -> String {
        let token = LocalToken {
            user: UserId(user),
            role: Some(Role::claimed(role).expect("a role")),
            unit: unit.map(UnitId),
            device: Some(DeviceId(user)),
            second_factor: true,
            from: Clock::system().now(),
            valid: TimeDelta::hours(8),
            id: IdSource.next(),
        };
        self.sign(&token)
    }

    /// What a token of any content is shown as.
    pub(crate) fn sign(&self, token: &LocalToken) -> String {
        format!("Bearer {}", self.key.sign(token).unwrap())
    }

    /// A request to the endpoint in this role, to be filled and sent.
    pub(crate) fn post(&self, client: &reqwest::Client, role: &str) -> RequestBuilder {
        self.post_as(client, &self.bearer(role))
    }

    /// A request to the endpoint that shows this.
    pub(crate) fn post_as(&self, client: &reqwest::Client, bearer: &str) -> RequestBuilder {
        client.post(format!("http://{}/graphql", self.address)).header("authorization", bearer)
    }
}

/// The DPM of the second demo unit, and that unit.
pub(crate) const DPM_OF_THE_SECOND_UNIT: (Uuid, Uuid) = (
    Uuid::from_u128(0x0d3e_0000_0000_8000_8000_0000_0000_0008),
    Uuid::from_u128(0x62f7_04ac_d086_56b3_bec1_8e38_fbca_9dd6),
);

/// The user of the first demo unit who has this role. Tests without demo data register them under the same ids.
pub(crate) fn user(role: &str) -> Uuid {
    let number = match role {
        "CONSULTANT" => 1,
        "UNIT_ADMINISTRATOR" => 2,
        "SYSTEM_ADMINISTRATOR" => 3,
        "DPM" => 4,
        "AUDITOR" => 5,
        "INTEGRATION" => 6,
        other => panic!("nobody is {other}"),
    };
    Uuid::from_u128(0x0d3e_0000_0000_8000_8000_0000_0000_0000 + number)
}
