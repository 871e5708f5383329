//! The bytes of the disk under the root file: no destroyed root is left on it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use aho_corasick::AhoCorasick;
use lethe_vault::custodian::{CustodianError, FileCustodian, Root};
use tempfile::TempDir;
use uuid::Uuid;

const KEY: std::ops::Range<usize> = 37..69;
const ROTATIONS: i64 = 20;

/// An ext4 file system in a file.
struct Disk {
    folder: TempDir,
    mounted: bool,
}

impl Disk {
    /// `None` where file systems cannot be made or mounted, which takes root.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Self { folder, mounted: false };
        File::create(disk.image()).unwrap().set_len(32 << 20).unwrap();
        fs::create_dir(disk.mount_point()).unwrap();
        let made = run(Command::new("mkfs.ext4").args(["-q", "-F", "-b", "4096"]).arg(disk.image()));
        disk.mounted = made && disk.mount("loop");
        disk.mounted.then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn mount(&self, options: &str) -> bool {
        run(Command::new("mount").args(["-o", options]).arg(self.image()).arg(self.mount_point()))
    }

    /// Every byte of the disk, after all of them were written to it.
    fn bytes(&mut self) -> Vec<u8> {
        assert!(run(Command::new("umount").arg(self.mount_point())));
        self.mounted = false;
        fs::read(self.image()).unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            run(Command::new("umount").arg(self.mount_point()));
        }
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn root(epoch: i64) -> Root {
    Root::generate(Uuid::from_u128(7), epoch).unwrap()
}

/// The keys in a root file, as its documentation says where they stand.
fn keys(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let slots = bytes.chunks(4096).map(|slot| slot[KEY].to_vec());
    slots.filter(|key| key.iter().any(|byte| *byte != 0)).collect()
}

/// How many of these keys are there, whole or a half of them.
fn found(keys: &[Vec<u8>], bytes: &[u8]) -> usize {
    let halves: Vec<&[u8]> = keys.iter().flat_map(|key| key.chunks(16)).collect();
    let mut seen = vec![false; keys.len()];
    for hit in AhoCorasick::new(halves).unwrap().find_overlapping_iter(bytes) {
        seen[hit.pattern().as_usize() / 2] = true;
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// Rotates; answers the keys that were destroyed, and the one that is left.
fn rotate(custodian: &FileCustodian) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    custodian.store(&root(1)).unwrap();
    let mut old = Vec::new();
    for epoch in 1..=ROTATIONS {
        old.extend(keys(custodian.path()));
        custodian.store(&root(epoch + 1)).unwrap();
        custodian.destroy(epoch).unwrap();
    }
    assert_eq!(old.len(), 20);
    (old, keys(custodian.path()))
}

/// As programs usually replace a file: write another, rename it over the first.
fn rename_over(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    File::open(&new).unwrap().sync_all().unwrap();
    fs::rename(&new, path).unwrap();
    File::open(path.parent().unwrap()).unwrap().sync_all().unwrap();
}

/// Past what collects the output of tests that pass.
fn skipped(what: &str) {
    let why = "Making and mounting an ext4 file system takes root, e2fsprogs and loop devices.";
    std::io::stderr().write_all(format!("\nSKIPPED: {what}. {why}\n").as_bytes()).unwrap();
}

#[test]
fn after_twenty_rotations_no_old_root_is_in_the_raw_bytes_of_the_disk() {
    let Some(mut disk) = Disk::new() else {
        return skipped("the raw bytes of a disk; only those of the file are searched");
    };
    let (old, current) = rotate(&FileCustodian::in_data_dir(&disk.mount_point()));
    let bytes = disk.bytes();
    assert_eq!(found(&current, &bytes), 1, "the current root must be found, else the search proves nothing");
    assert_eq!(found(&old, &bytes), 0);
}

#[test]
fn after_twenty_rotations_no_old_root_is_in_the_raw_bytes_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let custodian = FileCustodian::in_data_dir(folder.path());
    let (old, current) = rotate(&custodian);
    let bytes = fs::read(custodian.path()).unwrap();
    assert_eq!((found(&current, &bytes), found(&old, &bytes)), (1, 0));
    let beside = fs::read_dir(custodian.path().parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "there is no other file beside it");
}

#[test]
fn control_a_file_that_is_renamed_over_leaves_old_roots_on_the_disk() {
    let Some(mut disk) = Disk::new() else { return skipped("what renaming leaves behind") };
    let scratch = tempfile::tempdir().unwrap();
    let source = FileCustodian::in_data_dir(scratch.path());
    let path = disk.mount_point().join("root.key");
    let mut old = Vec::new();
    for epoch in 1..=ROTATIONS {
        source.store(&root(epoch)).unwrap();
        source.destroy(epoch - 1).unwrap();
        rename_over(&path, &fs::read(source.path()).unwrap());
        old.extend(keys(source.path()));
    }
    old.pop();
    let left = found(&old, &disk.bytes());
    println!("Renaming left {left} of {} old roots on the disk.", old.len());
    assert!(left > 0);
}

#[test]
fn a_disk_that_cannot_be_written_gives_its_root_and_refuses_the_rest() {
    let Some(disk) = Disk::new() else { return skipped("a disk that cannot be written") };
    let custodian = FileCustodian::in_data_dir(&disk.mount_point());
    let kept = root(1);
    custodian.store(&kept).unwrap();
    assert!(disk.mount("remount,ro"));
    assert!(custodian.fetch(1).unwrap().unwrap().same(&kept));
    for error in [custodian.store(&root(2)).unwrap_err(), custodian.destroy(1).unwrap_err()] {
        assert!(matches!(error, CustodianError::Io { .. }), "{error}");
        assert!(error.to_string().contains("Read-only"), "{error}");
    }
    assert!(custodian.fetch(1).unwrap().unwrap().same(&kept));
}

#[test]
fn a_full_disk_refuses_a_root_and_keeps_no_part_of_it() {
    let Some(disk) = Disk::new() else { return skipped("a full disk") };
    let custodian = FileCustodian::in_data_dir(&disk.mount_point());
    let fillers = disk.mount_point().join("fillers");
    fs::create_dir(&fillers).unwrap();
    let mut names = 0..;
    for size in [64 << 20, 1 << 16, 4096] {
        // What a write reserves and does not need is free again once it is on the disk.
        while fs::write(fillers.join(names.next().unwrap().to_string()), vec![1; size]).is_ok() {}
        File::open(&fillers).unwrap().sync_all().unwrap();
    }
    let error = custodian.store(&root(1)).unwrap_err();
    assert!(matches!(error, CustodianError::Io { .. }), "{error}");
    fs::remove_dir_all(fillers).unwrap();
    custodian.store(&root(1)).unwrap();
    custodian.fetch(1).unwrap().unwrap();
}

#[test]
fn a_file_on_a_file_system_in_memory_works_too() {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let custodian = FileCustodian::in_data_dir(folder.path());
    let (old, current) = rotate(&custodian);
    let bytes = fs::read(custodian.path()).unwrap();
    assert_eq!((found(&current, &bytes), found(&old, &bytes)), (1, 0));
}
