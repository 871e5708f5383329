//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::command::Command;
use crate::config::Layer;

const ABOUT: &str = "An event-sourced CRM backend that remembers every act and forgets every person.

Without a command, lethe serves: it starts a PostgreSQL of its own in the data folder (or uses DATABASE_URL), brings \
the tables up to date and answers GraphQL to those who show a token.";

const AFTER: &str =
    "Settings: flags win over the environment, that over lethe.toml, that over the defaults. \
`lethe config` shows what is in force, where it came from, and the variable for each setting.

Results are written to stdout, the log and progress to stderr.

Exit codes:
  0    done
  1    done, with findings or refused rows, which were told
  2    the command line is wrong
  3    the settings or the environment do not allow it
  4    the database failed
  5    the data folder is in use by another process
  130  stopped at once by a second signal";

/// The command line of `lethe`.
#[derive(Debug, Parser)]
#[command(name = "lethe", version, about = "The CRM that forgets", long_about = ABOUT, after_long_help = AFTER)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingFlags {
    /// The data folder [variable: LETHE_DATA_DIR; default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// The settings file [default: ./lethe.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The address to listen on; loopback only without an issuer of tokens [variable: LETHE_LISTEN; default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The folder of PostgreSQL's programs [variable: LETHE_PG_BIN; default: searched for]
    #[arg(long, global = true, value_name = "DIR")]
    pg_bin: Option<String>,
    /// Never download PostgreSQL [variable: LETHE_OFFLINE]
    #[arg(long, global = true)]
    offline: bool,
    /// What to log, for example debug or lethe_ledger=debug [variable: LETHE_LOG; default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
}

impl SettingFlags {
    /// The settings made by flags.
    pub(crate) fn layer(&self) -> Layer {
        [
            ("data_dir", self.data_dir.clone()),
            ("listen", self.listen.clone()),
            ("pg_bin", self.pg_bin.clone()),
            ("offline", self.offline.then(|| "true".to_owned())),
            ("log", self.log.clone()),
        ]
        .into_iter()
        .filter_map(|(key, text)| Some((key, text?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::KEYS;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_flag_sets_a_setting_that_exists() {
        let flags = ["--data-dir=d", "--listen=l", "--pg-bin=p", "--offline", "--log=x"];
        let cli = Cli::try_parse_from([&["lethe", "doctor"][..], &flags].concat()).unwrap();
        let layer = cli.settings.layer();
        assert_eq!(layer.len(), flags.len());
        assert!(layer.keys().all(|key| KEYS.iter().any(|(known, _)| known == key)));
    }

    #[test]
    fn no_command_means_serve() {
        assert!(Cli::try_parse_from(["lethe", "--listen", "127.0.0.1:1"]).unwrap().command.is_none());
    }
}
