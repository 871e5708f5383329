//! Counts the rows of a table: `cargo run --example count -- customers.csv`.
#![expect(clippy::print_stdout, reason = "an example for the terminal")]

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("Name a CSV or XLSX file.")?.into();
    let table = lethe_tabular::Table::open(&path)?;
    println!("{:?}, {} headers", table.dialect(), table.headers().len());
    let (mut rows, mut errors) = (0_u64, 0_u64);
    for row in table.rows() {
        if row.is_ok() { rows += 1 } else { errors += 1 }
    }
    println!("{rows} rows, {errors} errors");
    Ok(())
}
