//! How many SQL statements a page costs, counted as PostgreSQL's driver sends them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lethe_access::Directory;
use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_api::{App, Background, Graph, Request};
use lethe_crm::company::{CompanyInput, LegalForm, RegisterCompany};
use lethe_crm::contact::{ContactInput, RegisterContact};
use lethe_crm::note::{ExpiryChoice, WriteNote};
use lethe_kernel::{Caller, Clock, CompanyId, ContactId, Patch, RequestId, Role, Session, UnitId, UserId};
use lethe_ledger::{Context, Ledger, Work};
use lethe_local_postgres::{Settings, start};
use lethe_nordic::Country;
use lethe_notary::{Notary, Places};
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use uuid::Uuid;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));
const CALLER: Caller = Caller { user: DPM, unit: UNIT, role: Role::Consultant };
const SESSION: Session = Session { caller: CALLER, device: None, second_factor: true };

/// Every statement that the driver sent.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "db.statement" || (field.name() == "summary" && self.0.is_empty()) {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut text = Text(String::new());
            event.record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }
    }
}

impl Statements {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

async fn act(ledger: &Ledger, work: impl Work) -> Uuid {
    let context = Context::new(CALLER, RequestId(Uuid::from_u128(1)));
    ledger.execute(&context, &work).await.unwrap().objects.remove(0)
}

/// Ten companies, one of them a sole proprietor's, and 100 contacts, each of one company and with two notes.
async fn fill(ledger: &Ledger) {
    let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
    let system = Context::new(Caller::system(UNIT), RequestId(Uuid::from_u128(1)));
    let dpm = RegisterUser::person(DPM, "Dana", "dana@example.org");
    ledger.execute(&system, &dpm).await.unwrap();
    ledger.execute(&system, &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
    let mut companies = Vec::new();
    for number in ["10000009", "10000017", "10000025", "10000033"] {
        let sole = companies.is_empty();
        let legal_form = if sole { LegalForm::SoleProprietor } else { LegalForm::Limited };
        let input = CompanyInput {
            legal_form: Some(legal_form),
            name: Patch::Set("Prøve".into()),
            ..CompanyInput::default()
        };
        let work = RegisterCompany {
            country: Country::Denmark,
            number: number.into(),
            p_numbers: Vec::new(),
            input,
            external_reference: None,
            origin: None,
        };
        companies.push(CompanyId(act(ledger, work).await));
    }
    for n in 0..100 {
        let input = ContactInput { first_name: Patch::Set(format!("Person {n}")), ..ContactInput::default() };
        let company = *companies.get(n % companies.len()).unwrap();
        let work =
            RegisterContact { input, external_reference: None, companies: vec![company], origin: None };
        let contact = ContactId(act(ledger, work).await);
        for words in ["Første.", "Anden."] {
            let work = WriteNote {
                contacts: vec![contact],
                company: None,
                kind: "CALL".into(),
                text: words.into(),
                contains_personal: true,
                contains_sensitive: false,
                expiry: ExpiryChoice::Default,
                longest: lethe_crm::expiry::Longest::default(),
            };
            act(ledger, work).await;
        }
    }
}

/// The statements that a request takes that read views or keys, and its answer.
async fn sent(
    graph: &Graph,
    statements: &Statements,
    session: Session,
    query: String,
) -> (Vec<String>, serde_json::Value) {
    statements.take();
    let request =
        async_graphql::Request::new(query).data(Request::new(session, RequestId(Uuid::from_u128(3))));
    let answer = graph.execute(request).await;
    let mut sent = statements.take();
    // What the ledger does meanwhile – looking for what others appended, who runs which view, whether connections are
    // alive – is not the page's, and touches neither rows of views nor keys.
    sent.retain(|sql| ["view.", "vault.keys"].iter().any(|schema| sql.contains(schema)));
    assert_eq!(answer.errors, []);
    (sent, answer.data.into_json().unwrap())
}

/// The statements that a page with the reveals about each contact takes.
async fn logs(graph: &Graph, statements: &Statements, size: usize) -> usize {
    let caller = Caller { role: Role::Dpm, ..CALLER };
    let query = format!(
        "{{ contacts(first: {size}) {{ nodes {{ id accessLog {{ nodes {{ id purposeText }} }} }} }} }}"
    );
    let (sent, answer) = sent(graph, statements, Session { caller, ..SESSION }, query).await;
    assert_eq!(answer["contacts"]["nodes"].as_array().unwrap().len(), size);
    sent.len()
}

/// The statements that one page takes.
async fn page(graph: &Graph, statements: &Statements, size: usize) -> Vec<String> {
    let query = format!(
        "{{ contacts(first: {size}) {{ nodes {{ id firstName lastName cpr nextExpiry \
         companies {{ nodes {{ id name number }} }} notes {{ nodes {{ id kind text expiresOn }} }} }} }} }}"
    );
    let (sent, answer) = sent(graph, statements, SESSION, query).await;
    let nodes = answer["contacts"]["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), size);
    for node in nodes {
        assert_eq!(node["companies"]["nodes"][0]["name"], "Prøve");
        assert_eq!(node["notes"]["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(node["notes"]["nodes"][0]["text"], "Anden.");
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_contacts_takes_three_statements_and_one_for_keys_whatever_its_size() {
    let statements = Statements::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(statements.clone())).unwrap();
    // Root runs PostgreSQL as another user, who must be able to pass through.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
    let mut settings = Settings::new(folder.path().join("data"));
    settings.offline = true;
    let postgres = start(settings, Arc::new(|_: &str| {})).await.unwrap();
    let at = postgres.connection();
    let options = PgConnectOptions::new().socket(&at.socket_dir).port(at.port).username(&at.user);
    let pool = lethe_ledger::connect(options.database("postgres"), 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let vault =
        Vault::open(pool.clone(), &Custody::in_data_dir(postgres.data_dir()).with_buckets(16)).await.unwrap();
    let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
    let views = lethe_api::views().start(ledger.parts().clone()).await.unwrap();
    fill(&ledger).await;
    let head = ledger.parts().head().await.unwrap();
    assert!(views.reached(&views.names(), head, Duration::from_mins(1)).await.unwrap());
    let directory = Directory::start(ledger.parts().clone()).await.unwrap();
    let notary = Notary::open(ledger.parts().clone(), Places::default()).await.unwrap();
    let background = Background::default();
    let app = App {
        ledger,
        views,
        directory,
        notary,
        longest: lethe_crm::expiry::Longest::default(),
        patience: Duration::from_secs(5),
        background,
    };
    let graph = Graph::new(app, 15, 100_000);

    let fifty = page(&graph, &statements, 50).await;
    let (keys, views): (Vec<_>, Vec<_>) = fifty.iter().partition(|sql| sql.contains("vault.keys"));
    assert_eq!((views.len(), keys.len()), (3, 1), "{fifty:#?}");
    // Nobody reads the items of the contacts, and companies and contacts of notes only who asks for them.
    let lists = ["view.contact_item c", "view.contact_company c", "view.note_contact c"];
    let read = |sent: &[String]| lists.map(|list| sent.iter().any(|sql| sql.contains(list)));
    assert_eq!(read(&fifty), [false, true, false]);
    let few =
        "{ contacts(first: 5) { nodes { id notes { nodes { id } } } } notes(first: 5) { nodes { id } } }";
    assert_eq!(read(&sent(&graph, &statements, SESSION, few.to_owned()).await.0), [false; 3]);
    let more = "{ contacts(first: 5) { edges { node { notes { edges { node { contacts { id } } } } } } } }";
    let (sent_for_more, answer) = sent(&graph, &statements, SESSION, more.to_owned()).await;
    assert!(read(&sent_for_more)[2]);
    let note = &answer["contacts"]["edges"][0]["node"]["notes"]["edges"][0]["node"];
    assert_eq!(note["contacts"].as_array().unwrap().len(), 1);

    let hundred = page(&graph, &statements, 100).await;
    assert_eq!(hundred.len(), fifty.len(), "{hundred:#?}");
    // Contacts, reveals, keys.
    assert_eq!((logs(&graph, &statements, 50).await, logs(&graph, &statements, 100).await), (3, 3));
    postgres.stop().await.unwrap();
}
