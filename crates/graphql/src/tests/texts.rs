use async_graphql::Request;
use serde_json::{Value, json};

use super::schema::World;

#[tokio::test]
async fn at_most_twenty_errors_are_told_in_the_order_of_the_document() {
    let world = World::new();
    for many in [
        format!("{{ {} }}", (0..500).map(|index| format!("x{index} ")).collect::<Vec<_>>().concat()),
        format!(
            "{{ {} }}",
            (0..500).map(|index| format!("a{index}: echo(number: \"x\") ")).collect::<Vec<_>>().concat()
        ),
        format!("{{ {} }}", (0..500).map(|index| format!("...f{index} ")).collect::<Vec<_>>().concat()),
        format!("{{ {} }}", (0..15).map(|index| format!("x{index} ")).collect::<Vec<_>>().concat()),
    ] {
        let errors = world.refused(&many, json!({})).await;
        assert!(errors.len() <= 20 && errors.len() > 10, "{errors:?}");
        let answer = world.ask(&many, json!({})).await;
        let places: Vec<u64> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["locations"][0]["column"].as_u64().unwrap())
            .collect();
        assert!(places.is_sorted(), "{places:?}");
    }
}

async fn remembered(world: &World, query: &str, hash: &str) -> Value {
    let extension = json!({"version": 1, "sha256Hash": hash});
    let mut request = Request::new(query);
    request
        .extensions
        .insert("persistedQuery".to_owned(), async_graphql::Value::from_json(extension).unwrap());
    serde_json::to_value(world.schema.execute(request).await).unwrap()
}

fn hash(query: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, query.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_query_is_remembered_only_if_it_is_valid_and_holds_no_text() {
    let world = World::new();
    for (query, is_remembered) in [
        ("{ late }", true),
        ("query($n: Int) { echo(number: $n) viewer { ...on Viewer { role } } }", true),
        ("mutation { store(day: \"2030-01-01\") }", false),
        ("{ nothing }", false),
        ("query($n: Int!) { echo(number: $n) }", false),
        (&super::costs::doubling(20, 2), false),
    ] {
        let first = remembered(&world, query, &hash(query)).await;
        let again = remembered(&world, "", &hash(query)).await;
        if is_remembered {
            assert_eq!(first, again);
            assert!(first.get("errors").is_none(), "{first}");
        } else {
            assert_eq!(again["errors"][0]["message"], "PersistedQueryNotFound", "{query}");
        }
    }
    let other = remembered(&world, "{ late }", &hash("{ fails }")).await;
    assert!(other["errors"][0]["message"].as_str().unwrap().contains("hash"), "{other}");
}

#[tokio::test]
async fn a_remembered_query_is_weighed_with_the_variables_of_each_request() {
    let world = World::new();
    let query = "query($n: Int) { things(first: $n) { __typename } }";
    assert!(remembered(&world, query, &hash(query)).await.get("errors").is_none());
    let kinds: String =
        (0..100).map(|index| format!("a{index}: kinds(kind: $k) ")).collect::<Vec<_>>().concat();
    let kinds = format!("query($k: [Kind!]! = []) {{ {kinds} }}");
    assert!(remembered(&world, &kinds, &hash(&kinds)).await.get("errors").is_none());
    let mut request =
        Request::new("").variables(async_graphql::Variables::from_json(json!({"k": vec!["CALL"; 1_000]})));
    let extension = json!({"version": 1, "sha256Hash": hash(&kinds)});
    request
        .extensions
        .insert("persistedQuery".to_owned(), async_graphql::Value::from_json(extension).unwrap());
    let answer = serde_json::to_value(world.schema.execute(request).await).unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
}
