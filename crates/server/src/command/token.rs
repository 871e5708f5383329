//! `lethe token`.

use chrono::TimeDelta;
use clap::Args;
use lethe_auth::LocalToken;
use lethe_kernel::{Clock, DeviceId, Role, UnitId, UserId};
use uuid::Uuid;

use crate::config::{Config, Tokens};
use crate::data_dir::DataDir;
use crate::error::{Error, Outcome};
use crate::output;
use crate::tokens::Signer;

/// The longest that a token may be valid: whoever finds it has it for that long.
const LONGEST: TimeDelta = TimeDelta::days(90);

/// The flags of `lethe token`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The user, a UUID; they must be registered to be let in
    #[arg(long, value_name = "UUID")]
    user: Uuid,
    /// The role to act in: CONSULTANT, UNIT_ADMINISTRATOR, SYSTEM_ADMINISTRATOR, DPM, AUDITOR or INTEGRATION; the user
    /// must have it [default: the first that they have]
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// The unit to act for, a UUID; the user must have the role there [default: the first]
    #[arg(long, value_name = "UUID")]
    unit: Option<Uuid>,
    /// The device, a UUID; the user must have approved it [default: this machine, which counts as approved]
    #[arg(long, value_name = "UUID")]
    device: Option<Uuid>,
    /// How long it is valid, for example 30m, 8h or 7d; at most 90d
    #[arg(long, value_parser = span, default_value = "8h")]
    valid: TimeDelta,
    /// Leave out that a second factor was shown: revealing, exporting and erasing are refused then
    #[arg(long)]
    without_second_factor: bool,
}

/// Prints a token that the data folder's key has signed. No database is asked: what the user may do is looked up when
/// the token is used.
///
/// # Errors
/// [`Error::IssuerSigns`] where tokens come from an issuer, [`Error::NoFolder`], [`Error::Token`].
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    if let Tokens::Issuer(issuer, _) = config.tokens()? {
        return Err(Error::IssuerSigns(issuer.as_str().to_owned()));
    }
    let signer = Signer::open(&DataDir::for_database(config)?, Clock::system())?;
    let draft = signer.draft(UserId(arguments.user), arguments.valid);
    let token = LocalToken {
        role: arguments.role,
        unit: arguments.unit.map(UnitId),
        device: arguments.device.map(DeviceId).or(draft.device),
        second_factor: !arguments.without_second_factor,
        ..draft
    };
    output::line(&signer.sign(&token)?)?;
    output::note(&format!("Valid until {}.", (token.from + token.valid).format("%Y-%m-%d %H:%M:%S UTC")));
    Ok(Outcome::Done)
}

fn role(name: &str) -> Result<Role, String> {
    Role::claimed(name).ok_or_else(|| {
        "Write CONSULTANT, UNIT_ADMINISTRATOR, SYSTEM_ADMINISTRATOR, DPM, AUDITOR or INTEGRATION.".to_owned()
    })
}

fn span(text: &str) -> Result<TimeDelta, String> {
    let seconds = |unit| match unit {
        'm' => Some(60),
        'h' => Some(3600),
        'd' => Some(86_400),
        _ => None,
    };
    let unit = text.chars().next_back().and_then(seconds);
    let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<u32>().ok());
    let span = number.zip(unit).map(|(number, unit)| TimeDelta::seconds(i64::from(number) * unit));
    span.filter(|span| (TimeDelta::minutes(1)..=LONGEST).contains(span))
        .ok_or_else(|| "Write a number of minutes, hours or days from 1m to 90d, for example 8h.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_number_and_a_unit_and_ends() {
        assert_eq!(span("30m"), Ok(TimeDelta::minutes(30)));
        assert_eq!(span("8h"), Ok(TimeDelta::hours(8)));
        assert_eq!(span("90d"), Ok(LONGEST));
        for text in ["", "8", "h", "8 h", "-8h", "0m", "91d", "4294967296d", "8s", "8å", "1.5h"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
