//! `lethe audit witness`: cosigns over HTTP, refuses forks, and forgets nothing when it is killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use lethe_tlog::Hash;
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{KeyKind, Note, Signer, VerifierKey};
use lethe_tlog::sha256;
use lethe_tlog::tree::{Node, Plan, leaf_hash, root_of};
use lethe_tlog::witness::AddCheckpoint;
use tempfile::TempDir;

use crate::server::{lethe, signal};

const ORIGIN: &str = "log.example/one";

fn log_signer(seed: u8) -> Signer {
    Signer::of_seed(ORIGIN, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

/// A request of a log; logs with different salts have different histories.
fn request(old: u64, new: u64, salt: u8) -> AddCheckpoint {
    let leaves: Vec<Hash> =
        (0..new).map(|index| leaf_hash(&[&[salt], &index.to_be_bytes()[..]].concat())).collect();
    let read = |node: Node| {
        let range = (node.index << node.level)..((node.index + 1) << node.level);
        let below: Vec<Hash> = range.map(|at| leaves[usize::try_from(at).unwrap()]).collect();
        Ok::<_, ()>(root_of(&below))
    };
    let proof = Plan::consistency(old.min(new), new).unwrap().assemble(read).unwrap();
    let mut checkpoint = Checkpoint::new(ORIGIN, new, root_of(&leaves)).note().unwrap();
    checkpoint.push(log_signer(1).sign(&checkpoint, 0).unwrap());
    AddCheckpoint { old, proof, checkpoint }
}

/// A running witness; it is killed when dropped.
struct Witness {
    child: Child,
    url: String,
    key: VerifierKey,
    client: reqwest::Client,
}

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Witness {
    fn start(folder: &Path) -> Self {
        let log = log_signer(1).verifier().to_string();
        let mut command = lethe(folder);
        command.args([
            "audit",
            "witness",
            "--listen",
            "127.0.0.1:0",
            "--state",
            "state",
            "--key-file",
            "key",
        ]);
        command.args(["--name", "witness.example/w", "--for", &log]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.split_once("http://").unwrap().1.split_once(". ").unwrap().0;
        let key = lines.next().unwrap().unwrap().parse().unwrap();
        // Each request on a connection of its own: one that waits for the next may be closed by the witness meanwhile.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { child, url: format!("http://{url}"), key, client }
    }

    async fn post(&self, body: String) -> reqwest::Result<(u16, String, String)> {
        let answer = self.client.post(format!("{}/add-checkpoint", self.url)).body(body).send().await?;
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        Ok((answer.status().as_u16(), kind, answer.text().await?))
    }

    async fn status(&self, request: &AddCheckpoint) -> u16 {
        self.post(request.to_string()).await.unwrap().0
    }

    /// The size it has cosigned last.
    async fn size(&self) -> u64 {
        // Asked for a size that it has certainly not cosigned, it tells which one it has.
        let (status, _, text) = self.post(request(999, 1000, 0).to_string()).await.unwrap();
        assert_eq!(status, 409);
        text.trim_end().parse().unwrap()
    }
}

#[tokio::test]
async fn a_log_that_grows_is_cosigned_and_everything_else_has_the_status_of_the_specification() {
    let folder = TempDir::new().unwrap();
    let witness = Witness::start(folder.path());
    let first = request(0, 5, 0);
    let (status, _, line) = witness.post(first.to_string()).await.unwrap();
    assert_eq!(status, 200);
    let mut note = Note::new(first.checkpoint.text()).unwrap();
    note.push(line.parse().unwrap());
    assert!(note.verify(std::slice::from_ref(&witness.key)).unwrap()[0].time.unwrap() > 1_700_000_000);
    assert_eq!(witness.status(&request(5, 9, 0)).await, 200);
    let (status, kind, text) = witness.post(request(5, 10, 0).to_string()).await.unwrap();
    assert_eq!((status, kind.as_str(), text.as_str()), (409, "text/x.tlog.size", "9\n"));
    assert_eq!(witness.status(&request(9, 12, 1)).await, 422);
    assert_eq!(witness.status(&request(9, 9, 1)).await, 422);
    assert_eq!(witness.status(&request(10, 9, 0)).await, 400);
    assert_eq!(witness.post("old 9\n".to_owned()).await.unwrap().0, 400);
    assert_eq!(witness.post("x".repeat(2 << 20)).await.map_or(413, |answer| answer.0), 413);
    let mut forged = request(9, 12, 0);
    forged.checkpoint = Note::new(forged.checkpoint.text()).unwrap();
    forged.checkpoint.push(log_signer(2).sign(&forged.checkpoint, 0).unwrap());
    assert_eq!(witness.status(&forged).await, 403);
    let unknown = request(9, 12, 0).to_string().replace("log.example/one\n12", "log.example/two\n12");
    assert_eq!(witness.post(unknown).await.unwrap().0, 404);
    let hash = sha256(ORIGIN.as_bytes()).hex();
    let latest = witness.client.get(format!("{}/{hash}/checkpoint", witness.url)).send().await.unwrap();
    let latest: Note = latest.text().await.unwrap().parse().unwrap();
    let keys = [witness.key.clone(), log_signer(1).verifier().clone()];
    assert_eq!(latest.verify(&keys).unwrap().len(), 2);
    let evidence = std::fs::read_to_string(folder.path().join("state/refused.jsonl")).unwrap();
    assert_eq!(evidence.lines().count(), 2, "{evidence}");
    assert!(evidence.contains("\"reason\":\"FORK\"") && evidence.contains("\"reason\":\"INCONSISTENT\""));
}

#[tokio::test]
async fn a_witness_that_is_told_to_stop_ends_well_and_goes_on_later() {
    let folder = TempDir::new().unwrap();
    let mut witness = Witness::start(folder.path());
    assert_eq!(witness.status(&request(0, 5, 0)).await, 200);
    signal(witness.child.id(), "-INT");
    assert_eq!(witness.child.wait().unwrap().code(), Some(0));
    let again = Witness::start(folder.path());
    assert_eq!((again.size().await, &again.key), (5, &witness.key));
}

#[tokio::test]
async fn of_many_histories_at_once_one_is_cosigned() {
    let folder = TempDir::new().unwrap();
    let witness = Witness::start(folder.path());
    let requests: Vec<AddCheckpoint> = (0..16).map(|salt| request(0, 7, salt)).collect();
    let answers = futures_util::future::join_all(requests.iter().map(|it| witness.status(it))).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
}

#[tokio::test]
async fn a_witness_that_is_killed_forgets_nothing_that_it_cosigned() {
    let folder = TempDir::new().unwrap();
    let mut cosigned = 0;
    for round in 0..5 {
        let mut witness = Witness::start(folder.path());
        let remembered = if cosigned == 0 { 0 } else { witness.size().await };
        assert!(remembered >= cosigned, "round {round}: {remembered} < {cosigned}");
        cosigned = remembered;
        for _ in 0..3 + round {
            assert_eq!(witness.status(&request(cosigned, cosigned + 1, 0)).await, 200);
            cosigned += 1;
        }
        // It is killed in the middle of whatever it does for the next ones.
        let pid = witness.child.id().to_string();
        let mut killer = std::process::Command::new("kill").args(["-KILL", &pid]).spawn().unwrap();
        while let Ok((status, _, _)) = witness.post(request(cosigned, cosigned + 1, 0).to_string()).await {
            assert_eq!(status, 200);
            cosigned += 1;
        }
        assert!(killer.wait().unwrap().success());
        assert!(!witness.child.wait().unwrap().success());
    }
    let witness = Witness::start(folder.path());
    assert!(cosigned > 0 && witness.size().await >= cosigned);
    let last = witness.size().await;
    assert_eq!(witness.status(&request(last, last, 1)).await, 422, "a fork after all the crashes");
}
