//! Backups and restores, by the commands of the page for operators.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::slice;

use serde_json::{Value, json};
use sqlx::Connection;
use tempfile::TempDir;

use crate::elsewhere::{Elsewhere, register_unit};
use crate::observe::{eventually, folder};
use crate::requests::REGISTER;
use crate::server::{LETHE, Server, free_port, lethe};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations/backup.md");
const PREVIEW: &str = "query($id: ID!) { contactErasurePreview(contactId: $id, kind: ANONYMISED) {
    preview { token } userErrors { code } } }";
const ANONYMISE: &str = "mutation($input: ContactAnonymiseInput!) { contactAnonymise(input: $input) {
    destroyed { keyId } userErrors { code } } }";
const NAME: &str = "query($id: ID!) { contact(id: $id) { firstName } }";

/// The block of the page that has this name.
fn block(name: &str) -> String {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut lines = page.lines().skip_while(|line| {
        let mut words = line.trim().strip_prefix("```").unwrap_or_default().split(' ');
        words.next().is_none_or(|language| !["sh", "sql"].contains(&language)) || words.next() != Some(name)
    });
    assert!(lines.next().is_some(), "the page has no block {name}");
    lines.take_while(|line| line.trim() != "```").map(str::trim).collect::<Vec<_>>().join("\n")
}

/// A database with a server, a mirror and a place for backups.
struct Scene {
    elsewhere: Elsewhere,
    kept: TempDir,
    unit: String,
}

impl Scene {
    /// What the blocks and the server see.
    fn environment(&self, user: Option<&str>) -> Vec<(&'static str, String)> {
        let mut environment = self.elsewhere.settings().to_vec();
        if let Some(user) = user {
            let url = &mut environment[0].1;
            let (_, place) = url.split_once('@').unwrap();
            *url = format!("postgres://{user}@{place}");
        }
        let path = |name| self.kept.path().join(name).display().to_string();
        environment.push(("LETHE_MIRRORS", path("mirror")));
        environment.push(("MIRROR", path("mirror")));
        environment.push(("BACKUPS", path("backups")));
        environment.push(("LETHE_DATA_DIR", path("data")));
        environment
    }

    /// Runs a block as it stands in the page; answers what it said.
    fn run(&self, name: &str, user: Option<&str>) -> String {
        let programs = lethe_local_postgres::find_binaries(None).unwrap().dir;
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{}:{path}", Path::new(LETHE).parent().unwrap().display(), programs.display());
        let output = Command::new("sh")
            .args(["-euc", &block(name)])
            .env_clear()
            .env("PATH", path)
            .envs(self.environment(user))
            .current_dir(self.kept.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(output.status.success(), "{name}: {said}");
        said
    }

    async fn server(&self) -> Server {
        Server::start_with(folder(), |command| {
            command.envs(self.environment(None));
        })
        .await
    }

    /// A start that must be refused; answers what it said.
    fn refused(&self) -> String {
        let parent = folder();
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = lethe(parent.path());
        command.args(["serve", "--listen", &address]).envs(self.environment(None));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        String::from_utf8(output.stderr).unwrap()
    }

    async fn ask(&self, server: &Server, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        let request = server.door().post(&reqwest::Client::new(), "DPM").json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn register(&self, server: &Server, name: &str) -> String {
        let input = json!({"input": {"firstName": name}});
        let answer = self.ask(server, REGISTER, input).await;
        answer["data"]["contactRegister"]["contact"]["id"].as_str().unwrap().to_owned()
    }

    /// Erases a contact, waits until the mirror knows, and makes it final.
    async fn erase(&self, server: &Server, contact: &str) {
        let preview = self.ask(server, PREVIEW, json!({"id": contact})).await;
        let token = &preview["data"]["contactErasurePreview"]["preview"]["token"];
        let input = json!({"contactId": contact, "previewToken": token, "reason": "REQUEST_OF_PERSON",
                           "idempotencyKey": uuid::Uuid::new_v5(&uuid::Uuid::nil(), contact.as_bytes())});
        let answer = self.ask(server, ANONYMISE, json!({"input": input})).await;
        assert_eq!(answer["data"]["contactAnonymise"]["userErrors"], json!([]), "{preview:#} {answer:#}");
        self.mirrored().await;
        self.lethe(&["keys", "rotate"]);
    }

    fn lethe(&self, arguments: &[&str]) -> String {
        let output = Command::new(LETHE)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .envs(self.environment(None))
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    /// Waits until the running server has fed the mirror.
    async fn mirrored(&self) {
        eventually("the mirror has everything", async || {
            let status: Value = serde_json::from_str(&self.lethe(&["keys", "status", "--json"])).unwrap();
            status["mirrors"][0]["backlog"] == 0 && status["mirrors"][0]["error"].is_null()
        })
        .await;
    }

    /// Whoever was erased stays erased, and the others can be read.
    async fn assert_right(&self, server: &Server, erased: &[&str], neighbour: &str) {
        let answer = self.ask(server, NAME, json!({"id": neighbour})).await;
        assert_eq!(answer["data"]["contact"]["firstName"], "Bo", "{answer:#}");
        for contact in erased {
            let answer = self.ask(server, NAME, json!({"id": contact})).await;
            assert_eq!(answer["data"]["contact"]["firstName"], Value::Null, "{answer:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_of_the_page_back_up_and_restore_and_who_was_erased_stays_erased() {
    let elsewhere = Elsewhere::start().await;
    let kept = folder();
    for name in ["mirror", "backups"] {
        fs::create_dir(kept.path().join(name)).unwrap();
    }
    let mut scene = Scene { elsewhere, kept, unit: String::new() };
    let server = scene.server().await;
    scene.unit = register_unit(slice::from_ref(&server), &scene.elsewhere).await;
    let (one, other) = (scene.register(&server, "Åse").await, scene.register(&server, "Åse").await);
    let neighbour = scene.register(&server, "Bo").await;
    let mut superuser = scene.elsewhere.connect("crm").await;
    sqlx::raw_sql(&block("setup")).execute(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();

    // A dump, an erasure, a disaster.
    scene.run("dump", Some("lethe_backup"));
    scene.erase(&server, &one).await;
    scene.run("look", None);
    assert!(scene.run("audit", None).contains("None of those opens."));
    server.stop();
    let mut superuser = scene.elsewhere.connect("postgres").await;
    sqlx::raw_sql("DROP DATABASE crm WITH (FORCE)").execute(&mut superuser).await.unwrap();
    sqlx::raw_sql("CREATE DATABASE crm").execute(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    scene.run("restore-dump", None);
    let said = scene.refused();
    assert!(said.contains("lethe restore --from"), "{said}");
    let said = scene.run("try", None);
    assert!(said.contains("Nothing was changed") && said.contains("1 erasures behind the end"), "{said}");
    assert!(scene.refused().contains("lethe restore --from"));
    let said = scene.run("restore-vault", None);
    assert!(said.contains("It is restored"), "{said}");
    assert!(scene.run("verify", None).contains("Nothing is wrong."));
    let server = scene.server().await;
    scene.assert_right(&server, &[&one], &neighbour).await;

    // A base backup, another erasure, another disaster.
    scene.run("basebackup", Some("lethe_backup"));
    scene.erase(&server, &other).await;
    server.stop();
    scene.elsewhere.stop().await;
    put_back(&scene.elsewhere.postgres_folder(), &scene.kept.path().join("backups/base"));
    scene.elsewhere.start_again().await;
    assert!(scene.refused().contains("lethe restore --from"));
    scene.run("restore-vault", None);
    assert!(scene.run("verify", None).contains("Nothing is wrong."));
    assert!(scene.run("adopt", None).contains("There is nothing to adopt."));
    let server = scene.server().await;
    scene.assert_right(&server, &[&one, &other], &neighbour).await;
    let output = Command::new(LETHE)
        .args(["restore", "--from", scene.kept.path().join("mirror").to_str().unwrap(), "--yes"])
        .envs(scene.environment(None))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("other sessions of Lethe"), "a server runs: {said}");
    server.stop();
    scene.elsewhere.stop().await;
}

/// Puts a base backup in the place of PostgreSQL's folder, with the owner that has.
fn put_back(folder: &Path, base: &Path) {
    let owner = fs::metadata(folder).unwrap();
    fs::rename(folder, folder.with_extension("lost")).unwrap();
    assert!(Command::new("cp").arg("-a").args([base, folder]).status().unwrap().success());
    own(folder, owner.uid(), owner.gid());
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

fn own(path: &Path, user: u32, group: u32) {
    chown(path, Some(user), Some(group)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path(), user, group);
        }
    }
}
