//! Users whom the vault has forgotten, and a restored ledger has not.

use std::time::Duration;

use lethe_access::unit::AppointDpm;
use lethe_access::user::{AnonymiseUser, Grant, GrantRole, OffBoardUser, RegisterUser, UserRow, UserView};
use lethe_kernel::{Role, UserId};
use lethe_ledger::{ViewsBuilder, rows};
use lethe_privacy::erasure::FinishErasures;
use uuid::Uuid;

use crate::scene::{Scene, count};
use crate::world::context;

#[tokio::test]
async fn a_user_whom_a_restored_ledger_remembers_leaves_and_is_anonymised_there_too_but_not_a_dpm() {
    let scene = Scene::create().await;
    let (unit, dana) = (context().caller.unit, context().caller.user);
    let (freja, kai) = (UserId(Uuid::from_u128(50)), UserId(Uuid::from_u128(51)));
    for (user, name) in [(freja, "Freja"), (kai, "Kai")] {
        scene.act(RegisterUser::person(user, name, "somebody@example.org")).await;
        scene.act(GrantRole { user, grant: Grant { unit, role: Role::Consultant } }).await;
    }
    let old = scene.dump("old");
    scene.act(AppointDpm { unit, user: kai }).await;
    for user in [freja, dana] {
        scene.act(OffBoardUser { user }).await;
        scene.act(AnonymiseUser { user }).await;
    }
    scene.feed().await;
    scene.rotate().await.unwrap();

    let options = scene.restored(&old).await;
    assert_eq!(scene.restore(&options, scene.mirror.path()).await.unwrap().reconciled.len(), 2);
    let ledger = scene.start(&options).await.unwrap();
    let views = ViewsBuilder::default().with::<UserView>().reacting::<FinishErasures>(ledger.clone());
    let views = views.start(ledger.parts().clone()).await.unwrap();
    for name in ["finish_erasures", "user"] {
        let end = ledger.parts().head().await.unwrap();
        assert!(views.reached(&[name], end, Duration::from_mins(1)).await);
    }
    let [hers, his, danas] = [freja, kai, dana].map(|user| user.0);
    let rows = rows::<UserView>(&ledger.parts().pool, &[hers, his, danas]).await.unwrap();
    let gone = |user: Uuid| {
        let row: &UserRow = rows.iter().find(|row| row.id.0 == user).unwrap();
        (row.off_boarded_at.is_some(), row.anonymised_at.is_some(), row.name.is_none())
    };
    assert_eq!(gone(hers), (true, true, true));
    assert_eq!(gone(his), (false, false, false));
    // Her successor's appointment is lost, and a unit keeps its DPM until there is another.
    assert_eq!(gone(danas), (false, false, false));
    for outcome in ["APPLIED", "RULE_VIOLATED"] {
        let sql = format!("SELECT count(*) FROM ledger.reaction_outcomes WHERE outcome = '{outcome}'");
        assert_eq!(count(&options, &sql).await, 1, "{outcome}");
    }
}
