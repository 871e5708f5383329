//! The rows of `lethe fixture --load`, in plain text.

use std::fmt::Write as _;

use lethe_fixtures::rows::{self, CONTACTS_OF_A_COMPANY, unit_of};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use uuid::Uuid;

const SEED: u64 = 1;
const NOTES: u64 = 3;
/// How many rows are sent at once.
const AT_ONCE: u64 = 5_000;

const TABLES: &str = "
CREATE SCHEMA plain;
CREATE TABLE plain.company (id uuid PRIMARY KEY, number text NOT NULL, name text NOT NULL, city text);
CREATE TABLE plain.contact (id uuid PRIMARY KEY, unit_id uuid NOT NULL, first_name text, last_name text, title text,
    email text, phone text, mobile text, created_at timestamptz NOT NULL);
CREATE TABLE plain.contact_company (contact_id uuid NOT NULL, company_id uuid NOT NULL, PRIMARY KEY (contact_id, company_id));
CREATE TABLE plain.note (id uuid PRIMARY KEY, contact_id uuid NOT NULL, kind text NOT NULL, body text NOT NULL,
    expires_on date, created_at timestamptz NOT NULL);";
const INDEXES: &str = "
CREATE INDEX ON plain.contact (unit_id, created_at, id);
CREATE INDEX ON plain.contact_company (company_id);
CREATE INDEX ON plain.note (contact_id, created_at DESC, id);
ALTER TABLE plain.contact_company ADD FOREIGN KEY (contact_id) REFERENCES plain.contact;
ALTER TABLE plain.contact_company ADD FOREIGN KEY (company_id) REFERENCES plain.company;
ALTER TABLE plain.note ADD FOREIGN KEY (contact_id) REFERENCES plain.contact;
VACUUM ANALYZE";

/// The id of the unit at a place, which is only told apart here.
pub(crate) fn unit(place: usize) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &[u8::try_from(place).unwrap()])
}

/// An id that is as scattered as a random one.
fn id(of: &str, number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{of}{number}").as_bytes())
}

/// Makes the tables and fills them.
pub(crate) async fn fill(options: &PgConnectOptions, contacts: u64) {
    let mut connection = options.clone().disable_statement_logging().connect().await.unwrap();
    connection.execute(TABLES).await.unwrap();
    for first in (0..contacts).step_by(usize::try_from(AT_ONCE).unwrap()) {
        some(&mut connection, first, contacts.min(first + AT_ONCE)).await;
    }
    // VACUUM must be a statement of its own.
    for statement in INDEXES.split(';') {
        connection.execute(statement).await.unwrap();
    }
    connection.close().await.unwrap();
}

async fn some(connection: &mut PgConnection, first: u64, end: u64) {
    let (mut companies, mut people, mut links, mut notes) =
        (String::new(), String::new(), String::new(), String::new());
    for ordinal in first..end {
        let (number, contact) = (ordinal / CONTACTS_OF_A_COMPANY, id("contact", ordinal));
        if ordinal % CONTACTS_OF_A_COMPANY == 0 {
            let row = rows::company(SEED, number).unwrap();
            writeln!(companies, "{}\t{}\t{}\t{}", id("company", number), row.number, row.name, row.city)
                .unwrap();
        }
        let row = rows::contact(SEED, ordinal);
        let (unit, at) = (unit(unit_of(ordinal)), moment(ordinal));
        writeln!(
            people,
            "{contact}\t{unit}\t{}\t{}\t{}\t{}\t{}\t{}\t{at}",
            row.first_name, row.last_name, row.title, row.email, row.phone, row.mobile
        )
        .unwrap();
        writeln!(links, "{contact}\t{}", id("company", number)).unwrap();
        for number in 0..NOTES {
            let row = rows::note(SEED, ordinal, number);
            let (id, at) = (id("note", ordinal * NOTES + number), moment(ordinal * NOTES + number));
            writeln!(notes, "{id}\t{contact}\t{}\t{}\t2030-01-01\t{at}", row.kind, escaped(&row.text))
                .unwrap();
        }
    }
    for (table, lines) in
        [("company", companies), ("contact", people), ("contact_company", links), ("note", notes)]
    {
        let mut copy = connection.copy_in_raw(&format!("COPY plain.{table} FROM STDIN")).await.unwrap();
        copy.send(lines.into_bytes()).await.unwrap();
        copy.finish().await.unwrap();
    }
}

/// As COPY reads it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t")
}

fn moment(number: u64) -> String {
    let seconds = 1_700_000_000 + i64::try_from(number).unwrap();
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().to_rfc3339()
}
