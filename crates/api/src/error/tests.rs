use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use lethe_notary::NotaryError;
use lethe_privacy::certificate::CertificateError;

use super::*;

/// What the message of an inner error may hold.
const INNER: &str = "relation contacts of ada@example.org";

fn ledger() -> LedgerError {
    LedgerError::Encode(INNER.into())
}

fn vault() -> VaultError {
    VaultError::RootOfAnother(INNER.into())
}

struct Failing;

/// Fields that fail with `?`, each with another error of what stands below.
#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object]
impl Failing {
    async fn ledger(&self) -> Result<Option<bool>> {
        Err(ledger())?
    }

    async fn outage(&self) -> Result<Option<bool>> {
        Err(LedgerError::Database(sqlx::Error::Protocol(INNER.into())))?
    }

    async fn loader(&self) -> Result<Option<bool>> {
        Err(Arc::new(ledger()))?
    }

    async fn vault(&self) -> Result<Option<bool>> {
        Err(LedgerError::Vault(vault()))?
    }

    async fn notary(&self) -> Result<Option<bool>> {
        Err(NotaryError::Ledger(ledger()))?
    }

    async fn leaves(&self) -> Result<Option<bool>> {
        Err(Arc::new(NotaryError::Vault(vault())))?
    }

    async fn certificate(&self) -> Result<Option<bool>> {
        Err(CertificateError::Ledger(ledger()))?
    }

    async fn signature(&self) -> Result<Option<bool>> {
        Err(CertificateError::Vault(vault()))?
    }

    async fn log(&self) -> Result<Option<bool>> {
        Err(CertificateError::Log(NotaryError::Ledger(ledger())))?
    }

    async fn key_of_log(&self) -> Result<Option<bool>> {
        Err(CertificateError::Log(NotaryError::Vault(vault())))?
    }
}

#[tokio::test]
async fn what_an_inner_error_says_does_not_reach_the_client() {
    let schema = Schema::new(Failing, EmptyMutation, EmptySubscription);
    let fields = [
        ("ledger", "INTERNAL"),
        ("outage", "UNAVAILABLE"),
        ("loader", "INTERNAL"),
        ("vault", "VAULT"),
        ("notary", "INTERNAL"),
        ("leaves", "VAULT"),
        ("certificate", "INTERNAL"),
        ("signature", "VAULT"),
        ("log", "INTERNAL"),
        ("keyOfLog", "VAULT"),
    ];
    for (field, code) in fields {
        let answer = schema.execute(format!("{{ {field} }}")).await;
        let answer = serde_json::to_value(answer).unwrap();
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{answer:#}");
        assert!(!answer.to_string().contains(INNER), "{answer:#}");
        assert_eq!(errors[0]["extensions"], serde_json::json!({ "code": code }), "{answer:#}");
    }
}

#[test]
fn an_error_has_its_code_and_what_else_a_program_reads() {
    let error = async_graphql::Error::from(top_level("NOT_YET", "Wait.").with("lastPosition", "7"));
    let told = serde_json::to_value(&error).unwrap();
    let extensions = serde_json::json!({ "code": "NOT_YET", "lastPosition": "7" });
    assert_eq!(told, serde_json::json!({ "message": "Wait.", "extensions": extensions }));
    assert!(error.source.is_none(), "it carries nothing else along");
}

/// Does not compile if async-graphql turns whatever can be printed into an error of its own, with all that it says.
#[test]
fn an_inner_error_becomes_no_graphql_error_by_itself() {
    trait Unless<Told> {
        fn holds() {}
    }
    impl<T> Unless<()> for T {}
    impl<T: Into<async_graphql::Error>> Unless<u8> for T {}
    // One of the two fits, so which one is meant is plain; with a conversion both would.
    <LedgerError as Unless<_>>::holds();
    <VaultError as Unless<_>>::holds();
    <kernel::UserError as Unless<_>>::holds();
}
