//! The mirrors of the vault: whether there are any, and whether they have everything.

use lethe_vault::mirror::MirrorStatus;
use sqlx::PgPool;

use super::Finding;
use crate::config::Config;

const CHECK: &str = "mirrors";
/// A server feeds them every few seconds; this many changes are a burst.
const BACKLOG: i64 = 1000;

/// Looks at every mirror of the settings.
pub(super) async fn check(config: &Config, pool: &PgPool) -> Vec<Finding> {
    let status = config.mirrors().status(pool).await;
    if status.is_empty() {
        let message = "There is none: after a rotation, no backup of the database can be restored.";
        return vec![match config.database_url {
            Some(_) => Finding::warning(CHECK, message, "Name one in the setting mirrors."),
            None => Finding::note(CHECK, message),
        }];
    }
    status.iter().map(finding).collect()
}

fn finding(mirror: &MirrorStatus) -> Finding {
    let path = mirror.path.display();
    let advice = "A running server feeds it within seconds; its log says why it does not.";
    match (&mirror.error, mirror.export_age) {
        (Some(error), _) => Finding::problem(CHECK, error.clone(), "Until then no erasure becomes final."),
        (None, Some(age)) if mirror.backlog <= BACKLOG => Finding::ok(
            CHECK,
            format!(
                "{path} is {} changes behind; its full export is {} hours old.",
                mirror.backlog,
                age / 3600
            ),
        ),
        (None, Some(_)) => {
            Finding::warning(CHECK, format!("{path} is {} changes behind.", mirror.backlog), advice)
        }
        (None, None) => Finding::warning(CHECK, format!("{path} is empty."), advice),
    }
}
