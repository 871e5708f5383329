use serde_json::json;

use super::schema::World;

/// A mutation whose first field is right, and whose second is what is asked about.
fn second(variables: &str, field: &str) -> String {
    format!("mutation{variables} {{ a: store(day: \"2030-01-01\") b: store({field}) }}")
}

#[tokio::test]
async fn nothing_is_executed_of_a_request_with_a_wrong_value_anywhere() {
    let world = World::new();
    for (variables, field, given, told) in [
        ("", "day: \"never\"", json!({}), "day is no Day. A day is written YYYY-MM-DD."),
        ("", "day: 7", json!({}), "day is no Day"),
        ("", "day: $d", json!({}), "$d"),
        ("($d: Day!)", "day: $d", json!({}), "The variable \"d\" is missing"),
        ("($d: Day!)", "day: $d", json!({"d": null}), "$d must not be null"),
        ("($d: Day)", "day: $d", json!({"d": "never"}), "$d is no Day"),
        ("($d: Day = \"never\")", "day: $d", json!({}), "$d is no Day"),
        ("", "note: {text: \"a\", end: {on: \"never\"}}", json!({}), "note.end.on is no Day"),
        (
            "",
            "note: {text: \"a\", end: {on: \"2030-01-01\", after: 1}}",
            json!({}),
            "note.end takes exactly one",
        ),
        ("", "note: {text: \"a\", end: {}}", json!({}), "note.end takes exactly one"),
        ("", "note: {title: \"a\"}", json!({}), "note.text is missing"),
        ("", "note: {text: null}", json!({}), "note.text must not be null"),
        ("", "note: {text: 7}", json!({}), "note.text is no String"),
        (
            "",
            "note: {text: \"a\", kind: TELEPATHY}",
            json!({}),
            "note.kind is no Kind. Give one of CALL, MEETING.",
        ),
        ("", "note: {text: \"a\", tags: [\"a\", 7]}", json!({}), "note.tags.1 is no String"),
        ("", "note: {text: \"a\", nothing: 1}", json!({}), "note has a field \"nothing\""),
        ("", "note: {text: \"a\", version: 99999999999}", json!({}), "note.version is no Int"),
        ("", "note: {text: \"a\", version: 2147483648}", json!({}), "note.version is no Int"),
        ("", "note: \"text\"", json!({}), "note is no NoteInput"),
        ("($n: NoteInput)", "note: $n", json!({"n": "text"}), "$n is no NoteInput"),
        (
            "($n: NoteInput)",
            "note: $n",
            json!({"n": {"text": "a", "version": -99_999_999_999_i64}}),
            "$n.version",
        ),
        (
            "($n: NoteInput)",
            "note: $n",
            json!({"n": {"text": "a", "310765-7913": 1}}),
            "$n has a field that is no name",
        ),
        ("($t: String = \"a\")", "note: {text: $t}", json!({"t": null}), "note.text must not be null"),
        ("($t: [Nope] = [1])", "note: {text: \"a\"}", json!({}), "Nope"),
        ("($t: Nope)", "note: {text: \"a\"}", json!({"t": 1}), "Nope"),
        ("($t: Nope)", "note: {text: \"a\"}", json!({}), "Nope"),
        ("($t: [Viewer!])", "note: {text: \"a\"}", json!({}), "Viewer"),
    ] {
        let errors = world.refused(&second(variables, field), given).await;
        assert!(errors[0].contains(told), "{field}: {errors:?}");
        assert_eq!(errors.len(), 1, "{field}: {errors:?}");
    }
    assert_eq!(world.stored.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn codes_tell_bad_input_from_bad_documents() {
    let world = World::new();
    for (variables, field, given, code) in [
        ("", "day: \"never\"", json!({}), "BAD_USER_INPUT"),
        ("($d: Day!)", "day: $d", json!({}), "BAD_USER_INPUT"),
        ("($d: Day)", "day: $d", json!({"d": "never"}), "BAD_USER_INPUT"),
        ("", "note: {title: \"a\"}", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        (
            "($n: NoteInput)",
            "note: $n",
            json!({"n": {"text": "a", "kind": "X"}}),
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        assert_eq!(world.code(&second(variables, field), given).await, code, "{field}");
    }
}

#[tokio::test]
async fn a_variable_that_nobody_gave_is_as_if_it_did_not_stand_there() {
    let world = World::new();
    let note = "mutation($t: String) { store(note: {text: \"a\", title: $t}) }";
    for (given, told) in [(json!({}), "kept"), (json!({"t": null}), "cleared"), (json!({"t": "b"}), "set")] {
        assert_eq!(world.ask(note, given).await["data"]["store"], told);
    }
    let argument = "query($n: Int) { echo(number: $n) }";
    assert_eq!(world.ask(argument, json!({})).await, json!({"data": {"echo": null}}));
    let through = "query A($n: Int) { ...F } query B($n: Int!) { ...F ...G }
        fragment F on Query { echo(number: $n) } fragment G on Query { late }";
    let request = async_graphql::Request::new(through).operation_name("A");
    let answer = serde_json::to_value(world.schema.execute(request).await).unwrap();
    assert_eq!(answer, json!({"data": {"echo": null}}));
    let required = "mutation($t: String) { a: store(day: \"2030-01-01\") b: store(note: {text: $t}) }";
    let told = world.refused(required, json!({})).await;
    assert!(told[0].contains("note.text is missing"), "{told:?}");
}

#[tokio::test]
async fn defaults_are_filled_in_for_directives_too() {
    let world = World::new();
    let query = "query($x: Boolean = true, $n: Int = 3) { late @skip(if: $x) echo(number: $n) }";
    assert_eq!(world.ask(query, json!({})).await["data"], json!({"echo": 3}));
    assert_eq!(world.ask(query, json!({"x": false})).await["data"], json!({"late": true, "echo": 3}));
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_not_repeated() {
    let world = World::new();
    for (document, name) in [
        ("{ late }", Some("310765-7913")),
        ("query A { late } query B { late }", Some("C")),
        ("query A { late } query B { late }", None),
    ] {
        let mut request = async_graphql::Request::new(document);
        request.operation_name = name.map(str::to_owned);
        let answer = serde_json::to_value(world.schema.execute(request).await).unwrap();
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("operationName"), "{answer}");
        assert!(!answer.to_string().contains("310765"), "{answer}");
    }
}

#[tokio::test]
async fn values_that_are_right_are_taken() {
    let world = World::new();
    for (variables, field, given) in [
        ("", "day: \"2030-01-01\"", json!({})),
        ("", "day: null", json!({})),
        (
            "($k: Kind, $v: Int)",
            "note: {text: \"a\", kind: $k, version: $v, tags: \"one\"}",
            json!({"k": "CALL", "v": 2_147_483_647}),
        ),
        ("($n: NoteInput!)", "note: $n", json!({"n": {"text": "a", "end": {"after": 3}, "kind": null}})),
        ("($e: Day)", "note: {text: \"a\", end: {on: $e}}", json!({"e": "2030-01-01"})),
    ] {
        let answer = world.ask(&second(variables, field), given).await;
        assert!(answer.get("errors").is_none(), "{field}: {answer}");
    }
}
