//! GraphQL before and after the executor: what a document may cost, what is checked before anything of it is executed,
//! and the order in which its answer is told. It knows no type of the schema but what the registry says.
//!
//! [`read`] takes a text; [`Documents`], an extension of the schema, does the rest for every way on which a document
//! comes: with its text, or remembered by [`Persisted`].

mod answer;
mod cost;
mod documents;
mod fault;
mod limits;
mod literal;
mod marker;
mod operation;
mod persisted;
mod selection;
mod syntax;
mod text;
mod value;

pub use documents::Documents;
pub use limits::Limits;
pub use persisted::Persisted;
pub use syntax::read;
pub use text::check as check_text;
pub use value::{Read, Scalars};

#[cfg(test)]
mod tests;
