//! The whole server as its users meet it: the binary, a real PostgreSQL, real requests.

mod as_of;
mod bad_input;
mod changes;
mod company;
mod consent;
mod contact;
mod expiry;
mod graph;
mod history;
mod import;
mod list;
mod note;
mod prospect;
mod repeat;
mod server;
mod socket;
mod unit;
mod views;
