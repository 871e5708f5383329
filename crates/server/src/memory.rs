//! What is in memory stays there: keys and values must not come to a disk because the process crashes.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Forbids core dumps, also those that a program of the system would take.
pub(crate) fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where it cannot be forbidden, `lethe doctor` says so.
    setrlimit(Resource::Core, none).unwrap_or_default();
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .unwrap_or_default();
}
