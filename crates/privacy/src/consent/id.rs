use lethe_kernel::{ConsentId, ContactId, UnitId};
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_7468_655f_636f_6e73_656e_745f_6964);

/// The id of the consent of a contact for a purpose at a unit; it follows from them, so that there is only one.
#[must_use]
pub fn consent_id(contact: ContactId, unit: UnitId, purpose: &str) -> ConsentId {
    ConsentId(Uuid::new_v5(&NAMESPACE, format!("{contact}\n{unit}\n{purpose}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_unit_and_purpose_each_make_another_consent() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let id = |contact, unit, purpose| consent_id(ContactId(contact), UnitId(unit), purpose);
        let first = id(one, one, "NEWSLETTER");
        assert_eq!(first, id(one, one, "NEWSLETTER"));
        for other in [id(two, one, "NEWSLETTER"), id(one, two, "NEWSLETTER"), id(one, one, "EVENTS")] {
            assert_ne!(first, other);
        }
        assert_ne!(id(one, two, "EVENTS"), id(two, one, "EVENTS"));
    }

    /// Stored ids depend on it.
    #[test]
    fn the_derivation_never_changes() {
        let id = consent_id(ContactId(Uuid::from_u128(1)), UnitId(Uuid::from_u128(2)), "NEWSLETTER");
        assert_eq!(id.to_string(), "bf088023-5a06-54bf-8751-8329d067d99e");
    }
}
