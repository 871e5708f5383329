//! Users whom the vault has forgotten, and a restored ledger has not.

use std::time::Duration;

use lethe_access::unit::AppointDpm;
use lethe_access::user::{AnonymiseUser, Grant, GrantRole, OffBoardUser, RegisterUser, UserView};
use lethe_kernel::{Role, UserId};
use lethe_ledger::{Ledger, Projection, Reaction, ViewsBuilder, rows};
use lethe_privacy::erasure::FinishErasures;
use uuid::Uuid;

use crate::scene::{Scene, count, system};
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
    for name in [FinishErasures::NAME, UserView::NAME] {
        let end = ledger.parts().head().await.unwrap();
        assert!(views.reached(&[name], end, Duration::from_mins(1)).await.unwrap());
    }
    assert_eq!(gone(&ledger, freja).await, [true; 3]);
    assert_eq!(gone(&ledger, kai).await, [false; 3]);
    // Her successor's appointment is lost, and a unit keeps its DPM until there is another.
    assert_eq!(gone(&ledger, dana).await, [false; 3]);
    for outcome in ["APPLIED", "RULE_VIOLATED"] {
        let sql = format!("SELECT count(*) FROM ledger.reaction_outcomes WHERE outcome = '{outcome}'");
        assert_eq!(count(&options, &sql).await, 1, "{outcome}");
    }
    ledger.execute(&system(), &AppointDpm { unit, user: kai }).await.unwrap();
    ledger.execute(&system(), &OffBoardUser { user: dana }).await.unwrap();
    ledger.execute(&system(), &AnonymiseUser { user: dana }).await.unwrap();
    assert!(
        views
            .reached(&[UserView::NAME], ledger.parts().head().await.unwrap(), Duration::from_mins(1))
            .await
            .unwrap()
    );
    assert_eq!(gone(&ledger, dana).await, [true; 3]);
}

/// Whether a user has left, was anonymised, and has no name.
async fn gone(ledger: &Ledger, user: UserId) -> [bool; 3] {
    let row = rows::<UserView>(&ledger.parts().pool, &[user.0]).await.unwrap().remove(0);
    [row.off_boarded_at.is_some(), row.anonymised_at.is_some(), row.name.is_none()]
}
