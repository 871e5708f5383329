//! A contact with very many notes: the next one costs its view what the first ones did.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_crm::contact::{ContactInput, ContactView, RegisterContact};
use lethe_crm::expiry::{Effect, Expiry, Longest};
use lethe_crm::note::{ExpiryChoice, NoteView, RemoveNote, WriteNote};
use lethe_kernel::{Caller, Clock, ContactId, NoteId, Patch, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Ledger, Views, ViewsBuilder, Work, rows};
use lethe_local_postgres::{LocalPostgres, Settings, start};
use lethe_nordic::Country;
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const DPM: UserId = UserId(Uuid::from_u128(2));
const TEN: u32 = 10;
const REQUEST: RequestId = RequestId(Uuid::from_u128(1));

struct World {
    ledger: Ledger,
    views: Views,
    postgres: LocalPostgres,
    _folder: TempDir,
}

/// The rows of the contact's tables that were read, and those that were written.
#[derive(Clone, Copy, Debug)]
struct Touched {
    read: i64,
    written: i64,
}

impl World {
    async fn start() -> Self {
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
        let custody = Custody::in_data_dir(postgres.data_dir()).with_buckets(16);
        let vault = Vault::open(pool.clone(), &custody).await.unwrap();
        let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
        let views = ViewsBuilder::default().with::<ContactView>().with::<NoteView>();
        let views = views.start(ledger.parts().clone()).await.unwrap();
        let world = Self { ledger, views, postgres, _folder: folder };
        let system = Context::new(Caller::system(UNIT), REQUEST);
        world.ledger.execute(&system, &RegisterUser::person(DPM, "Dana", "dana@example.org")).await.unwrap();
        let unit = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
        world.ledger.execute(&system, &RegisterUnit { id: Some(UNIT), unit, dpm: Some(DPM) }).await.unwrap();
        world
    }

    /// Executes a command and waits until the views show it, so that it is folded alone.
    async fn act(&self, work: impl Work) -> Uuid {
        let caller = Caller { user: DPM, unit: UNIT, role: Role::Consultant };
        let done = self.ledger.execute(&Context::new(caller, REQUEST), &work).await.unwrap();
        let names = self.views.names();
        let shown = self.views.reached(&names, done.position, Duration::from_mins(1)).await.unwrap();
        assert!(shown, "{:?}", self.views.states());
        done.objects[0]
    }

    /// Writes the next note; answers when it expires, too.
    async fn write(&self, contact: ContactId, before: usize) -> (NoteId, NaiveDate) {
        let days = 1000 - u64::try_from(before).unwrap() / 6;
        let on = self.ledger.parts().clock.now().date_naive() + Days::new(days);
        let note = self.act(WriteNote {
            contacts: vec![contact],
            company: None,
            kind: "CALL".into(),
            text: "Ringede.".into(),
            contains_personal: true,
            contains_sensitive: false,
            expiry: ExpiryChoice::On(Expiry { on, effect: Effect::Delete }),
            longest: Longest::default(),
        });
        (NoteId(note.await), on)
    }

    /// What was touched until now. A connection tells it some seconds after it was last used, or when it ends.
    async fn touched(&self) -> Touched {
        let parts = self.ledger.parts();
        loop {
            let (items, read, written): (i64, i64, i64) = sqlx::query_as(
                "SELECT sum(n_tup_ins) FILTER (WHERE relname = 'contact_item')::bigint, \
                 sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint, \
                 sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint \
                 FROM pg_stat_user_tables WHERE relname IN ('contact', 'contact_item', 'contact_company')",
            )
            .fetch_one(&parts.pool)
            .await
            .unwrap();
            let notes = "SELECT count(*) FROM ledger.events WHERE event_type = 'note.written'";
            let there: i64 = sqlx::query_scalar(notes).fetch_one(&parts.pool).await.unwrap();
            if items == there {
                return Touched { read, written };
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn next_expiry(&self, contact: ContactId) -> Option<NaiveDate> {
        rows::<ContactView>(&self.ledger.parts().pool, &[contact.0]).await.unwrap().remove(0).next_expiry
    }
}

/// How many notes a contact has when ten more are counted; `LETHE_MANY_NOTES=10,1000,5000` says otherwise.
fn sizes() -> Vec<usize> {
    let sizes = std::env::var("LETHE_MANY_NOTES").unwrap_or_else(|_| "5,500".into());
    sizes.split(',').map(|size| size.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_five_hundredth_note_of_a_contact_costs_its_view_what_the_fifth_did() {
    let world = World::start().await;
    let input = ContactInput { first_name: Patch::Set("Anna".into()), ..ContactInput::default() };
    let register = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    let contact = ContactId(world.act(register).await);
    // Each expires before those that were written earlier, or on the same day.
    let (mut notes, mut costs) = (Vec::new(), Vec::new());
    for size in sizes() {
        while notes.len() < size {
            notes.push(world.write(contact, notes.len()).await);
        }
        let (before, begun) = (world.touched().await, Instant::now());
        for _ in 0..TEN {
            notes.push(world.write(contact, notes.len()).await);
        }
        let (time, after) = (begun.elapsed() / TEN, world.touched().await);
        let cost = Touched { read: after.read - before.read, written: after.written - before.written };
        println!("{TEN} more notes than {size}: {cost:?}, {time:?} each");
        costs.push(cost);
    }
    for cost in &costs {
        // The item, and the row of the contact.
        assert_eq!(cost.written, 2 * i64::from(TEN), "{costs:?}");
        assert!(cost.read <= costs[0].read + i64::from(TEN), "{costs:?}");
    }

    // The first to expire goes, and the next one is found.
    let (note, on) = notes.pop().unwrap();
    assert_eq!(world.next_expiry(contact).await, Some(on));
    world.act(RemoveNote { note, expected_version: None }).await;
    assert_eq!(world.next_expiry(contact).await, notes.last().map(|(_, on)| *on));
    assert_eq!(world.views.differences().await.unwrap(), []);
    world.postgres.stop().await.unwrap();
}
