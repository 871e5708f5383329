//! Mirrors that are not as they must be.

use std::fs;
use std::path::PathBuf;

use lethe_vault::mirror::{Mirror, MirrorError, Mirrors, Takeover};

use crate::mirrored::Mirrored;
use crate::postgres::Database;

#[tokio::test]
async fn a_mirror_that_is_away_is_named_and_nothing_is_made_in_its_place() {
    let world = Mirrored::create().await;
    let away = world.folder.path().join("away");
    let file = world.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let mirrors = Mirrors::new(&[away.clone(), world.folder.path().to_owned(), file.clone()]);
    let error = mirrors.export(&world.database.pool, Takeover::Refuse).await.unwrap_err();
    let [MirrorError::Missing(one), MirrorError::NotAFolder(other)] = &error.0[..] else { panic!("{error}") };
    assert_eq!((one, other), (&away, &file));
    let said = error.to_string();
    assert!(said.contains("away is not there") && said.contains("file is not a folder"), "{said}");
    assert!(!away.exists());
    assert_eq!(world.seen_anew().await.backlog, 0, "the one that is there has the export");
    assert!(mirrors.status(&world.database.pool).await[0].error.as_ref().unwrap().contains("away"));
    mirrors.check_not_newer(&world.database.pool).await.unwrap();
}

#[tokio::test]
async fn a_full_mirror_keeps_the_export_that_it_has() {
    let world = Mirrored::create().await;
    world.feed().await.unwrap();
    let before = world.files();
    world.add(1).await;
    // Every write to it fails with "no space left on device".
    let change = world.database.count("SELECT max(change) FROM vault.keys").await;
    let next = before[0].replace("vault-1-1", &format!("vault-1-{change}")).replace("export", "unfinished");
    std::os::unix::fs::symlink("/dev/full", world.folder.path().join(next)).unwrap();
    let error = world.export().await.unwrap_err();
    assert!(error.to_string().contains("space"), "{error}");
    assert!(error.to_string().contains(&world.folder.path().display().to_string()), "{error}");
    assert_eq!(world.files(), before);
    let status = world.seen_anew().await;
    assert_eq!((status.backlog, status.error), (1, None));
    world.export().await.unwrap();
    assert_eq!(world.seen_anew().await.backlog, 0);
}

/// Every way to spoil an export, and what it does to a status.
#[tokio::test]
async fn an_export_that_is_cut_or_altered_anywhere_is_damaged_and_is_written_anew() {
    let world = Mirrored::create().await;
    world.add(1).await;
    world.feed().await.unwrap();
    let path = world.file("export");
    let whole = fs::read(&path).unwrap();
    let mut spoiled: Vec<Vec<u8>> = Vec::new();
    for length in (0..whole.len()).step_by(197).chain([whole.len() - 1]) {
        spoiled.push(whole[..length].to_vec());
        let mut flipped = whole.clone();
        flipped[length] ^= 1;
        spoiled.push(flipped);
    }
    spoiled.push([&whole[..], b"more\n"].concat());
    for bytes in spoiled {
        fs::write(&path, &bytes).unwrap();
        let status = world.seen_anew().await;
        let said = status.error.unwrap_or_else(|| panic!("{} bytes are taken", bytes.len()));
        assert!(said.contains("is damaged at line"), "{said}");
    }
    Mirror::new(world.folder.path()).feed(&world.database.pool).await.unwrap();
    assert_eq!(world.seen_anew().await.error, None);
}

#[tokio::test]
async fn a_torn_last_line_of_increments_is_ignored_and_written_again() {
    let world = Mirrored::create().await;
    world.feed().await.unwrap();
    world.add(1).await;
    world.feed().await.unwrap();
    world.add(2).await;
    world.feed().await.unwrap();
    let path = world.file("increments");
    let whole = fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for torn in
        [whole[..=last].to_vec(), whole[..whole.len() - 1].to_vec(), [&whole[..last], &[0; 99]].concat()]
    {
        fs::write(&path, torn).unwrap();
        let status = world.seen_anew().await;
        assert_eq!((status.backlog, status.error), (1, None));
        world.feed().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[tokio::test]
async fn increments_that_are_altered_or_lack_a_line_in_the_middle_are_damaged() {
    let world = Mirrored::create().await;
    world.feed().await.unwrap();
    for n in 1..4 {
        world.add(n).await;
        world.feed().await.unwrap();
    }
    let path = world.file("increments");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without = [lines[0], lines[2], lines[3], ""].join("\n");
    let mut flipped = whole.clone().into_bytes();
    flipped[lines[0].len() + lines[1].len() / 2] ^= 1;
    let headless = lines[1..].join("\n") + "\n";
    for bytes in [without.into_bytes(), flipped, headless.into_bytes()] {
        fs::write(&path, bytes).unwrap();
        let status = world.seen_anew().await;
        assert!(status.error.unwrap().contains("is damaged"));
    }
    // A full export takes their place.
    world.feed().await.unwrap();
    assert_eq!(world.seen_anew().await.error, None);
}

#[tokio::test]
async fn the_mirror_of_another_installation_is_refused_and_left_as_it_is() {
    let (world, other) = (Mirrored::create().await, Mirrored::create().await);
    other.feed().await.unwrap();
    let before = (other.files(), fs::read(other.file("export")).unwrap());
    let mirror = Mirror::new(other.folder.path());
    let pool = &world.database.pool;
    for result in [mirror.feed(pool).await, mirror.export(pool, Takeover::Allow).await] {
        assert!(matches!(result, Err(MirrorError::OfAnother { .. })), "{result:?}");
    }
    let mirrors = Mirrors::new(&[other.folder.path().to_owned()]);
    let refused = mirrors.check_not_newer(pool).await.unwrap_err();
    assert!(matches!(refused, MirrorError::OfAnother { .. }), "{refused}");
    let empty = Database::create().await;
    let refused = mirrors.check_not_newer(&empty.pool).await.unwrap_err();
    assert!(matches!(refused, MirrorError::OfAnother { .. }), "{refused}");
    assert_eq!((other.files(), fs::read(other.file("export")).unwrap()), before);
}

#[tokio::test]
async fn a_mirror_that_is_newer_than_the_database_is_found_and_not_fed() {
    let older = |sql: &'static str| async move {
        let world = Mirrored::create().await;
        world.add(1).await;
        world.add(2).await;
        world.database.run("UPDATE vault.root SET epoch = 2").await;
        world.feed().await.unwrap();
        world.database.run(sql).await;
        let mirrors = Mirrors::new(&[world.folder.path().to_owned()]);
        let error = mirrors.check_not_newer(&world.database.pool).await.unwrap_err();
        assert!(matches!(error, MirrorError::Newer { .. }), "{error}");
        assert!(error.to_string().contains("lethe restore --from"), "{error}");
        assert!(matches!(world.feed().await, Err(MirrorError::Newer { .. })));
        assert!(matches!(world.export().await, Err(MirrorError::Newer { .. })));
        world
    };
    older("UPDATE vault.root SET epoch = 1").await;
    let world =
        older("DELETE FROM vault.keys WHERE subject_id = '00000000-0000-0000-0000-000000000002'").await;
    // Even if the file itself cannot be read: its name tells.
    fs::write(world.file("export"), "").unwrap();
    let mirrors = Mirrors::new(&[world.folder.path().to_owned()]);
    let error = mirrors.check_not_newer(&world.database.pool).await.unwrap_err();
    assert!(matches!(error, MirrorError::Newer { .. }), "{error}");
}

#[tokio::test]
async fn a_copy_on_another_cluster_takes_a_mirror_over_only_when_told_to() {
    let world = Mirrored::create().await;
    world.feed().await.unwrap();
    world.database.run("UPDATE vault.root SET timeline = timeline + 1").await;
    world.add(1).await;
    for result in [world.feed().await, world.export().await] {
        assert!(matches!(result, Err(MirrorError::OfAnotherCluster { .. })), "{result:?}");
    }
    world.mirror.export(&world.database.pool, Takeover::Allow).await.unwrap();
    world.feed().await.unwrap();
    assert_eq!(world.seen_anew().await.backlog, 0);
}

#[tokio::test]
async fn an_export_that_names_itself_as_another_is_damaged() {
    let world = Mirrored::create().await;
    world.feed().await.unwrap();
    let path = world.file("export");
    let later: PathBuf = world.folder.path().join("vault-1-0.export");
    fs::rename(&path, later).unwrap();
    assert!(world.seen_anew().await.error.unwrap().contains("its name"));
}
