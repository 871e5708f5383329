//! XLSX as Excel, and as an attacker, writes it.
#![expect(clippy::unwrap_used, reason = "clippy counts only functions marked as tests as tests")]

use std::io::{Cursor, Read, Write};

use lethe_tabular::delimited::RECORD_LIMIT;
use lethe_tabular::{Dialect, Error, Row, RowError, RowErrorKind, Table};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

fn workbook(fill: impl Fn(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

fn single_cell() -> Vec<u8> {
    workbook(|sheet| {
        sheet.write(0, 0, "a").unwrap();
    })
}

fn rows(bytes: Vec<u8>) -> Vec<Result<Row, RowError>> {
    Table::from_bytes(bytes).unwrap().rows().collect()
}

/// Rewrites the parts of a workbook.
fn rewritten(bytes: &[u8], change: impl Fn(&str, String) -> String) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(change(&name, text).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn values_become_the_text_an_import_needs() {
    let date = Format::new().set_num_format("dd-mm-yyyy");
    let day = ExcelDateTime::from_ymd(2025, 10, 13).unwrap();
    let noon = ExcelDateTime::from_ymd(2025, 10, 13).unwrap().and_hms(12, 30, 5).unwrap();
    let bytes = workbook(|sheet| {
        for column in 0..8 {
            sheet.write(0, column, format!("h{column}")).unwrap();
        }
        sheet.write(1, 0, 13_748_136).unwrap().write(1, 1, 4_512_345_678_u64).unwrap();
        sheet.write(1, 2, 1234.5).unwrap().write(1, 3, "0012 ø").unwrap();
        sheet.write(1, 4, true).unwrap();
        sheet.write_with_format(1, 5, &day, &date).unwrap();
        sheet.write_with_format(1, 6, &noon, &date).unwrap();
        sheet.write(1, 7, rust_xlsxwriter::Formula::new("=A2&\"x\"").set_result("13748136x")).unwrap();
    });
    let expected = [
        "13748136",
        "4512345678",
        "1234.5",
        "0012 ø",
        "true",
        "2025-10-13",
        "2025-10-13T12:30:05",
        "13748136x",
    ];
    let rows = rows(bytes);
    assert_eq!(rows[0].as_ref().unwrap().cells, expected);
    assert_eq!(rows.len(), 1);
}

#[test]
fn the_header_is_the_first_row_with_text_and_numbers_are_excels() {
    let bytes = workbook(|sheet| {
        sheet.write(2, 0, " Navn ").unwrap().write(2, 2, "By").unwrap();
        sheet.write(3, 0, "A").unwrap().write(3, 2, "B").unwrap();
        sheet.write(5, 0, "  ").unwrap();
        sheet.write(8, 2, "C").unwrap();
        sheet.write(9, 0, "D").unwrap().write(9, 3, "beyond").unwrap();
    });
    let table = Table::from_bytes(bytes).unwrap();
    assert_eq!(table.headers(), ["Navn", "", "By"]);
    let rows: Vec<_> = table.rows().collect();
    let row = |number, cells: [&str; 3]| Ok(Row { number, cells: cells.map(str::to_owned).to_vec() });
    let wrong = RowError { row: 10, kind: RowErrorKind::WrongNumberOfCells { expected: 3, found: 4 } };
    assert_eq!(rows, [row(4, ["A", "", "B"]), row(9, ["", "", "C"]), Err(wrong)]);
}

#[test]
fn the_first_visible_sheet_is_read() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Hidden").unwrap().set_hidden(true).write(0, 0, "no").unwrap();
    workbook.add_worksheet().set_name("Kunder").unwrap().set_active(true).write(0, 0, "yes").unwrap();
    workbook.add_worksheet().write(0, 0, "no").unwrap();
    let table = Table::from_bytes(workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(*table.dialect(), Dialect::Xlsx { sheet: "Kunder".to_owned() });
    assert_eq!(table.headers(), ["yes"]);
}

#[test]
fn an_error_cell_costs_one_row() {
    let bytes = workbook(|sheet| {
        sheet.write(0, 0, "a").unwrap().write(0, 1, "b").unwrap();
        sheet.write(1, 1, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
        sheet.write(2, 0, "fine").unwrap();
        sheet.write(3, 0, "bell \u{7}").unwrap();
    });
    let rows = rows(bytes);
    assert_eq!(rows[0], Err(RowError { row: 2, kind: RowErrorKind::CellError { column: 1 } }));
    assert_eq!(rows[1].as_ref().unwrap().cells, ["fine", ""]);
    assert_eq!(rows[2], Err(RowError { row: 4, kind: RowErrorKind::ControlCharacters { column: 0 } }));
}

#[test]
fn an_empty_sheet_is_empty_and_a_header_alone_is_not() {
    assert_eq!(Table::from_bytes(workbook(|_| ())).unwrap_err(), Error::Empty);
    assert_eq!(rows(single_cell()), []);
}

#[test]
fn a_row_is_no_longer_than_the_limit() {
    let bytes = workbook(|sheet| {
        for column in 0..40 {
            sheet.write(0, column, "h").unwrap();
            sheet.write(1, column, "x".repeat(32_767)).unwrap();
        }
        sheet.write(2, 0, "fine").unwrap();
    });
    let rows = rows(bytes);
    let kind = RowErrorKind::TooLong { limit: RECORD_LIMIT as u64 };
    assert_eq!(rows[0], Err(RowError { row: 2, kind }));
    assert!(rows[1].is_ok());
}

#[test]
fn damage_is_found_before_the_first_row() {
    let bytes = workbook(|sheet| {
        for row in 0..5_000 {
            sheet.write(row, 0, format!("row {}", row * 7919 % 5_000)).unwrap();
        }
    });
    let truncated = bytes[..bytes.len() / 2].to_vec();
    assert_eq!(Table::from_bytes(truncated).unwrap_err(), Error::Corrupt);
    let mut flipped = bytes.clone();
    let name = b"xl/worksheets/sheet1.xml";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    flipped[at + 2_000] ^= 0x10;
    assert_eq!(Table::from_bytes(flipped).unwrap_err(), Error::Corrupt);
}

#[test]
fn an_archive_that_is_no_workbook_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("letter.txt", SimpleFileOptions::default()).unwrap();
    writer.write_all(b"hello").unwrap();
    let error = Table::from_bytes(writer.finish().unwrap().into_inner()).unwrap_err();
    assert_eq!(error, Error::NotATable { found: "an archive, but not a workbook" });
}

#[test]
fn a_false_count_of_strings_reserves_no_memory() {
    let bytes = single_cell();
    let bomb =
        rewritten(&bytes, |_, text| text.replace("uniqueCount=\"1\"", "uniqueCount=\"900000000000000\""));
    assert_eq!(Table::from_bytes(bomb).unwrap_err(), Error::Corrupt);
}

#[test]
fn an_unreadable_cell_ends_the_table_with_an_error() {
    let bytes = workbook(|sheet| {
        for row in 0..4 {
            sheet.write(row, 0, format!("r{row}")).unwrap();
        }
    });
    let broken = rewritten(&bytes, |_, text| text.replace("<v>3</v>", "<v>77</v>"));
    let rows = rows(broken);
    assert!(rows[0].is_ok());
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].as_ref().unwrap_err().kind, RowErrorKind::Unreadable);
}
