//! `lethe administrator`.

use clap::Args;
use lethe_access::UnitKind;
use lethe_access::unit::{RegisterUnit, Registered};
use lethe_access::user::{Enrolment, Grant, GrantRole, IdentityInput, RegisterUser, UserInput};
use lethe_kernel::{Caller, Patch, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Answer, Context, Failure, UnitOfWork, Work};
use lethe_nordic::Country;

use super::with_running;
use crate::config::{Config, Tokens};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe administrator`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How the issuer's tokens name the administrator: the claim `sub`
    #[arg(long)]
    subject: String,
    /// The administrator's name
    #[arg(long)]
    name: String,
    /// Where the mails go by which the administrator approves devices
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// The name of the first unit, which the administrator is of
    #[arg(long, value_name = "NAME")]
    unit: String,
    /// The unit's country: DK, SE, NO, FI or IS
    #[arg(long, value_parser = country)]
    country: Country,
    /// The unit is no business hub, so it stores no CPR numbers
    #[arg(long)]
    no_business_hub: bool,
}

/// Registers the first unit and its administrator, whom the issuer's tokens name, wholly or not at all; prints the ids of
/// user and unit. Only as long as nobody administers the system: later ones are registered by those there are.
///
/// # Errors
/// [`Error::NoIssuer`], [`Error::Administrated`], [`Error::Refused`] for what is no name or address, [`Error::Ledger`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let Tokens::Issuer(_, rules) = config.tokens()? else { return Err(Error::NoIssuer) };
    with_running(config, async |running, _| {
        if running.directory.fresh().await?.has_anybody(Role::SystemAdministrator) {
            return Err(Error::Administrated);
        }
        let ids = running.ledger.parts().ids;
        let (user, unit) = (UserId(ids.next()), UnitId(ids.next()));
        let Arguments { subject, name, email, .. } = arguments;
        let identity = IdentityInput { issuer: rules.issuer, subject: subject.clone() };
        let kind = if arguments.no_business_hub { UnitKind::Other } else { UnitKind::BusinessHub };
        let first = First {
            user: RegisterUser {
                id: Some(user),
                unit: Some(unit),
                integration: false,
                input: UserInput { name: Patch::Set(name.clone()), email: Patch::Set(email.clone()) },
                enrolment: Some(Enrolment {
                    directory: running.directory.clone(),
                    identities: vec![identity],
                }),
            },
            unit: RegisterUnit {
                id: Some(unit),
                unit: Registered { name: arguments.unit.clone(), country: arguments.country, kind },
                dpm: None,
            },
            grant: GrantRole { user, grant: Grant { unit, role: Role::SystemAdministrator } },
        };
        let context = Context::new(Caller::system(unit), RequestId(ids.next()));
        match running.ledger.execute(&context, &first).await {
            Ok(_) => output::line(&format!("user {user}\nunit {unit}"))?,
            Err(Failure::Failed(error)) => return Err(error.into()),
            Err(refused @ Failure::Refused(_)) => return Err(Error::Refused(refused.to_string())),
        }
        output::note(
            "The unit stores no contacts before somebody is its DPM: register them, and appoint them.",
        );
        Ok(Outcome::Done)
    })
    .await
}

/// The first unit, and whoever administers the system from there.
struct First {
    user: RegisterUser,
    unit: RegisterUnit,
    grant: GrantRole,
}

impl Work for First {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let answer = self.user.run(unit).await?;
        self.unit.run(unit).await.map_err(|failure| failure.at("unit"))?;
        self.grant.run(unit).await?;
        Ok(answer)
    }
}

fn country(code: &str) -> Result<Country, String> {
    Country::parse(code).map_err(|error| error.to_string())
}
