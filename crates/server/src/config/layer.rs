//! The places where settings are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ConfigError, KEYS, Source};
use crate::output;

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
        let environment = from_environment(|variable| std::env::var(variable).ok());
        let layers = Self { flags, environment, file };
        // A custodian may name a variable of any name that holds its token.
        let (_, custodians) = layers.find("custodians", "");
        let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        for line in misspelt(variables.filter(|name| !custodians.contains(name.as_str()))) {
            output::note(&line);
        }
        Ok(layers)
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

/// What begins the names of our variables.
const PREFIX: &str = "LETHE_";
/// Variables of ours that are no settings: tests and measurements read them.
const OTHERS: [&str; 6] =
    ["LETHE_BINARY", "LETHE_DATA", "LETHE_FUZZ_CASES", "LETHE_SCHEMA", "LETHE_URL", "LETHE_WRITE_GOLDEN"];
/// What others of them begin with.
const FAMILIES: [&str; 2] = ["LETHE_CRASH_", "LETHE_TEST_"];

/// A line for every variable that looks like a setting and is not one. Their values are not told.
pub(super) fn misspelt(variables: impl Iterator<Item = String>) -> Vec<String> {
    let known = |name: &str| KEYS.iter().any(|(_, variable)| *variable == name);
    let ours = |name: &String| name.to_ascii_uppercase().starts_with(PREFIX);
    let other = |name: &str| OTHERS.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
    let mut names: Vec<String> = variables.filter(ours).filter(|name| !known(name) && !other(name)).collect();
    names.sort_unstable();
    let line = |name: String| {
        let close = KEYS.iter().map(|(_, variable)| (distance(&name, variable), variable)).min();
        let meant = close.filter(|(distance, _)| *distance <= 3);
        let meant = meant.map(|(_, variable)| format!(" {variable} may be meant.")).unwrap_or_default();
        let name = name.escape_debug();
        format!(
            "The variable {name} is no setting and is not read.{meant} `lethe config` lists those that are."
        )
    };
    names.into_iter().map(line).collect()
}

/// How many letters must be changed, added or left out to make one name the other; small and large ones are the same.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().map(|letter| letter.to_ascii_uppercase()).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().map(|letter| letter.to_ascii_uppercase()).enumerate() {
        let (mut before, mut left) = (line, line + 1);
        let mut next = vec![left];
        for (above, is) in row.iter().skip(1).zip(&other) {
            let changed = before + usize::from(*is != letter);
            left = changed.min(above + 1).min(left + 1);
            next.push(left);
            before = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
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
