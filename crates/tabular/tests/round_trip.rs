//! What is written is what is read, for any cells.
#![expect(clippy::unwrap_used, reason = "clippy counts only functions marked as tests as tests")]

use csv::{QuoteStyle, Terminator, WriterBuilder};
use lethe_tabular::{Dialect, Encoding, Table};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;

/// The letter makes the file no UTF-8 when it is written as Windows-1252.
const HEADERS: [&str; 3] = ["Løbenummer", "b", "c"];
const WINDOWS_1252: &str = "abcxyz 019;,\t\n\r\"'=-æøåÆØÅäöÄÖéü€–…§½\u{A0}";

type Cells = Vec<[String; 2]>;

fn text() -> impl Strategy<Value = String> {
    let signs = "[;,\t\n\r\" a\u{FFFD}\u{FEFF}æ]{0,6}";
    prop_oneof![signs.boxed(), "[^\\p{Cc}]{0,12}".boxed()]
}

fn windows_1252_text() -> impl Strategy<Value = String> {
    let signs: Vec<char> = WINDOWS_1252.chars().collect();
    vec(prop::sample::select(signs), 0..8).prop_map(String::from_iter)
}

fn table(text: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = Cells> {
    vec([text.clone(), text], 0..12)
}

/// Numbers the rows, as blank ones are skipped.
fn numbered(cells: &Cells) -> Vec<Vec<String>> {
    (1..)
        .zip(cells)
        .map(|(number, [b, c]): (u32, _)| vec![number.to_string(), b.clone(), c.clone()])
        .collect()
}

fn csv(rows: &[Vec<String>], delimiter: u8, terminator: Terminator, style: QuoteStyle) -> String {
    let mut builder = WriterBuilder::new();
    let mut writer =
        builder.delimiter(delimiter).terminator(terminator).quote_style(style).from_writer(Vec::new());
    writer.write_record(HEADERS).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn encode(text: &str, encoding: Encoding, mark: bool) -> Vec<u8> {
    let marked = if mark { format!("\u{FEFF}{text}") } else { text.to_owned() };
    match encoding {
        Encoding::Utf8 => marked.into_bytes(),
        Encoding::Utf16Le => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
    }
}

fn read(bytes: Vec<u8>) -> (Dialect, Vec<Vec<String>>) {
    let table = Table::from_bytes(bytes).unwrap();
    assert_eq!(table.headers(), HEADERS);
    (table.dialect().clone(), table.rows().map(|row| row.unwrap().cells).collect())
}

fn dialects() -> impl Strategy<Value = (u8, Terminator, QuoteStyle)> {
    let delimiter = prop::sample::select(vec![b';', b',', b'\t']);
    let terminators = vec![Terminator::CRLF, Terminator::Any(b'\n'), Terminator::Any(b'\r')];
    let styles = vec![QuoteStyle::Necessary, QuoteStyle::Always, QuoteStyle::NonNumeric];
    (delimiter, prop::sample::select(terminators), prop::sample::select(styles))
}

proptest! {
    #[test]
    fn unicode_csv(
        cells in table(text().boxed()),
        (delimiter, terminator, style) in dialects(),
        (encoding, mark) in prop::sample::select(vec![
            (Encoding::Utf8, false), (Encoding::Utf8, true), (Encoding::Utf16Le, true), (Encoding::Utf16Be, true),
        ]),
    ) {
        let rows = numbered(&cells);
        let (dialect, found) = read(encode(&csv(&rows, delimiter, terminator, style), encoding, mark));
        prop_assert_eq!(found, rows);
        let is_encoding = matches!(dialect, Dialect::Csv { encoding: found, .. } if found == encoding);
        prop_assert!(is_encoding);
    }

    #[test]
    fn windows_1252_csv(
        cells in table(windows_1252_text().boxed()),
        (delimiter, terminator, style) in dialects(),
    ) {
        let rows = numbered(&cells);
        let text = csv(&rows, delimiter, terminator, style);
        let (dialect, found) = read(encode(&text, Encoding::Windows1252, false));
        prop_assert_eq!(found, rows);
        let is_windows = matches!(dialect, Dialect::Csv { encoding: Encoding::Windows1252, .. });
        prop_assert!(is_windows);
    }

    #[test]
    fn any_bytes_end_without_panic(bytes in vec(any::<u8>(), 0..2_000), mark in 0..3_usize) {
        let marks: [&[u8]; 3] = [b"a;b\n", b"\xEF\xBB\xBFa;b\n", b"\xFF\xFEa\0;\0"];
        let bytes = [marks[mark], &bytes].concat();
        if let Ok(table) = Table::from_bytes(bytes) {
            let width = table.headers().len();
            for row in table.rows().flatten() {
                prop_assert_eq!(row.cells.len(), width);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn xlsx(cells in table("[^\\p{Cc}\u{FFFE}\u{FFFF}_]{0,12}|[ a\n;\"<&>æ]{0,6}".boxed())) {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let rows = numbered(&cells);
        let header = HEADERS.map(str::to_owned).to_vec();
        for (row, cells) in (0..).zip([header].iter().chain(&rows)) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
        let (_, found) = read(workbook.save_to_buffer().unwrap());
        prop_assert_eq!(found, rows);
    }
}
