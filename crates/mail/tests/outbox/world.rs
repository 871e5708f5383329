//! An outbox with people in it, a clock that stands still, and a sender that is started and cut off.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use lethe_kernel::{
    Caller, Clock, ErrorCode, MailId, RequestId, Role, Subject, SubjectKind, UnitId, UserError, UserId,
};
use lethe_ledger::{Answer, Context, Failure, Ledger, UnitOfWork, Views, ViewsBuilder, Work, rows};
use lethe_mail::{
    Destination, MailStatus, Outgoing, OutgoingMailRow, OutgoingMailView, Policy, Resend, Sender,
    SmtpAddress, queue,
};
use lethe_vault::{Custody, Vault};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::peer::Peer;
use crate::postgres::Database;

pub(crate) const UNIT: UnitId = UnitId(Uuid::from_u128(7));
pub(crate) const ANNA: Subject = Subject::new(SubjectKind::User, Uuid::from_u128(1));
pub(crate) const BO: Subject = Subject::new(SubjectKind::User, Uuid::from_u128(2));
/// What no table, no file and no error may hold.
pub(crate) const MARKER: &str = "mærkelig";
const PATIENCE: Duration = Duration::from_mins(1);
const MOST: i64 = 3;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    views: Views,
    clock: Clock,
}

/// A sender that runs.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// As the end of its process would: at once, wherever it is.
    pub(crate) async fn cut_off(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// Has it stop, and waits for it.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

impl World {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let pool = lethe_ledger::connect(database.options.clone(), 8).await.unwrap();
        let custody = Custody::in_data_dir(database.folder.path()).with_buckets(4);
        let vault = Vault::open(pool.clone(), &custody).await.unwrap();
        let clock = Clock::fixed("2026-06-01T12:00:00Z".parse().unwrap());
        let ledger = Ledger::start(pool, vault, clock.clone()).await.unwrap();
        let views =
            ViewsBuilder::default().with::<OutgoingMailView>().start(ledger.parts().clone()).await.unwrap();
        Self { database, ledger, views, clock }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.database.folder.path().join("mail")
    }

    /// A sender to a mail server that answers within seconds, or not at all.
    pub(crate) fn sender_to(&self, port: u16) -> Running {
        self.sender(Destination::Server(at(port), Duration::from_secs(2)))
    }

    /// One that waits longer for an answer than any test.
    pub(crate) fn patient_sender_to(&self, peer: &Peer) -> Running {
        self.sender(Destination::Server(at(peer.port), PATIENCE * 2))
    }

    pub(crate) fn sender_to_peer(&self, peer: &Peer) -> Running {
        self.sender_to(peer.port)
    }

    pub(crate) fn sender(&self, destination: Destination) -> Running {
        let from = "Nord <lethe@nord.example>".parse().unwrap();
        let policy = Policy { first: TimeDelta::seconds(1), most: MOST };
        let sender = Sender::new(self.ledger.clone(), destination, from, policy).unwrap();
        let stop = CancellationToken::new();
        Running { task: tokio::spawn(sender.run(stop.clone())), stop }
    }

    /// Lets so much time go by that whatever waits for its next attempt is due.
    pub(crate) fn later(&self) {
        self.clock.set(self.clock.now() + TimeDelta::hours(6));
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) async fn queue(&self, about: Subject) -> MailId {
        self.try_queue(about).await.unwrap()
    }

    pub(crate) async fn try_queue(&self, about: Subject) -> Result<MailId, Failure> {
        Ok(MailId(self.execute(&Queue { about, refused: false }).await?))
    }

    /// Queues a mail in a unit of work that is then refused.
    pub(crate) async fn queue_in_vain(&self, about: Subject) {
        self.execute(&Queue { about, refused: true }).await.unwrap_err();
    }

    pub(crate) async fn erase(&self, who: Subject) {
        self.execute(&Erase(who)).await.unwrap();
    }

    pub(crate) async fn resend(&self, mail: MailId, role: Role) -> Result<Uuid, Failure> {
        self.execute_as(role, &Resend { mail, expected_version: None }).await
    }

    async fn execute(&self, work: &impl Work) -> Result<Uuid, Failure> {
        self.execute_as(Role::Consultant, work).await
    }

    async fn execute_as(&self, role: Role, work: &impl Work) -> Result<Uuid, Failure> {
        let caller = Caller { user: UserId(Uuid::from_u128(9)), unit: UNIT, role };
        let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
        Ok(self.ledger.execute(&context, work).await?.object())
    }

    /// What the view shows of a mail now.
    pub(crate) async fn row(&self, mail: MailId) -> Option<OutgoingMailRow> {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(
            self.views.reached(&["outgoing_mail"], head, PATIENCE).await.unwrap(),
            "the view stands still"
        );
        rows::<OutgoingMailView>(&self.ledger.parts().pool, &[mail.0]).await.unwrap().pop()
    }

    /// Waits until a mail stands so.
    pub(crate) async fn reaches(&self, mail: MailId, status: MailStatus) -> OutgoingMailRow {
        let begun = Instant::now();
        loop {
            let row = self.row(mail).await.unwrap();
            if row.status == status {
                return row;
            }
            assert!(begun.elapsed() < PATIENCE, "{row:?} is not {status:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The types of a mail's events.
    pub(crate) async fn events(&self, mail: MailId) -> Vec<String> {
        let events = self.ledger.parts().stream_until("mail", &[mail.0], None).await.unwrap();
        events.into_iter().map(|event| event.event_type).collect()
    }

    /// Everything that the tables of ledger and view hold, as text.
    pub(crate) async fn everything(&self) -> String {
        let sql = "SELECT coalesce(string_agg(e::text, E'\\n'), '') || \
                   coalesce((SELECT string_agg(m::text, E'\\n') FROM view.outgoing_mail m), '') FROM ledger.events e";
        sqlx::query_scalar(sql).fetch_one(&self.ledger.parts().pool).await.unwrap()
    }
}

fn at(port: u16) -> SmtpAddress {
    format!("smtp://127.0.0.1:{port}").parse().unwrap()
}

struct Queue {
    about: Subject,
    refused: bool,
}

impl Work for Queue {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let mail = queue(unit, outgoing(self.about)).await?;
        if self.refused {
            return Err(UserError::new(ErrorCode::RuleViolated, "It was not to be.").into());
        }
        Ok(Answer::about(mail, self.about))
    }
}

fn outgoing(about: Subject) -> Outgoing {
    Outgoing {
        about,
        to: format!("{MARKER}@example.org").replace('æ', "ae"),
        title: format!("Til {MARKER}"),
        text: format!("Hej {MARKER}\n.\nEr den din?"),
        kind: "DEVICE_APPROVAL",
    }
}

/// Destroys somebody's keys, and tells somebody else.
struct Erase(Subject);

impl Work for Erase {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(self.0, |_| true).await?;
        Ok(Answer::of(queue(unit, outgoing(Subject::document(Uuid::from_u128(77)))).await?))
    }
}
