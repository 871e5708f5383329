//! What belongs to a contact: whatever names it and must be known when it is erased, or explained.

use chrono::NaiveDate;
use lethe_kernel::UnitId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::expiry::ExpirySource;

/// What is known of a kind of belonging wherever contacts are known. What is done with its own streams is described
/// behind this, where erasures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindFacts {
    /// The name as it is stored.
    pub name: &'static str,
    /// The type of its objects, as the API names it.
    pub object: &'static str,
    /// The field under which history shows it.
    pub field: &'static str,
    /// Whether it justifies that the contact is kept (R14): its unit has the contact (R67), and it holds it.
    pub justifies: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal $facts:tt),+ $(,)?) => {
        /// The kinds of what belongs to a contact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum BelongingKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind),+
        }

        impl BelongingKind {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// What is known of it.
            #[must_use]
            pub const fn facts(self) -> KindFacts {
                match self { $(Self::$kind => kinds!(@facts $name $facts)),+ }
            }
        }
    };
    (@facts $name:literal { object: $object:literal, field: $field:literal, justifies: $justifies:literal $(,)? }) => {
        KindFacts { name: $name, object: $object, field: $field, justifies: $justifies }
    };
}

kinds! {
    /// A note that names it.
    Note = "NOTE" { object: "Note", field: "note", justifies: true },
    /// A consent of it, withdrawn ones included.
    Consent = "CONSENT" { object: "Consent", field: "consent", justifies: false },
    /// A business idea of it.
    Prospect = "PROSPECT" { object: "Prospect", field: "prospect", justifies: false },
}

/// Something belongs to a contact, or its facts have changed: the newest of the same kind and id counts. It stands in the
/// contact's own stream, so that whether the contact may go is decided on one consistent state (R14), and an erasure
/// misses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// What kind of thing.
    pub kind: BelongingKind,
    /// The thing.
    pub id: Uuid,
    /// Whose it is.
    pub unit: UnitId,
    /// Whether it holds personal values that die with the contact (R28).
    pub personal: bool,
    /// The day on which it was made, Europe/Copenhagen.
    pub created: NaiveDate,
    /// The first day on which it has expired; none if no day is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<NaiveDate>,
    /// Where that comes from.
    pub source: ExpirySource,
}

/// Something no longer belongs to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unbound {
    /// What it was when it last belonged to it.
    #[serde(flatten)]
    pub was: Bound,
    /// Whether it expired; otherwise it was removed or changed by hand.
    pub expired: bool,
}

/// What becomes of a belonging when its contact is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fate {
    /// What is personal in it dies with the contact.
    Died,
    /// It survives, and names the contact no more.
    Unlinked,
    /// It survives as it is: it holds nothing personal.
    Survived,
    /// What must be shown of it is kept, without what is personal.
    Kept,
}

impl Fate {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Died, Self::Unlinked, Self::Survived, Self::Kept];

    /// The field under which history shows what had it.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Died => "diedWithIt",
            Self::Unlinked => "unlinked",
            Self::Survived => "survived",
            Self::Kept => "kept",
        }
    }
}

/// A belonging of an erased contact, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fated {
    /// What kind of thing.
    pub kind: BelongingKind,
    /// The thing.
    pub id: Uuid,
    /// What became of it.
    pub fate: Fate,
}

/// The kinds of items for which units set how long they live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemKind {
    /// A note.
    Note,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_kinds_are_stored_or_shown_alike() {
        let names = |of: fn(KindFacts) -> &'static str| {
            BelongingKind::ALL.iter().map(|kind| of(kind.facts())).collect::<BTreeSet<_>>().len()
        };
        let all = BelongingKind::ALL.len();
        assert_eq!(
            [names(|facts| facts.name), names(|facts| facts.object), names(|facts| facts.field)],
            [all; 3]
        );
        for kind in BelongingKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.facts().name);
        }
    }

    #[test]
    fn what_is_unbound_is_stored_in_one_level() {
        let was = Bound {
            kind: BelongingKind::Note,
            id: Uuid::from_u128(1),
            unit: UnitId(Uuid::from_u128(2)),
            personal: true,
            created: NaiveDate::MIN,
            expires: None,
            source: ExpirySource::Policy,
        };
        let stored = serde_json::to_value(Unbound { was, expired: true }).unwrap();
        assert_eq!((&stored["kind"], &stored["expired"]), (&"NOTE".into(), &true.into()));
        assert_eq!(serde_json::from_value::<Unbound>(stored).unwrap(), Unbound { was, expired: true });
    }
}
