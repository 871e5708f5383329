//! How far a view has come, and what it does.

use crate::LedgerError;

/// What a view or a reaction does at the moment, in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// This process runs it.
    Following,
    /// Another process runs it; this one takes over when that one ends.
    #[default]
    Standby,
    /// Its tables are built anew.
    Rebuilding,
    /// The database does not answer as it should; it is tried again, and this is why.
    Retrying(String),
    /// An event cannot be handled, or a newer version has taken over: it stands still, and this is why.
    Halted(String),
}

impl Activity {
    /// The activity in one word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Following => "following",
            Self::Standby => "standby",
            Self::Rebuilding => "rebuilding",
            Self::Retrying(_) => "retrying",
            Self::Halted(_) => "halted",
        }
    }
}

/// How far a view has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The position up to which it shows the ledger.
    pub position: i64,
    /// What it does.
    pub activity: Activity,
}

impl State {
    /// Why it does not go on, if it does not.
    #[must_use]
    pub fn halted(&self) -> Option<&str> {
        match &self.activity {
            Activity::Halted(reason) => Some(reason),
            _ => None,
        }
    }

    /// Why it does not go on, be it for good or for the moment.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.activity {
            Activity::Halted(reason) | Activity::Retrying(reason) => Some(reason),
            _ => None,
        }
    }
}

/// What an error means for a follower: tried again as it is, or standing still until something is mended.
pub(crate) fn activity_after(error: &LedgerError) -> Activity {
    match error {
        LedgerError::Database(error) => match refused_row(error) {
            Some(reason) => Activity::Halted(reason),
            None => Activity::Retrying(error.to_string()),
        },
        LedgerError::Vault(lethe_vault::VaultError::Database(_)) | LedgerError::Busy => {
            Activity::Retrying(error.to_string())
        }
        _ => Activity::Halted(error.to_string()),
    }
}

/// What PostgreSQL has against a row. Its own message may quote the row, so only code and place are told.
fn refused_row(error: &sqlx::Error) -> Option<String> {
    let sqlx::Error::Database(database) = error else {
        return matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
            .then(|| "A stored row does not have the form it must have.".to_owned());
    };
    let code = database.code()?;
    // Data, constraints, and tables that are not as they must be; all else passes.
    ["22", "23", "42"].iter().any(|class| code.starts_with(class)).then(|| {
        let place = [database.table(), database.constraint()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        format!("PostgreSQL refuses what the event leads to (SQLSTATE {code} {}).", place.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_retried_and_an_unreadable_event_halts() {
        let lost = LedgerError::Database(sqlx::Error::PoolTimedOut);
        assert!(matches!(activity_after(&lost), Activity::Retrying(_)));
        assert!(matches!(activity_after(&LedgerError::Busy), Activity::Retrying(_)));
        let unreadable = LedgerError::Unreadable {
            position: 1,
            event_type: "a".into(),
            version: "1".into(),
            reason: "b".into(),
        };
        assert!(matches!(activity_after(&unreadable), Activity::Halted(_)));
    }
}
