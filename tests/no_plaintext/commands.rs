//! Values that go through the command line, and every command that could tell them.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::marker::Markers;
use crate::server::{PATIENCE, Server, lethe};

/// Runs a command; what it says goes to files among those that are searched.
fn run(folder: &Path, name: &str, arguments: &[&str]) -> i32 {
    let output = |kind: &str| File::create(folder.join(format!("reports/{name}.{kind}"))).unwrap();
    let mut command = lethe(folder);
    command.args(["--log", "trace"]).args(arguments).env("TMPDIR", folder.join("tmp"));
    command.stdout(output("out")).stderr(output("err")).status().unwrap().code().unwrap()
}

/// Imports files, and runs everything that reads the ledger.
pub(crate) fn run_all(server: &Server, markers: &mut Markers) {
    let folder = server.folder.path();
    let inputs = tempfile::tempdir().unwrap();
    for (number, (what, text, code)) in files(markers).into_iter().enumerate() {
        let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        for (bytes, name) in [(text.into_bytes(), "utf8"), (latin1, "latin1")] {
            let file = inputs.path().join(format!("{number}-{name}.csv"));
            std::fs::write(&file, bytes).unwrap();
            let (file, name) = (file.to_str().unwrap(), format!("import-{number}-{name}"));
            let report = folder.join(format!("reports/{name}.jsonl"));
            run(folder, &format!("{name}-dry"), &["import", what, file, "--dry-run", "--json"]);
            let arguments = ["import", what, file, "--report", report.to_str().unwrap()];
            assert_eq!(run(folder, &name, &arguments), code, "{name}");
            // Again, now that everything is there.
            run(folder, &format!("{name}-again"), &["import", what, file, "--json"]);
        }
    }
    mail(server, markers);
    let invented = inputs.path().join("invented");
    for (name, arguments) in [
        ("fixture", &["fixture", "--contacts", "5", "--out", invented.to_str().unwrap()][..]),
        ("sweep", &["sweep", "--now", "--json"]),
        ("replay", &["replay"]),
        ("doctor", &["doctor"]),
        ("doctor-json", &["doctor", "--json"]),
        ("config", &["config"]),
        ("mail-list", &["mail", "list"]),
        ("mail-list-json", &["mail", "list", "--json"]),
        ("schema", &["schema"]),
    ] {
        let code = run(folder, name, arguments);
        assert!(code == 0 || code == 1, "{name} ended with {code}");
    }
}

/// A mail that is sent into the folder for mails, and one that is refused. What `show` prints is no file.
fn mail(server: &Server, markers: &mut Markers) {
    let folder = server.folder.path();
    let (local, text) = (markers.plain("mail's address"), markers.unshown("mail's text"));
    let arguments = ["mail", "test", &format!("{local}@example.org"), "--text", &text];
    assert_eq!(run(folder, "mail-test", &arguments), 0);
    let id = std::fs::read_to_string(folder.join("reports/mail-test.out")).unwrap();
    let kept = server.data_dir().join("mail").join(format!("{}.eml", id.trim()));
    let begun = Instant::now();
    while !kept.exists() {
        assert!(begun.elapsed() < PATIENCE, "the mail was not sent: {}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let (code, shown, _) = server.run(&["mail", "show", id.trim()]);
    assert_eq!(code, 0);
    assert!(shown.contains(&local), "it was stored and never shown, so it proves nothing: {shown}");
    let no_address = markers.unshown("what is no address");
    assert_eq!(run(folder, "mail-refused", &["mail", "test", &no_address]), 3);
}

/// What a file holds, its text, and the exit code of its import.
fn files(markers: &mut Markers) -> Vec<(&'static str, String, i32)> {
    let header = "Fornavn;Efternavn;Titel;E-mail;Telefon;Mobil;CPR-nr.;Bemærkning";
    let good = format!(
        "{header}\r\n{};{};{};{};{};{};{};\"{}\r\n{}\"\r\n",
        markers.word("imported first name"),
        markers.word("imported last name"),
        markers.word("imported title"),
        markers.email("imported e-mail"),
        markers.phone("imported phone"),
        markers.phone("imported mobile"),
        markers.cpr("imported CPR"),
        markers.word("imported remark"),
        markers.word("second line of an imported remark"),
    );
    let company = format!(
        "Organisationsnummer;Namn;Bolagsform;Adress;Ort;Telefon;E-post\n{};{};Enskild firma;{};{};{};{}\n",
        markers.personnummer("imported personnummer"),
        markers.word("imported proprietor"),
        markers.word("imported address"),
        markers.word("imported city"),
        markers.phone("imported company's phone"),
        markers.email("imported company's e-mail"),
    );
    let mut word = |what: &str| markers.unshown(&format!("{what} of a refused row"));
    let refused = format!(
        "{header}\n{};;;;{};;;\n{};;;{};;;;\n{};;;;;;{};{}\n",
        word("name"),
        word("phone"),
        word("second name"),
        word("e-mail"),
        word("third name"),
        word("CPR"),
        word("remark")
    );
    vec![
        ("contacts", good, 0),
        ("companies", company, 0),
        ("contacts", refused, 1),
        ("contacts", format!("Fornavn;Telefon\n{};\"{}", word("name before the break"), word("cell")), 1),
        ("contacts", format!("{}\n{}\n", word("only header"), word("only cell")), 3),
        ("companies", format!("PK\u{3}\u{4}{}", word("bytes")), 3),
    ]
}
