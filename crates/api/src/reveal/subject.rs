use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use lethe_privacy::reveal::SubjectAccess;

use super::entry::RevealedFieldName;
use crate::error::Result;
use crate::event::RoleField;
use crate::unit::Unit;

pub(crate) struct AccessForSubject(pub(super) SubjectAccess);

/// One reveal as the person whom the value is about may know it: no colleague is named, and nothing is told that was
/// written about the purpose.
#[Object]
impl AccessForSubject {
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// In the name of which unit.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit.0).await
    }

    /// In which role.
    async fn role(&self) -> RoleField {
        self.0.role.into()
    }

    /// What was shown.
    async fn field(&self) -> RevealedFieldName {
        self.0.field.into()
    }

    /// What for: a code from the unit's list.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }
}
