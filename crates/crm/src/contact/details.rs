//! The personal values of a contact, sealed for the contact.

use lethe_kernel::{ContactId, Patch, Personal, personal_text};
use lethe_ledger::{Change, Secrets};
use serde::{Deserialize, Serialize};

personal_text! {
    /// The given name.
    FirstName = "contact.first_name",
    /// The family name.
    LastName = "contact.last_name",
    /// The title or position.
    Title = "contact.title",
    /// The e-mail address.
    Email = "contact.email",
    /// The phone number, in stored form.
    Phone = "contact.phone",
    /// The mobile number, in stored form.
    Mobile = "contact.mobile",
    /// The remark on the contact's card.
    Remark = "contact.remark",
    /// The first six digits of a CPR number, `DDMMYY`.
    CprDate = "contact.cpr_date",
    /// The last four digits of a CPR number; no listing ever opens them (R7).
    CprSerial = "contact.cpr_serial",
}

/// A CPR number, sealed as two values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedCpr {
    /// `DDMMYY`.
    pub date: Personal<CprDate>,
    /// `SSSS`.
    pub serial: Personal<CprSerial>,
}

macro_rules! details {
    ($($(#[$doc:meta])* $field:ident: $value:ty = $name:literal),+ $(,)?) => {
        /// What a command sets, empties or leaves alone.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct Details {
            $($(#[$doc])* #[serde(default, skip_serializing_if = "Patch::is_keep")] pub $field: Patch<Personal<$value>>,)+
            /// The CPR number.
            #[serde(default, skip_serializing_if = "Patch::is_keep")]
            pub cpr: Patch<SealedCpr>,
        }

        /// What is known about a contact.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct Held {
            $($(#[$doc])* pub $field: Option<Personal<$value>>,)+
            /// The CPR number.
            pub cpr: Option<SealedCpr>,
        }

        impl Held {
            /// Applies a change.
            pub fn apply(&mut self, change: Details) {
                $(change.$field.apply(&mut self.$field);)+
                change.cpr.apply(&mut self.cpr);
            }
        }

        impl Details {
            /// What of this change is really one, compared with what is held.
            #[must_use]
            pub fn against(self, held: &Held, contact: ContactId, secrets: &Secrets) -> Self {
                Self {
                    $($field: real(self.$field, held.$field.as_ref(), |a, b| secrets.same(a, b, contact)),)+
                    cpr: real(self.cpr, held.cpr.as_ref(), |a, b| {
                        secrets.same(&a.date, &b.date, contact) && secrets.same(&a.serial, &b.serial, contact)
                    }),
                }
            }

            /// The change, field by field. Of a CPR number only that it changed.
            #[must_use]
            pub fn changes(&self, contact: ContactId) -> Vec<Change> {
                let cpr = match &self.cpr {
                    Patch::Keep => None,
                    Patch::Clear => Some(Change { field: "cpr", value: None }),
                    Patch::Set(_) => Some(Change::masked("cpr", contact)),
                };
                [$(Change::patched($name, &self.$field, contact)),+].into_iter().flatten().chain(cpr).collect()
            }
        }
    };
}

details! {
    /// The given name.
    first_name: FirstName = "firstName",
    /// The family name.
    last_name: LastName = "lastName",
    /// The title or position.
    title: Title = "title",
    /// The e-mail address.
    email: Email = "email",
    /// The phone number.
    phone: Phone = "phone",
    /// The mobile number.
    mobile: Mobile = "mobile",
    /// The remark on the card.
    remark: Remark = "remark",
}

impl Details {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Held {
    /// Whether the contact has a name, the one thing that is required of it.
    #[must_use]
    pub fn has_name(&self) -> bool {
        self.first_name.is_some() || self.last_name.is_some()
    }
}

fn real<T>(patch: Patch<T>, held: Option<&T>, same: impl Fn(&T, &T) -> bool) -> Patch<T> {
    match (patch, held) {
        (Patch::Clear, None) => Patch::Keep,
        (Patch::Set(new), Some(old)) if same(&new, old) => Patch::Keep,
        (patch, _) => patch,
    }
}
