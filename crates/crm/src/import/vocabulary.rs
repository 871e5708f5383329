//! The columns an import knows, and what they are called in Danish, Swedish and English files.

use lethe_tabular::{Column, Vocabulary};

use super::ImportKind;

/// The columns of a kind of file.
#[must_use]
pub const fn vocabulary(kind: ImportKind) -> Vocabulary {
    match kind {
        ImportKind::Contacts => Vocabulary { columns: CONTACT },
        ImportKind::Companies => Vocabulary { columns: COMPANY },
    }
}

const fn column(name: &'static str, aliases: &'static [&'static str]) -> Column {
    Column { name, aliases, required: false }
}

const fn required(name: &'static str, aliases: &'static [&'static str]) -> Column {
    Column { name, aliases, required: true }
}

const REFERENCE: &[&str] = &[
    "Ekstern reference",
    "Extern referens",
    "External ID",
    "Eksternt id",
    "Externt id",
    "Reference",
    "Referens",
    "ID",
];
const NUMBER: &[&str] = &[
    "CVR-nr.",
    "CVR",
    "CVR-nummer",
    "Organisationsnummer",
    "Organisationsnr.",
    "Org.nr.",
    "Org. nummer",
    "Company number",
];
const PHONE: &[&str] =
    &["Telefon", "Tlf.", "Tel", "Telefonnr.", "Telefonnummer", "Phone number", "Telephone"];
const EMAIL: &[&str] =
    &["E-mail", "E-post", "Mail", "Mailadresse", "E-mailadresse", "E-postadress", "E-mail address"];

/// A contact's columns. A name is needed, whole or in parts.
const CONTACT: &[Column] = &[
    column("external_reference", REFERENCE),
    column("first_name", &["Fornavn", "Förnamn", "First name", "Fornavne", "Given name"]),
    column("last_name", &["Efternavn", "Efternamn", "Last name", "Surname", "Family name"]),
    column("name", &["Navn", "Namn", "Full name", "Fulde navn", "Kontaktperson", "Kontakt"]),
    column("title", &["Titel", "Stilling", "Job title", "Befattning", "Position"]),
    column("email", EMAIL),
    column("phone", PHONE),
    column("mobile", &["Mobil", "Mobilnr.", "Mobilnummer", "Mobiltelefon", "Mobile phone", "Cell phone"]),
    column("cpr", &["CPR-nr.", "CPR-nummer"]),
    column("company_number", NUMBER),
    column(
        "remark",
        &["Bemærkning", "Anmärkning", "Comment", "Bemærkninger", "Kommentar", "Remarks", "Anteckning"],
    ),
];

/// A company's columns.
const COMPANY: &[Column] = &[
    column("external_reference", REFERENCE),
    column("country", &["Land", "Landekode", "Landskod", "Country code"]),
    required("number", NUMBER),
    column("p_numbers", &["P-nr.", "P-nummer", "P-numre", "Produktionsenheder", "P number"]),
    required(
        "name",
        &["Navn", "Namn", "Company name", "Virksomhedsnavn", "Firmanavn", "Företagsnamn", "Firma"],
    ),
    required(
        "legal_form",
        &[
            "Virksomhedsform",
            "Bolagsform",
            "Company type",
            "Selskabsform",
            "Företagsform",
            "Associationsform",
        ],
    ),
    column("address", &["Adresse", "Adress", "Street", "Vej", "Gatuadress", "Gade", "Street address"]),
    column("postal_code", &["Postnr.", "Postnummer", "ZIP", "Zip code", "Postcode"]),
    column("city", &["By", "Ort", "Town", "Postort", "Bynavn", "Stad"]),
    column("phone", PHONE),
    column("email", EMAIL),
    column("nace_code", &["Branchekode", "SNI-kod", "NACE", "Hovedbranche", "Branchkod", "Industry code"]),
    column("nace_version", &["Branchekodeversion", "NACE version"]),
];

#[cfg(test)]
mod tests {
    use lethe_tabular::Table;

    use super::*;

    fn columns(kind: ImportKind, file: &str) -> Vec<String> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo").join(file);
        let table = Table::open(&path).unwrap();
        let mapping = vocabulary(kind).map(table.headers(), &[]).unwrap();
        assert_eq!(mapping.unmapped_headers().count(), 0, "{file}");
        mapping.describe().into_iter().map(|(_, column)| column).collect()
    }

    #[test]
    fn the_headers_of_all_demo_files_are_known() {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name).collect::<Vec<_>>();
        let without = |columns: &[Column], out: &[&str]| {
            names(columns).into_iter().filter(|name| !out.contains(name)).collect::<Vec<_>>()
        };
        assert_eq!(columns(ImportKind::Contacts, "contacts-dk.csv"), without(CONTACT, &["name"]));
        let swedish = without(CONTACT, &["name", "cpr", "remark"]);
        assert_eq!(columns(ImportKind::Contacts, "contacts-se.csv"), swedish);
        assert_eq!(
            columns(ImportKind::Companies, "companies-dk.csv"),
            without(COMPANY, &["country", "nace_version"])
        );
        let swedish = without(COMPANY, &["country", "p_numbers", "nace_version"]);
        assert_eq!(columns(ImportKind::Companies, "companies-se.csv"), swedish);
    }

    #[test]
    fn every_alias_means_one_column() {
        for columns in [CONTACT, COMPANY] {
            for column in columns {
                for word in column.aliases.iter().chain([&column.name]) {
                    let optional: Vec<Column> =
                        columns.iter().map(|column| Column { required: false, ..*column }).collect();
                    let mapping =
                        lethe_tabular::Mapping::guess(&[(*word).to_owned()], &optional, &[]).unwrap();
                    assert_eq!(mapping.describe(), [((*word).to_owned(), column.name.to_owned())]);
                }
            }
        }
    }
}
