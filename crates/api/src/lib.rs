//! The GraphQL schema: one file per slice, because the graph crosses contexts – a contact has consents, a consent has
//! a contact – while the crates of the contexts point one way. Resolvers are thin: rules live in the slices.

mod app;
mod argument;
mod background;
mod change;
mod code;
mod company;
mod connection;
mod consent;
mod contact;
mod device;
mod error;
mod event;
mod expiry;
mod graph;
mod history;
mod id;
mod import;
mod keys;
mod kind;
mod known_types;
mod loader;
mod mail;
mod mutate;
mod node;
mod notary;
mod note;
mod null_on_error;
mod permission;
mod prospect;
mod reveal;
mod scalar;
mod schema;
mod unit;
mod user;
mod user_group;
mod viewer;
mod visibility;

pub use app::{App, Request};
pub use background::Background;
pub use change::Subscription;
pub use graph::Graph;
pub use id::{contact_id, unit_id};
pub use import::Upload;
pub use kind::{Description, STREAM_TYPES, StreamType, views};
pub use permission::{permissions_page, permitted_operations};
