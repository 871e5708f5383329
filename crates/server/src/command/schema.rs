//! `lethe schema`.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Outcome};
use crate::{graphql, output};

/// The flags of `lethe schema`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print nothing; exit with 1 if FILE differs from the schema
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

/// Prints the schema in GraphQL's definition language, or compares a file with it.
///
/// # Errors
/// [`Error::File`] when the file cannot be read.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let schema = graphql::sdl();
    let schema = schema.trim_end();
    let Some(path) = &arguments.check else {
        output::line(schema)?;
        return Ok(Outcome::Done);
    };
    let file = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    if file.trim_end() == schema {
        return Ok(Outcome::Done);
    }
    let same = file.lines().zip(schema.lines()).take_while(|(one, other)| one == other).count();
    output::note(&format!(
        "{} is not the schema of this version; they differ from line {}. Write it anew with: lethe schema > {}",
        path.display(),
        same + 1,
        path.display()
    ));
    Ok(Outcome::Findings)
}
