//! Sends requests over a number of connections and takes the time of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::task::JoinSet;

/// What is sent: the body of the request with a number.
#[derive(Clone)]
pub struct Load {
    pub url: String,
    pub token: Option<String>,
    pub body: Arc<dyn Fn(u64) -> String + Send + Sync>,
}

/// What one round measured.
#[derive(Clone, Debug)]
pub struct Measured {
    pub requests: u64,
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// Numbers of requests, so that no two rounds ask for the same.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A client with one connection of its own.
pub fn client(load: &Load) -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(token) = &load.token {
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    }
    Client::builder().default_headers(headers).pool_max_idle_per_host(1).build().unwrap()
}

/// The answer to one request, which must be one without errors.
pub async fn ask(client: &Client, load: &Load, number: u64) -> String {
    let answer = client.post(&load.url).body((load.body)(number)).send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    // Of the answer, and of a mutation.
    let refused = text.contains("\"errors\":[{") || text.contains("\"userErrors\":[{");
    assert!(status.is_success() && !refused, "{status}: {text:.600}");
    text
}

/// Asks over so many connections at once, for so long.
pub async fn drive(load: &Load, connections: usize, long: Duration) -> Measured {
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..connections {
        let load = load.clone();
        tasks.spawn(async move {
            let client = client(&load);
            let mut latencies = Vec::new();
            // The first request opens the connection, and is not counted.
            ask(&client, &load, NEXT.fetch_add(1, Ordering::Relaxed)).await;
            while begun.elapsed() < long {
                let sent = Instant::now();
                ask(&client, &load, NEXT.fetch_add(1, Ordering::Relaxed)).await;
                latencies.push(sent.elapsed());
            }
            latencies
        });
    }
    let mut latencies: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let passed = begun.elapsed();
    latencies.sort_unstable();
    let at = |share: usize| latencies.get(latencies.len() * share / 100).copied().unwrap_or_default();
    let requests = u64::try_from(latencies.len()).unwrap();
    Measured {
        requests,
        rate: f64::from(u32::try_from(requests).unwrap()) / passed.as_secs_f64(),
        p50: at(50),
        p99: at(99),
    }
}
