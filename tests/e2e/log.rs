//! The log over all events, as an outsider checks it: over HTTP, and by proofs in GraphQL.

use lethe_tlog::Hash;
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{Note, VerifierKey};
use lethe_tlog::tile::{EntryTile, Tile, decode_bundle};
use lethe_tlog::tree::{leaf_hash, root_of, verify_consistency, verify_inclusion};
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::server::{PATIENCE, Server};

const CHECKPOINT: &str = "{ checkpoint { size rootHash origin verifierKey note signedAt } }";
const REGISTER: &str = "mutation { contactRegister(input: {firstName: \"Åse\"}) {
    contact { id } position userErrors { code } } }";
const HISTORY: &str = "query($id: ID!, $size: TreeSize) { contact(id: $id) { history(first: 1) { nodes {
    position leafHash inclusionProof(treeSize: $size) { treeSize leafIndex hashes } tlogProof } } } }";
const CONSISTENCY: &str = "query($from: TreeSize!, $to: TreeSize) {
    consistencyProof(from: $from, to: $to) { from to hashes } }";

fn hashes(proof: &Value) -> Vec<Hash> {
    proof["hashes"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect()
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// The newest checkpoint, once it covers a position: the data, and what its key verifies.
async fn checkpoint(server: &Server, position: u64) -> (Value, Checkpoint) {
    let begun = std::time::Instant::now();
    loop {
        // Before the first one, the answer is that there is none yet.
        let found = server.request(CHECKPOINT, json!({})).await["data"]["checkpoint"].take();
        if found["size"].as_str().is_some_and(|size| size.parse::<u64>().unwrap() >= position) {
            let keys: [VerifierKey; 1] = [found["verifierKey"].as_str().unwrap().parse().unwrap()];
            let note: Note = found["note"].as_str().unwrap().parse().unwrap();
            let (opened, _) = Checkpoint::open(&note, &keys).unwrap();
            assert_eq!(opened.origin, found["origin"].as_str().unwrap());
            return (found, opened);
        }
        assert!(begun.elapsed() < PATIENCE, "it is not signed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn get(server: &Server, path: &str, role: &str) -> reqwest::Response {
    let bearer = server.door().bearer(role);
    reqwest::Client::new().get(server.url(path)).header("authorization", bearer).send().await.unwrap()
}

#[tokio::test]
async fn a_written_event_is_proven_against_the_signed_checkpoint() {
    let server = Server::start().await;
    let written = server.done(REGISTER, json!({})).await;
    let position = number(&written["position"]);
    let (_, signed) = checkpoint(&server, position).await;
    let contact = json!({"id": written["contact"]["id"], "size": signed.size.to_string()});
    let event = server.data(HISTORY, contact).await["contact"]["history"]["nodes"][0].take();
    let leaf: Hash = event["leafHash"].as_str().unwrap().parse().unwrap();
    let proof = &event["inclusionProof"];
    assert_eq!(number(&event["position"]), number(&proof["leafIndex"]) + 1);
    assert_eq!(number(&proof["treeSize"]), signed.size);
    assert!(verify_inclusion(number(&proof["leafIndex"]), &leaf, signed.size, &signed.root, &hashes(proof)));
    assert!(event["tlogProof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1\nextra "));

    server.done(REGISTER, json!({})).await;
    let (_, newer) = checkpoint(&server, signed.size + 1).await;
    let sizes = json!({"from": signed.size.to_string(), "to": newer.size.to_string()});
    let proof = server.data(CONSISTENCY, sizes).await["consistencyProof"].take();
    let (old, new) = ((signed.size, &signed.root), (newer.size, &newer.root));
    assert!(verify_consistency(old, new, &hashes(&proof)));

    for (from, to) in [(7, "3"), (1, "1000000")] {
        let refused = server.request(CONSISTENCY, json!({"from": from, "to": to})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_VALUE", "{refused:#}");
    }
    let beyond = json!({"id": written["contact"]["id"], "size": "1000000"});
    let refused = server.request(HISTORY, beyond).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_VALUE", "{refused:#}");
    server.stop();
}

#[tokio::test]
async fn checkpoints_and_hashes_are_for_everybody_and_entries_for_auditors() {
    let server = Server::start().await;
    let (_, signed) = checkpoint(&server, 1).await;
    let answer = get(&server, "/log/checkpoint", "CONSULTANT").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(answer.headers()[CACHE_CONTROL], "public, max-age=1");
    let note: Note = answer.text().await.unwrap().parse().unwrap();
    let published: Checkpoint = note.text().parse().unwrap();
    assert!(published.size >= signed.size && published.origin == signed.origin);

    // Everything that an auditor gets gives the root.
    let mut leaves = Vec::new();
    for index in 0..signed.size.div_ceil(256) {
        let tile = EntryTile::at(index, signed.size).unwrap();
        let answer = get(&server, &format!("/log/{tile}"), "AUDITOR").await;
        assert_eq!(answer.status(), 200, "{tile}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/octet-stream");
        assert_eq!(answer.headers()[CACHE_CONTROL], "private, max-age=31536000, immutable");
        let bundle = answer.bytes().await.unwrap();
        leaves.extend(decode_bundle(&bundle).unwrap().into_iter().map(leaf_hash));
        for role in ["CONSULTANT", "UNIT_ADMINISTRATOR", "DPM", "INTEGRATION"] {
            let answer = get(&server, &format!("/log/{tile}"), role).await;
            assert_eq!(answer.status(), 403, "{role}");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN");
        }
    }
    assert_eq!(root_of(&leaves), signed.root);
    for tile in Tile::grown(0, signed.size) {
        let answer = get(&server, &format!("/log/{tile}"), "CONSULTANT").await;
        assert_eq!(answer.status(), 200, "{tile}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let bytes = answer.bytes().await.unwrap();
        let stored = Hash::sequence(&bytes).unwrap();
        if tile.level == 0 {
            let begin = usize::try_from(tile.index * 256).unwrap();
            assert_eq!(stored, leaves[begin..begin + usize::from(tile.width)]);
        }
    }
    for path in [
        "/log/tile/0/x001/000",
        "/log/tile/0/000.p/0",
        "/log/tile/0/000.p/256",
        "/log/tile/0/0",
        "/log/tile/00/000",
        "/log/tile/64/000",
        "/log/tile/-1/000",
        "/log/tile/0/x999/x999/x999/x999/x999/x999/999",
        "/log/tile/entries/x001/000",
        "/log/tile/0",
        "/log/tile/",
        "/log/",
    ] {
        let answer = get(&server, path, "AUDITOR").await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    server.stop();
}
