//! The page.

use super::*;

#[test]
fn the_page_shows_everything_that_is_certified_and_how_to_verify_it() {
    let (signed, page) = (signed(), signed().html(Some("Erhvervsservice Øresund")));
    for key in &signed.certificate.destroyed_keys {
        for part in
            [key.subject_id.to_string(), key.key_id.to_string(), key.class.clone(), key.commitment.clone()]
        {
            assert!(page.contains(&part), "{part}");
        }
    }
    let expected = [
        &CONTACT.to_string(),
        &INSTALLATION.to_string(),
        "ANONYMISED",
        "REQUEST_OF_PERSON",
        "GDPR Article 17(1)",
        "DPM",
        "4711",
        "27 February 2026, 08:00:00 UTC",
        "2 March 2026, 10:15:30 UTC",
        "3 March 2026, 02:00:07 UTC",
        "4802",
        "4803",
        "epoch 41",
        "Erhvervsservice Øresund",
        "a file that holds root keys",
        "a key service (HashiCorp Vault or OpenBao)",
        "contact, note, prospect, consent",
        "Kind, dates and unit of notes",
        STATEMENT,
        &signed.signature.key,
        &signed.signature.value,
        "lethe certificate verify",
        "lethe keys status",
    ];
    for text in expected {
        assert!(page.contains(text), "{text}");
    }
    // Where the installation keeps its root is for those who run it: the JSON file has it.
    assert!(!page.contains("/var/lib") && signed.json().unwrap().contains("/var/lib"));
}

#[test]
fn the_page_stands_alone() {
    let page = signed().html(Some("Erhvervsservice Øresund"));
    for outside in ["<script", "src=", "href=", "url(", "@import", "http:", "https:", "<link", "<img"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

/// Everything that is a text in a certificate, however it got there.
#[test]
fn no_text_in_a_certificate_becomes_markup() {
    const HOSTILE: &str =
        "</title></style></td><script>alert(\"x\" & 'y')</script><img src=x onerror=z>\u{202e}";
    let text = || HOSTILE.to_owned();
    let mut signed = signed();
    let it = &mut signed.certificate;
    (it.format, it.statement, it.approved_by.role) = (text(), text(), text());
    (it.request.kind, it.request.reason, it.request.legal_basis) = (text(), text(), text());
    it.rotation.custodians = vec![text()];
    it.views_rewritten = vec![text()];
    it.remaining = vec![Remaining { what: text(), why: text() }];
    for key in &mut it.destroyed_keys {
        (key.subject_kind, key.class, key.commitment) = (text(), text(), text());
    }
    (signed.signature.key, signed.signature.value) = (text(), text());
    let page = signed.html(Some(HOSTILE));
    for markup in ["<script", "<img", "onerror=z>", "\u{202e}"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert_eq!(page.matches("&lt;script&gt;").count(), 13 + 3 * it_keys());
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.matches("</title>").count(), 1);
}

fn it_keys() -> usize {
    certificate().destroyed_keys.len()
}
