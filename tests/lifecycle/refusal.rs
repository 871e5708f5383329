use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use lethe_vault::custodian::{FileCustodian, Root};

use crate::observe::{assert_stopped, folder, processes};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{Server, free_port, lethe};

/// A `serve` that must not come up; answers its exit code and what it said.
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    refused_with(folder, arguments, |_| {})
}

fn refused_with(folder: &Path, arguments: &[&str], change: impl FnOnce(&mut Command)) -> (i32, String) {
    refused_at(folder, &format!("127.0.0.1:{}", free_port()), arguments, change)
}

fn refused_at(
    folder: &Path,
    address: &str,
    arguments: &[&str],
    change: impl FnOnce(&mut Command),
) -> (i32, String) {
    let mut command = lethe(folder);
    command.args(["serve", "--listen", address]).args(arguments);
    change(&mut command);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
        panic!("it serves");
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_second_server_on_a_data_folder_is_refused_and_told_who_holds_it() {
    let server = Server::start().await;
    let (code, said) = refused(server.folder.path(), &[]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains(&format!("lethe process {}", server.pid())), "{said}");
    assert!(said.contains("--data-dir"), "{said}");
    server.done(REGISTER, contact("STILL-1")).await;
    server.stop();
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_created() {
    let folder = folder();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (code, said) = refused_at(folder.path(), &address, &[], |_| {});
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    assert!(!folder.path().join("data/postgres").exists() && !folder.path().join("data/vault").exists());
}

#[test]
fn an_address_that_other_machines_reach_is_refused_without_an_issuer() {
    let folder = folder();
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
        let (code, said) = refused_at(folder.path(), address, &[], |_| {});
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("miss oidc_issuer and oidc_audience") && said.contains(address), "{said}");
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn production_without_an_issuer_does_not_start_and_leaves_nothing_behind() {
    let folder = folder();
    let (code, said) = refused_at(folder.path(), "127.0.0.1:0", &[], |lethe| {
        lethe.env("LETHE_PRODUCTION", "true");
    });
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("oidc_issuer, oidc_audience") && said.contains("production is true"), "{said}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_folder_of_a_newer_version_is_left_alone() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("VERSION"), "2\n").unwrap();
    let (code, said) = refused(folder.path(), &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("has format 2") && said.contains("or a newer one"), "{said}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(data.join("VERSION")).unwrap(), "2\n");
}

#[test]
fn a_folder_of_other_files_is_left_alone() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("thesis.odt"), "mine").unwrap();
    let (code, said) = refused(folder.path(), &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("not Lethe's") && said.contains("--data-dir"), "{said}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[test]
fn missing_programs_of_postgresql_are_told_with_what_to_do() {
    let folder = folder();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let (code, said) = refused_with(folder.path(), &["--offline"], |command| {
        command.env("PATH", &empty).env("LETHE_PG_BIN", &empty);
    });
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&empty.display().to_string()), "{said}");
    assert!(said.contains("Set LETHE_PG_BIN to a folder that holds postgres and initdb"), "{said}");
    assert!(!folder.path().join("data/postgres").exists() && !folder.path().join("data/vault").exists());
}

#[tokio::test]
async fn a_root_key_that_is_missing_or_damaged_is_an_error_and_never_replaced() {
    let server = Server::start().await;
    server.done(REGISTER, contact("ROOT-1")).await;
    let folder = server.stop();
    let path = folder.path().join("data/vault/root.key");
    let root = fs::read(&path).unwrap();

    fs::remove_file(&path).unwrap();
    let (code, said) = refused(folder.path(), &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("is missing") && said.contains("put the file back"), "{said}");
    assert!(!path.exists(), "a new root key was made for an old database");
    assert_stopped(folder.path());

    let mut flipped = root.clone();
    flipped[40] ^= 1;
    let zeros = vec![0; root.len()];
    for (damaged, told) in [
        (&root[..root.len() - 1], "is truncated"),
        (b"", "holds no root"),
        (&[&root[..], b"\n"].concat(), "is longer than its two slots"),
        (&flipped, "is damaged"),
        (&zeros, "is all zeros"),
    ] {
        fs::write(&path, damaged).unwrap();
        let (code, said) = refused(folder.path(), &[]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(told) && said.contains(&path.display().to_string()), "{said}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }

    // A well-formed root of the same installation that is another one.
    fs::write(&path, &root).unwrap();
    let installation = FileCustodian::new(&path).held().unwrap()[0].installation;
    fs::remove_file(&path).unwrap();
    FileCustodian::new(&path).store(&Root::generate(installation, 1).unwrap()).unwrap();
    let other = fs::read(&path).unwrap();
    let (code, said) = refused(folder.path(), &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("belongs to another database"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), other);
    assert_eq!(processes(folder.path()), Vec::<String>::new());

    fs::write(&path, &root).unwrap();
    let server = Server::start_in(folder).await;
    let shown = contacts(&server, None).await;
    assert_eq!(references(&shown, "ROOT-"), ["ROOT-1"]);
    assert!(shown.iter().all(|contact| contact["firstName"].is_string()));
    server.stop();
}
