//! The places where settings are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ConfigError, KEYS, Source};

/// The file that is read when `--config` names none.
const USUAL_FILE: &str = "lethe.toml";

/// Settings of one place, as text.
pub(crate) type Layer = BTreeMap<&'static str, String>;

/// All places, the strongest first.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    pub(crate) flags: Layer,
    pub(crate) environment: Layer,
    pub(crate) file: Layer,
}

impl Layers {
    /// Reads the environment and the settings file: the one named, else `lethe.toml` in the present folder if there
    /// is one.
    ///
    /// # Errors
    /// [`ConfigError`] when the file is named but missing, or is no settings file.
    pub(crate) fn read(flags: Layer, named: Option<&Path>) -> Result<Self, ConfigError> {
        let usual = PathBuf::from(USUAL_FILE);
        let file = match named {
            Some(path) => from_file(path)?,
            None if usual.exists() => from_file(&usual)?,
            None => Layer::new(),
        };
        Ok(Self { flags, environment: from_environment(|variable| std::env::var(variable).ok()), file })
    }

    /// The strongest value of a key, and where it is written.
    pub(crate) fn find<'a>(&'a self, key: &str, default: &'a str) -> (Source, &'a str) {
        [(Source::Flag, &self.flags), (Source::Environment, &self.environment), (Source::File, &self.file)]
            .into_iter()
            .find_map(|(source, layer)| layer.get(key).map(|text| (source, text.as_str())))
            .unwrap_or((Source::Default, default))
    }
}

/// The settings in the environment; an empty variable counts as not set.
pub(super) fn from_environment(read: impl Fn(&str) -> Option<String>) -> Layer {
    KEYS.iter()
        .filter_map(|(key, variable)| Some((*key, read(variable).filter(|text| !text.is_empty())?)))
        .collect()
}

fn from_file(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    from_toml(path, &text)
}

pub(super) fn from_toml(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let path = || path.to_owned();
    // The place is told, the text is not: it may hold a password.
    let table: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(1, |before| before.lines().count().max(1));
        ConfigError::Syntax { path: path(), reason: format!("{} (line {line}).", error.message()) }
    })?;
    let mut layer = Layer::new();
    for (key, value) in table {
        let Some((known, _)) = KEYS.iter().find(|(known, _)| *known == key) else {
            return Err(ConfigError::UnknownKey { path: path(), key });
        };
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            _ => return Err(ConfigError::Type { path: path(), key }),
        };
        layer.insert(known, text);
    }
    Ok(layer)
}
