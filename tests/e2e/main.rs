//! The whole server as its users meet it: the binary, a real PostgreSQL, real requests.

mod contact;
mod server;
