//! Mutations and queries that several tests send.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::Server;

/// A mutation's document; `selection` is what is wanted besides position and errors.
pub(crate) fn document(mutation: &str, selection: &str) -> String {
    let input = match mutation {
        "contactsImport" | "companiesImport" => "ImportInput".to_owned(),
        other => format!("{}{}Input", other[..1].to_uppercase(), &other[1..]),
    };
    format!(
        "mutation($input: {input}!) {{ {mutation}(input: $input) {{ {selection} position viewPending userErrors {{ \
         __typename code message field ... on StaleVersion {{ currentVersion }} \
         ... on AlreadyExists {{ existing }} }} }} }}"
    )
}

impl Server {
    /// Does something that must not be refused; answers the payload.
    pub(crate) async fn act(&self, mutation: &str, input: Value, selection: &str) -> Value {
        self.done(&document(mutation, selection), json!({"input": input})).await
    }

    /// Tries something that must be refused; answers the first error.
    pub(crate) async fn refuse(&self, mutation: &str, input: Value) -> Value {
        self.refused(&document(mutation, ""), json!({"input": input})).await.remove(0)
    }

    /// Tries something that must be refused; answers code and field of the first error.
    pub(crate) async fn refusal(&self, mutation: &str, input: Value) -> (String, String) {
        let error = self.refuse(mutation, input).await;
        (text(&error["code"]), error["field"][0].as_str().unwrap_or_default().to_owned())
    }

    /// Asks for a mutation that the role must not even try.
    pub(crate) async fn forbidden(&self, mutation: &str, input: Value) {
        let code = self.fault(&document(mutation, ""), json!({"input": input})).await;
        assert_eq!(code, "FORBIDDEN", "{mutation}");
    }

    /// The code of the top-level error that a query must end with.
    pub(crate) async fn fault(&self, query: &str, variables: Value) -> String {
        let answer = self.request(query, variables).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        code.as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    }

    /// A new contact's id.
    pub(crate) async fn contact(&self, first_name: &str) -> String {
        let done = self.act("contactRegister", json!({"firstName": first_name}), "contact { id }").await;
        text(&done["contact"]["id"])
    }

    /// A new company's id; `n` chooses its number.
    pub(crate) async fn company(&self, n: u32) -> String {
        let input = json!({
            "country": "DK", "number": cvr(n), "legalForm": "LIMITED", "name": format!("Prøve {n} ApS"),
        });
        text(&self.act("companyRegister", input, "company { id }").await["company"]["id"])
    }

    /// A new note's id.
    pub(crate) async fn note(&self, contacts: &[&str], words: &str) -> String {
        let input = json!({"contactIds": contacts, "kind": "MEETING", "text": words});
        text(&self.act("noteWrite", input, "note { id }").await["note"]["id"])
    }
}

/// A text of an answer.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text but {value}")).to_owned()
}

/// A position of an answer.
pub(crate) fn position(value: &Value) -> i64 {
    text(&value["position"]).parse().unwrap()
}

/// An idempotency key.
pub(crate) fn key(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

/// The nth of some CVR numbers that pass the check and that the demo data does not have.
pub(crate) fn cvr(n: u32) -> String {
    (1_000_000..)
        .filter_map(|seven: u32| {
            let digits = seven.to_string();
            let sum: u32 =
                digits.bytes().zip([2, 7, 6, 5, 4, 3, 2]).map(|(d, w)| u32::from(d - b'0') * w).sum();
            let check = (11 - sum % 11) % 11;
            (check < 10).then(|| format!("{digits}{check}"))
        })
        .nth(n as usize)
        .unwrap()
}

/// The day that lies some days after today, as the API writes it.
pub(crate) fn day(days: i64) -> String {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    let here = now.with_timezone(&chrono_tz::Europe::Copenhagen);
    (here.date_naive() + chrono::Duration::days(days)).to_string()
}

/// Every text in an answer's list under a key, in order.
pub(crate) fn texts(list: &Value, key: &str) -> Vec<String> {
    list.as_array()
        .unwrap_or_else(|| panic!("no list but {list}"))
        .iter()
        .map(|item| text(&item[key]))
        .collect()
}

/// The global id of an object that the test names, whether there is one or not.
pub(crate) fn global(kind: &str, n: u128) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{}", Uuid::from_u128(n).simple()))
}
