//! What clients know of the people and notes that they made.

use super::client::Client;

/// What a client knows of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Erasure {
    /// None was asked for.
    None,
    /// It was acknowledged, with the keys that it destroyed.
    Acknowledged(Vec<String>),
    /// One was asked for, and nobody said what became of it.
    Unanswered,
}

/// Somebody whose registration was acknowledged.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) erasure: Erasure,
    /// Whether the certificate was seen.
    pub(crate) certified: bool,
}

/// A note that was acknowledged.
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) about: Vec<String>,
}

/// How much was done.
pub(crate) fn told(clients: &[Client]) -> String {
    let people = || clients.iter().flat_map(|client| &client.people);
    let erased = |wanted: fn(&Erasure) -> bool| people().filter(|person| wanted(&person.erasure)).count();
    format!(
        "{} people, {} erased and {} perhaps, {} notes, {} registrations unanswered",
        people().count(),
        erased(|erasure| matches!(erasure, Erasure::Acknowledged(_))),
        erased(|erasure| *erasure == Erasure::Unanswered),
        clients.iter().map(|client| client.notes.len()).sum::<usize>(),
        clients.iter().map(|client| client.unanswered.len()).sum::<usize>()
    )
}
