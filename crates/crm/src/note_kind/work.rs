use lethe_access::unit::own_unit;
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::{NoteKind, NoteKinds};
use crate::reference;

/// Sets which kinds of notes the caller's unit has. Answers the unit.
pub struct SetKinds(pub Vec<NoteKind>);

impl Work for SetKinds {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let mut kinds = Vec::with_capacity(self.0.len().min(64));
        for NoteKind { code, nature } in &self.0 {
            kinds.push(NoteKind { code: reference::code("kinds", code)?, nature: *nature });
        }
        let own = unit.caller().unit;
        unit.handle::<NoteKinds>(own, kinds).await?;
        Ok(Answer::of(own))
    }
}
