//! The embedded PostgreSQL, with a real one, as root and as an ordinary user.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
#![allow(clippy::doc_markdown, reason = "PostgreSQL is a name, not code")]

mod attach;
mod crash;
mod lifecycle;
mod placement;
mod privacy;
mod refusal;
mod scene;
