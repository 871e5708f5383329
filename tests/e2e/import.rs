//! Files as people have them, through the endpoint and through the command line.

use std::fs;
use std::path::Path;
use std::time::Instant;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::graph::{document, position, text};
use crate::server::{PATIENCE, Server, lethe};

const SELECTION: &str =
    "operation { id status total } dryRun { created existing refused refusals { row outcome code column } }";

impl Server {
    /// Uploads a file to an import mutation, as the GraphQL multipart request specification says.
    pub(crate) async fn upload(&self, mutation: &str, bytes: &[u8], more: Value) -> Value {
        let mut input = json!({"file": null});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let operations = json!({"query": document(mutation, SELECTION), "variables": {"input": input}});
        let form = Form::new()
            .text("operations", operations.to_string())
            .text("map", json!({"0": ["variables.input.file"]}).to_string())
            .part("0", Part::bytes(bytes.to_vec()).file_name("list.csv"));
        let mut answer: Value = self.post().multipart(form).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"][mutation].take()
    }

    /// The operation once it has come to its end.
    pub(crate) async fn finished(&self, operation: &Value) -> Value {
        let query =
            "query($id: ID!) { node(id: $id) { ... on Operation { status done total created existing refused
            outcomes(first: 100) { nodes { row outcome code column } } } } }";
        let begun = Instant::now();
        loop {
            let now = self.data(query, json!({"id": operation["id"]})).await["node"].clone();
            if now["status"] == "FINISHED" && now["done"] == now["total"] {
                return now;
            }
            assert!(begun.elapsed() < PATIENCE, "{now:#}");
            tokio::task::yield_now().await;
        }
    }

    /// The last contacts, the latest first.
    async fn latest(&self, count: usize) -> Vec<Value> {
        self.settled().await;
        let query = "query($n: Int!) { contacts(orderBy: {by: CREATED}, last: $n) { nodes {
            firstName lastName email phone mobile cpr externalReference companies { nodes { number } } } } }";
        let found = self.data(query, json!({"n": count})).await;
        let mut nodes = found["contacts"]["nodes"].as_array().unwrap().clone();
        nodes.reverse();
        nodes
    }

    /// Waits until the views show everything the ledger has, whoever wrote it.
    async fn settled(&self) {
        let query = "query($p: Position) { contacts(minPosition: $p, first: 1) { nodes { id } } }";
        self.data(query, json!({"p": self.head().await.to_string()})).await;
    }

    /// The last position of the ledger.
    async fn head(&self) -> i64 {
        let ready: Value = reqwest::get(self.url("/readyz")).await.unwrap().json().await.unwrap();
        ready["head"].as_i64().unwrap()
    }

    /// How many events of a type the ledger has.
    fn events(&self, kind: &str) -> usize {
        let (code, out, error) = self.run(&["replay"]);
        assert_eq!(code, 0, "{error}");
        out.lines().filter(|line| line.contains(&format!("\"type\":\"{kind}\""))).count()
    }

    /// Imports a file by the command line.
    fn import(&self, file: &Path, more: &[&str]) -> (i32, Vec<Value>, String) {
        let arguments = [&["import", "contacts", file.to_str().unwrap(), "--json"], more].concat();
        let (code, out, error) = self.run(&arguments);
        (code, out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), error)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// A text as Windows-1252 writes it; only what this file uses.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| if letter == '€' { 0x80 } else { u8::try_from(u32::from(letter)).unwrap() })
        .collect()
}

#[tokio::test]
async fn uploaded_files_of_every_encoding_come_in() {
    let server = Server::start().await;
    let rows = |n: u32| {
        format!(
            "Fornavn;Efternavn;Telefon;Bemærkning\r\nÅse {n};Sjöberg;+45 20 30 40 5{n};\"første\r\nlinje; med \"\"gåseøjne\"\"\"\r\n"
        )
    };
    let commas = "First name,Last name,Phone,Remarks\nÅse 4,Sjöberg,20304054,\"a, b\"\n";
    let mut sheet = rust_xlsxwriter::Workbook::new();
    let page = sheet.add_worksheet();
    for (column, (header, value)) in
        [("Förnamn", "Åse 5"), ("Efternamn", "Sjöberg"), ("Telefon", "20304055")].into_iter().enumerate()
    {
        let column = u16::try_from(column).unwrap();
        page.write(0, column, header).unwrap();
        page.write(1, column, value).unwrap();
    }
    let utf_16: Vec<u8> = "\u{feff}"
        .to_owned()
        .chars()
        .chain(rows(6).chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (n, bytes) in [
        (1, windows_1252(&rows(1))),
        (2, rows(2).into_bytes()),
        (3, [b"\xef\xbb\xbf".to_vec(), rows(3).into_bytes()].concat()),
        (4, commas.into()),
        (5, sheet.save_to_buffer().unwrap()),
        (6, utf_16),
    ] {
        let started = server.upload("contactsImport", &bytes, json!({})).await;
        assert_eq!(started["userErrors"], json!([]), "{n}");
        let end = server.finished(&started["operation"]).await;
        assert_eq!(
            (&end["created"], &end["refused"], &end["total"]),
            (&json!(1), &json!(0), &json!(1)),
            "{n} {end}"
        );
        let contact = &server.latest(1).await[0];
        assert_eq!(
            (&contact["firstName"], &contact["lastName"]),
            (&json!(format!("Åse {n}")), &json!("Sjöberg"))
        );
        assert_eq!(contact["phone"], format!("2030405{n}"));
    }
}

#[tokio::test]
async fn the_demo_files_and_a_generated_one_come_in_through_the_command_line() {
    let mut server = Server::start().await;
    let generated = server.folder.path().join("generated");
    let (code, out, error) =
        server.run(&["fixture", "--contacts", "120", "--seed", "77", "--out", generated.to_str().unwrap()]);
    assert_eq!(code, 0, "{out} {error}");
    server.as_role("SYSTEM_ADMINISTRATOR");
    for (kind, name, unit) in [
        ("companies", "companies-dk.csv", "9eab5b04-5ebc-5824-843b-c3fe65dc6dd6"),
        ("contacts", "contacts-dk.csv", "9eab5b04-5ebc-5824-843b-c3fe65dc6dd6"),
    ] {
        let file = generated.join(name);
        let arguments = ["import", kind, file.to_str().unwrap(), "--unit", unit, "--json"];
        let before = server.events("contact.registered") + server.events("company.registered");
        let (code, out, error) = server.run(&arguments);
        assert!(code <= 1, "{out} {error}");
        let first: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let total = first.last().unwrap();
        let after = server.events("contact.registered") + server.events("company.registered");
        assert_eq!(total["created"], after - before, "{name}");
        let (code, out, _) = server.run(&arguments);
        let again: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(code, i32::from(total["refused"] != 0));
        assert_eq!((&again["created"], &again["import"]), (&json!(0), &total["import"]), "{name}: twice");
        // Whoever asks for this position sees every row.
        assert!(total["position"].as_str().unwrap().parse::<i64>().unwrap() > 0, "{total}");
        let there = |total: &Value| total["created"].as_u64().unwrap() + total["existing"].as_u64().unwrap();
        assert_eq!(there(&again), there(total));
        assert_eq!(server.events("contact.registered") + server.events("company.registered"), after);
    }
}

#[tokio::test]
async fn a_broken_row_is_told_by_column_and_the_others_come_in() {
    let server = Server::start().await;
    let before = server.events("contact.registered");
    let lines = "Reference;Navn;Mail;CPR-nr.\n\
                 M-1;Bo Berg;bo@example.org;\n\
                 M-2;Hemmelig Person;forkert-adresse;\n\
                 M-3;Åse Holm;;310765-5555\n\
                 M-4;Skjult Navn;;999999-9999\n\
                 M-5;for;mange;celler;her\n\
                 M-6;Mar\u{1}kør;;\n\
                 M-7;Ida Lund;ida@example.org;\n";
    let wanted = [
        (2, "CREATED", ""),
        (3, "REFUSED", "email"),
        (4, "CREATED", ""),
        (5, "REFUSED", "cpr"),
        (6, "REFUSED", ""),
        (7, "REFUSED", "name"),
        (8, "CREATED", ""),
    ];
    let brief = |rows: &[Value]| -> Vec<(u64, String, String)> {
        rows.iter()
            .map(|row| {
                let column = row["column"].as_str().unwrap_or_default().to_owned();
                (row["row"].as_u64().unwrap(), text(&row["outcome"]).to_uppercase(), column)
            })
            .collect()
    };
    let expected: Vec<_> = wanted
        .iter()
        .map(|(row, outcome, column)| (*row, (*outcome).to_owned(), (*column).to_owned()))
        .collect();

    // The rehearsal tells what would happen, and nothing happens.
    let rehearsed = server.upload("contactsImport", lines.as_bytes(), json!({"dryRun": true})).await;
    assert_eq!(rehearsed["operation"], json!(null));
    let told = rehearsed["dryRun"].clone();
    assert_eq!((&told["created"], &told["existing"], &told["refused"]), (&json!(3), &json!(0), &json!(4)));
    let refusals: Vec<_> = expected.iter().filter(|row| row.1 == "REFUSED").cloned().collect();
    assert_eq!(brief(told["refusals"].as_array().unwrap()), refusals);
    let file = server.file("mixed.csv", lines);
    let (code, rows, _) = server.import(&file, &["--dry-run"]);
    assert_eq!((code, brief(&rows[..7])), (1, expected.clone()));
    assert_eq!(server.events("contact.registered"), before, "a dry run stores nothing");
    assert_eq!(server.events("import.started"), 4, "only the demo data was imported");

    let report = server.folder.path().join("report.jsonl");
    let (code, rows, error) = server.import(&file, &["--report", report.to_str().unwrap()]);
    assert_eq!((code, brief(&rows[..7])), (1, expected.clone()), "{error}");
    assert_eq!(server.events("contact.registered"), before + 3);
    // The same file through the endpoint: everything is there already.
    let started = server.upload("contactsImport", lines.as_bytes(), json!({})).await;
    let end = server.finished(&started["operation"]).await;
    assert_eq!(
        (&end["created"], &end["existing"], &end["refused"]),
        (&json!(0), &json!(3), &json!(4)),
        "{end}"
    );
    assert_eq!(server.events("contact.registered"), before + 3);

    let all = format!("{told}{rows:?}{error}{end}{}{}", fs::read_to_string(report).unwrap(), server.log());
    assert!(all.contains("email"));
    for value in ["Hemmelig", "forkert", "Skjult", "999999", "celler", "Berg", "ida@"] {
        assert!(!all.contains(value), "the report has the value {value}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_a_list_is_refused_as_a_whole() {
    let server = Server::start().await;
    let mut binary = vec![0x7f, b'E', b'L', b'F', 0, 1, 2, 3];
    binary.extend((0..4096_u32).map(|n| u8::try_from(n * 7 % 256).unwrap()));
    let head = position(&server.act("contactRegister", json!({"firstName": "Før"}), "").await);
    for (name, bytes) in [
        ("empty.csv", Vec::new()),
        ("spaces.csv", b" \r\n \r\n".to_vec()),
        ("binary.csv", binary),
        ("picture.xlsx", b"PK\x03\x04 and then nothing that a workbook has".to_vec()),
        ("columns.csv", "Farve;Vægt\nrød;17\n".into()),
        ("nameless.csv", "Telefon;Mail\n20304050;a@example.org\n".into()),
        ("twice.csv", "Navn;Mail;E-mail\nBo;a@example.org;b@example.org\n".into()),
    ] {
        let file = server.file(name, &bytes);
        let (code, rows, error) = server.import(&file, &[]);
        assert_eq!((code, rows.len()), (3, 0), "{name}: {error}");
        assert!(error.lines().last().unwrap().len() > 30, "{name}: {error}");
        let answer = server.upload("contactsImport", &bytes, json!({})).await;
        assert_eq!(answer["userErrors"][0]["code"], "INVALID_VALUE", "{name}");
        assert_eq!(answer["userErrors"][0]["field"], json!(["file"]), "{name}");
    }
    let after = position(&server.act("contactRegister", json!({"firstName": "Efter"}), "").await);
    assert_eq!(after, head + 1, "nothing was stored in between");
    assert_eq!(server.import(Path::new("missing.csv"), &[]).0, 3);
    assert_eq!(server.run(&["import", "cats", "x.csv"]).0, 2);
    assert_eq!(server.import(&server.file("a.csv", "X\nBo\n"), &["--map", "X"]).0, 2);
}

#[tokio::test]
async fn headers_stand_for_the_columns_the_caller_says() {
    let server = Server::start().await;
    let lines = "Person;Nummer;Ukendt\nBo Berg;20304050;x\n";
    let columns = json!([{"header": "Person", "column": "name"}, {"header": "Nummer", "column": "mobile"}]);
    let started = server.upload("contactsImport", lines.as_bytes(), json!({"columns": columns})).await;
    server.finished(&started["operation"]).await;
    let contact = &server.latest(1).await[0];
    assert_eq!((&contact["lastName"], &contact["mobile"]), (&json!("Berg"), &json!("20304050")));
    // As phone it is another import, and another contact.
    let file = server.file("people.csv", lines);
    let (code, rows, error) = server.import(&file, &["--map", "Person=name", "--map", "Nummer=phone"]);
    assert_eq!((code, &rows[0]["outcome"]), (0, &json!("CREATED")), "{error}");
    assert_eq!(server.latest(1).await[0]["phone"], "20304050");
    for (header, column) in [("Person", "nothing"), ("Findes ikke", "name")] {
        let columns = json!([{"header": header, "column": column}]);
        let answer = server.upload("contactsImport", lines.as_bytes(), json!({"columns": columns})).await;
        assert_eq!(answer["userErrors"][0]["code"], "INVALID_VALUE", "{header}={column}");
        assert_eq!(server.import(&file, &["--map", &format!("{header}={column}")]).0, 3);
    }
}

/// A list without references: only file and row tell a contact that is there already.
fn crowd(rows: usize) -> String {
    (0..rows).fold("Fornavn;Efternavn\n".to_owned(), |all, row| format!("{all}Person {row};Prøve\n"))
}

/// How many contacts of a crowd there are, and how many different names they have.
async fn counted(server: &Server) -> (usize, usize) {
    let query = "query($after: String) { contacts(orderBy: {by: CREATED, descending: true}, first: 100, after: $after) {
        pageInfo { endCursor hasNextPage } nodes { firstName } } }";
    let (mut names, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = server.data(query, json!({"after": after})).await["contacts"].clone();
        let found = page["nodes"].as_array().unwrap().iter().filter_map(|node| node["firstName"].as_str());
        names.extend(found.filter(|name| name.starts_with("Person ")).map(str::to_owned));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let count = names.len();
    names.sort();
    names.dedup();
    (count, names.len())
}

#[tokio::test]
async fn an_import_killed_with_the_command_line_goes_on_and_doubles_nothing() {
    let server = Server::start().await;
    let rows = 1_500;
    let file = server.file("crowd.csv", crowd(rows));
    for stored in [150, 500] {
        let wanted = server.head().await + stored;
        let mut command = lethe(server.folder.path());
        command.args(["import", "contacts", file.to_str().unwrap()]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        while server.head().await < wanted {
            assert!(begun.elapsed() < PATIENCE, "the import does not come so far");
        }
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it ended before it was killed");
    }
    let (code, lines, error) = server.import(&file, &[]);
    assert_eq!(code, 0, "{error}");
    let total = lines.last().unwrap();
    assert_eq!((total["created"].as_u64(), total["refused"].as_u64()).1, Some(0), "{total}");
    server.settled().await;
    assert_eq!(counted(&server).await, (rows, rows));
    assert_eq!(server.events("import.started"), 5, "four of the demo data and this one");
}

#[tokio::test]
async fn an_import_killed_with_the_server_goes_on_and_doubles_nothing() {
    let server = Server::start().await;
    let rows = 1_500;
    let lines = crowd(rows);
    let started = server.upload("contactsImport", lines.as_bytes(), json!({})).await;
    let begun = Instant::now();
    while server.head().await < position(&started) + 300 {
        assert!(begun.elapsed() < PATIENCE, "the import does not come so far");
    }
    let server = Server::start_in(server.kill()).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Operation { id status } } }";
    let left = server.data(query, json!({"id": started["operation"]["id"]})).await["node"].clone();
    assert_eq!(left["status"], "RUNNING");
    assert!(counted(&server).await.0 < rows, "it ended before it was killed");
    let resumed = server.upload("contactsImport", lines.as_bytes(), json!({})).await;
    assert_eq!(resumed["operation"]["id"], started["operation"]["id"]);
    let end = server.finished(&resumed["operation"]).await;
    assert_eq!((&end["done"], &end["refused"]), (&json!(rows), &json!(0)), "{end}");
    server.settled().await;
    assert_eq!(counted(&server).await, (rows, rows));
}
