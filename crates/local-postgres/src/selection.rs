//! Which of the programs found to use: those that fit the cluster, else a downloaded build.

use crate::binaries::{self, Binaries, OLDEST, Places};
use crate::placement::Placement;
use crate::{Error, Progress, Settings, cluster, download, platform};

/// The programs for this placement's cluster, downloaded if there are none and that is allowed.
pub(crate) async fn select(
    settings: &Settings,
    places: &Places,
    placement: &Placement,
    progress: &Progress,
) -> Result<Binaries, Error> {
    let cluster = placement.cluster();
    let needed = cluster::major(&cluster)?;
    let mut found = binaries::candidates(settings.bin_dir.as_deref(), places)?;
    if settings.bin_dir.is_none() {
        found.extend(download::unpacked(&placement.folder));
    }
    let fits = |binaries: &&Binaries| needed.is_none_or(|needed| needed == binaries.major);
    if let Some(fitting) = found.iter().find(fits) {
        return Ok(fitting.clone());
    }
    let install = platform::install_command();
    let can_download = settings.bin_dir.is_none() && needed.is_none_or(|needed| needed == download::MAJOR);
    match needed {
        _ if can_download && !settings.offline => download::fetch(&placement.folder, progress, install).await,
        None => Err(Error::NotInstalled { oldest: OLDEST, install }),
        Some(needed) => Err(Error::OtherVersion { cluster, needed, found: listing(&found), install }),
    }
}

fn listing(found: &[Binaries]) -> String {
    let each: Vec<_> = found
        .iter()
        .map(|found| format!("PostgreSQL {} in {}", found.version, found.dir.display()))
        .collect();
    if each.is_empty() { "no PostgreSQL".to_owned() } else { each.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::placement;

    async fn select_from_nothing(offline: bool, needed: Option<&str>) -> (Error, Vec<String>) {
        let parent = tempfile::tempdir().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        let progress: Progress = Arc::new(move |line: &str| heard.lock().unwrap().push(line.to_owned()));
        let placement = placement::in_folder(parent.path());
        if let Some(needed) = needed {
            fs::create_dir(placement.cluster()).unwrap();
            fs::write(placement.cluster().join("PG_VERSION"), needed).unwrap();
        }
        let settings = Settings { offline, ..Settings::new(parent.path()) };
        let nowhere = Places::only(Vec::new(), "");
        let error = select(&settings, &nowhere, &placement, &progress).await.unwrap_err();
        let lines = lines.lock().unwrap().clone();
        (error, lines)
    }

    #[tokio::test]
    async fn offline_without_postgresql_names_the_install_command_and_downloads_nothing() {
        let (error, lines) = select_from_nothing(true, None).await;
        assert!(error.to_string().contains(&platform::install_command()), "{error}");
        assert!(lines.is_empty(), "{lines:?}");
    }

    #[tokio::test]
    async fn a_cluster_of_another_version_names_both() {
        let (error, _) = select_from_nothing(false, Some("14\n")).await;
        let Error::OtherVersion { needed: 14, found, .. } = &error else { unreachable!("{error}") };
        assert_eq!(found, "no PostgreSQL");
        let (error, _) = select_from_nothing(true, Some("17\n")).await;
        assert!(matches!(error, Error::OtherVersion { needed: 17, .. }), "{error}");
    }

    #[tokio::test]
    #[ignore = "needs a machine without a network; with one it would download PostgreSQL"]
    async fn a_download_is_announced_and_its_failure_names_the_install_command() {
        let (error, lines) = select_from_nothing(false, None).await;
        assert!(matches!(error, Error::Download { .. }), "{error}");
        assert!(error.to_string().contains(&platform::install_command()), "{error}");
        assert!(lines.first().is_some_and(|line| line.contains("downloading PostgreSQL")), "{lines:?}");
    }
}
