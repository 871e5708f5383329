//! `lethe rebuild`.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use clap::builder::PossibleValuesParser;
use lethe_ledger::{Done, Parts, Rebuilt};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::{graphql, output};

/// The flags of `lethe rebuild`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The view, for example contact
    #[arg(value_name = "VIEW", required_unless_present = "all", conflicts_with = "all",
        value_parser = PossibleValuesParser::new(graphql::views().names()))]
    views: Vec<String>,
    /// Every view, one after another
    #[arg(long)]
    all: bool,
    /// How much of the ledger's payload to fold at once; what is more takes another pass over the ledger
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    memory: usize,
}

/// Builds views anew beside those that are read, and puts them in their place. Servers may run meanwhile.
///
/// # Errors
/// [`Error::Ledger`]; the view at which it stopped is as it was.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let rebuilt = rebuild(config, &folder, &database, arguments).await;
    database.stop().await?;
    rebuilt
}

async fn rebuild(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    arguments: &Arguments,
) -> Result<Outcome, Error> {
    let pool = database.connect(config).await?;
    let ledger = Running::ledger(config, pool.clone(), folder).await?;
    let mut outcome = Outcome::Done;
    let known = graphql::views().names();
    for name in
        known.into_iter().filter(|name| arguments.all || arguments.views.iter().any(|view| view == name))
    {
        if one(ledger.parts(), name, arguments.memory.saturating_mul(1 << 20)).await? {
            outcome = Outcome::Findings;
        }
    }
    pool.close().await;
    Ok(outcome)
}

/// Rebuilds one view; answers whether it differed from what was there.
async fn one(parts: &Arc<Parts>, name: &'static str, memory: usize) -> Result<bool, Error> {
    let begun = Instant::now();
    let progress = |done: Done| {
        let percent = done.position.saturating_mul(100) / done.until.max(1);
        let rate = rate(u64::try_from(done.position).unwrap_or(0), begun);
        output::note(&format!("{name}: {percent} % of pass {}, {rate} positions/s", done.pass));
    };
    let Some(built) = graphql::views().rebuild(parts, name, memory, &progress).await? else {
        return Ok(false);
    };
    output::line(&told(name, &built, begun))?;
    Ok(built.differing.is_some_and(|differing| differing > 0))
}

fn told(name: &str, built: &Rebuilt, begun: Instant) -> String {
    let Rebuilt { events, rows, position, .. } = built;
    let compared = match built.differing {
        None => "there was nothing to compare it with".to_owned(),
        Some(0) => "every row was as before".to_owned(),
        Some(differing) => {
            let examples: Vec<String> = built.examples.iter().map(ToString::to_string).collect();
            format!("{differing} rows were not as before, for example {}", examples.join(", "))
        }
    };
    let rate = rate(*events, begun);
    format!(
        "{name}: {events} events, {rows} rows, in place from position {position}, {rate} events/s; {compared}."
    )
}

fn rate(number: u64, begun: Instant) -> u64 {
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    number.saturating_mul(1000) / milliseconds
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn an_unknown_view_is_refused_with_the_names_of_those_that_exist() {
        let error = Cli::try_parse_from(["lethe", "rebuild", "contacts"]).unwrap_err().to_string();
        assert!(error.contains("company, ") && error.contains("'contact'"), "{error}");
        assert!(Cli::try_parse_from(["lethe", "rebuild"]).is_err());
        assert!(Cli::try_parse_from(["lethe", "rebuild", "--all", "contact"]).is_err());
        assert!(Cli::try_parse_from(["lethe", "rebuild", "contact", "note"]).is_ok());
    }
}
