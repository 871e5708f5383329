use std::fs::File;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use lethe_kernel::UnitId;
use lethe_tabular::{Error, Mapping, Row, Table};

use super::{ImportKind, vocabulary};

/// A file to import.
#[derive(Clone)]
pub struct ImportFile {
    /// Where it is.
    pub source: Source,
    /// What it holds.
    pub kind: ImportKind,
    /// Headers that stand for columns by the caller's word: pairs of header and column.
    pub overrides: Vec<(String, String)>,
}

/// Where a file is.
#[derive(Clone)]
pub enum Source {
    /// On the disk.
    Path(PathBuf),
    /// In memory.
    Bytes(Arc<[u8]>),
}

impl Source {
    /// The file as a table.
    pub(super) fn table(&self) -> Result<Table, Error> {
        match self {
            Self::Path(path) => Table::open(path),
            Self::Bytes(bytes) => Table::from_bytes(bytes.clone()),
        }
    }

    fn bytes(&self) -> Result<Box<dyn Read + '_>, Error> {
        Ok(match self {
            Self::Path(path) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.as_ref())),
        })
    }
}

/// A file whose columns are told and whose rows are counted.
pub(super) struct MappedFile {
    pub(super) source: Source,
    pub(super) kind: ImportKind,
    pub(super) mapping: Mapping,
    /// The column's name per header.
    pub(super) columns: Vec<Option<&'static str>>,
    pub(super) rows: u64,
    /// SHA-256 over what makes an import the same. It stays in memory: stored is a keyed digest of it.
    pub(super) digest: [u8; 32],
}

impl MappedFile {
    /// Reads the file twice, for its digest and its rows; blocks.
    pub(super) fn open(file: ImportFile, unit: UnitId) -> Result<Self, Error> {
        let ImportFile { source, kind, overrides } = file;
        let table = source.table()?;
        let mapping = vocabulary(kind).map(table.headers(), &overrides)?;
        let columns = columns(kind, &mapping, table.headers().len());
        if kind == ImportKind::Contacts && !columns.iter().flatten().any(|name| NAMES.contains(name)) {
            let expected = format!("{} (or {})", NAMES[0], NAMES[1..].join(", "));
            return Err(Error::MissingColumns { expected, headers: columns.len() });
        }
        let rows = table.rows().fold(0, |count, _| count + 1);
        let digest = digest(&source, kind, &mapping, unit)?;
        Ok(Self { source, kind, mapping, columns, rows, digest })
    }

    /// The name of a header's column, by the header's index.
    pub(super) fn column(&self, index: usize) -> Option<&'static str> {
        self.columns.get(index).copied().flatten()
    }

    /// Whether a header stands for the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains(&Some(column))
    }
}

/// A contact has a name; that is all it needs.
const NAMES: [&str; 3] = ["name", "first_name", "last_name"];

/// Asks the mapping about a row whose cells are their own indexes.
fn columns(kind: ImportKind, mapping: &Mapping, headers: usize) -> Vec<Option<&'static str>> {
    let probe = Row { number: 1, cells: (0..headers).map(|index| index.to_string()).collect() };
    let mut columns = vec![None; headers];
    for column in vocabulary(kind).columns {
        let index = mapping.get(&probe, column.name).and_then(|text| text.parse::<usize>().ok());
        if let Some(slot) = index.and_then(|index| columns.get_mut(index)) {
            *slot = Some(column.name);
        }
    }
    columns
}

fn digest(source: &Source, kind: ImportKind, mapping: &Mapping, unit: UnitId) -> Result<[u8; 32], Error> {
    let mut context = Context::new(&SHA256);
    let mut framed = |part: &[u8]| {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    };
    framed(b"lethe-import/1");
    framed(kind.name().as_bytes());
    framed(unit.0.as_bytes());
    let pairs = mapping.describe();
    framed(&(pairs.len() as u64).to_be_bytes());
    for (header, column) in pairs {
        framed(header.as_bytes());
        framed(column.as_bytes());
    }
    let mut bytes = source.bytes()?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => context.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn open(
        kind: ImportKind,
        text: &str,
        overrides: &[(&str, &str)],
        unit: u128,
    ) -> Result<MappedFile, Error> {
        let overrides = overrides.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let source = Source::Bytes(text.as_bytes().into());
        MappedFile::open(ImportFile { source, kind, overrides }, UnitId(Uuid::from_u128(unit)))
    }

    #[test]
    fn columns_are_known_by_index_and_rows_are_counted() {
        let file =
            open(ImportKind::Contacts, "Farve;Navn;;Tlf.\nred;Bo;;\n;;;\nblue;Åse;x;\nx\n", &[], 1).unwrap();
        assert_eq!(file.columns, [None, Some("name"), None, Some("phone")]);
        assert_eq!((file.column(1), file.column(2), file.column(9)), (Some("name"), None, None));
        assert!(file.has("phone") && !file.has("email"));
        assert_eq!(file.rows, 3);
    }

    #[test]
    fn a_contact_file_without_names_is_refused() {
        let error = open(ImportKind::Contacts, "Tlf.;Mail\n1;2\n", &[], 1).err().unwrap();
        assert!(matches!(error, Error::MissingColumns { headers: 2, .. }), "{error:?}");
        assert!(open(ImportKind::Contacts, "Tlf.;X\n1;2\n", &[("X", "last_name")], 1).is_ok());
    }

    #[test]
    fn an_import_is_the_same_for_the_same_bytes_columns_kind_and_unit() {
        let digest = |text: &str, overrides: &[(&str, &str)], unit| {
            open(ImportKind::Contacts, text, overrides, unit).unwrap().digest
        };
        let one = digest("Navn;X\nBo;1\n", &[], 1);
        assert_eq!(one, digest("Navn;X\nBo;1\n", &[], 1));
        assert_ne!(one, digest("Navn;X\nBo;2\n", &[], 1));
        assert_ne!(one, digest("Navn;X\nBo;1\n", &[("X", "phone")], 1));
        assert_ne!(one, digest("Navn;X\nBo;1\n", &[], 2));
        let text = "number;name;legal_form\n1;2;3\n";
        let company = open(ImportKind::Companies, text, &[], 1).unwrap().digest;
        assert_ne!(company, digest(text, &[], 1));
    }
}
