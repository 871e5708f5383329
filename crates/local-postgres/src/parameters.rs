//! The server's settings. They are given on the command line, where neither the cluster's own configuration files
//! nor `ALTER SYSTEM` can override them.

use std::ffi::OsString;

use crate::Settings;
use crate::placement::{PORT, Placement};

const FIXED: [(&str, &str); 23] = [
    // One private unix socket, no network.
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    // What is committed is on the disk.
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    // The log holds no statement and no value. Messages of the levels WARNING and ERROR quote values ("invalid
    // input syntax for type integer: …"), so only LOG and above are written: start, stop, crashes, checkpoints.
    // Terse leaves out DETAIL, which quotes keys and the statement of a crashed process.
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_statement", "none"),
    ("log_duration", "off"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_transaction_sample_rate", "0"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
    // For a small machine; initdb has already set max_wal_size to fit the size of the WAL's segments (1 GB).
    ("max_connections", "100"),
    ("shared_buffers", "128MB"),
    ("checkpoint_completion_target", "0.9"),
    ("jit", "off"),
];

/// The arguments of `postgres` for this placement.
pub(crate) fn arguments(placement: &Placement, settings: &Settings) -> Vec<OsString> {
    let mut arguments = vec![OsString::from("-D"), placement.cluster().into_os_string()];
    let mut set = |name: &str, value: OsString| {
        let mut setting = OsString::from(name);
        setting.push("=");
        setting.push(value);
        arguments.extend([OsString::from("-c"), setting]);
    };
    // A list of names, which quotes keep whole if they contain commas.
    let mut socket_dir = OsString::from("\"");
    socket_dir.push(&placement.socket_dir);
    socket_dir.push("\"");
    set("unix_socket_directories", socket_dir);
    set("port", PORT.to_string().into());
    for (name, value) in FIXED {
        set(name, value.into());
    }
    for (name, value) in &settings.parameters {
        set(name, value.into());
    }
    arguments
}
