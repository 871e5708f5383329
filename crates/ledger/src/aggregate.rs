//! What the ledger asks of an aggregate, and what it gives it.

use std::sync::{Arc, Mutex, PoisonError};

use cqrs_es::Aggregate;
use lethe_kernel::{Personal, PersonalValue, Rule, Subject};
use lethe_vault::{Keyring, VaultError};
use uuid::Uuid;

use crate::Versioned;

/// An aggregate that the ledger stores: its rules are refusals a user understands.
pub trait Stored:
    Aggregate<Services = Secrets, Error: Rule, Event: Versioned + 'static> + Clone + PartialEq + 'static
{
    /// Whose personal values its state holds and its decisions compare. Their keys are loaded before it decides; if one
    /// of them is gone, the command fails.
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        let _ = id;
        Vec::new()
    }
}

/// What a decision may know about personal values: whether two of them are equal. It is handed in with the command,
/// so that rules stay pure while the state they look at stays sealed.
#[derive(Default)]
pub struct Secrets {
    keyring: Arc<Keyring>,
    fault: Mutex<Option<VaultError>>,
}

impl Secrets {
    pub(crate) fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring, fault: Mutex::default() }
    }

    /// Whether two values of `subject` are equal. A value that does not open makes the whole command fail.
    pub fn same<T: PersonalValue>(
        &self,
        one: &Personal<T>,
        other: &Personal<T>,
        subject: impl Into<Subject>,
    ) -> bool {
        self.keyring.same(one, other, subject).unwrap_or_else(|error| {
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            false
        })
    }

    pub(crate) fn fault(self) -> Option<VaultError> {
        self.fault.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the stored types and versions of an event enum, and how an older version becomes the present one, step by
/// step. Implements [`cqrs_es::DomainEvent`] and [`Versioned`](crate::Versioned):
///
/// ```ignore
/// domain_event!(AccountEvent {
///     Opened = "account.opened" v "3" from ["1" => opened_1, "2" => opened_2],
///     Closed = "account.closed" v "1",
/// });
/// ```
#[macro_export]
macro_rules! domain_event {
    ($event:ident { $(
        $variant:ident = $name:literal v $version:literal $(from [$($from:literal => $upcast:expr),+ $(,)?])?
    ),+ $(,)? }) => {
        impl $crate::Versioned for $event {
            const TYPES: &'static [$crate::EventType] = &[$($crate::EventType {
                name: $name,
                version: $version,
                upcasters: &[$($($crate::Upcaster { from: $from, upcast: $upcast }),+)?],
            }),+];

            fn stored_type(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $name),+ }
            }
        }

        $(const _: () = assert!(
            $crate::lead_to($version, &[$($($crate::Upcaster { from: $from, upcast: $upcast }),+)?]),
            "The upcasters of an event are listed from version to version, up to the present one."
        );)+

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                $crate::Versioned::stored_type(self).to_owned()
            }

            fn event_version(&self) -> String {
                match self { $(Self::$variant { .. } => $version.to_owned()),+ }
            }
        }
    };
}
