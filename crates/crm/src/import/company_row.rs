use lethe_kernel::{ErrorCode, ImportId, UnitId};
use lethe_nordic::Country;
use uuid::Uuid;

use super::cells::{Cells, Refusal, country_of_number};
use super::legal_form::legal_form;
use crate::company::{CompanyInput, LegalForm, NaceVersion, RegisterCompany, company_id, fingerprint};
use crate::contact::Origin;
use crate::reference;

/// The registration that a row of a company file asks for.
pub(super) fn company(cells: &Cells<'_>, import: ImportId) -> Result<RegisterCompany, Refusal> {
    let number = cells.owned("number").ok_or_else(|| Refusal::at(ErrorCode::Required, "number"))?;
    let country = country(cells, &number)?;
    let (nace_code, nace_version) = nace(cells, country)?;
    Ok(RegisterCompany {
        country,
        number,
        p_numbers: p_numbers(cells.text("p_numbers").unwrap_or_default()),
        input: CompanyInput {
            legal_form: Some(form(cells)?),
            name: cells.patch("name"),
            address: cells.patch("address"),
            postal_code: cells.patch("postal_code"),
            city: cells.patch("city"),
            phone: cells.patch("phone"),
            email: cells.patch("email"),
            nace_code: nace_code.map_or_else(Default::default, lethe_kernel::Patch::Set),
            nace_version,
        },
        external_reference: cells.owned("external_reference"),
        origin: Some(Origin { import, row: cells.row.number }),
    })
}

/// The country given, or the one whose numbers look like this one.
fn country(cells: &Cells<'_>, number: &str) -> Result<Country, Refusal> {
    match cells.text("country") {
        Some(text) => named(text).ok_or_else(|| Refusal::at(ErrorCode::InvalidValue, "country")),
        None => country_of_number(number).ok_or_else(|| Refusal::at(ErrorCode::InvalidValue, "number")),
    }
}

fn named(text: &str) -> Option<Country> {
    match text.to_lowercase().as_str() {
        "danmark" | "denmark" => Some(Country::Denmark),
        "sverige" | "sweden" => Some(Country::Sweden),
        "norge" | "norway" => Some(Country::Norway),
        "finland" => Some(Country::Finland),
        "island" | "iceland" => Some(Country::Iceland),
        code => Country::parse(code).ok(),
    }
}

fn form(cells: &Cells<'_>) -> Result<LegalForm, Refusal> {
    let word = cells.text("legal_form").ok_or_else(|| Refusal::at(ErrorCode::Required, "legal_form"))?;
    legal_form(word).ok_or_else(|| Refusal::at(ErrorCode::InvalidValue, "legal_form"))
}

fn p_numbers(text: &str) -> Vec<String> {
    text.split([',', ';', '/', '\n'])
        .map(|number| number.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// The industry code and its list: DB07, if the file does not say. Of another country's code, which adds a level of
/// its own, only the four digits that all of Europe shares.
fn nace(cells: &Cells<'_>, country: Country) -> Result<(Option<String>, Option<NaceVersion>), Refusal> {
    let Some(code) = cells.text("nace_code") else { return Ok((None, None)) };
    let version = match cells.text("nace_version").map(str::to_uppercase).as_deref() {
        None | Some("DB07") => NaceVersion::Db07,
        Some("DB25") => NaceVersion::Db25,
        Some(_) => return Err(Refusal::at(ErrorCode::InvalidValue, "nace_version")),
    };
    let digits: String = code.chars().filter(|c| *c != '.').collect();
    let shared = match (country, digits.get(..4)) {
        (Country::Denmark, _) | (_, None) => code.to_owned(),
        _ if !digits.chars().all(|c| c.is_ascii_digit()) => code.to_owned(),
        (_, Some(shared)) => shared.to_owned(),
    };
    Ok((Some(shared), Some(version)))
}

/// What the company is known by besides its row: its number and its reference.
pub(super) fn keys(work: &RegisterCompany, unit: UnitId) -> Vec<Uuid> {
    let Ok(reference) = work.external_reference.as_deref().map(reference::check).transpose() else {
        return Vec::new();
    };
    let reference = reference.flatten().map(|text| reference::id("company", unit, &text));
    let number = company_id(work.country, &work.number).ok().map(Uuid::from);
    let sole_trader = fingerprint(work.country, &work.number);
    [number, sole_trader, reference].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::ImportKind;
    use crate::import::cells::tests::with_cells;

    const IMPORT: ImportId = ImportId(Uuid::from_u128(1));

    fn read(row: &[(&str, &str)]) -> Result<RegisterCompany, Refusal> {
        with_cells(ImportKind::Companies, row, |cells| company(cells, IMPORT))
    }

    fn refused(row: &[(&str, &str)]) -> (&'static str, &'static str) {
        let refusal = read(row).err().unwrap();
        (refusal.code, refusal.column.unwrap())
    }

    #[test]
    fn every_column_finds_its_field() {
        let work = read(&[
            ("CVR-nr.", "99000007"),
            ("P-nr.", "9900000000, 9900000001"),
            ("Navn", "Prøve A/S"),
            ("Virksomhedsform", "Aktieselskab"),
            ("Adresse", "Testtorvet 1"),
            ("Postnr.", "5000"),
            ("By", "Odense C"),
            ("Telefon", "97975353"),
            ("E-mail", "post@example.com"),
            ("Branchekode", "432100"),
            ("Ekstern reference", "V-1"),
        ])
        .unwrap();
        let input = work.input;
        let text = |patch: &lethe_kernel::Patch<String>| patch.value().cloned().unwrap_or_default();
        assert_eq!((work.country, work.number.as_str()), (Country::Denmark, "99000007"));
        assert_eq!(work.p_numbers, ["9900000000", "9900000001"]);
        assert_eq!(
            (input.legal_form, text(&input.name).as_str()),
            (Some(LegalForm::PublicLimited), "Prøve A/S")
        );
        assert_eq!(
            (text(&input.address).as_str(), text(&input.postal_code).as_str()),
            ("Testtorvet 1", "5000")
        );
        assert_eq!((text(&input.city).as_str(), text(&input.phone).as_str()), ("Odense C", "97975353"));
        assert_eq!(
            (text(&input.email).as_str(), text(&input.nace_code).as_str()),
            ("post@example.com", "432100")
        );
        assert_eq!(input.nace_version, Some(NaceVersion::Db07));
        assert_eq!(work.external_reference.as_deref(), Some("V-1"));
        assert_eq!(work.origin, Some(Origin { import: IMPORT, row: 7 }));
    }

    #[test]
    fn what_is_missing_or_unknown_is_refused_with_its_column() {
        let form = ("Bolagsform", "Aktiebolag");
        let number = ("Organisationsnummer", "599999-9997");
        assert_eq!(refused(&[form]), ("REQUIRED", "number"));
        assert_eq!(refused(&[form, ("number", "12345")]), ("INVALID_VALUE", "number"));
        assert_eq!(refused(&[number]), ("REQUIRED", "legal_form"));
        assert_eq!(refused(&[number, ("Bolagsform", "Ben")]), ("INVALID_VALUE", "legal_form"));
        assert_eq!(refused(&[number, form, ("Land", "Narnia")]), ("INVALID_VALUE", "country"));
        let code = ("SNI-kod", "96021");
        assert_eq!(refused(&[number, form, code, ("nace_version", "X")]), ("INVALID_VALUE", "nace_version"));
        assert!(read(&[number, form]).is_ok());
    }

    #[test]
    fn a_swedish_code_keeps_what_europe_shares() {
        let code = |code: &str| {
            let row = [("number", "599999-9997"), ("legal_form", "AB"), ("SNI-kod", code)];
            read(&row).unwrap().input.nace_code.value().cloned().unwrap()
        };
        assert_eq!(code("96021"), "9602");
        assert_eq!(code("96.021"), "9602");
        assert_eq!(code("96"), "96");
        assert_eq!(code("96x21"), "96x21");
    }

    #[test]
    fn number_and_reference_are_the_keys() {
        let unit = UnitId(Uuid::from_u128(9));
        let of = |number: &str, reference: &str| {
            keys(&read(&[("number", number), ("legal_form", "AB"), ("ID", reference)]).unwrap(), unit)
        };
        assert_eq!(of("5999999997", "F-1"), of("599999-9997", "F-1"));
        assert_eq!(of("5999999997", "").len(), 1);
        assert_eq!(of("811218-9876", ""), of("198112189876", ""));
        assert_eq!(of("811218-9876", "").len(), 1);
        assert!(of("5999999997", "a@example.org").is_empty());
    }
}
