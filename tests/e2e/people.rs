//! The people and units of the demo data, as the API names them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

const UNITS: [&str; 2] = ["9eab5b04-5ebc-5824-843b-c3fe65dc6dd6", "62f704ac-d086-56b3-bec1-8e38fbca9dd6"];

/// The plain id of a demo user.
pub(crate) fn user(number: u128) -> Uuid {
    Uuid::from_u128(0x0d3e_0000_0000_8000_8000_0000_0000_0000 + number)
}

/// The id of a demo user.
pub(crate) fn user_id(number: u128) -> String {
    named("User", user(number))
}

/// The id of the demo unit in that place.
pub(crate) fn unit_id(place: usize) -> String {
    named("Unit", UNITS[place].parse().unwrap())
}

/// The id of something that was never issued.
pub(crate) fn global(kind: &str, number: u128) -> String {
    named(kind, Uuid::from_u128(number))
}

/// The plain id that a global one holds.
pub(crate) fn inner(global: &str) -> Uuid {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(global).unwrap()).unwrap();
    text.split_once(':').unwrap().1.parse().unwrap()
}

fn named(kind: &str, id: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{}", id.simple()))
}
