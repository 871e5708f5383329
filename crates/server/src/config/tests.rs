use std::path::Path;

use super::layer::{from_environment, from_toml, misspelt};
use super::*;

fn resolve(
    flags: &[(&'static str, &str)],
    environment: &[(&str, &str)],
    file: &str,
) -> Result<Config, ConfigError> {
    let environment: Vec<_> = environment.to_vec();
    Config::resolve(&Layers {
        flags: flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect(),
        environment: from_environment(|variable| {
            environment.iter().find(|(name, _)| *name == variable).map(|(_, text)| (*text).to_owned())
        }),
        file: from_toml(Path::new("lethe.toml"), file)?,
    })
}

fn listed(config: &Config, key: &str) -> (String, Source) {
    let entry = config.entries().into_iter().find(|entry| entry.key == key).unwrap();
    (entry.value, entry.source)
}

#[test]
fn flags_come_before_the_environment_before_the_file_before_defaults() {
    let file = "data_dir = \"file\"\npg_bin = \"file\"\nmax_body_bytes = 100\noffline = true\n";
    let environment = [("LETHE_DATA_DIR", "environment"), ("LETHE_PG_BIN", "environment"), ("LETHE_LOG", "")];
    let config = resolve(&[("data_dir", "flag")], &environment, file).unwrap();
    assert_eq!(listed(&config, "data_dir"), ("flag".into(), Source::Flag));
    assert_eq!(listed(&config, "pg_bin"), ("environment".into(), Source::Environment));
    assert_eq!(listed(&config, "max_body_bytes"), ("100".into(), Source::File));
    assert_eq!(listed(&config, "offline"), ("true".into(), Source::File));
    assert_eq!(listed(&config, "log"), ("info,sqlx=warn".into(), Source::Default));
    assert_eq!(config.data_dir, Path::new("flag"));
}

#[test]
fn an_unknown_key_is_named() {
    let error = resolve(&[], &[], "lisen = \"127.0.0.1:1\"").unwrap_err().to_string();
    assert!(error.contains("\"lisen\"") && error.contains("lethe.toml"), "{error}");
    let error = resolve(&[], &[], "[listen]\nport = 1").unwrap_err().to_string();
    assert!(error.contains("\"listen\""), "{error}");
}

#[test]
fn an_unreadable_file_is_told_by_its_line_and_not_quoted() {
    let error = resolve(&[], &[], "offline = true\ndatabase_url = \"postgres://u:marker@h/d\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 2") && !error.contains("marker"), "{error}");
}

#[test]
fn a_value_that_cannot_be_used_names_its_setting_and_its_place() {
    let error = resolve(&[], &[("LETHE_MAX_BODY_BYTES", "0")], "").unwrap_err().to_string();
    assert!(error.contains("max_body_bytes (environment)"), "{error}");
    for (key, text) in
        [("offline", "maybe"), ("log_format", "xml"), ("sweep_at", "25:00"), ("log", "=="), ("data_dir", "")]
    {
        assert!(resolve(&[(key, text)], &[], "").is_err(), "{key}={text}");
    }
}

#[test]
fn without_an_issuer_only_loopback_addresses_are_accepted() {
    let issuer = [("oidc_issuer", "https://login.example.org"), ("oidc_audience", "crm")];
    for address in ["127.0.0.1:0", "127.9.9.9:8080", "[::1]:8080", "localhost:8080"] {
        let tokens = resolve(&[("listen", address)], &[], "").unwrap().tokens();
        assert!(matches!(tokens, Ok(Tokens::Local)), "{address}");
    }
    for address in ["0.0.0.0:8080", "[::]:8080", "192.168.1.1:80"] {
        let error = resolve(&[("listen", address)], &[], "").unwrap().tokens().unwrap_err().to_string();
        assert!(error.contains("miss oidc_issuer and oidc_audience") && error.contains(address), "{error}");
        let tokens = resolve(&[&[("listen", address)][..], &issuer].concat(), &[], "").unwrap().tokens();
        assert!(matches!(tokens, Ok(Tokens::Issuer(..))), "{address}");
    }
    for address in ["8080", "localhost", "example.org:80", "localhost:99999"] {
        assert!(resolve(&[("listen", address)], &[], "").is_err(), "{address}");
    }
}

#[test]
fn an_issuer_and_an_audience_belong_together() {
    for (key, value, missing) in [
        ("oidc_issuer", "https://login.example.org", "oidc_audience"),
        ("oidc_audience", "crm", "oidc_issuer"),
    ] {
        let error = resolve(&[(key, value)], &[], "").unwrap().tokens().unwrap_err().to_string();
        assert!(error.contains(&format!("miss {missing}:")), "{error}");
    }
    for (key, text) in [
        ("oidc_issuer", "http://login.example.org"),
        ("second_factor", " , "),
        ("clock_skew_seconds", "-1"),
        ("clock_skew_seconds", "301"),
    ] {
        let error = resolve(&[(key, text)], &[], "").unwrap_err().to_string();
        assert!(error.contains(&format!("{key} (flag)")), "{error}");
    }
    let flags = [
        ("oidc_issuer", "https://login.example.org"),
        ("oidc_audience", "crm"),
        ("second_factor", "mfa, urn:x"),
        ("clock_skew_seconds", "0"),
    ];
    let Ok(Tokens::Issuer(url, rules)) = resolve(&flags, &[], "").unwrap().tokens() else { unreachable!() };
    assert_eq!((url.as_str(), rules.audience.as_str()), ("https://login.example.org", "crm"));
    assert_eq!(rules.skew, chrono::TimeDelta::zero());
    assert_eq!(rules.second_factor, lethe_auth::SecondFactor::of(["urn:x", "mfa"]));
}

#[test]
fn production_leaves_nothing_to_a_default_and_names_what_is_missing() {
    let told = |flags: &[(&'static str, &str)]| {
        let flags = [&[("production", "true")][..], flags].concat();
        resolve(&flags, &[], "").unwrap().tokens().map(drop).map_err(|error| error.to_string())
    };
    let error = told(&[]).unwrap_err();
    assert!(error.contains("miss database_url, oidc_issuer, oidc_audience, custodians, mirrors, smtp_url, mail_from, public_url:"), "{error}");
    let all = [
        ("database_url", "postgres://u:marker@h/d"),
        ("oidc_issuer", "https://login.example.org"),
        ("oidc_audience", "crm"),
        ("custodians", "file:/a"),
        ("mirrors", "/m"),
        ("smtp_url", "smtps://mail.example.org"),
        ("mail_from", "lethe@example.org"),
        ("public_url", "https://crm.example.org"),
    ];
    assert_eq!(told(&all), Ok(()));
    for (key, _) in all {
        let others: Vec<_> = all.into_iter().filter(|(other, _)| *other != key).collect();
        let error = told(&others).unwrap_err();
        assert!(error.contains(&format!("miss {key}:")) && !error.contains("marker"), "{error}");
    }
}

#[test]
fn the_password_of_the_database_is_shown_nowhere() {
    for url in [
        "postgres://lethe:marker@db.example.org:5433/crm",
        "postgresql://db.example.org:5433/crm?user=lethe&password=marker",
    ] {
        let config = resolve(&[], &[("DATABASE_URL", url)], "").unwrap();
        let (shown, source) = listed(&config, "database_url");
        assert_eq!(
            (shown.as_str(), source),
            ("postgres://lethe:***@db.example.org:5433/crm", Source::Environment)
        );
        assert!(!format!("{config:?}").contains("marker"));
    }
    let error = resolve(&[], &[("DATABASE_URL", "mysql://u:marker@h/d")], "").unwrap_err().to_string();
    assert!(!error.contains("marker"), "{error}");
}

#[test]
fn the_password_of_the_mail_server_is_shown_nowhere() {
    let url = "smtps://lethe:marker@mail.example.org";
    let config = resolve(&[], &[("LETHE_SMTP_URL", url)], "").unwrap();
    let shown = ("smtps://lethe:***@mail.example.org:465".to_owned(), Source::Environment);
    assert_eq!(listed(&config, "smtp_url"), shown);
    assert!(!format!("{config:?}").contains("marker"));
    for url in ["mail.example.org:marker", "smtp://u:marker@mail.example.org?tls=none", "smtp://:marker@h"] {
        let error = resolve(&[], &[("LETHE_SMTP_URL", url)], "").unwrap_err().to_string();
        assert!(error.contains("smtp_url (environment)") && !error.contains("marker"), "{error}");
    }
}

#[test]
fn a_collector_is_an_http_url_without_credentials() {
    for (url, endpoint) in [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://collector.example.org/otlp/", "https://collector.example.org/otlp/v1/traces"),
    ] {
        let config = resolve(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", url)], "").unwrap();
        assert_eq!(config.otlp_endpoint.unwrap().traces(), endpoint);
    }
    assert!(resolve(&[], &[], "").unwrap().otlp_endpoint.is_none());
    for url in
        ["localhost:4318", "grpc://h:4317", "http://u:marker@h:4318", "http://h/?key=marker", "http://"]
    {
        let error = resolve(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", url)], "").unwrap_err().to_string();
        assert!(error.contains("otlp_endpoint (environment)") && !error.contains("marker"), "{error}");
    }
    assert!(resolve(&[], &[], "service_name = \"\"").is_err());
}

#[test]
fn mirrors_are_folders_with_commas_between_and_none_is_named_twice() {
    assert_eq!(resolve(&[], &[], "").unwrap().mirrors().iter().count(), 0);
    let config = resolve(&[], &[("LETHE_MIRRORS", "/a, /b c ,")], "").unwrap();
    assert_eq!(listed(&config, "mirrors").0, "/a, /b c");
    let error = resolve(&[], &[("LETHE_MIRRORS", "/a,/b,/a")], "").unwrap_err().to_string();
    assert!(error.contains("mirrors (environment)") && error.contains("/a is there twice"), "{error}");
}

#[test]
fn the_example_file_names_every_key_with_its_default() {
    let example = include_str!("../../../../lethe.toml");
    assert!(from_toml(Path::new("lethe.toml"), example).unwrap().is_empty(), "the example sets nothing");
    let set: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.starts_with(' '))
        .collect();
    let layer = from_toml(Path::new("lethe.toml"), &set.join("\n")).unwrap();
    let defaults = Config::resolve(&Layers::default()).unwrap();
    let example = Config::resolve(&Layers { file: layer, ..Layers::default() }).unwrap();
    for (default, entry) in defaults.entries().into_iter().zip(example.entries()) {
        assert_eq!(entry.source, Source::File, "{} is missing from lethe.toml", entry.key);
        let examples = [
            "database_url",
            "pg_bin",
            "otlp_endpoint",
            "custodians",
            "mirrors",
            "smtp_url",
            "mail_from",
            "public_url",
            "oidc_issuer",
            "oidc_audience",
            "witnesses",
        ];
        if !examples.contains(&entry.key) {
            assert_eq!(default.value, entry.value, "{}", entry.key);
        }
    }
}

#[test]
fn a_variable_that_is_no_setting_is_told_with_the_one_that_is_like_it_and_without_its_value() {
    let told = |names: &[&str]| misspelt(names.iter().map(|name| (*name).to_owned()));
    assert_eq!(
        told(&["LETHE_LISTEN", "DATABASE_URL", "PATH", "LETHE_FUZZ_CASES", "LETHE_CRASH_SEED"]),
        [""; 0]
    );
    for (name, meant) in [
        ("LETHE_LSITEN", "LETHE_LISTEN may be meant"),
        ("LETHE_MAX_SOCKET", "LETHE_MAX_SOCKETS may be meant"),
        ("lethe_log", "LETHE_LOG may be meant"),
        ("LETHE_DATADIR", "LETHE_DATA_DIR may be meant"),
    ] {
        let [line] = told(&[name]).try_into().unwrap();
        assert!(line.contains(name) && line.contains(meant), "{line}");
    }
    let [line] = told(&["LETHE_SOMETHING\nELSE"]).try_into().unwrap();
    assert!(!line.contains("may be meant") && !line.contains('\n'), "{line}");
}
