//! The invented people of the demo units, one in every role, each with a device that is approved already. Their ids are
//! fixed, and the id of the device is that of its user.

use lethe_access::device::{ApprovalSecret, ApproveDevice, RequestDevice};
use lethe_access::unit::RegisterUnit;
use lethe_access::user::{Grant, GrantRole, RegisterUser, UserInput};
use lethe_kernel::{Caller, DeviceId, Patch, Role, UnitId, UserId};
use lethe_ledger::{Answer, Context, Failure, Idempotency, Ledger, LedgerError, Work};
use uuid::Uuid;

use super::{Unit, context, done};
use crate::error::Error;

/// The first of the fixed ids is the next one.
const USERS: u128 = 0x0d3e_0000_0000_8000_8000_0000_0000_0000;

/// Number, name, the unit's place, role.
const PEOPLE: [(u128, &str, usize, Role); 10] = [
    (1, "Signe Demokjær", 0, Role::Consultant),
    (2, "Anders Demosen", 0, Role::UnitAdministrator),
    (3, "Karen Demolund", 0, Role::SystemAdministrator),
    (4, "Mette Demodal", 0, Role::Dpm),
    (5, "Ib Demoberg", 0, Role::Auditor),
    (6, "Demo-hjemmesiden", 0, Role::Integration),
    (7, "Rasmus Demogård", 1, Role::Consultant),
    (8, "Lone Demoholm", 1, Role::Dpm),
    (9, "Per Demovang", 2, Role::Dpm),
    (10, "Åsa Demoström", 3, Role::Dpm),
];

/// Registers the units, each with its DPM, and then everybody else.
pub(super) async fn register(ledger: &Ledger, units: &[Unit]) -> Result<(), Error> {
    for (place, unit) in units.iter().enumerate() {
        let id = UnitId(unit.id);
        let dpm = PEOPLE.iter().find(|(_, _, of, role)| *of == place && *role == Role::Dpm);
        if let Some((number, name, _, _)) = dpm {
            newcomer(ledger, (*number, name), id, None).await?;
        }
        let dpm = dpm.map(|(number, ..)| user(*number));
        let work = RegisterUnit { id: Some(id), unit: unit.registered.clone(), dpm };
        done(ledger.execute(&context(ledger, Caller::system(id)), &work).await)?;
    }
    for (number, name, of, role) in PEOPLE.iter().filter(|(.., role)| *role != Role::Dpm) {
        if let Some(unit) = units.get(*of) {
            newcomer(ledger, (*number, name), UnitId(unit.id), Some(*role)).await?;
        }
    }
    Ok(())
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(USERS + number))
}

async fn newcomer(
    ledger: &Ledger,
    (number, name): (u128, &str),
    unit: UnitId,
    role: Option<Role>,
) -> Result<(), Error> {
    let user = user(number);
    let device = DeviceId(user.0);
    let secret = ApprovalSecret::random(user, device)
        .ok_or_else(|| LedgerError::Encode("the machine gives no random numbers".into()))?;
    let integration = role == Some(Role::Integration);
    let email = Patch::Set(format!("bruger{number}@example.org"));
    let input = UserInput { name: Patch::Set(name.to_owned()), email };
    let work = Newcomer {
        register: RegisterUser { id: Some(user), unit: Some(unit), integration, input, enrolment: None },
        grant: role.map(|role| GrantRole { user, grant: Grant { unit, role } }),
        request: RequestDevice {
            user,
            device,
            label: Some("Demo".into()),
            secret: secret.clone(),
            page: None,
        },
        approve: ApproveDevice { secret },
    };
    let key = Uuid::from_u128(number);
    let idempotency = Idempotency { key, mutation: "demo.people", input: Vec::new() };
    let context = Context { idempotency: Some(idempotency), ..context(ledger, Caller::system(unit)) };
    done(ledger.execute(&context, &work).await)
}

/// Somebody with their role and device, wholly or not at all: the secret is kept nowhere.
struct Newcomer {
    register: RegisterUser,
    grant: Option<GrantRole>,
    request: RequestDevice,
    approve: ApproveDevice,
}

impl Work for Newcomer {
    async fn run(&self, unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Answer, Failure> {
        let answer = self.register.run(unit).await?;
        if let Some(grant) = &self.grant {
            grant.run(unit).await?;
        }
        self.request.run(unit).await?;
        self.approve.run(unit).await?;
        Ok(Answer { subject: None, ..answer })
    }
}
