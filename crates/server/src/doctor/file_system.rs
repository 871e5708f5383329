//! Where the data folder's bytes end up.

use std::path::Path;

use super::Finding;

const CHECK: &str = "file system";
const SCARCE: u64 = 1 << 30;
/// A disk of which less than a tenth is free is nearly full, unless that is this much.
const AMPLE: u64 = 20 << 30;

/// Examines free space and the kind of file system.
pub(super) fn check(path: &Path, holds_database: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    match rustix::fs::statvfs(path) {
        Ok(found) => findings.push(space(
            found.f_bavail.saturating_mul(found.f_frsize),
            found.f_blocks.saturating_mul(found.f_frsize),
        )),
        Err(error) => findings.push(Finding::warning(
            CHECK,
            format!("It cannot be examined: {error}."),
            "Check the disk.",
        )),
    }
    #[cfg(target_os = "linux")]
    if holds_database && let Ok(found) = rustix::fs::statfs(path) {
        findings.push(kind(found.f_type));
    }
    findings
}

fn space(free: u64, all: u64) -> Finding {
    let mebibytes = free >> 20;
    if free < SCARCE {
        return Finding::warning(
            CHECK,
            format!("Only {mebibytes} MiB are free; PostgreSQL stops when the disk is full."),
            "Free some space, or move the data folder.",
        );
    }
    if free < AMPLE && free < all / 10 {
        return Finding::warning(
            CHECK,
            format!(
                "Only {mebibytes} MiB are free, less than a tenth of the disk; a view that is built anew needs room beside the old one."
            ),
            "Make room before it is needed, or move the data folder.",
        );
    }
    Finding::ok(CHECK, format!("{mebibytes} MiB are free."))
}

/// By the numbers in Linux' `magic.h`.
#[cfg(target_os = "linux")]
fn kind(magic: rustix::fs::FsWord) -> Finding {
    let move_it = "Put the data folder on a disk with ext4, xfs or zfs, in a container on a mounted volume.";
    match magic {
        0x794c_7630 => Finding::warning(
            CHECK,
            "The data folder is on an overlay: it vanishes with its container.",
            move_it,
        ),
        0x0102_1994 | 0x8584_58f6 => {
            Finding::warning(CHECK, "The data folder is in memory: it vanishes with the machine.", move_it)
        }
        0x9123_683e => Finding::warning(
            CHECK,
            "The data folder is on btrfs: copy-on-write keeps old blocks, and with nodatacow it loses checksums.",
            move_it,
        ),
        0x6969 | 0x517b | 0xff53_4d42 | 0xfe53_4d42 => Finding::warning(
            CHECK,
            "The data folder is on a network: locks and fsync depend on the other machine.",
            move_it,
        ),
        0xef53 => Finding::ok(CHECK, "ext4."),
        0x5846_5342 => Finding::ok(CHECK, "xfs."),
        0x2fc1_2fc1 => Finding::ok(CHECK, "zfs."),
        other => Finding::note(CHECK, format!("A kind that lethe does not know ({other:#x}).")),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn places_that_lose_data_are_findings() {
        for magic in [0x794c_7630, 0x0102_1994, 0x9123_683e, 0x6969] {
            assert_eq!(kind(magic).level, Level::Warning, "{magic:#x}");
        }
        assert_eq!(kind(0xef53).level, Level::Ok);
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_a_finding() {
        assert_eq!(space(SCARCE - 1, SCARCE).level, Level::Warning);
        assert_eq!(space(SCARCE, 10 * SCARCE).level, Level::Ok);
        assert_eq!(space(SCARCE, 11 * SCARCE).level, Level::Warning);
        assert_eq!(space(AMPLE, 100 * AMPLE).level, Level::Ok, "much is left of a large disk");
    }
}
