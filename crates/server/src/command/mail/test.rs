//! `lethe mail test`.

use clap::Args;
use lethe_kernel::{Caller, RequestId, Subject, UnitId};
use lethe_ledger::{Answer, Context, Failure, UnitOfWork, Work};
use lethe_mail::{Outgoing, queue};
use uuid::Uuid;

use crate::command::with_running;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

const TITLE: &str = "A test: mails of Lethe arrive";

/// The flags of `lethe mail test`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where it goes
    address: String,
    /// What it says
    #[arg(long, default_value = "This mail was sent to see whether mails of Lethe arrive. They do.")]
    text: String,
}

/// Queues a mail, and prints its id. It is sealed under a key of its own.
///
/// # Errors
/// [`Error::Refused`] for what is no address, [`Error::Ledger`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    with_running(config, async |running, _| {
        let ids = running.ledger.parts().ids;
        let context = Context::new(Caller::system(UnitId(Uuid::nil())), RequestId(ids.next()));
        match running.ledger.execute(&context, &Test(arguments)).await {
            Ok(done) => {
                output::line(&done.object().to_string())?;
                Ok(Outcome::Done)
            }
            Err(Failure::Failed(error)) => Err(error.into()),
            Err(refused @ Failure::Refused(_)) => Err(Error::Refused(refused.to_string())),
        }
    })
    .await
}

struct Test<'a>(&'a Arguments);

impl Work for Test<'_> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let about = Subject::document(unit.new_id());
        let Arguments { address, text } = self.0;
        let mail = Outgoing {
            about,
            to: address.clone(),
            title: TITLE.to_owned(),
            text: text.clone(),
            kind: "TEST",
        };
        Ok(Answer::about(queue(unit, mail).await?, about))
    }
}
