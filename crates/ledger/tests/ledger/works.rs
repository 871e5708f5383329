//! The commands the tests give.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lethe_kernel::Personal;
use lethe_ledger::{Answer, Failure, Ledger, UnitOfWork, Work};
use uuid::Uuid;

use crate::bank::{Account, AccountEvent, Book, BookEvent, Name, StrangeAccount, StrangeEvent, holder};
use crate::world::context;

/// Adds an amount to an account.
#[derive(Clone, Copy)]
pub(crate) struct Add(pub(crate) Uuid, pub(crate) i64);

impl Work for Add {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let Self(account, amount) = *self;
        unit.handle::<Account>(account, (account, AccountEvent::Added { amount })).await?;
        Ok(Answer::of(account))
    }
}

/// Names an account's holder.
pub(crate) struct Rename(pub(crate) Uuid, pub(crate) &'static str);

impl Work for Rename {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let name = Personal::of(holder(self.0), Name(self.1.to_owned()));
        unit.handle::<Account>(self.0, (self.0, AccountEvent::Named { name })).await?;
        Ok(Answer::about(self.0, holder(self.0)))
    }
}

/// Names the holders of several accounts.
pub(crate) struct RenameAll(pub(crate) Vec<Uuid>);

impl Work for RenameAll {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        for account in &self.0 {
            Rename(*account, "Åse").run(unit).await?;
        }
        Ok(Answer { objects: self.0.clone(), subject: None })
    }
}

/// Appends one account event as it is.
pub(crate) struct Append(pub(crate) Uuid, pub(crate) AccountEvent);

impl Work for Append {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.handle::<Account>(self.0, (self.0, self.1.clone())).await?;
        Ok(Answer::of(self.0))
    }
}

/// Moves an amount from the first account to the second.
pub(crate) struct Transfer(pub(crate) Uuid, pub(crate) Uuid, pub(crate) i64);

impl Work for Transfer {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let Self(from, to, amount) = *self;
        unit.handle::<Account>(from, (from, AccountEvent::Added { amount: -amount })).await?;
        unit.handle::<Account>(to, (to, AccountEvent::Added { amount })).await?;
        Ok(Answer { objects: vec![from, to], subject: None })
    }
}

/// Names an account, adds an amount to it and enters it in a book: two aggregates.
pub(crate) struct Enter {
    pub(crate) account: Uuid,
    pub(crate) book: Uuid,
}

impl Work for Enter {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let Self { account, book } = *self;
        let name = Personal::of(holder(account), Name("Entered".into()));
        unit.handle::<Account>(account, (account, AccountEvent::Named { name })).await?;
        unit.handle::<Book>(book, BookEvent::Entered { account }).await?;
        unit.handle::<Account>(account, (account, AccountEvent::Added { amount: 1 })).await?;
        Ok(Answer { objects: vec![account, book], subject: Some(holder(account)) })
    }
}

/// Closes a book.
pub(crate) struct Close(pub(crate) Uuid);

impl Work for Close {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.handle::<Book>(self.0, BookEvent::Closed {}).await?;
        Ok(Answer::of(self.0))
    }
}

/// Adds as many to an account as a book has entries; the book is only read. While it decides, `rival` enters
/// something in the book, as often as told.
pub(crate) struct Tally<'l> {
    pub(crate) account: Uuid,
    pub(crate) book: Uuid,
    pub(crate) rival: &'l Ledger,
    pub(crate) disturbances: usize,
    pub(crate) runs: AtomicUsize,
}

impl Work for Tally<'_> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let amount = unit.load::<Book>(self.book).await?.entries;
        if self.runs.fetch_add(1, Ordering::SeqCst) < self.disturbances {
            let entry = Enter { account: unit.new_id(), book: self.book };
            self.rival.execute(&context(), &entry).await?;
        }
        Add(self.account, amount).run(unit).await
    }
}

/// Another command that first tells that it has begun, and waits the first time until it may go on.
pub(crate) struct Meeting<'b, W> {
    pub(crate) work: W,
    pub(crate) account: Uuid,
    pub(crate) barrier: &'b tokio::sync::Barrier,
    pub(crate) runs: AtomicUsize,
}

impl<W: Work> Work for Meeting<'_, W> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.load::<Account>(self.account).await?;
        if self.runs.fetch_add(1, Ordering::SeqCst) == 0 {
            self.barrier.wait().await;
        }
        self.work.run(unit).await
    }
}

/// Another command, whose runs are counted.
pub(crate) struct Counted<W>(pub(crate) W, pub(crate) Arc<AtomicUsize>);

impl<W: Work> Work for Counted<W> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let answer = self.0.run(unit).await;
        self.1.fetch_add(1, Ordering::SeqCst);
        answer
    }
}

/// Another command, after which a statement is run on the database once, before the events are appended.
pub(crate) struct Sabotaged<W> {
    pub(crate) work: W,
    pub(crate) pool: sqlx::PgPool,
    pub(crate) sql: Mutex<Option<String>>,
}

impl<W: Work> Work for Sabotaged<W> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let answer = self.work.run(unit).await?;
        let sql = self.sql.lock().unwrap().take();
        if let Some(sql) = sql {
            sqlx::raw_sql(&sql).execute(&self.pool).await?;
        }
        Ok(answer)
    }
}

/// Appends an account event of another version.
pub(crate) struct Estrange(pub(crate) Uuid, pub(crate) StrangeEvent);

impl Work for Estrange {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.handle::<StrangeAccount>(self.0, self.1.clone()).await?;
        Ok(Answer::of(self.0))
    }
}
