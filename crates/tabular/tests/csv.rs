//! CSV in every dialect, and every way of getting it wrong.
#![expect(clippy::unwrap_used, reason = "clippy counts only functions marked as tests as tests")]

use lethe_tabular::delimited::RECORD_LIMIT;
use lethe_tabular::{Delimiter, Dialect, Encoding, Error, Row, RowError, RowErrorKind, Table};

fn table(bytes: impl AsRef<[u8]>) -> Table {
    Table::from_bytes(bytes.as_ref().to_vec()).unwrap()
}

fn rows(bytes: impl AsRef<[u8]>) -> Vec<Result<Row, RowError>> {
    table(bytes).rows().collect()
}

/// The rows as `number:cell|cell` and the errors as their kind.
fn shown(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let show = |row: Result<Row, RowError>| match row {
        Ok(row) => format!("{}:{}", row.number, row.cells.join("|")),
        Err(error) => format!("{}:{:?}", error.row, error.kind),
    };
    rows(bytes).into_iter().map(show).collect()
}

fn encoded(text: &str, encoding: Encoding, mark: bool) -> Vec<u8> {
    let text = if mark { format!("\u{FEFF}{text}") } else { text.to_owned() };
    match encoding {
        Encoding::Utf8 => text.into_bytes(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Windows1252 => {
            text.chars().map(|c| if c == '€' { 0x80 } else { u8::try_from(u32::from(c)).unwrap() }).collect()
        }
    }
}

#[test]
fn every_encoding_and_delimiter_is_recognised() {
    let encodings = [
        (Encoding::Utf8, true),
        (Encoding::Utf8, false),
        (Encoding::Utf16Le, true),
        (Encoding::Utf16Be, true),
        (Encoding::Windows1252, false),
    ];
    for (encoding, mark) in encodings {
        for (delimiter, sign) in
            [(Delimiter::Semicolon, ";"), (Delimiter::Comma, ","), (Delimiter::Tab, "\t")]
        {
            for line_break in ["\r\n", "\n", "\r"] {
                let lines = ["Navn;Beløb", "Åse;€ 5", "\"Bo;X\"\"Y\";ø"];
                let text = lines.join(line_break).replace(';', sign);
                let table = table(encoded(&text, encoding, mark));
                assert_eq!(*table.dialect(), Dialect::Csv { encoding, delimiter });
                assert_eq!(table.headers(), ["Navn", "Beløb"]);
                let rows: Vec<Row> = table.rows().map(Result::unwrap).collect();
                assert_eq!(rows[0].cells, ["Åse", "€ 5"]);
                assert_eq!(rows[1].cells, [format!("Bo{sign}X\"Y"), "ø".to_owned()]);
                assert_eq!(rows.len(), 2);
            }
        }
    }
}

#[test]
fn a_late_byte_decides_the_encoding() {
    let mut text = String::from("a;b\n");
    text.push_str(&"æø;x\n".repeat(100_000));
    assert_eq!(shown(&text).last().unwrap(), "100001:æø|x");
    let mut latin = "a;b\n".repeat(100_000).into_bytes();
    latin.extend_from_slice(b"\xE6;x");
    assert_eq!(shown(latin).last().unwrap(), "100001:æ|x");
    // Cut inside a character, the text is no UTF-8.
    assert_eq!(shown(b"a;b\n1;\xC3"), ["2:1|Ã"]);
}

#[test]
fn undecodable_bytes_cost_one_row() {
    assert_eq!(shown(b"\xEF\xBB\xBFa;b\n1;2\n\xE6;3\n4;5"), ["2:1|2", "3:Undecodable", "4:4|5"]);
    let mut utf16 = encoded("a;b\nX;2\n3;4\n", Encoding::Utf16Le, true);
    let at = utf16.iter().position(|&byte| byte == b'X').unwrap();
    utf16[at + 1] = 0xD8;
    assert_eq!(shown(utf16), ["2:Undecodable", "3:3|4"]);
}

#[test]
fn numbers_count_records_and_blank_rows_are_skipped() {
    let text = "\n;;\na;b\n1;\"x\ny\"\n\n;;;\n  ;\n2;z\n\n\n";
    assert_eq!(shown(text), ["2:1|x\ny", "6:2|z"]);
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    for text in ["a;b", "a;b\r\n", "a;b\r\n\r\n;;\r\n"] {
        assert!(rows(text).is_empty());
    }
}

#[test]
fn missing_cells_are_empty_and_extra_empty_cells_are_dropped() {
    let text = "a;b;c;\n1\n1;2;3;;;\n1;2;3;4\n5;6;7;;8;\n1;2;3; \n";
    let wrong = |found| format!("{:?}", RowErrorKind::WrongNumberOfCells { expected: 3, found });
    let expected = ["2:1||".to_owned(), "3:1|2|3".to_owned()];
    let shown = shown(text);
    assert_eq!(shown[..2], expected);
    assert_eq!(shown[2..4], [format!("4:{}", wrong(4)), format!("5:{}", wrong(5))]);
    assert_eq!(shown[4], "6:1|2|3");
}

#[test]
fn the_sep_line_is_not_part_of_the_table() {
    assert_eq!(shown("sep=,\r\na;b,c\r\n1,2\r\n"), ["2:1|2"]);
    assert_eq!(shown("\u{FEFF}sep=;\na;b\n1,5;2\n"), ["2:1,5|2"]);
    assert_eq!(Table::from_bytes("sep=|\na|b").unwrap_err(), Error::UnknownSeparator);
}

#[test]
fn broken_quotes_cost_one_row() {
    let quoting = |row: u64| format!("{row}:{:?}", RowErrorKind::Quoting);
    assert_eq!(shown("a;b\n1;\"open\n2;y\n3;z"), [quoting(2), "3:2|y".to_owned(), "4:3|z".to_owned()]);
    // The second stray quote must not pair up with the first.
    assert_eq!(shown("a;b\r\n1;\"open\r\n2;\"open\r\n3;z\r\n"), [quoting(2), quoting(3), "4:3|z".to_owned()]);
    assert_eq!(shown("a;b\n\"Bo\" Holm;2\n3;12\" pipe\n"), [quoting(2), "3:3|12\" pipe".to_owned()]);
}

#[test]
fn a_record_beyond_the_limit_costs_one_row() {
    let limit = RECORD_LIMIT as u64;
    let too_long = |row: u64| format!("{row}:{:?}", RowErrorKind::TooLong { limit });
    let many = "2;y\r\n".repeat(RECORD_LIMIT / 4);
    let shown_rows = shown(format!("a;b\r\n1;\"open\r\n{many}"));
    assert_eq!(shown_rows[..2], [too_long(2), "3:2|y".to_owned()]);
    assert_eq!(shown_rows.len(), RECORD_LIMIT / 4 + 1);

    let endless = "x".repeat(3 * RECORD_LIMIT);
    assert_eq!(shown(format!("a;b\n{endless}\n2;y")), [too_long(2), "3:2|y".to_owned()]);
    assert_eq!(shown(format!("a;b\n{endless}")), [too_long(2)]);
    assert_eq!(Table::from_bytes(endless).unwrap_err(), Error::Header(RowErrorKind::TooLong { limit }));
    let longest = "x".repeat(RECORD_LIMIT - 1);
    assert_eq!(rows(format!("a\n{longest}\n")).pop().unwrap().unwrap().cells[0].len(), RECORD_LIMIT - 1);
}

#[test]
fn control_characters_are_named_by_column_only() {
    let error = rows("a;b\nsecret;se\u{7}cret\n").pop().unwrap().unwrap_err();
    assert_eq!(error, RowError { row: 2, kind: RowErrorKind::ControlCharacters { column: 1 } });
    assert_eq!(error.to_string(), "Row 2: The cell in column 2 has control characters. Remove them.");
    let far = format!("a;b\n{}x\0;y\n", "1;2\n".repeat(50_000));
    assert_eq!(rows(far).pop().unwrap().unwrap_err().kind, RowErrorKind::ControlCharacters { column: 0 });
    assert_eq!(shown("a;b\n\"x\ty\r\nz\";1\n"), ["2:x\ty\r\nz|1"]);
}

#[test]
fn empty_files_are_empty() {
    for bytes in [&b""[..], b"\xEF\xBB\xBF", b"\xFF\xFE", b" \r\n \t\n", b";;\n;;", b"sep=;\n"] {
        assert_eq!(Table::from_bytes(bytes).unwrap_err(), Error::Empty);
    }
}

#[test]
fn other_files_are_refused_with_advice() {
    let files: [(&[u8], &str); 6] = [
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest", "an old Excel file (.xls) or a file with a password"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1A\n", "an image"),
        (b"\xFF\xD8\xFF\xE0", "an image"),
        (b"a;b\n1;\0", "a binary file"),
        (b"\r\n<HTML><table>", "a web page"),
    ];
    for (bytes, found) in files {
        let error = Table::from_bytes(bytes).unwrap_err();
        assert_eq!(error, Error::NotATable { found });
        assert!(error.to_string().contains("save it as CSV or XLSX"));
    }
}

#[test]
fn a_file_is_read_from_disk_and_its_rows_cross_threads() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a;b\n1;2\n").unwrap();
    let table = Table::open(file.path()).unwrap();
    let rows = std::thread::spawn(move || table.rows().count()).join().unwrap();
    assert_eq!(rows, 1);
    let missing = Table::open(&file.path().with_extension("missing")).unwrap_err();
    assert_eq!(missing, Error::Io(std::io::ErrorKind::NotFound));
}

#[test]
fn debug_shows_no_cell_and_no_header() {
    let table = table("Header;x\nSecret;\"open");
    assert!(!format!("{table:?}").contains("Header"));
    let row = Row { number: 2, cells: vec!["Secret".to_owned()] };
    assert_eq!(format!("{row:?}"), "Row { number: 2, cells: 1 }");
    let error = table.rows().next().unwrap().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Secret"));
}

#[test]
fn errors_survive_a_report() {
    let error = RowError { row: 7, kind: RowErrorKind::WrongNumberOfCells { expected: 2, found: 3 } };
    let json = serde_json::to_string(&error).unwrap();
    assert_eq!(json, r#"{"row":7,"kind":{"kind":"wrong_number_of_cells","expected":2,"found":3}}"#);
    assert_eq!(serde_json::from_str::<RowError>(&json).unwrap(), error);
}
