use lethe_kernel::Role;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;
const ID: &str = "0198a6b2-5c1e-7000-8000-000000000001";

fn check(change: impl FnOnce(&mut Value)) -> Result<Verified, TokenError> {
    let rules = Rules {
        issuer: "https://login.example.org".to_owned(),
        audience: "lethe".to_owned(),
        skew: TimeDelta::seconds(60),
        second_factor: SecondFactor::default(),
    };
    let mut claims = json!({"iss": "https://login.example.org", "aud": "lethe", "sub": "ida", "exp": NOW + 600, "iat": NOW});
    change(&mut claims);
    let Value::Object(claims) = claims else { unreachable!() };
    let believed = rules.check(&Claims(claims), DateTime::from_timestamp(NOW, 0).unwrap())?;
    Ok(believed.verified)
}

fn with(name: &str, value: Value) -> Result<Verified, TokenError> {
    check(|claims| claims[name] = value)
}

fn without(name: &str) -> Result<Verified, TokenError> {
    check(|claims| drop(claims.as_object_mut().unwrap().remove(name)))
}

#[test]
fn what_a_token_says_is_taken_over() {
    let verified = check(|claims| {
        claims["lethe_unit"] = json!(ID);
        claims["lethe_role"] = json!("DPM");
        claims["lethe_device"] = json!(ID);
        claims["amr"] = json!(["pwd", "otp"]);
    });
    let id = ID.parse().unwrap();
    assert_eq!(
        verified.unwrap(),
        Verified {
            issuer: "https://login.example.org".to_owned(),
            subject: "ida".to_owned(),
            second_factor: true,
            device: Some(DeviceId(id)),
            unit: Some(UnitId(id)),
            role: Some(Role::Dpm),
            expires: DateTime::from_timestamp(NOW + 660, 0).unwrap(),
        }
    );
}

#[test]
fn issuer_and_audience_must_be_those_that_are_expected() {
    for issuer in ["https://login.example.org/", "https://LOGIN.example.org", "lethe-local", ""] {
        assert_eq!(with("iss", json!(issuer)), Err(TokenError::Issuer), "{issuer}");
    }
    for audience in [
        json!("Lethe"),
        json!(["a", "b"]),
        json!([]),
        json!(7),
        json!({"lethe": "lethe"}),
        json!([["lethe"]]),
    ] {
        assert_eq!(with("aud", audience.clone()), Err(TokenError::Audience), "{audience}");
    }
    assert_eq!(without("aud"), Err(TokenError::Audience));
    assert_eq!(without("iss"), Err(TokenError::Claim("iss")));
    assert!(with("aud", json!(["another", "lethe"])).is_ok());
}

#[test]
fn a_token_is_valid_from_its_beginning_to_its_end_give_or_take_the_skew() {
    assert!(with("exp", json!(NOW - 59)).is_ok());
    assert_eq!(with("exp", json!(NOW - 60)), Err(TokenError::Expired));
    for begin in ["nbf", "iat"] {
        assert!(with(begin, json!(NOW + 60)).is_ok());
        assert_eq!(with(begin, json!(NOW + 61)), Err(TokenError::NotYet));
        assert!(without(begin).is_ok());
    }
}

#[test]
fn a_moment_that_is_none_is_refused() {
    for value in [
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(-1),
        json!(-1e300),
        json!("1800000600"),
        json!(null),
        json!([NOW]),
        json!(true),
        json!(253_402_300_800_i64),
    ] {
        for name in ["exp", "nbf", "iat"] {
            assert_eq!(with(name, value.clone()), Err(TokenError::Claim(name)), "{name}: {value}");
        }
    }
    assert_eq!(without("exp"), Err(TokenError::Claim("exp")));
    let verified = with("exp", json!(1_800_000_600.9)).unwrap();
    assert_eq!(verified.expires, DateTime::from_timestamp(NOW + 660, 0).unwrap());
}

#[test]
fn a_subject_is_a_text_that_is_not_too_long() {
    for subject in [json!(""), json!(7), json!(null), json!("a".repeat(256)), json!("a\nb"), json!(["ida"])] {
        assert_eq!(with("sub", subject.clone()), Err(TokenError::Claim("sub")), "{subject}");
    }
    assert!(with("sub", json!("å".repeat(255))).is_ok());
}

#[test]
fn claims_of_our_own_that_cannot_be_read_are_named() {
    for (name, value) in [
        ("lethe_unit", json!("nowhere")),
        ("lethe_device", json!(7)),
        ("lethe_role", json!("SYSTEM")),
        ("lethe_role", json!("consultant")),
        ("lethe_role", json!(null)),
    ] {
        assert_eq!(with(name, value.clone()), Err(TokenError::Claim(name)), "{value}");
    }
}

#[test]
fn a_second_factor_is_told_by_amr_or_acr() {
    for (name, value, expected) in [
        ("amr", json!(["pwd"]), false),
        ("amr", json!([]), false),
        ("amr", json!({"mfa": true}), false),
        ("amr", json!("mfa"), true),
        ("amr", json!(["pwd", 7, "hwk"]), true),
        ("acr", json!("0"), false),
        ("acr", json!("phr"), true),
    ] {
        assert_eq!(with(name, value.clone()).unwrap().second_factor, expected, "{name}: {value}");
    }
}
