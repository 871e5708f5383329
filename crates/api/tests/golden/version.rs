//! The versions that must be covered, and the names of their files.

use std::fmt;

use lethe_api::STREAM_TYPES;

/// A version of a type of event; a case of it, if it is not the plain example.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) event_type: String,
    pub(crate) number: String,
    pub(crate) case: Option<String>,
}

/// Every version that can be read.
pub(crate) fn versions() -> Vec<Version> {
    let types = STREAM_TYPES.iter().flat_map(|stream| stream.events);
    types.flat_map(|kind| kind.versions().map(|number| Version::new(kind.name, number, None))).collect()
}

impl Version {
    pub(crate) fn new(event_type: &str, number: &str, case: Option<&str>) -> Self {
        Self { event_type: event_type.into(), number: number.into(), case: case.map(Into::into) }
    }

    /// Reads the beginning of a file's name: `contact.registered-1` or `contact.amended-1-emptied`.
    pub(crate) fn parse(stem: &str) -> Option<Self> {
        let mut parts = stem.splitn(3, '-');
        Some(Self::new(parts.next()?, parts.next()?, parts.next()))
    }

    /// The file of one of the three forms.
    pub(crate) fn file(&self, form: &str) -> String {
        format!("{self}.{form}.json")
    }

    pub(crate) fn plain(&self) -> Self {
        Self { case: None, ..self.clone() }
    }

    /// Whether events of this version are written today.
    pub(crate) fn is_present(&self) -> bool {
        let mut types = STREAM_TYPES.iter().flat_map(|stream| stream.events);
        types.any(|kind| kind.name == self.event_type && kind.version == self.number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.event_type, self.number)?;
        self.case.iter().try_for_each(|case| write!(f, "-{case}"))
    }
}
