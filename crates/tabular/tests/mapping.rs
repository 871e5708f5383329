//! Which header stands for which column.

use lethe_tabular::{Column, Error, Mapping, Row, Vocabulary};

const COMPANY: Vocabulary = Vocabulary {
    columns: &[
        Column {
            name: "cvr",
            aliases: &["CVR-nr.", "CVR nummer", "Org.nr", "Organisationsnummer"],
            required: true,
        },
        Column { name: "name", aliases: &["Navn", "Företagsnamn"], required: true },
        Column { name: "phone", aliases: &["Telefon", "Tlf.", "Mobil"], required: false },
        Column { name: "note", aliases: &[], required: false },
    ],
};

fn map(headers: &[&str], overrides: &[(&str, &str)]) -> Result<Mapping, Error> {
    let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
    let overrides: Vec<_> = overrides.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
    COMPANY.map(&headers, &overrides)
}

fn pairs(mapping: &Mapping) -> Vec<String> {
    mapping.describe().into_iter().map(|(header, column)| format!("{header}={column}")).collect()
}

#[test]
fn headers_are_known_in_any_spelling() {
    let mapping = map(&["FORETAGSNAMN:", "cvrnr", "", "Farve", "TLF", "Note*"], &[]).unwrap();
    assert_eq!(pairs(&mapping), ["FORETAGSNAMN:=name", "cvrnr=cvr", "TLF=phone", "Note*=note"]);
    assert_eq!(mapping.unmapped_headers().collect::<Vec<_>>(), [(3, "Farve")]);
}

#[test]
fn cells_are_trimmed_and_empty_is_nothing() {
    let mapping = map(&["CVR", "Navn", "Farve"], &[]).unwrap();
    let cells = ["", "\u{A0} Testfirma \n", "blue"].map(str::to_owned).to_vec();
    let row = Row { number: 2, cells };
    assert_eq!(mapping.get(&row, "name"), Some("Testfirma"));
    assert_eq!(mapping.get(&row, "cvr"), None);
    assert_eq!(mapping.get(&row, "phone"), None);
    assert_eq!(mapping.get(&row, "Farve"), None);
}

#[test]
fn two_headers_for_one_column_are_refused_unless_one_is_chosen() {
    let headers = ["CVR", "Navn", "Mobil", "telefon"];
    let error = map(&headers, &[]).unwrap_err();
    let known = vec!["Mobil (column 3)".to_owned(), "Telefon (column 4)".to_owned()];
    assert_eq!(error, Error::AmbiguousColumn { column: "phone".to_owned(), headers: known });
    let mapping = map(&headers, &[("TELEFON", "phone")]).unwrap();
    assert_eq!(pairs(&mapping), ["CVR=cvr", "Navn=name", "telefon=phone"]);
    let both = map(&headers, &[("Mobil", "phone"), ("Telefon", "phone")]).unwrap_err();
    assert!(matches!(both, Error::AmbiguousColumn { .. }));
}

#[test]
fn an_override_beats_the_guess() {
    let mapping = map(&["CVR", "Navn", "Kaldenavn"], &[("Kaldenavn", "name")]).unwrap();
    assert_eq!(pairs(&mapping), ["CVR=cvr", "Kaldenavn=name"]);
    let moved = map(&["CVR", "Navn", "Telefon"], &[("Telefon", "note")]).unwrap();
    assert_eq!(pairs(&moved), ["CVR=cvr", "Navn=name", "Telefon=note"]);
}

#[test]
fn overrides_must_name_what_is_there() {
    let headers = ["CVR", "Navn", "Farve", "farve"];
    let unknown = |overrides: &[(&str, &str)]| map(&headers, overrides).unwrap_err();
    assert_eq!(unknown(&[("Navn", "name"), ("Anna", "note")]), Error::UnknownHeader { number: 2 });
    assert_eq!(unknown(&[("Farve", "note")]), Error::UnknownHeader { number: 1 });
    assert_eq!(unknown(&[("", "note")]), Error::UnknownHeader { number: 1 });
    let expected = "cvr, name, phone, note".to_owned();
    assert_eq!(unknown(&[("Navn", "Navn")]), Error::UnknownColumn { number: 1, expected });
}

#[test]
fn missing_columns_name_what_is_expected() {
    let error = map(&["Navn", "Telefon"], &[]).unwrap_err();
    let expected = "cvr (for example CVR-nr., CVR nummer, Org.nr)".to_owned();
    assert_eq!(error, Error::MissingColumns { expected, headers: 2 });
}

#[test]
fn a_persons_data_in_the_first_row_is_not_repeated() {
    let error = map(&["Anna Testesen", "12345678", "Anna Testesen"], &[]).unwrap_err();
    assert!(matches!(error, Error::NoKnownColumn { .. }));
    let mapping = map(&["Anna", "12345678"], &[("Anna", "name"), ("12345678", "cvr")]).unwrap();
    let partly = map(&["Anna", "Navn"], &[]).unwrap_err();
    let override_twice = map(&["Anna", "Bodil"], &[("Anna", "name"), ("Bodil", "name")]).unwrap_err();
    for shown in [
        format!("{error} {error:?}"),
        format!("{mapping:?}"),
        format!("{partly} {partly:?}"),
        format!("{override_twice} {override_twice:?}"),
    ] {
        assert!(!shown.contains("Anna") && !shown.contains("12345678"), "{shown}");
    }
}
