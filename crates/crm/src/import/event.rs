use lethe_kernel::{UnitId, codes};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What happened to an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImportEvent {
    /// It began, or began again after it had finished.
    Started(Started),
    /// Rows were dealt with.
    Progressed(Progressed),
    /// The last row was dealt with.
    Finished(Finished),
    /// Its key was destroyed, so that its file is not recognised any more.
    Forgotten(Forgotten),
}

codes! {
    /// What a file holds.
    pub enum ImportKind {
        /// Contacts.
        Contacts = "CONTACTS",
        /// Companies.
        Companies = "COMPANIES",
    }
}

/// An import began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// What the file holds.
    pub kind: ImportKind,
    /// The unit that imports it.
    pub unit: UnitId,
    /// A digest of file, kind, columns and unit under the import's own key, with which it dies (base64).
    pub fingerprint: String,
    /// How many rows the file has, the header not counted.
    pub rows: u64,
}

impl Started {
    /// Whether both are about the same file, read the same way for the same unit.
    pub(super) fn is_of_the_file_of(&self, other: &Self) -> bool {
        (self.kind, self.unit, &self.fingerprint) == (other.kind, other.unit, &other.fingerprint)
    }
}

/// Rows of an import were dealt with; what they became is stored already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progressed {
    /// The number of the last of them; an import goes on behind it.
    pub through_row: u64,
    /// What became of all rows so far.
    pub tally: Tally,
    /// What became of these rows, in their order.
    pub outcomes: Vec<RowOutcome>,
}

/// An import came to the file's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// How many rows there were.
    pub rows: u64,
    /// What became of them.
    #[serde(flatten)]
    pub tally: Tally,
}

/// The key of an import was destroyed: nothing tells any more which file it was of. It may still be running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Why.
    pub because: Because,
}

/// Why an import's key was destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Because {
    /// Somebody was erased whom the file names, or may name.
    Erasure,
    /// It ended, or was last heard of, so many days ago.
    Age,
    /// An earlier version began it, which did not note whom a file names.
    EarlierVersion,
}

impl Because {
    /// The name as it is stored and as the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Erasure => "ERASURE",
            Self::Age => "AGE",
            Self::EarlierVersion => "EARLIER_VERSION",
        }
    }
}

/// How many rows had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Registered.
    pub created: u64,
    /// Already there.
    pub existing: u64,
    /// Refused.
    pub refused: u64,
}

impl Tally {
    /// All rows.
    #[must_use]
    pub const fn rows(self) -> u64 {
        self.created + self.existing + self.refused
    }

    /// Counts more rows.
    pub fn add(&mut self, outcomes: &[RowOutcome]) {
        for outcome in outcomes {
            let count = match outcome.outcome {
                Outcome::Created => &mut self.created,
                Outcome::Existing => &mut self.existing,
                Outcome::Refused => &mut self.refused,
            };
            *count += 1;
        }
    }
}

codes! {
    /// What became of a row.
    pub enum Outcome {
        /// A record was created.
        Created = "CREATED",
        /// The record was there already.
        Existing = "EXISTING",
        /// It was refused; nothing of it was stored.
        Refused = "REFUSED",
    }
}

/// What became of one row. It names row, code and column, never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowOutcome {
    /// The row's number in the file, the header being 1.
    pub row: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// The contact or company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Uuid>,
    /// Why it was refused: a code of the API such as `INVALID_VALUE`, or of the file such as `CONTROL_CHARACTERS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The column at fault, by the name it has in every file, such as `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl RowOutcome {
    /// A row whose record is stored.
    pub(super) fn stored(row: u64, outcome: Outcome, object: Uuid) -> Self {
        Self { row, outcome, object: Some(object), code: None, column: None }
    }

    /// A row that was refused.
    pub(super) fn refused(row: u64, code: &str, column: Option<&str>) -> Self {
        let column = column.map(str::to_owned);
        Self { row, outcome: Outcome::Refused, object: None, code: Some(code.to_owned()), column }
    }
}

domain_event!(ImportEvent {
    Started = "import.started" v "1",
    Progressed = "import.progressed" v "1",
    Finished = "import.finished" v "1",
    Forgotten = "import.forgotten" v "1",
});

impl Described for ImportEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Started(event) => vec![
                Change::set("kind", event.kind.name()),
                Change::object("unit", "Unit", event.unit),
                Change::set("total", number(event.rows)),
            ],
            Self::Progressed(event) => counts(event.tally),
            Self::Finished(event) => {
                [Change::set("status", "FINISHED")].into_iter().chain(counts(event.tally)).collect()
            }
            Self::Forgotten(event) => {
                vec![Change::set("recognised", false), Change::set("because", event.because.name())]
            }
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Started(_) | Self::Progressed(_) | Self::Finished(_) | Self::Forgotten(_) => {
                Audience::Everybody
            }
        }
    }
}

fn counts(tally: Tally) -> Vec<Change> {
    vec![
        Change::set("done", number(tally.rows())),
        Change::set("created", number(tally.created)),
        Change::set("existing", number(tally.existing)),
        Change::set("refused", number(tally.refused)),
    ]
}

/// A count as views and the API have it.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
