use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;

use crate::observe::{assert_stopped, folder};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{LETHE, Server};

/// The user and the group that own nothing on usual systems.
const NOBODY: u32 = 65_534;

/// When ordinary users run the tests, every other test proves this; when root runs them, only this one does.
#[tokio::test]
async fn an_ordinary_user_can_run_it() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = folder();
    // The binary's own folder may be one that only root can enter.
    let binary = folder.path().join("lethe");
    std::fs::copy(LETHE, &binary).unwrap();
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let data = folder.path().join("data");
    let server = Server::start_with(folder, |command| {
        let mut changed = std::process::Command::new(&binary);
        changed.args(command.get_args()).env_clear().current_dir(binary.parent().unwrap());
        changed.env("PATH", std::env::var_os("PATH").unwrap()).uid(NOBODY).gid(NOBODY);
        let log = std::fs::File::create(binary.with_file_name("server.log")).unwrap();
        changed.stdout(std::process::Stdio::null()).stderr(log);
        *command = changed;
    })
    .await;
    let registered = server.done(REGISTER, contact("NOBODY-1")).await;
    let shown = contacts(&server, Some(&registered["position"])).await;
    assert_eq!(references(&shown, "NOBODY-"), ["NOBODY-1"]);
    for path in ["VERSION", "vault/root.key", "postgres/PG_VERSION"] {
        assert_eq!(std::fs::metadata(data.join(path)).unwrap().uid(), NOBODY, "{path}");
    }
    let folder = server.stop();
    assert_stopped(folder.path());
}

#[test]
fn a_port_for_root_alone_is_told_with_what_to_do() {
    let first: u16 = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    if first < 1024 {
        eprintln!("SKIPPED: every user may listen on any port here.");
        return;
    }
    let folder = folder();
    let binary = folder.path().join("lethe");
    std::fs::copy(LETHE, &binary).unwrap();
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = std::process::Command::new(&binary);
    command.env_clear().current_dir(folder.path()).args(["serve", "--listen", "127.0.0.1:80"]);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("ports below 1024 are for root") && said.contains("--listen"), "{said}");
    assert!(!folder.path().join("data/postgres").exists());
}
