//! Documents against a schema of a few types.

mod answers;
mod costs;
mod fuzz;
mod inputs;
mod schema;
mod texts;
