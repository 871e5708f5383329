use super::*;

/// The example of C2SP signed-note.
const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn signer(name: &str, kind: KeyKind, seed: u8) -> Signer {
    Signer::of_seed(name, kind, &[seed; 32]).unwrap()
}

fn signed(text: &str, signers: &[&Signer]) -> Note {
    let mut note = Note::new(text).unwrap();
    for signer in signers {
        let line = signer.sign(&note, 1_679_315_147).unwrap();
        note.push(line);
    }
    note
}

#[test]
fn the_example_of_the_specification_verifies() {
    let key: VerifierKey = KEY.parse().unwrap();
    assert_eq!(key.to_string(), KEY);
    let note: Note = NOTE.parse().unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(note.text(), "This is an example message.\n");
    let keys = [key];
    assert_eq!(note.verify(&keys).unwrap(), [Verified { key: &keys[0], time: None }]);
}

#[test]
fn an_altered_text_or_signature_does_not_verify() {
    let keys = [KEY.parse().unwrap()];
    for (from, to) in [("example message", "other message"), ("IneyaQM=", "IneyaQQ=")] {
        let note: Note = NOTE.replace(from, to).parse().unwrap();
        assert_eq!(note.verify(&keys), Err(NoteError::BadSignature("example.com/foo".to_owned())));
    }
}

#[test]
fn signatures_by_unknown_keys_are_ignored_even_under_a_known_name() {
    let (log, other) = (signer("log", KeyKind::Ed25519, 1), signer("log", KeyKind::Ed25519, 2));
    let witness = signer("witness", KeyKind::Cosignature, 3);
    let note = signed("text\n\nmore\n", &[&other, &log, &witness]);
    let read: Note = note.to_string().parse().unwrap();
    assert_eq!(read, note);
    let keys = [log.verifier().clone(), witness.verifier().clone()];
    let verified: Vec<Option<u64>> = read.verify(&keys).unwrap().iter().map(|it| it.time).collect();
    assert_eq!(verified, [None, Some(1_679_315_147)]);
    let stranger = [signer("log", KeyKind::Ed25519, 4).verifier().clone()];
    assert_eq!(note.verify(&stranger), Err(NoteError::Unsigned("log, log, witness".to_owned())));
}

#[test]
fn one_bad_signature_by_a_known_key_spoils_the_note() {
    let (a, b) = (signer("a", KeyKind::Ed25519, 1), signer("b", KeyKind::Ed25519, 2));
    let mut note = signed("text\n", &[&a]);
    note.push(b.sign(&Note::new("another\n").unwrap(), 0).unwrap());
    let keys = [a.verifier().clone(), b.verifier().clone()];
    assert_eq!(note.verify(&keys), Err(NoteError::BadSignature("b".to_owned())));
    assert!(note.verify(&keys[..1]).is_ok());
}

#[test]
fn a_cosignature_covers_its_time() {
    let witness = signer("w", KeyKind::Cosignature, 3);
    let mut note = signed("log\n5\nroot\n", &[&witness]);
    note.signatures[0].bytes[7] ^= 1;
    let keys = [witness.verifier().clone()];
    assert_eq!(note.verify(&keys), Err(NoteError::BadSignature("w".to_owned())));
    assert_eq!(witness.sign(&note, 0), Err(SignError::Time));
    assert_eq!(witness.sign(&note, 1 << 63), Err(SignError::Time));
}

#[test]
fn what_is_no_note_is_refused() {
    let line = signed("text\n", &[&signer("a", KeyKind::Ed25519, 1)]).signatures[0].to_string();
    for (note, error) in [
        (String::new(), NoteError::Form),
        ("text\n".to_owned(), NoteError::Form),
        (format!("text{line}"), NoteError::Form),
        (format!("text\n{line}"), NoteError::Form),
        (format!("te\txt\n\n{line}"), NoteError::Control),
        (format!("text\r\n\r\n{line}"), NoteError::Form),
        ("text\n\n".to_owned(), NoteError::Form),
        (format!("text\n\n{line}{}", line.trim_end()), NoteError::Form),
        (format!("text\n\n{line}- a AAAA\n"), NoteError::SignatureLine(2)),
        (format!("text\n\n{}", line.replacen(' ', "  ", 1)), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} a AAAAAA==\n".to_owned(), NoteError::SignatureLine(1)),
        (format!("text\n\n{}", line.replace("= ", "")).replace('=', ""), NoteError::SignatureLine(1)),
        (format!("text\n\n{}", line.repeat(129)), NoteError::TooLarge),
        (format!("{}\n\n{line}", "x".repeat(MAX_BYTES)), NoteError::TooLarge),
    ] {
        assert_eq!(note.parse::<Note>(), Err(error), "{note:?}");
    }
    assert_eq!(Note::new("no end"), Err(NoteError::Form));
    let many: Note = format!("text\n\n{}", line.repeat(128)).parse().unwrap();
    assert_eq!(many.signatures().len(), 128);
}

#[test]
fn what_is_no_verifier_key_is_refused() {
    for (key, error) in [
        ("example.com/foo+530d903a", VerifierKeyError::Form),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Name),
        ("a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Name),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv", VerifierKeyError::Key),
        ("example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Type(2)),
        ("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Hash),
        ("example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Hash),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Hash),
    ] {
        assert_eq!(key.parse::<VerifierKey>(), Err(error), "{key}");
    }
}
