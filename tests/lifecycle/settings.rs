use serde_json::Value;

use crate::observe::folder;
use crate::server::lethe;

#[test]
fn config_shows_every_value_and_its_source_and_hides_the_password() {
    let folder = folder();
    let file = "shutdown_seconds = 7\nlog_format = \"json\"\n";
    std::fs::write(folder.path().join("lethe.toml"), file).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = lethe(folder.path());
        command
            .args(["--listen", "127.0.0.1:9"])
            .args(arguments)
            .env("DATABASE_URL", "postgres://lethe:s3cret-pässword@db.example.org:5433/crm")
            .env("LETHE_LOG_FORMAT", "text");
        let output = command.output().unwrap();
        assert!(output.status.success());
        let all = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(!all.concat().contains("s3cret"), "{all:?}");
        all[0].clone()
    };
    let entries: Value = serde_json::from_str(&run(&["config", "--json"])).unwrap();
    let entry = |key: &str| {
        let found = entries.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap();
        (found["value"].as_str().unwrap(), found["source"].as_str().unwrap())
    };
    assert_eq!(entry("listen"), ("127.0.0.1:9", "flag"));
    assert_eq!(entry("log_format"), ("text", "environment"));
    assert_eq!(entry("shutdown_seconds"), ("7", "file"));
    assert_eq!(entry("offline"), ("false", "default"));
    assert_eq!(entry("database_url"), ("postgres://lethe:***@db.example.org:5433/crm", "environment"));

    let table = run(&["config"]);
    let line =
        |key: &str| table.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{table}"));
    for (key, value, source) in [
        ("listen", "127.0.0.1:9", "flag"),
        ("shutdown_seconds", "7", "file"),
        ("database_url", "postgres://lethe:***@db.example.org:5433/crm", "environment"),
    ] {
        let words: Vec<_> = line(key).split_whitespace().take(3).collect();
        assert_eq!(words, [key, value, source]);
    }
}

#[test]
fn a_database_url_that_cannot_be_used_is_refused_without_its_password() {
    let folder = folder();
    for url in ["mysql://lethe:s3cret@localhost/crm", "postgres://lethe:s3cret@127.0.0.1:1/crm"] {
        let output = lethe(folder.path()).arg("replay").env("DATABASE_URL", url).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!([Some(3), Some(4)].contains(&output.status.code()), "{said}");
        assert!(said.contains("error:") && !said.contains("s3cret"), "{said}");
    }
}

#[test]
fn a_configured_database_that_does_not_answer_is_waited_for_aloud_and_then_told() {
    let folder = folder();
    let nobody = "postgres://lethe:s3cret@127.0.0.1:1/crm";
    let output = lethe(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("DATABASE_URL", nobody)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.starts_with("Waiting for PostgreSQL to answer.\n"), "{said}");
    assert!(said.contains("cannot be reached: it does not answer. Check that it runs"), "{said}");
    let output = lethe(folder.path()).arg("doctor").env("DATABASE_URL", nobody).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("Checking."));
    assert!(String::from_utf8(output.stdout).unwrap().contains("cannot be reached: it does not answer."));
}

#[test]
fn a_variable_that_is_no_setting_is_told_and_changes_nothing() {
    let folder = folder();
    let output = lethe(folder.path()).arg("config").env("LETHE_SHUTDOWN_SECOND", "marker").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("LETHE_SHUTDOWN_SECONDS may be meant"), "{said}");
    assert!(!said.contains("marker") && said.lines().count() == 1, "{said}");
}
