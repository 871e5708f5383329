//! How the server lives, dies and comes back: starts, crashes, stops, refusals, and the commands beside it.

mod beside;
mod configured;
mod crash;
mod observe;
mod refusal;
mod requests;
#[path = "../e2e/server.rs"]
#[expect(dead_code, reason = "this target stops and starts more, and asks less, than the one that owns the file")]
mod server;
mod settings;
mod start;
mod stop;
mod unprivileged;
