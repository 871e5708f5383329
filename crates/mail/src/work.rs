//! Queueing a mail within a unit of work, and what an administrator may do about one.

use lethe_kernel::{ErrorCode, MailId, Personal, Role, Subject, UnitId, UserError, text};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::{Mail, MailCommand, MailError, MailText, MailTitle, MailTo, Queued, input};

/// A mail to be sent.
pub struct Outgoing {
    /// Whose key seals it: once this one is erased, the mail is gone too.
    pub about: Subject,
    /// The address it goes to.
    pub to: String,
    /// What stands above it.
    pub title: String,
    /// What it says.
    pub text: String,
    /// What kind of mail it is: a code such as `DEVICE_APPROVAL`.
    pub kind: &'static str,
}

/// Queues a mail of the caller's unit in a unit of work: it is sent if what the work does has happened, and not otherwise.
///
/// # Errors
/// `INVALID_VALUE` and `REQUIRED` at `to`, `title` or `text`; what can fail in the vault.
pub async fn queue(unit: &mut UnitOfWork<'_>, mail: Outgoing) -> Result<MailId, Failure> {
    let own = unit.caller().unit;
    queue_for(unit, own, mail).await
}

/// As [`queue`], a mail to somebody of another unit, whose administrators look after it.
///
/// # Errors
/// As [`queue`].
pub async fn queue_for(unit: &mut UnitOfWork<'_>, of: UnitId, mail: Outgoing) -> Result<MailId, Failure> {
    let id = MailId(unit.new_id());
    let queued = Queued {
        kind: text::code("kind", mail.kind)?,
        unit: of,
        about: mail.about,
        to: Personal::of(mail.about, MailTo(input::address("to", &mail.to)?)),
        title: Personal::of(mail.about, MailTitle(input::title("title", &mail.title)?)),
        text: Personal::of(mail.about, MailText(input::body("text", &mail.text)?)),
    };
    unit.handle::<Mail>(id, MailCommand::Queue(queued)).await?;
    Ok(id)
}

/// Has a mail tried again at once that failed or waits for its next attempt. Answers the mail.
pub struct Resend {
    /// The mail.
    pub mail: MailId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
}

impl Work for Resend {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        let of_unit = unit.load::<Mail>(self.mail).await?.unit();
        match caller.role {
            Role::SystemAdministrator => {}
            // What is another unit's is as if it were not there.
            Role::UnitAdministrator if of_unit == Some(caller.unit) => {}
            Role::UnitAdministrator => return Err(UserError::from(MailError::Unknown).into()),
            _ => {
                let message = "Only an administrator may have a mail sent again.";
                return Err(UserError::new(ErrorCode::Forbidden, message).into());
            }
        }
        unit.expect::<Mail>(self.mail, self.expected_version).await?;
        let now = unit.now();
        unit.handle::<Mail>(self.mail, MailCommand::Resend { now }).await?;
        Ok(Answer::of(self.mail))
    }
}
