use lethe_ledger::{Child, LedgerError, Projection, Recorded};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PolicyEvent, PolicySet};

/// The expiry policies of every unit.
pub struct PolicyView;

/// The policies of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// The unit.
    pub id: Uuid,
    /// The number of events.
    pub version: i64,
    /// Its policies, the earliest first.
    pub policies: Vec<UnitPolicy>,
}

/// One policy of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitPolicy {
    unit_id: Uuid,
    /// The policy.
    #[serde(flatten)]
    pub set: PolicySet,
}

impl Projection for PolicyView {
    const NAME: &'static str = "expiry_policy";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const CHILDREN: &'static [Child] = &[Child {
        field: "policies",
        table: "expiry_policy_set",
        owner: "unit_id",
        key: &["kind", "effective_from"],
        first: None,
    }];
    const SOURCES: &'static [&'static str] = &["expiry_policy"];
    type Row = PolicyRow;

    fn fold(row: Option<PolicyRow>, id: Uuid, event: &Recorded) -> Result<Option<PolicyRow>, LedgerError> {
        let PolicyEvent::Set(set) = event.decode()?;
        let mut row = row.unwrap_or(PolicyRow { id, version: 0, policies: Vec::new() });
        row.version = event.sequence;
        row.policies.retain(|old| (old.set.kind, old.set.effective_from) != (set.kind, set.effective_from));
        row.policies.push(UnitPolicy { unit_id: id, set });
        row.policies.sort_by_key(|policy| policy.set.effective_from);
        Ok(Some(row))
    }
}
