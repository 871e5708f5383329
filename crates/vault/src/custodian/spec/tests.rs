use super::*;

fn parse(text: &str) -> Result<CustodianSpec, SpecError> {
    text.parse()
}

#[test]
fn what_is_written_is_what_is_read() {
    for text in [
        "file:/var/lib/lethe/vault/root.key",
        "file:relative/and with spaces?=&",
        "transit:https://vault.example:8200/?mount=transit&token_file=%2Frun%2Ftoken",
        "transit:https://vault.example/behind/a/path?mount=team%2Ftransit&token_env=VAULT_TOKEN&namespace=a%2Fb",
        "transit:http://127.0.0.1:8200/?mount=transit&token_env=T",
    ] {
        let spec = parse(text).unwrap();
        assert_eq!(spec.to_string(), text);
        assert_eq!(parse(&spec.to_string()).unwrap(), spec);
    }
}

#[test]
fn the_mount_is_transit_unless_named_and_paths_need_no_escapes() {
    let CustodianSpec::Transit(spec) = parse("transit:https://v:8200?token_file=/run/t").unwrap() else {
        panic!()
    };
    assert_eq!((spec.mount.as_str(), spec.namespace), ("transit", None));
    assert_eq!(spec.token, TokenSource::File("/run/t".into()));
}

#[test]
fn the_name_does_not_depend_on_the_token() {
    let name = |text: &str| text.strip_prefix("transit:").unwrap().parse::<TransitSpec>().unwrap().name();
    let (file, env) =
        ("transit:https://v:8200?token_file=/run/t", "transit:https://v:8200/?mount=transit&token_env=T");
    assert_eq!(name(file), name(env));
    assert_eq!(name(file), "transit:https://v:8200/?mount=transit");
}

#[test]
fn what_is_not_a_custodian_is_refused_with_what_is() {
    let token = "token_file=/t";
    for (text, error) in [
        (String::new(), SpecError::Kind),
        ("/var/lib/root.key".into(), SpecError::Kind),
        ("vault:https://v".into(), SpecError::Kind),
        ("file:".into(), SpecError::NoPath),
        (format!("transit:ftp://v?{token}"), SpecError::Scheme),
        (format!("transit:unix:/run/v?{token}"), SpecError::Scheme),
        (format!("transit:http://vault.example?{token}"), SpecError::Clear),
        (format!("transit:http://127.0.0.1.example?{token}"), SpecError::Clear),
        (format!("transit:https://user@v?{token}"), SpecError::Credentials),
        (format!("transit:https://:secret@v?{token}"), SpecError::Credentials),
        (format!("transit:https://v?{token}#part"), SpecError::Credentials),
        (format!("transit:https://v?{token}&token=hvs.secret"), SpecError::Unknown("token".into())),
        (format!("transit:https://v?{token}&mount="), SpecError::Parameter("mount")),
        (format!("transit:https://v?{token}&mount=../sys"), SpecError::Parameter("mount")),
        (format!("transit:https://v?{token}&mount=/transit/"), SpecError::Parameter("mount")),
        (format!("transit:https://v?{token}&mount=a&mount=b"), SpecError::Parameter("mount")),
        (format!("transit:https://v?{token}&namespace=a%0d%0ab"), SpecError::Parameter("namespace")),
        (format!("transit:https://v?{token}&token_env=T"), SpecError::Token),
        ("transit:https://v".into(), SpecError::Token),
    ] {
        assert_eq!(parse(&text).unwrap_err(), error, "{text}");
    }
    assert!(matches!(parse("transit:?mount=transit"), Err(SpecError::Url(_))));
}

#[test]
fn no_error_repeats_a_secret_written_in_the_wrong_place() {
    for text in ["transit:https://user:hvs.secret@v", "transit:https://v?token=hvs.secret", "hvs.secret"] {
        let error = parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hvs"), "{error}");
    }
}
