//! How long the fuzz targets of this folder run: seconds, or as many cases as `just fuzz` wants.

use proptest::test_runner::Config;

/// As many cases as `LETHE_FUZZ_CASES` says, otherwise a few hundred.
pub(super) fn cases() -> Config {
    let wanted = std::env::var("LETHE_FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    Config { failure_persistence: None, ..Config::with_cases(wanted.unwrap_or(256)) }
}
