use serde_json::json;

use super::schema::World;

#[tokio::test]
async fn keys_come_in_the_order_of_the_query() {
    let world = World::new();
    let query = "{ late a: echo(number: 1) viewer { maybe role } b: late ...F } fragment F on Query { z: late y: echo }";
    let bare = World::bare().execute(query).await;
    assert_ne!(
        serde_json::to_string(&bare.data).unwrap(),
        world.text(query).await,
        "the executor's own order would do"
    );
    assert_eq!(
        world.text(query).await,
        r#"{"late":true,"a":1,"viewer":{"maybe":null,"role":"DPM"},"b":true,"z":true,"y":null}"#
    );
    assert_eq!(
        world.text("{ viewer { role } a: late viewer { maybe } ...on Query { viewer { x: role } } }").await,
        r#"{"viewer":{"role":"DPM","maybe":null,"x":"DPM"},"a":true}"#
    );
}

#[tokio::test]
async fn each_member_of_a_union_has_the_order_of_the_fragments_that_apply_to_it() {
    let query = "{ things { ...on Text { text size } ...on Number { size number } } }";
    assert_eq!(World::new().text(query).await, r#"{"things":[{"text":"a","size":0},{"size":1,"number":1}]}"#);
}

#[tokio::test]
async fn an_object_of_which_nothing_is_selected_is_empty_and_not_null() {
    let world = World::new();
    for (query, expected) in [
        ("{ things { ...on Text { text } } }", r#"{"things":[{"text":"a"},{}]}"#),
        ("{ viewer { role @skip(if: true) } }", r#"{"viewer":{}}"#),
        ("{ viewer @include(if: false) { role } }", "{}"),
        (
            "{ viewer { ...F @skip(if: true) } nobody { ...F } } fragment F on Viewer { role }",
            r#"{"viewer":{},"nobody":null}"#,
        ),
        ("mutation { store @skip(if: true) }", "{}"),
    ] {
        assert_eq!(world.text(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_is_empty_because_it_failed_is_null() {
    let world = World::new();
    for (query, expected) in [
        ("{ fails }", "null"),
        ("{ ...on Query { fails } }", "null"),
        ("{ viewer { ...on Viewer { fails } } late }", r#"{"viewer":null,"late":true}"#),
    ] {
        assert_eq!(world.text(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn introspection_is_answered_as_asked() {
    let world = World::new();
    let query = "{ __schema { queryType { ...T } } __type(name: \"Viewer\") { name fields { name type { ...T ofType { ...T } } } } }
        fragment T on __Type { kind name }";
    let text = world.text(query).await;
    assert!(
        text.starts_with(
            r#"{"__schema":{"queryType":{"kind":"OBJECT","name":"Query"}},"__type":{"name":"Viewer""#
        ),
        "{text}"
    );
    assert!(!text.contains("lethe"), "{text}");
}

#[tokio::test]
async fn a_typename_that_a_client_asks_for_is_told() {
    assert_eq!(
        World::new().ask("{ __typename things(first: 1) { __typename } }", json!({})).await["data"],
        json!({"__typename": "Query", "things": [{"__typename": "Text"}]})
    );
}
