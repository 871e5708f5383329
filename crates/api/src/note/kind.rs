use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use lethe_crm::note_kind::{Nature, NoteKind, NoteKindsRow, NoteKindsView, SetKinds};
use uuid::Uuid;

use crate::app::request;
use crate::code::code;
use crate::error::Result;
use crate::kind::{Shown, ShownView, shown};
use crate::loader::{Identified, by_id};
use crate::mutate::{Outcome, changed, execute, payload};
use crate::permission::allowed;
use crate::visibility::Visibility;

code! {
    /// What a note is, whatever its unit calls it.
    NatureField: "NoteNature" = Nature
}

/// A kind of notes of a unit.
#[derive(SimpleObject)]
#[graphql(name = "NoteKind")]
pub(crate) struct NoteKindField {
    /// What the unit calls it: a code such as `FIRST_TALK`.
    code: String,
    /// What it is by nature.
    nature: NatureField,
}

/// What holds for the notes of a unit.
#[derive(SimpleObject)]
pub(crate) struct NoteRules {
    /// The kinds that its notes can have, in the order in which they are offered.
    note_kinds: Vec<NoteKindField>,
}

impl Identified for NoteKindsRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn is_seen(&self, _: Visibility) -> bool {
        true
    }
}

impl Shown for NoteRules {
    const VIEWS: &'static [ShownView] = &[shown::<NoteKindsView>()];
}

impl From<NoteKindsRow> for NoteRules {
    fn from(row: NoteKindsRow) -> Self {
        let kinds = row.kinds.into_iter();
        Self {
            note_kinds: kinds
                .map(|kind| NoteKindField { code: kind.code, nature: kind.nature.into() })
                .collect(),
        }
    }
}

impl NoteRules {
    /// The rules of a unit; the defaults if it has decided nothing.
    pub(crate) async fn of(context: &Context<'_>, unit: Uuid) -> Result<Self> {
        let decided = by_id::<NoteKindsView>(context, unit).await?;
        Ok(decided.unwrap_or_else(|| NoteKindsRow::undecided(unit)).into())
    }
}

/// A kind of notes to have.
#[derive(InputObject)]
pub(crate) struct NoteKindInput {
    /// What your unit calls it: a code such as `FIRST_TALK`.
    code: String,
    /// What it is by nature.
    nature: NatureField,
}

/// Which kinds of notes your unit has.
#[derive(InputObject)]
pub(crate) struct NoteKindsSetInput {
    /// The kinds, in the order in which they are offered; at most 50. They replace the present ones.
    kinds: Vec<NoteKindInput>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `noteKindsSet`.
    NoteKindsSetPayload { rules: NoteRules },
}

/// Mutations of the kinds of notes.
#[derive(Default)]
pub(crate) struct NoteKindMutation;

#[Object]
impl NoteKindMutation {
    /// Sets which kinds of notes your unit has. Notes that are there keep theirs.
    #[doc = allowed!(noteKindsSet)]
    async fn note_kinds_set(
        &self,
        context: &Context<'_>,
        input: NoteKindsSetInput,
    ) -> Result<NoteKindsSetPayload> {
        let kinds = input.kinds.into_iter();
        let kinds = kinds.map(|kind| NoteKind { code: kind.code, nature: kind.nature.into() }).collect();
        let key = input.idempotency_key.as_ref();
        let outcome =
            execute(context, "noteKindsSet", key, Ok(SetKinds(kinds)), NoteKindsSetPayload::VIEWS).await?;
        let rules = decided(context, &outcome).await?;
        Ok(NoteKindsSetPayload::new(outcome, rules))
    }
}

/// What holds now; also if nothing had to be changed and nothing was ever decided.
async fn decided(context: &Context<'_>, outcome: &Outcome) -> Result<Option<NoteRules>> {
    if outcome.object().is_none() {
        return Ok(None);
    }
    let row = changed::<NoteKindsView>(context, outcome).await?;
    let unit = request(context).session.caller.unit.0;
    Ok(Some(row.unwrap_or_else(|| NoteKindsRow::undecided(unit)).into()))
}
