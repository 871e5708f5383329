use lethe_access::unit::{
    AmendUnit, AppointDpm, RegisterUnit, Registered, Unit, UnitKind, UnitView, storing_unit,
};
use lethe_access::user::{
    AmendUser, Enrolment, Grant, GrantRole, OffBoardUser, RegisterUser, RevokeRole, UserInput, UserView,
};
use lethe_access::user_group::{AddMember, CreateUserGroup, RenameUserGroup, UserGroupView};
use lethe_kernel::{Caller, ErrorCode, Patch, RequestId, Role, UnitId, UserGroupId, UserId};
use lethe_ledger::{Answer, Context, Failure, Work};
use lethe_nordic::Country;
use uuid::Uuid;

use crate::world::{DANA, FREJA, NORD, OTTO, SYD, World, by, identity};

const FORBIDDEN: ErrorCode = ErrorCode::Forbidden;

/// Stores what only a unit with a DPM may.
struct Store;

impl Work for Store {
    async fn run(&self, unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Answer, Failure> {
        storing_unit(unit).await?;
        let own = unit.caller().unit;
        assert!(unit.load::<Unit>(own).await?.dpm().is_some());
        Ok(Answer::of(own))
    }
}

fn new_unit(id: UnitId, dpm: Option<UserId>) -> RegisterUnit {
    let unit = Registered { name: "Vest".into(), country: Country::Denmark, kind: UnitKind::Other };
    RegisterUnit { id: Some(id), unit, dpm }
}

fn give(user: UserId, unit: UnitId, role: Role) -> GrantRole {
    GrantRole { user, grant: Grant { unit, role } }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_stores_nothing_before_it_has_a_dpm_and_always_has_one_from_then_on() {
    let world = World::start().await;
    let west = UnitId(Uuid::from_u128(9));
    world.act(by(Role::SystemAdministrator, NORD), new_unit(west, None)).await;
    for role in [Role::Consultant, Role::UnitAdministrator, Role::Dpm, Role::Auditor, Role::Integration] {
        let another = new_unit(UnitId(Uuid::from_u128(10)), None);
        assert_eq!(world.refusal(by(role, NORD), another).await.0, FORBIDDEN, "{role:?}");
    }
    let consultant = by(Role::Consultant, west);
    assert_eq!(world.refusal(consultant, Store).await.0, ErrorCode::RuleViolated);
    let appoint = |user| AppointDpm { unit: west, user };
    assert_eq!(world.refusal(by(Role::UnitAdministrator, west), appoint(FREJA)).await.0, FORBIDDEN);
    world.act(by(Role::SystemAdministrator, NORD), appoint(FREJA)).await;
    world.act(consultant, Store).await;

    let off_board = |user| OffBoardUser { user };
    let system = by(Role::SystemAdministrator, NORD);
    assert_eq!(world.refusal(system, off_board(FREJA)).await, (ErrorCode::RuleViolated, "userId".into()));
    for role in [Role::UnitAdministrator, Role::Dpm, Role::Consultant] {
        assert_eq!(world.refusal(by(role, SYD), appoint(OTTO)).await.0, FORBIDDEN, "{role:?}");
    }
    let herself = Caller { user: OTTO, ..by(Role::UnitAdministrator, west) };
    assert_eq!(world.refusal(herself, appoint(OTTO)).await.0, FORBIDDEN);
    world.act(by(Role::UnitAdministrator, west), appoint(OTTO)).await;
    world.act(system, off_board(FREJA)).await;
    assert_eq!(world.refusal(system, appoint(FREJA)).await.0, ErrorCode::Ended);

    let views = world.views().await;
    let unit = world.row::<UnitView>(&views, west).await;
    let terms: Vec<_> = unit.dpms.iter().map(|term| (term.user_id, term.until.is_some())).collect();
    assert_eq!(terms, [(FREJA, true), (OTTO, false)]);
    assert_eq!(unit.dpms[0].until, Some(unit.dpms[1].since));
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_dpms_appointed_at_once_one_is_it() {
    let world = World::start().await;
    let other = world.process().await;
    let context = Context::new(by(Role::SystemAdministrator, NORD), RequestId(Uuid::from_u128(1)));
    for _ in 0..10 {
        let (freja, otto) = (AppointDpm { unit: NORD, user: FREJA }, AppointDpm { unit: NORD, user: OTTO });
        let (one, two) = tokio::join!(world.ledger.execute(&context, &freja), other.execute(&context, &otto));
        one.unwrap();
        two.unwrap();
        let roster = world.directory.fresh().await.unwrap();
        let dpm = Grant { unit: NORD, role: Role::Dpm };
        let holds = |user: &UserId| roster.user(*user).unwrap().grants.contains(&dpm);
        let holders: Vec<UserId> = [DANA, FREJA, OTTO].into_iter().filter(|user| holds(user)).collect();
        assert_eq!(holders, [roster.unit(NORD).unwrap().dpm.unwrap()]);
        let again = AppointDpm { unit: NORD, user: DANA };
        world.ledger.execute(&context, &again).await.unwrap();
    }
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_give_what_is_theirs_to_give_and_nobody_gives_themself_anything() {
    let world = World::start().await;
    let (system, nord) = (by(Role::SystemAdministrator, NORD), by(Role::UnitAdministrator, NORD));
    for role in [Role::Consultant, Role::Dpm, Role::Auditor, Role::Integration] {
        let refusal = world.refusal(by(role, NORD), give(FREJA, NORD, Role::Consultant)).await;
        assert_eq!(refusal.0, FORBIDDEN, "{role:?}");
    }
    for role in [Role::SystemAdministrator, Role::Auditor] {
        assert_eq!(world.refusal(nord, give(FREJA, NORD, role)).await.0, FORBIDDEN, "{role:?}");
        world.act(system, give(OTTO, NORD, role)).await;
        let revoke = RevokeRole { user: OTTO, grant: Grant { unit: NORD, role } };
        assert_eq!(world.refusal(nord, revoke).await.0, FORBIDDEN, "{role:?}");
    }
    assert_eq!(world.refusal(nord, give(FREJA, SYD, Role::Consultant)).await.0, FORBIDDEN);
    for caller in [system, nord] {
        let dpm = world.refusal(caller, give(FREJA, NORD, Role::Dpm)).await;
        assert_eq!(dpm, (ErrorCode::RuleViolated, "role".into()));
        let herself = Caller { user: FREJA, ..caller };
        assert_eq!(world.refusal(herself, give(FREJA, NORD, Role::Consultant)).await.0, FORBIDDEN);
    }
    world.act(nord, give(FREJA, NORD, Role::Consultant)).await;
    assert_eq!(
        world.refusal(system, give(FREJA, UnitId(Uuid::from_u128(99)), Role::Consultant)).await,
        (ErrorCode::NotFound, "unitId".into())
    );
    // An administrator of one unit does not take the place of somebody who may do more.
    world.act(nord, OffBoardUser { user: FREJA }).await;
    let rename = |user| AmendUser {
        user,
        expected_version: None,
        input: UserInput { name: Patch::Set("Nyt Navn".into()), ..UserInput::default() },
        enrolment: None,
    };
    let readdress = |user| AmendUser {
        input: UserInput { email: Patch::Set("ny@example.org".into()), ..UserInput::default() },
        ..rename(user)
    };
    for user in [OTTO, DANA] {
        assert_eq!(world.refusal(nord, OffBoardUser { user }).await.0, FORBIDDEN);
        assert_eq!(world.refusal(nord, readdress(user)).await.0, FORBIDDEN);
    }
    let otto = Caller { user: OTTO, ..by(Role::Consultant, NORD) };
    world.act(otto, rename(OTTO)).await;
    assert_eq!(world.refusal(otto, readdress(OTTO)).await.0, FORBIDDEN);
    // Nor do they say by themselves who else they are.
    let directory = world.directory.clone();
    let enrolment = Some(Enrolment { directory, identities: vec![identity("en-anden")] });
    let reidentify = AmendUser { input: UserInput::default(), enrolment, ..rename(OTTO) };
    assert_eq!(world.refusal(otto, reidentify).await.0, FORBIDDEN);
    world.act(system, readdress(OTTO)).await;
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_registered_for_ones_own_unit_and_amended_with_what_is_valid() {
    let world = World::start().await;
    let nord = by(Role::UnitAdministrator, NORD);
    let new = |unit| RegisterUser {
        id: None,
        unit: Some(unit),
        ..RegisterUser::person(FREJA, "Ny Prøve", "ny@example.org")
    };
    assert_eq!(world.refusal(nord, new(SYD)).await.0, FORBIDDEN);
    assert_eq!(world.refusal(by(Role::Consultant, NORD), new(NORD)).await.0, FORBIDDEN);
    let system = by(Role::SystemAdministrator, NORD);
    assert_eq!(world.refusal(system, new(UnitId(Uuid::from_u128(99)))).await.0, ErrorCode::NotFound);
    let user = UserId(world.act(nord, new(NORD)).await);
    for (name, email, code, field) in [
        ("", "ny@example.org", ErrorCode::Required, "name"),
        ("a\0", "ny@example.org", ErrorCode::InvalidValue, "name"),
        ("Ny", "ingen adresse", ErrorCode::InvalidValue, "email"),
    ] {
        let refusal =
            world.refusal(nord, RegisterUser { id: None, ..RegisterUser::person(user, name, email) }).await;
        assert_eq!(refusal, (code, field.into()));
    }
    let amend = |unit, number: &str| AmendUnit {
        unit,
        expected_version: None,
        name: Some("Nordligst".into()),
        p_number: Patch::Set(number.into()),
    };
    assert_eq!(world.refusal(nord, amend(SYD, "1012345678")).await.0, FORBIDDEN);
    let refusal = world.refusal(nord, amend(NORD, "101234567")).await;
    assert_eq!(refusal, (ErrorCode::InvalidValue, "pNumber".into()));
    world.act(nord, amend(NORD, "10 12 34 56 78")).await;
    let views = world.views().await;
    let unit = world.row::<UnitView>(&views, NORD).await;
    assert_eq!((unit.name.as_str(), unit.p_number.as_deref()), ("Nordligst", Some("1012345678")));
    let row = world.row::<UserView>(&views, user).await;
    assert!(row.is_of(NORD) && !row.is_of(SYD) && row.grants.is_empty());
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_takes_users_of_every_unit_and_is_its_own_units_to_change() {
    let world = World::start().await;
    let nord = by(Role::UnitAdministrator, NORD);
    let create = || CreateUserGroup { name: "Fødevarer".into() };
    assert_eq!(world.refusal(by(Role::Consultant, NORD), create()).await.0, FORBIDDEN);
    let group = UserGroupId(world.act(nord, create()).await);
    let elsewhere = RegisterUser::person(UserId(Uuid::from_u128(50)), "Syd Prøve", "syd@example.org");
    let elsewhere = UserId(world.act(Caller::system(SYD), elsewhere).await);
    for user in [FREJA, elsewhere, FREJA] {
        world.act(nord, AddMember { group, user }).await;
    }
    let unknown = UserId(Uuid::from_u128(99));
    assert_eq!(world.refusal(nord, AddMember { group, user: unknown }).await.0, ErrorCode::NotFound);
    world.act(nord, OffBoardUser { user: OTTO }).await;
    assert_eq!(world.refusal(nord, AddMember { group, user: OTTO }).await.0, ErrorCode::Ended);
    let rename = || RenameUserGroup { group, name: "Mad".into() };
    assert_eq!(world.refusal(by(Role::UnitAdministrator, SYD), rename()).await.0, FORBIDDEN);
    world.act(by(Role::SystemAdministrator, SYD), rename()).await;
    let views = world.views().await;
    let row = world.row::<UserGroupView>(&views, group).await;
    assert_eq!((row.name.as_str(), row.unit_id), ("Mad", NORD));
    let members: Vec<UserId> = row.members.iter().map(|member| member.user_id).collect();
    assert_eq!(members, [FREJA, elsewhere]);
    world.postgres.stop().await.unwrap();
}
