//! Two servers, their database, one custodian and one mirror.

use std::path::Path;
use std::time::Instant;

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::watch;

use super::Victim;
use crate::chance::Chance;
use crate::door::Door;
use crate::elsewhere::{Elsewhere, register_unit};
use crate::observe::{eventually, folder};
use crate::server::{PATIENCE, Server, lethe, signal};

pub(crate) struct Scene {
    pub(crate) elsewhere: Elsewhere,
    pub(crate) servers: Vec<Server>,
    pub(crate) unit: String,
    mirror: TempDir,
    doors: watch::Sender<Vec<Door>>,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let mut scene = Self {
            elsewhere: Elsewhere::start().await,
            servers: Vec::new(),
            unit: String::new(),
            mirror: folder(),
            doors: watch::Sender::new(Vec::new()),
        };
        for _ in 0..2 {
            let server = scene.server(folder()).await;
            scene.servers.push(server);
        }
        scene.unit = register_unit(&scene.elsewhere).await;
        scene.tell();
        scene
    }

    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.elsewhere.settings().to_vec();
        settings.push(("LETHE_MIRRORS", self.mirror.path().display().to_string()));
        // So few that everybody has a neighbour.
        settings.push(("LETHE_VAULT_BUCKETS", "16".to_owned()));
        settings
    }

    async fn server(&self, folder: TempDir) -> Server {
        Server::start_with(folder, |command| {
            command.envs(self.settings());
        })
        .await
    }

    /// Where the servers answer, whenever that changes.
    pub(crate) fn doors(&self) -> watch::Receiver<Vec<Door>> {
        self.doors.subscribe()
    }

    fn tell(&self) {
        self.doors.send_replace(self.servers.iter().map(Server::door).collect());
    }

    fn postmaster(&self) -> Option<u32> {
        let path = self.elsewhere.postgres_folder().join("postmaster.pid");
        std::fs::read_to_string(path).ok()?.lines().next()?.parse().ok()
    }

    /// Kills, and returns when both servers are ready again.
    pub(crate) async fn kill(&mut self, victim: Victim, chance: &mut Chance) {
        let before = self.postmaster();
        if matches!(victim, Victim::Postmaster | Victim::Everything) {
            signal(before.unwrap(), "-KILL");
        }
        let dying = match victim {
            Victim::Server => 1,
            Victim::BothServers | Victim::Everything => 2,
            Victim::Postmaster | Victim::Rotation => 0,
        };
        let mut folders = Vec::new();
        for _ in 0..dying {
            let chosen = chance.below(u64::try_from(self.servers.len()).unwrap());
            folders.push(self.servers.swap_remove(usize::try_from(chosen).unwrap()).kill());
        }
        if matches!(victim, Victim::Postmaster | Victim::Everything) {
            // Servers that start wait some seconds for PostgreSQL, which recovers first.
            eventually("another postmaster answers", async || {
                self.postmaster().is_some_and(|pid| Some(pid) != before)
                    && PgConnection::connect(&self.elsewhere.url()).await.is_ok()
            })
            .await;
        }
        for folder in folders {
            let server = self.server(folder).await;
            self.servers.push(server);
        }
        self.tell();
        for server in &self.servers {
            eventually("the server is ready", async || {
                reqwest::get(server.url("/readyz")).await.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        }
    }

    /// Runs a command of the binary with the settings of the servers.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> (bool, String) {
        let output = lethe(folder).args(arguments).envs(self.settings()).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), said)
    }

    /// Finishes the rotation that was cut off, or one more.
    pub(crate) fn rotate_to_the_end(&self, folder: &Path) {
        let begun = Instant::now();
        // What was erased behind a switch that was cut off becomes final with the next one.
        for _ in 0..2 {
            loop {
                let (done, said) = self.run(folder, &["keys", "rotate"]);
                if done {
                    break;
                }
                // The session of a process that was killed may not have ended yet.
                assert!(said.contains("Another process is rotating"), "{said}");
                assert!(begun.elapsed() < PATIENCE, "never: the rotation is free");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }

    pub(crate) async fn end(mut self) {
        for server in self.servers {
            server.stop();
        }
        self.elsewhere.stop().await;
    }
}
