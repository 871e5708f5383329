//! Codes: enums whose values are stored, shown and asked for by a name.

/// A value of a closed list, known by its name. [`codes!`](crate::codes) declares one.
pub trait Code: Copy + Eq + Send + Sync + 'static {
    /// Every value, in the order in which they are declared.
    const ALL: &'static [Self];

    /// Its name, as it is stored and as the API spells it.
    fn name(self) -> &'static str;

    /// What it means, line by line, as the API tells it.
    fn meaning(self) -> &'static str;

    /// The value of that name.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// Declares an enum of codes with their names, and implements serde, [`Code`] and `name` by them. The sentences are also
/// those that the API documents the values with. A value that stands where none is given is named behind the list.
///
/// ```
/// lethe_kernel::codes! {
///     /// What a lamp shows.
///     pub enum Lamp {
///         /// It is lit.
///         On = "ON",
///         /// It is dark.
///         Off = "OFF",
///     }
///     default Off
/// }
/// use lethe_kernel::Code;
///
/// assert_eq!((Lamp::On.name(), Lamp::from_name("ON"), Lamp::default()), ("ON", Some(Lamp::On), Lamp::Off));
/// assert_eq!(Lamp::Off.meaning().trim(), "It is dark.");
/// ```
#[macro_export]
macro_rules! codes {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $code:literal),+ $(,)? }
        $(default $default:ident)?
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        pub enum $name {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $variant),+
        }

        impl $name {
            /// Its name, as it is stored and as the API spells it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $code),+
                }
            }
        }

        impl $crate::Code for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                self.name()
            }

            fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc, "\n"),+)),+
                }
            }
        }

        $(impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        })?
    };
}
