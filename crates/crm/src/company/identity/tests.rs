use super::*;

const FRESH: CompanyId = CompanyId(Uuid::from_u128(7));

fn public(country: Country, text: &str) -> (CompanyId, String) {
    match identify(country, text, FRESH).unwrap() {
        (id, Identity { number: Number::Public(number), .. }) => (id, number),
        _ => panic!("a personal number"),
    }
}

#[test]
fn one_number_is_one_company_however_it_is_written() {
    let (id, number) = public(Country::Denmark, "DK 13 74 81 36");
    assert_eq!((id, number.as_str()), (company_id(Country::Denmark, "13748136").unwrap(), "13748136"));
    assert_eq!(public(Country::Sweden, "5999999997"), public(Country::Sweden, "599999-9997"));
    let (dashed, number) = public(Country::Finland, "1234567-8");
    assert_eq!((dashed, number.as_str()), (public(Country::Finland, "12345678").0, "1234567-8"));
    assert_ne!(dashed, public(Country::Norway, "12345678").0);
    assert_ne!(id, public(Country::Iceland, "13748136").0);
}

#[test]
fn ids_stay_what_they_are() {
    let id = company_id(Country::Denmark, "13748136").unwrap();
    assert_eq!(id.to_string(), "dbbf3d3c-3e39-53e9-9016-32bcc8a56fec");
}

#[test]
fn numbers_at_fault_are_refused_without_quoting_them() {
    for (country, text) in [
        (Country::Denmark, "13748137"),
        (Country::Denmark, "1374813"),
        (Country::Sweden, "599999-9998"),
        (Country::Sweden, "811218-9877"),
        (Country::Norway, "12"),
        (Country::Norway, "--------"),
        (Country::Norway, "12345678901"),
        (Country::Finland, "131052-308T"),
        (Country::Finland, "131052A308T"),
        (Country::Iceland, "120174-3399"),
        // Of another country than the one that was named.
        (Country::Norway, "811218-9876"),
        (Country::Finland, "SE8112189876"),
        (Country::Norway, "131052A308T"),
        (Country::Iceland, "12345-01015851233"),
        (Country::Iceland, "ÅÄÖ123"),
        (Country::Iceland, "123456789012345678901"),
    ] {
        let error = identify(country, text, FRESH).unwrap_err();
        assert_eq!((error.code, error.field[0].as_str()), (ErrorCode::InvalidValue, "number"), "{text}");
        assert!(!error.message.contains(text), "{text}");
    }
    assert_eq!(public(Country::Iceland, "610269-1234").1, "610269-1234");
}

#[test]
fn a_sole_traders_number_is_sealed_in_two_parts_and_no_id_follows_from_it() {
    for (text, date, masked) in [
        ("811218-9876", "811218-", "811218-****"),
        ("811218+9876", "811218+", "811218+****"),
        ("19811218-9876", "19811218-", "811218-****"),
    ] {
        let (id, identity) = identify(Country::Sweden, text, FRESH).unwrap();
        assert_eq!((id, identity.scheme), (FRESH, Scheme::Organisationsnummer));
        assert!(!format!("{identity:?}").contains("811218") && serde_json::to_string(&identity).is_err());
        let Number::Personal(sealed) = identity.number else { panic!("a public number") };
        assert_eq!(sealed.date.clear().unwrap().0, date);
        assert_eq!(sealed.date.clear().unwrap().masked(), masked);
        assert_eq!(sealed.serial.clear().unwrap().0, "9876");
        assert!(!company_id(Country::Sweden, text).unwrap_err().message.contains("9876"));
    }
}
