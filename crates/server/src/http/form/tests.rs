use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream::iter;
use proptest::prelude::*;

use super::super::fuzz::cases;
use super::*;

const LIMITS: Limits = Limits {
    requests: 1,
    header_bytes: 1000,
    body_bytes: 500,
    upload_bytes: 10_000,
    header_time: Duration::from_secs(1),
    body_time: Duration::from_secs(1),
    time: Duration::from_secs(1),
    sockets: 1,
    operations: 1,
    silence: Duration::from_secs(1),
};

/// Reads a body that comes in chunks of a size.
fn read(body: &[u8], chunk: usize) -> Result<Request, Unread> {
    let chunks: Vec<_> =
        body.chunks(chunk.max(1)).map(|chunk| Ok::<_, Infallible>(Bytes::copy_from_slice(chunk))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(request("multipart/form-data; boundary=b", iter(chunks), LIMITS))
}

fn part(name: &str, content: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{content}\r\n")
}

fn form(operations: &str, map: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let files = files.iter().map(|(name, content)| part(&format!("name={name}; filename=a.csv"), content));
    let parts: Vec<String> =
        [part("name=operations", operations), part("name=map", map)].into_iter().chain(files).collect();
    format!("{}--b--\r\n", parts.concat()).into_bytes()
}

const OPERATIONS: &str = r##"{"query":"{ a }","variables":{"file":null,"list":[null,null],"text":"#__graphql_file__:0","in":{"x":null}}}"##;

#[test]
fn a_file_becomes_the_bytes_of_every_variable_that_it_stands_for() {
    let map = r#"{"f":["variables.file","variables.list.1"],"g":["variables.in.x"]}"#;
    let Ok(request) = read(&form(OPERATIONS, map, &[("f", "æ"), ("g", "")]), 7) else { panic!("refused") };
    let bytes = |text: &'static str| Value::Binary(Bytes::from_static(text.as_bytes()));
    assert_eq!(request.variables["file"], bytes("æ"));
    assert_eq!(request.variables["list"], Value::List(vec![Value::Null, bytes("æ")]));
    let Value::Object(inner) = &request.variables["in"] else { panic!("{:?}", request.variables) };
    assert_eq!(inner["x"], bytes(""));
    // What looks like the name of a file is a text.
    assert_eq!(request.variables["text"], Value::from("#__graphql_file__:0"));
}

#[test]
fn a_form_whose_map_and_files_do_not_agree_is_refused_with_what_is_wrong() {
    let big = format!(r#"{{"query":"{}"}}"#, "x".repeat(600));
    for (operations, map, files, told) in [
        (OPERATIONS, r#"{"f":["variables.file"]}"#, &[][..], "names a file that"),
        (OPERATIONS, r#"{"f":["variables.text"]}"#, &[("f", "x")], "not null"),
        (OPERATIONS, r#"{"f":["variables.none"]}"#, &[("f", "x")], "not null"),
        (OPERATIONS, r#"{"f":["variables.list.2"]}"#, &[("f", "x")], "not null"),
        (OPERATIONS, r#"{"f":["file"]}"#, &[("f", "x")], "not null"),
        (OPERATIONS, r#"{"f":["variables.file","variables.file"]}"#, &[("f", "x")], "not null"),
        (OPERATIONS, r#"["f"]"#, &[("f", "x")], "JSON object of lists"),
        (OPERATIONS, r#"{"f":["variables.file"]}"#, &[("f", "x"), ("f", "y")], "two parts"),
        ("[]", "{}", &[], "Several requests"),
        ("{}", "{}", &[], "query"),
        (big.as_str(), "{}", &[], "TOO LARGE"),
    ] {
        match read(&form(operations, map, files), 10) {
            Err(Unread::Refused(refusal)) => assert!(refusal.message.contains(told), "{}", refusal.message),
            Err(Unread::TooLarge) => assert_eq!(told, "TOO LARGE"),
            Ok(_) => panic!("accepted: {operations} {map}"),
        }
    }
    let many: Vec<_> = (0..MOST).map(|number| format!("p{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
    assert!(matches!(read(&form(OPERATIONS, "{}", &many), 1000), Err(Unread::Refused(_))));
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever comes, in whatever chunks, is a request or is refused, and a request holds no bytes but of its files.
    #[test]
    fn fuzz_any_bytes(body in proptest::collection::vec(any::<u8>(), 0..600), chunk in 1_usize..64) {
        prop_assert!(read(&body, chunk).is_err());
    }

    #[test]
    fn fuzz_forms_with_something_wrong(
        map in r#"(\{"f":\["(variables\.)?(file|list\.[0-9]{1,20}|in\.x|text|\.|)(\.[a-z0-9]{0,3})?"\]\}|.{0,40})"#,
        name in "[a-z\"\\\\;=é]{0,6}",
        content in ".{0,60}",
        at in 0_usize..500,
        noise in proptest::collection::vec(any::<u8>(), 0..6),
        chunk in 1_usize..64,
    ) {
        let mut body = form(OPERATIONS, &map, &[("f", &content), (&name, "y")]);
        let at = at.min(body.len());
        body.splice(at..at, noise);
        if let Ok(request) = read(&body, chunk) {
            let shown = serde_json::to_value(&request.variables).is_ok();
            prop_assert!(shown && !request.query.is_empty());
        }
    }
}
