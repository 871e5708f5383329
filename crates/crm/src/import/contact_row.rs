use lethe_kernel::{ErrorCode, ImportId, Patch, UnitId};
use uuid::Uuid;

use super::cells::{Cells, Refusal, country_of_number};
use crate::company::company_id;
use crate::contact::{ContactInput, Origin, RegisterContact};
use crate::reference;

/// The registration that a row of a contact file asks for.
pub(super) fn contact(cells: &Cells<'_>, import: ImportId) -> Result<RegisterContact, Refusal> {
    let (first_name, last_name) = names(cells);
    let companies = match cells.text("company_number") {
        None => Vec::new(),
        Some(number) => country_of_number(number)
            .and_then(|country| company_id(country, number).ok())
            .map(|company| vec![company])
            .ok_or_else(|| Refusal::at(ErrorCode::InvalidValue, "company_number"))?,
    };
    Ok(RegisterContact {
        input: ContactInput {
            first_name,
            last_name,
            title: cells.patch("title"),
            email: cells.patch("email"),
            phone: cells.patch("phone"),
            mobile: cells.patch("mobile"),
            remark: cells.patch("remark"),
            cpr: cells.patch("cpr"),
        },
        external_reference: cells.owned("external_reference"),
        companies,
        origin: Some(Origin { import, row: cells.row.number }),
    })
}

/// First and last name; a whole name is split at its last blank, where the file has no parts.
fn names(cells: &Cells<'_>) -> (Patch<String>, Patch<String>) {
    match (cells.patch("first_name"), cells.patch("last_name"), cells.text("name")) {
        (Patch::Keep, Patch::Keep, Some(name)) => match name.rsplit_once(char::is_whitespace) {
            Some((first, last)) => (Patch::Set(first.trim().to_owned()), Patch::Set(last.to_owned())),
            None => (Patch::Set(name.to_owned()), Patch::Keep),
        },
        (first, last, _) => (first, last),
    }
}

/// What the contact is known by besides its row.
pub(super) fn keys(work: &RegisterContact, unit: UnitId) -> Vec<Uuid> {
    let reference = work.external_reference.as_deref().and_then(|text| reference::check(text).ok().flatten());
    reference.map(|text| reference::id("contact", unit, &text)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::ImportKind;
    use crate::import::cells::tests::with_cells;

    const IMPORT: ImportId = ImportId(Uuid::from_u128(1));

    fn read(row: &[(&str, &str)]) -> Result<RegisterContact, Refusal> {
        with_cells(ImportKind::Contacts, row, |cells| contact(cells, IMPORT))
    }

    #[test]
    fn every_column_finds_its_field() {
        let work = read(&[
            ("Fornavn", "Åse"),
            ("Efternavn", "Holm"),
            ("Titel", "Ejer"),
            ("E-mail", "aase@example.org"),
            ("Telefon", "20 30 40 50"),
            ("Mobil", " "),
            ("CPR-nr.", "010160-1234"),
            ("CVR-nr.", "DK 99 65 50 62"),
            ("Bemærkning", "a\nb"),
            ("Ekstern reference", "K-1"),
        ])
        .unwrap();
        let set = |text: &str| Patch::Set(text.to_owned());
        let input = work.input;
        assert_eq!((input.first_name, input.last_name, input.title), (set("Åse"), set("Holm"), set("Ejer")));
        assert_eq!((input.email, input.phone), (set("aase@example.org"), set("20 30 40 50")));
        assert_eq!((input.mobile, input.cpr, input.remark), (Patch::Keep, set("010160-1234"), set("a\nb")));
        assert_eq!(work.external_reference.as_deref(), Some("K-1"));
        assert_eq!(work.companies, [company_id(lethe_nordic::Country::Denmark, "99655062").unwrap()]);
        assert_eq!(work.origin, Some(Origin { import: IMPORT, row: 7 }));
    }

    #[test]
    fn a_whole_name_is_split_at_its_last_blank() {
        let names = |row: &[(&str, &str)]| {
            let input = read(row).unwrap().input;
            (input.first_name.value().cloned(), input.last_name.value().cloned())
        };
        let pair = |first: &str, last: &str| (Some(first.to_owned()), Some(last.to_owned()));
        assert_eq!(names(&[("Navn", "Åse Marie  Holm")]), pair("Åse Marie", "Holm"));
        assert_eq!(names(&[("Navn", "Åse")]), (Some("Åse".to_owned()), None));
        assert_eq!(names(&[("Navn", "Åse Holm"), ("Fornavn", "Bo")]), (Some("Bo".to_owned()), None));
        assert_eq!(names(&[("Navn", " ")]), (None, None));
    }

    #[test]
    fn a_number_of_no_company_is_refused_with_its_column() {
        for number in ["99655063", "ABC", "811218-9876"] {
            let refusal = read(&[("Navn", "Åse"), ("CVR-nr.", number)]).err().unwrap();
            assert_eq!(refusal, Refusal { code: "INVALID_VALUE", column: Some("company_number") });
        }
    }

    #[test]
    fn the_same_reference_is_the_same_key() {
        let unit = UnitId(Uuid::from_u128(9));
        let of = |reference: &str| keys(&read(&[("Navn", "Åse"), ("Reference", reference)]).unwrap(), unit);
        assert_eq!(of("K-1"), of(" K-1 "));
        assert_ne!(of("K-1"), of("K-2"));
        assert!(of("").is_empty() && of("åse@example.org").is_empty());
    }
}
