//! Whose tokens are believed, and whether they can be verified.

use lethe_auth::{Issuer, LocalKey};
use lethe_kernel::Clock;

use super::Finding;
use crate::config::{Config, Tokens};

const CHECK: &str = "tokens";

/// Looks at the data folder's key, or asks the issuer for its keys.
pub(super) async fn check(config: &Config) -> Finding {
    let (url, rules) = match config.tokens() {
        Ok(Tokens::Local) => return local(config),
        Ok(Tokens::Issuer(url, rules)) => (url, rules),
        Err(error) => return Finding::error(CHECK, &error),
    };
    let fetched = async { Issuer::new(&url, rules, Clock::system())?.fetch().await }.await;
    match fetched {
        Ok(()) => {
            Finding::ok(CHECK, format!("They come from {}, which answers with its keys.", url.as_str()))
        }
        Err(error) => Finding::problem(
            CHECK,
            format!("They come from {}, and its keys cannot be fetched: {error}.", url.as_str()),
            "Nobody is let in without them. Check oidc_issuer, the issuer, and the way there.",
        ),
    }
}

fn local(config: &Config) -> Finding {
    let path = config.data_dir.join("token.key");
    if !path.exists() {
        return Finding::note(CHECK, "This installation signs them; the first start makes the key.");
    }
    match LocalKey::open(&path) {
        Ok(_) => Finding::note(CHECK, format!("This installation signs them, with {}.", path.display())),
        Err(error) => Finding::error(CHECK, &error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Layers;
    use crate::doctor::Level;

    fn config(flags: &[(&'static str, &str)]) -> Config {
        let flags = flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
        Config::resolve(&Layers { flags, ..Layers::default() }).unwrap()
    }

    #[tokio::test]
    async fn a_key_that_others_may_read_and_an_issuer_that_is_away_are_problems() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = ("data_dir", folder.path().to_str().unwrap());
        assert_eq!(check(&config(&[data_dir])).await.level, Level::Note);
        let path = folder.path().join("token.key");
        LocalKey::open_or_create(&path).unwrap();
        assert_eq!(check(&config(&[data_dir])).await.level, Level::Note);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(check(&config(&[data_dir])).await.level, Level::Problem);
        // Nobody listens on port 1.
        let away = [("oidc_issuer", "http://127.0.0.1:1"), ("oidc_audience", "crm")];
        let finding = check(&config(&away)).await;
        assert_eq!(finding.level, Level::Problem);
        assert!(finding.message.contains("cannot be reached"), "{}", finding.message);
        assert_eq!(check(&config(&away[..1])).await.level, Level::Problem, "no audience");
    }
}
