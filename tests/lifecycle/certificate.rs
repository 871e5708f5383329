//! `lethe certificate`, offline: no server, no database, not even a data folder.

use std::fs::{self, File};
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::observe::assert_stopped;
use crate::server::{Server, run_in};

const EXAMPLE: &str = include_str!("../../docs/examples/certificate.json");

fn key() -> String {
    let example: Value = serde_json::from_str(EXAMPLE).unwrap();
    example["signature"]["key"].as_str().unwrap().to_owned()
}

/// Verifies a file of that content; answers exit code, stdout and stderr.
fn verify(content: &str, flags: &[&str]) -> (i32, String, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("certificate.json"), content).unwrap();
    verify_in(folder.path(), flags)
}

fn verify_in(folder: &Path, flags: &[&str]) -> (i32, String, String) {
    let file = folder.join("certificate.json");
    let answer = run_in(folder, &[&["certificate", "verify", file.to_str().unwrap()][..], flags].concat());
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "something was left in the folder");
    answer
}

fn code(content: &str, flags: &[&str]) -> (i32, String) {
    let (exit, said, _) = verify(content, &[flags, &["--json"]].concat());
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["intact"], false);
    (exit, said["code"].as_str().unwrap().to_owned())
}

#[test]
fn a_good_certificate_is_verified_without_a_database() {
    let (exit, said, noise) = verify(EXAMPLE, &["--key", &key()]);
    assert_eq!((exit, noise.as_str()), (0, ""), "{said}");
    assert!(said.starts_with("The certificate is good."), "{said}");
    assert!(said.contains("0198a6b2-5c1e-7000-8000-000000000002"), "{said}");
    let (exit, said, _) = verify(EXAMPLE, &["--key", &key(), "--json"]);
    let (said, example): (Value, Value) =
        (serde_json::from_str(&said).unwrap(), serde_json::from_str(EXAMPLE).unwrap());
    assert_eq!((exit, &said["intact"], &said["keyCompared"]), (0, &json!(true), &json!(true)));
    assert_eq!(said["certificate"], example["certificate"]);
}

#[test]
fn without_the_published_key_it_says_that_the_signer_is_not_proven() {
    let (exit, said, _) = verify(EXAMPLE, &[]);
    assert_eq!(exit, 0);
    assert!(said.starts_with("The certificate is intact."), "{said}");
    assert!(
        said.contains("not proven") && said.contains("`lethe keys status`") && said.contains(&key()),
        "{said}"
    );
    assert!(!said.contains("good"), "{said}");
}

#[test]
fn what_is_wrong_with_a_file_is_exit_code_one_and_said() {
    let with = |from: &str, to: &str| EXAMPLE.replacen(from, to, 1);
    let cases = [
        (with("4711", "4712"), "SIGNATURE"),
        (with("ANONYMISED", "DELETED"), "SIGNATURE"),
        (with("\"value\": \"", "\"value\": \"A"), "SIGNATURE"),
        (with("lethe-certificate/2", "lethe-certificate/1"), "UNKNOWN_FORMAT"),
        (with("\"request\"", "\"more\": 1, \"request\""), "MALFORMED"),
        (with("-000000000001\"", "-000000000009\""), "OTHER_INSTALLATION"),
        (EXAMPLE[..EXAMPLE.len() / 2].to_owned(), "TRUNCATED"),
        (String::new(), "EMPTY"),
        ("%PDF-1.7".to_owned(), "NOT_JSON"),
        ("{\"kind\": \"invoice\"}".to_owned(), "NOT_A_CERTIFICATE"),
    ];
    for (content, expected) in cases {
        assert_eq!(code(&content, &[]), (1, expected.to_owned()));
        let (exit, said, _) = verify(&content, &[]);
        assert_eq!(exit, 1);
        assert!(said.starts_with("The certificate is not good. The "), "{said}");
    }
}

#[test]
fn another_key_is_refused_and_a_key_that_is_none_is_a_wrong_command_line() {
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(code(EXAMPLE, &["--key", other]), (1, "OTHER_KEY".to_owned()));
    let (exit, _, said) = verify(EXAMPLE, &["--key", &key()[1..]]);
    assert_eq!(exit, 2);
    assert!(said.contains("does not belong to its name and key"), "{said}");
}

#[test]
fn a_file_of_a_gigabyte_is_refused_by_its_size() {
    let folder = TempDir::new().unwrap();
    File::create(folder.path().join("certificate.json")).unwrap().set_len(1 << 30).unwrap();
    let (exit, said, _) = verify_in(folder.path(), &[]);
    assert_eq!(exit, 1);
    assert!(said.contains("larger than"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_not_called_a_bad_certificate() {
    let folder = TempDir::new().unwrap();
    let (exit, said, error) = run_in(folder.path(), &["certificate", "verify", "nowhere.json"]);
    assert_eq!((exit, said.as_str()), (3, ""));
    assert!(error.contains("Cannot open nowhere.json"), "{error}");
}

#[tokio::test]
async fn a_contact_that_was_not_erased_has_no_certificate_to_show() {
    let folder = Server::start().await.stop();
    let contact = "0198a6b2-5c1e-7000-8000-000000000001";
    let (exit, said, error) = run_in(folder.path(), &["certificate", "show", contact]);
    assert_eq!((exit, said.as_str()), (1, ""), "{error}");
    assert!(error.contains("was not erased"), "{error}");
    assert_stopped(folder.path());
}
