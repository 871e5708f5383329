use cqrs_es::test::TestFramework;
use lethe_kernel::UnitId;
use uuid::Uuid;

use super::*;
use crate::import::{Because, ImportKind, Outcome};

fn import() -> TestFramework<Import> {
    TestFramework::with(Secrets::default())
}

fn file(fingerprint: &str) -> Started {
    let unit = UnitId(Uuid::from_u128(9));
    Started { kind: ImportKind::Contacts, unit, fingerprint: fingerprint.into(), rows: 3 }
}

fn started() -> ImportEvent {
    ImportEvent::Started(file("A"))
}

fn outcomes(rows: impl IntoIterator<Item = u64>) -> Vec<RowOutcome> {
    rows.into_iter()
        .map(|row| match row {
            2 => RowOutcome::stored(row, Outcome::Created, Uuid::from_u128(2)),
            3 => RowOutcome::stored(row, Outcome::Existing, Uuid::from_u128(3)),
            _ => RowOutcome::refused(row, "INVALID_VALUE", Some("email")),
        })
        .collect()
}

fn progress(rows: std::ops::RangeInclusive<u64>) -> ImportCommand {
    ImportCommand::Progress { through_row: *rows.end(), outcomes: outcomes(rows) }
}

fn progressed(rows: std::ops::RangeInclusive<u64>, created: u64, existing: u64, refused: u64) -> ImportEvent {
    let tally = Tally { created, existing, refused };
    ImportEvent::Progressed(Progressed { through_row: *rows.end(), tally, outcomes: outcomes(rows) })
}

fn finished() -> ImportEvent {
    let tally = Tally { created: 1, existing: 1, refused: 1 };
    ImportEvent::Finished(Finished { rows: 3, tally })
}

#[test]
fn starts_once_and_goes_on() {
    let start = || ImportCommand::Start(file("A"));
    import().given_no_previous_events().when(start()).then_expect_events(vec![started()]);
    import().given(vec![started(), progressed(2..=2, 1, 0, 0)]).when(start()).then_expect_events(vec![]);
}

#[test]
fn starts_again_from_the_first_row_once_it_has_finished() {
    let history = vec![started(), progressed(2..=4, 1, 1, 1), finished()];
    import().given(history.clone()).when(ImportCommand::Start(file("A"))).then_expect_events(vec![started()]);
    let again = [history, vec![started()]].concat();
    import().given(again).when(progress(2..=3)).then_expect_events(vec![progressed(2..=3, 1, 1, 0)]);
}

#[test]
fn refuses_another_file() {
    import()
        .given(vec![started()])
        .when(ImportCommand::Start(file("B")))
        .then_expect_error(ImportRefusal::AnotherFile);
}

#[test]
fn counts_outcomes() {
    let first = progressed(2..=3, 1, 1, 0);
    import().given(vec![started()]).when(progress(2..=3)).then_expect_events(vec![first.clone()]);
    import().given(vec![started(), first]).when(progress(4..=4)).then_expect_events(vec![progressed(
        4..=4,
        1,
        1,
        1,
    )]);
}

#[test]
fn never_counts_a_row_twice() {
    let history = vec![started(), progressed(2..=3, 1, 1, 0)];
    import().given(history.clone()).when(progress(2..=3)).then_expect_events(vec![]);
    import().given(history).when(progress(2..=4)).then_expect_events(vec![progressed(4..=4, 1, 1, 1)]);
}

#[test]
fn finishes_once() {
    let history = vec![started(), progressed(2..=4, 1, 1, 1)];
    import().given(history.clone()).when(ImportCommand::Finish).then_expect_events(vec![finished()]);
    let done = [history, vec![finished()]].concat();
    import().given(done.clone()).when(ImportCommand::Finish).then_expect_events(vec![]);
    import().given(done).when(progress(5..=5)).then_expect_events(vec![]);
}

#[test]
fn refuses_everything_nobody_started() {
    let forget = ImportCommand::Forget(Because::Erasure);
    import().given_no_previous_events().when(forget).then_expect_error(ImportRefusal::Unknown);
    import().given_no_previous_events().when(progress(2..=2)).then_expect_error(ImportRefusal::Unknown);
    import().given_no_previous_events().when(ImportCommand::Finish).then_expect_error(ImportRefusal::Unknown);
}

#[test]
fn goes_on_when_its_file_is_forgotten() {
    let forgotten = || ImportEvent::Forgotten(Forgotten { because: Because::Erasure });
    let half = vec![started(), progressed(2..=3, 1, 1, 0)];
    import()
        .given(half.clone())
        .when(ImportCommand::Forget(Because::Erasure))
        .then_expect_events(vec![forgotten()]);
    let history = [half, vec![forgotten()]].concat();
    import().given(history).when(progress(2..=4)).then_expect_events(vec![progressed(4..=4, 1, 1, 1)]);
}

#[test]
fn the_first_and_the_last_two_events_give_the_state() {
    let history = [
        started(),
        progressed(2..=3, 1, 1, 0),
        progressed(4..=4, 1, 1, 1),
        finished(),
        started(),
        progressed(2..=3, 0, 2, 0),
        ImportEvent::Forgotten(Forgotten { because: Because::Age }),
        progressed(4..=4, 0, 2, 1),
    ];
    let state = |events: &[ImportEvent]| {
        let mut state = Import::default();
        events.iter().cloned().for_each(|event| state.apply(event));
        state
    };
    for end in 1..=history.len() {
        let last = end.saturating_sub(2).max(1)..end;
        assert_eq!(state(&history[..end]), state(&[&history[..1], &history[last]].concat()));
    }
}
