//! The master data of a company that can change.

use lethe_kernel::{CompanyId, Patch, Subject};
use lethe_ledger::{Change, Secrets};
use serde::{Deserialize, Serialize};

use super::{Address, City, Email, Master, Nace, Name, Phone, PostalCode};

macro_rules! details {
    ($($(#[$doc:meta])* $field:ident: $value:ty = $name:literal),+ $(,)?) => {
        /// What a command sets, empties or leaves alone.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct Details {
            $($(#[$doc])* #[serde(default, skip_serializing_if = "Patch::is_keep")] pub $field: Patch<Master<$value>>,)+
            /// The industry code.
            #[serde(default, skip_serializing_if = "Patch::is_keep")]
            pub nace: Patch<Nace>,
        }

        /// What is known about a company.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct Held {
            $($(#[$doc])* pub $field: Option<Master<$value>>,)+
            /// The industry code.
            pub nace: Option<Nace>,
        }

        impl Held {
            /// Applies a change.
            pub fn apply(&mut self, change: Details) {
                $(change.$field.apply(&mut self.$field);)+
                change.nace.apply(&mut self.nace);
            }
        }

        impl Details {
            /// What of this change is really one, compared with what is held.
            #[must_use]
            pub fn against(self, held: &Held, company: CompanyId, secrets: &Secrets) -> Self {
                Self {
                    $($field: real(self.$field, held.$field.as_ref(), |a, b| a.same(b, company, secrets)),)+
                    nace: real(self.nace, held.nace.as_ref(), PartialEq::eq),
                }
            }

            /// The change, field by field.
            #[must_use]
            pub fn changes(&self, company: CompanyId) -> Vec<Change> {
                let subject = Subject::sole_proprietor(company);
                let (code, version) = (self.nace.clone(), self.nace.clone());
                [
                    $(match &self.$field {
                        Patch::Keep => None,
                        Patch::Clear => Some(Change { field: $name, value: None }),
                        Patch::Set(Master::Public(value)) => Some(Change::set($name, value.0.as_str())),
                        Patch::Set(Master::Personal(value)) => Change::personal($name, value, subject),
                    },)+
                    Change::plain("naceCode", &code.map(|nace| nace.code)),
                    Change::plain("naceVersion", &version.map(|nace| nace.version.name())),
                ]
                .into_iter()
                .flatten()
                .collect()
            }
        }
    };
}

details! {
    /// The name.
    name: Name = "name",
    /// The lines of the street address.
    address: Address = "address",
    /// The postal code.
    postal_code: PostalCode = "postalCode",
    /// The city.
    city: City = "city",
    /// The phone number.
    phone: Phone = "phone",
    /// The e-mail address.
    email: Email = "email",
}

impl Details {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn real<T>(patch: Patch<T>, held: Option<&T>, same: impl Fn(&T, &T) -> bool) -> Patch<T> {
    match (patch, held) {
        (Patch::Clear, None) => Patch::Keep,
        (Patch::Set(new), Some(old)) if same(&new, old) => Patch::Keep,
        (patch, _) => patch,
    }
}
