//! Telling the DPMs of the other units that have a contact that it was erased (R67).

use lethe_access::{Unit as OfUnit, User};
use lethe_crm::contact::{Contact, ContactEvent};
use lethe_kernel::{ContactId, Role, UnitId, UserId};
use lethe_ledger::{Answer, Committed, Failure, LedgerError, Reaction, Recorded, UnitOfWork, Work};
use lethe_mail::queue_for;
use lethe_vault::VaultError;

use super::letter::{Told, letter};

/// Mails the DPMs of the units that have a contact, once it is erased. The unit whose DPM erased it is not told.
pub struct TellOfErasures;

impl Reaction for TellOfErasures {
    const NAME: &'static str = "tell_of_erasures";
    const SOURCES: &'static [&'static str] = &["contact"];
    type Work = TellOfErasure;

    fn react(event: &Recorded) -> Result<Option<TellOfErasure>, LedgerError> {
        let ContactEvent::Erased(erased) = event.decode()? else { return Ok(None) };
        let metadata = event.metadata()?;
        let facts = Told {
            contact: ContactId(event.stream),
            kind: erased.kind,
            reason: erased.reason,
            remains: erased.remains,
            at: event.recorded_at,
            role: metadata.role,
        };
        Ok(Some(TellOfErasure { facts, by: metadata.unit }))
    }

    fn outcome(done: &Committed) -> &'static str {
        if done.objects.is_empty() { "APPLIED" } else { "NOT_ALL_TOLD" }
    }
}

/// Queues a mail to the DPM of each unit that has a contact which was erased: one per unit, also if two units have the same
/// DPM, since each answers for itself and looks after its own mails. Answers the units of which nobody can be told.
pub struct TellOfErasure {
    facts: Told,
    /// The unit in whose name it was erased.
    by: UnitId,
}

impl Work for TellOfErasure {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let contact = unit.load::<Contact>(self.facts.contact).await?;
        let to_tell: Vec<UnitId> = contact.units().filter(|of| !self.knows(*of)).collect();
        let by = name(unit, self.by).await?;
        let mut untold = Vec::new();
        for of in to_tell {
            if let Some(reader) = reader(unit, of).await? {
                let told = name(unit, of).await?;
                queue_for(unit, of, letter(&self.facts, reader, [&told, &by])).await?;
            } else {
                tracing::warn!(unit = %of.0, "a contact of a unit was erased, and the unit has no DPM with an address");
                untold.push(of.0);
            }
        }
        Ok(Answer { objects: untold, subject: None })
    }
}

impl TellOfErasure {
    /// Whether the DPM of a unit has erased it.
    fn knows(&self, of: UnitId) -> bool {
        self.facts.role == Role::Dpm && self.by == of
    }
}

/// What a unit is called.
async fn name(unit: &mut UnitOfWork<'_>, of: UnitId) -> Result<String, LedgerError> {
    let registered = unit.load::<OfUnit>(of).await?.registered();
    Ok(registered.map_or_else(|| of.0.to_string(), |registered| registered.name.clone()))
}

/// The present DPM of a unit and their address; none if there is nobody, or the address went with them.
async fn reader(unit: &mut UnitOfWork<'_>, of: UnitId) -> Result<Option<(UserId, String)>, Failure> {
    let Some(dpm) = unit.load::<OfUnit>(of).await?.dpm() else { return Ok(None) };
    let Some(email) = unit.load::<User>(dpm).await?.email().cloned() else { return Ok(None) };
    match unit.open(&email, dpm).await {
        Ok(address) => Ok(Some((dpm, address.0))),
        Err(LedgerError::Vault(VaultError::Erased(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
