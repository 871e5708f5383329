//! The checks of `lethe doctor`.

mod custody;
mod database;
mod file_system;
mod folder;
mod growth;
mod ledger;
mod mail;
mod mirrors;
mod notary;
mod programs;
mod reactions;
mod tokens;
mod views;

use serde::Serialize;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Using};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing needs to be done.
    Note,
    /// Works, but may lead to loss or exposure.
    Warning,
    /// Does not work.
    Problem,
}

impl Level {
    /// The level as a word for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "PROBLEM",
        }
    }

    /// Whether somebody should do something.
    pub(crate) fn is_finding(self) -> bool {
        matches!(self, Self::Warning | Self::Problem)
    }
}

/// What one check found.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, message: message.into(), advice: None }
    }

    fn note(check: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::ok(check, message) }
    }

    fn warning(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Warning, advice: Some(advice.into()), ..Self::ok(check, message) }
    }

    fn problem(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Problem, ..Self::warning(check, message, advice) }
    }

    /// An error whose message says what to do.
    fn error(check: &'static str, error: &impl std::fmt::Display) -> Self {
        Self { level: Level::Problem, ..Self::ok(check, error.to_string()) }
    }
}

/// Runs every check that can run.
pub(crate) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.database_url.is_none() {
        findings.push(programs::check(config));
    }
    findings.extend(folder::check(&config.data_dir, config.database_url.is_none()));
    findings.push(tokens::check(config).await);
    findings.extend(custody::machine());
    findings.extend(custody::disks(config, &config.data_dir));
    if config.database_url.is_none() && !config.data_dir.join("postgres").exists() && !moved(config) {
        findings.push(Finding::note("database", "There is no database yet; `lethe serve` creates it."));
        return findings;
    }
    match DataDir::existing(&config.data_dir).or_else(|error| {
        // With DATABASE_URL the folder may be empty as yet.
        if config.database_url.is_some() { DataDir::prepare(&config.data_dir) } else { Err(error) }
    }) {
        Ok(folder) => findings.extend(with_database(config, &folder).await),
        Err(error) => findings.push(Finding::error("data folder", &error)),
    }
    findings
}

/// Whether a data folder exists whose PostgreSQL may live elsewhere.
fn moved(config: &Config) -> bool {
    config.data_dir.join("VERSION").exists()
}

async fn with_database(config: &Config, folder: &DataDir) -> Vec<Finding> {
    let database = match Database::start(config, folder, Using::Sharing).await {
        Ok(database) => database,
        Err(error) => return vec![Finding::error("database", &error)],
    };
    let mut findings = database::check(&database, config, folder).await;
    if let Err(error) = database.stop().await {
        findings.push(Finding::error("database", &error));
    }
    findings
}
