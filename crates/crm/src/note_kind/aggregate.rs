use std::collections::HashSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::error::MOST_KINDS;
use super::{KindError, KindsEvent, KindsSet, Nature, NoteKind};

/// The kinds of notes of a unit that has decided nothing.
#[must_use]
pub fn default_kinds() -> Vec<NoteKind> {
    [
        ("NOTE", Nature::Note),
        ("CALL", Nature::Call),
        ("MEETING", Nature::Meeting),
        ("MAIL", Nature::Mail),
        ("OTHER", Nature::Note),
    ]
    .map(|(code, nature)| NoteKind { code: code.into(), nature })
    .into()
}

/// The kinds of notes of a unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoteKinds {
    set: Option<Vec<NoteKind>>,
}

impl NoteKinds {
    /// The kinds that notes can have, in the order in which they are offered.
    #[must_use]
    pub fn all(&self) -> Vec<NoteKind> {
        self.set.clone().unwrap_or_else(default_kinds)
    }

    /// The kind with a code, if the unit has it.
    ///
    /// # Errors
    /// [`KindError::Unknown`] with those there are.
    pub fn find(&self, code: &str) -> Result<NoteKind, KindError> {
        let kinds = self.all();
        let known = kinds.iter().find(|kind| kind.code == code).cloned();
        known.ok_or_else(|| KindError::Unknown(kinds.into_iter().map(|kind| kind.code).collect()))
    }

    fn decide(&self, kinds: Vec<NoteKind>) -> Result<Vec<KindsEvent>, KindError> {
        let mut codes = HashSet::new();
        if kinds.is_empty() {
            return Err(KindError::NoKind);
        }
        if kinds.len() > MOST_KINDS {
            return Err(KindError::TooManyKinds(kinds.len()));
        }
        if !kinds.iter().all(|kind| codes.insert(&kind.code)) {
            return Err(KindError::Doubled);
        }
        Ok(if kinds == self.all() { Vec::new() } else { vec![KindsEvent::Set(KindsSet { kinds })] })
    }
}

impl Aggregate for NoteKinds {
    const TYPE: &'static str = "note_kinds";
    type Command = Vec<NoteKind>;
    type Event = KindsEvent;
    type Error = KindError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        kinds: Vec<NoteKind>,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), KindError> {
        for event in self.decide(kinds)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: KindsEvent) {
        let KindsEvent::Set(KindsSet { kinds }) = event;
        self.set = Some(kinds);
    }
}

impl Stored for NoteKinds {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn kinds(codes: &[&str]) -> Vec<NoteKind> {
        codes.iter().map(|code| NoteKind { code: (*code).into(), nature: Nature::Meeting }).collect()
    }

    fn set(codes: &[&str]) -> KindsEvent {
        KindsEvent::Set(KindsSet { kinds: kinds(codes) })
    }

    fn unit() -> TestFramework<NoteKinds> {
        TestFramework::with(Secrets::default())
    }

    #[test]
    fn sets_and_replaces() {
        let first = kinds(&["FIRST_TALK"]);
        unit().given_no_previous_events().when(first).then_expect_events(vec![set(&["FIRST_TALK"])]);
        let next = kinds(&["SPARRING", "FIRST_TALK"]);
        unit()
            .given(vec![set(&["FIRST_TALK"])])
            .when(next)
            .then_expect_events(vec![set(&["SPARRING", "FIRST_TALK"])]);
    }

    #[test]
    fn stays_quiet_when_it_is_so_already() {
        unit().given(vec![set(&["A"])]).when(kinds(&["A"])).then_expect_events(vec![]);
        unit().given_no_previous_events().when(default_kinds()).then_expect_events(vec![]);
    }

    #[test]
    fn refuses_what_nobody_could_choose_from() {
        unit().given_no_previous_events().when(Vec::new()).then_expect_error(KindError::NoKind);
        let many: Vec<NoteKind> =
            (0..51).map(|n| NoteKind { code: format!("K{n}"), nature: Nature::Note }).collect();
        unit().given_no_previous_events().when(many).then_expect_error(KindError::TooManyKinds(51));
        unit().given_no_previous_events().when(kinds(&["A", "A"])).then_expect_error(KindError::Doubled);
    }

    #[test]
    fn a_kind_is_one_of_the_units_own_and_has_a_nature() {
        let mut unit = NoteKinds::default();
        for (code, nature) in [
            ("NOTE", Nature::Note),
            ("CALL", Nature::Call),
            ("MEETING", Nature::Meeting),
            ("MAIL", Nature::Mail),
            ("OTHER", Nature::Note),
        ] {
            assert_eq!(unit.find(code).unwrap().nature, nature, "{code}");
        }
        unit.apply(set(&["FIRST_TALK", "SPARRING"]));
        assert_eq!(unit.find("SPARRING").unwrap().nature, Nature::Meeting);
        for code in ["TELEPATHY", "MEETING", "", "sparring"] {
            let error = unit.find(code).unwrap_err();
            assert!(error.to_string().contains("FIRST_TALK, SPARRING"), "{error}");
        }
    }
}
