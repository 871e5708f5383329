//! The permission matrix: who may do what. It is the only place that says so; the server refuses by it, the schema's
//! descriptions quote it, and `docs/permissions.md` is written from it. Which objects somebody sees at all is told by
//! [`crate::visibility`].

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{ServerResult, Value};
use lethe_kernel::{Role, Session};

use crate::app::Request;
use crate::error::{Result, top_level};

/// Who may use one field of `Query`, `Mutation` or `Subscription`.
struct Permission {
    operation: &'static str,
    roles: &'static [Role],
    /// Whether it takes a second factor (R54).
    second_factor: bool,
}

macro_rules! role {
    (CONSULTANT) => {
        Role::Consultant
    };
    (UNIT_ADMINISTRATOR) => {
        Role::UnitAdministrator
    };
    (SYSTEM_ADMINISTRATOR) => {
        Role::SystemAdministrator
    };
    (DPM) => {
        Role::Dpm
    };
    (AUDITOR) => {
        Role::Auditor
    };
    (INTEGRATION) => {
        Role::Integration
    };
}

macro_rules! factor {
    () => {
        false
    };
    (SECOND_FACTOR) => {
        true
    };
}

macro_rules! factor_told {
    () => {
        ""
    };
    (SECOND_FACTOR) => {
        " With a second factor."
    };
}

macro_rules! permissions {
    ($($operation:ident: $first:ident $($role:ident)* $(; $factor:ident)?,)+) => {
        const MATRIX: &[Permission] = &[$(Permission {
            operation: stringify!($operation),
            roles: &[role!($first) $(, role!($role))*],
            second_factor: factor!($($factor)?),
        }),+];

        /// What the description of a field says about who may use it.
        macro_rules! allowed {
            $(($operation) => {
                concat!(
                    "\nFor ", stringify!($first), $(", ", stringify!($role),)* ".",
                    crate::permission::factor_told!($($factor)?)
                )
            };)+
        }
    };
}

permissions! {
    // About the caller, and objects by their ids; what is not to be seen is not found.
    viewer: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    node: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    nodes: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    changes: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,

    // Contacts.
    contact: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    contacts: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    contactRegister: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    contactAmend: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    contactLink: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    contactUnlink: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    contactErasurePreview: DPM SYSTEM_ADMINISTRATOR,
    contactAnonymise: DPM SYSTEM_ADMINISTRATOR; SECOND_FACTOR,
    contactDelete: DPM SYSTEM_ADMINISTRATOR; SECOND_FACTOR,

    // Companies are shared by all units.
    company: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    companies: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    companyRegister: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM INTEGRATION,
    companyAmend: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM INTEGRATION,
    companyClose: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM INTEGRATION,
    companyErase: DPM SYSTEM_ADMINISTRATOR; SECOND_FACTOR,

    // Prospects, notes, consents, and what becomes of them.
    prospects: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    prospectRegister: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    prospectLink: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    note: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    notes: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    noteWrite: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    noteAmend: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    noteRemove: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    noteKindsSet: UNIT_ADMINISTRATOR DPM,
    consents: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    consentGive: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    consentWithdraw: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    expirySchedule: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    expiryPolicies: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    expiryPolicySet: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM,

    // Reveals of masked values, and the log of them.
    cprReveal: CONSULTANT UNIT_ADMINISTRATOR DPM; SECOND_FACTOR,
    noteReveal: CONSULTANT UNIT_ADMINISTRATOR DPM; SECOND_FACTOR,
    companyNumberReveal: CONSULTANT UNIT_ADMINISTRATOR DPM; SECOND_FACTOR,
    accessLog: DPM AUDITOR,
    revealAlerts: DPM AUDITOR,
    revealPurposesSet: UNIT_ADMINISTRATOR DPM,
    revealLimitsSet: UNIT_ADMINISTRATOR DPM,

    // Imports.
    operations: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    contactsImport: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,
    companiesImport: CONSULTANT UNIT_ADMINISTRATOR DPM INTEGRATION,

    // Units.
    units: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    unitRegister: SYSTEM_ADMINISTRATOR,
    unitAmend: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    unitDpmAppoint: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,

    // Users, their devices and groups.
    users: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR,
    userRegister: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userAmend: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR,
    userGrant: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userRevoke: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userOffBoard: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userAnonymise: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR; SECOND_FACTOR,
    deviceRevoke: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR,
    userGroups: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    userGroupCreate: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userGroupRename: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userGroupAddMember: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userGroupRemoveMember: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,
    userGroupClose: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,

    // Outgoing mails.
    outgoingMails: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR AUDITOR,
    outgoingMailResend: UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR,

    // History and proof.
    events: AUDITOR SYSTEM_ADMINISTRATOR,
    checkpoint: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
    consistencyProof: CONSULTANT UNIT_ADMINISTRATOR SYSTEM_ADMINISTRATOR DPM AUDITOR INTEGRATION,
}

#[expect(
    clippy::single_component_path_imports,
    reason = "it makes a path of the macro, for other modules"
)]
pub(crate) use allowed;
pub(crate) use factor_told;

/// Whether a role may use a field of the root types, whatever its proof of identity.
pub(crate) fn permits(operation: &str, role: Role) -> bool {
    of(operation).is_some_and(|permission| permission.roles.contains(&role))
}

fn of(operation: &str) -> Option<&'static Permission> {
    MATRIX.iter().find(|permission| permission.operation == operation)
}

/// Refuses a field that the session may not use.
///
/// # Errors
/// `FORBIDDEN` by its role, `STEP_UP_REQUIRED` without a second factor.
pub(crate) fn check(operation: &str, session: &Session) -> Result<()> {
    let role = session.caller.role;
    let Some(permission) = of(operation).filter(|permission| permission.roles.contains(&role)) else {
        return Err(top_level(
            "FORBIDDEN",
            format!(
                "The role {} may not use {operation}. docs/permissions.md says who may; ask one of them, or act in \
                 another role of yours.",
                role.name()
            ),
        ));
    };
    if permission.second_factor && !session.second_factor {
        return Err(top_level(
            "STEP_UP_REQUIRED",
            format!(
                "{operation} needs a second factor. Sign in again with one, and send the request with the new token."
            ),
        ));
    }
    Ok(())
}

/// Asks the matrix before any field of the root types is resolved. A field that is not in it is nobody's.
pub(crate) struct Permissions;

impl ExtensionFactory for Permissions {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Permissions {
    async fn resolve(
        &self,
        context: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let root = matches!(info.parent_type, "Query" | "Mutation" | "Subscription");
        if root && !info.name.starts_with("__") {
            let refused = match context.data_opt::<Request>() {
                Some(request) => check(info.name, &request.session).err(),
                None => Some(top_level("UNAUTHENTICATED", "The request does not say who asks.")),
            };
            if let Some(error) = refused {
                return Err(async_graphql::Error::from(error).into_server_error(info.field.name.pos));
            }
        }
        next.run(context, info).await
    }
}

/// The matrix as a page to read.
#[must_use]
pub fn permissions_page() -> String {
    const ROLES: [Role; 6] = [
        Role::Consultant,
        Role::UnitAdministrator,
        Role::SystemAdministrator,
        Role::Dpm,
        Role::Auditor,
        Role::Integration,
    ];
    let mut page = include_str!("permission.md").to_owned();
    let names: Vec<String> = ROLES.iter().map(|role| format!("`{}`", role.name())).collect();
    let head = format!("\n| Operation | {} |\n|---{}|\n", names.join(" | "), "|:-:".repeat(ROLES.len()));
    let rows = MATRIX.iter().map(|permission| {
        let cells = ROLES.map(|role| match (permission.roles.contains(&role), permission.second_factor) {
            (true, true) => "2",
            (true, false) => "✓",
            (false, _) => "",
        });
        format!("| `{}` | {} |\n", permission.operation, cells.join(" | "))
    });
    page.push_str(&head);
    page.extend(rows);
    page
}

/// The fields of the root types that the matrix names.
pub fn permitted_operations() -> impl Iterator<Item = &'static str> {
    MATRIX.iter().map(|permission| permission.operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the matrix may never say, whatever else is changed in it and written anew into the page.
    #[test]
    fn reveals_and_erasures_take_a_second_factor_and_no_programme_does_them_or_reads_what_everybody_did() {
        const GUARDED: [&str; 7] = [
            "cprReveal",
            "noteReveal",
            "companyNumberReveal",
            "companyErase",
            "contactAnonymise",
            "contactDelete",
            "userAnonymise",
        ];
        for operation in GUARDED {
            assert!(of(operation).is_some_and(|permission| permission.second_factor), "{operation}");
            assert!(!permits(operation, Role::Integration), "{operation}");
        }
        for operation in ["accessLog", "revealAlerts", "events", "users", "contactErasurePreview"] {
            assert!(of(operation).is_some() && !permits(operation, Role::Integration), "{operation}");
        }
        let guarded = |operation: &str| {
            ["Reveal", "Anonymise", "Delete", "Erase"].iter().any(|end| operation.ends_with(end))
        };
        for one in MATRIX.iter().filter(|one| guarded(one.operation)) {
            assert!(GUARDED.contains(&one.operation), "{} needs a second factor", one.operation);
        }
    }
}
