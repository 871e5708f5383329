//! What stands in a folder of somebody else is opened only if it is a file of that folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use lethe_tlog::bundle::{Expected, Fault, Selection, verify};
use uuid::Uuid;

use crate::log::Log;
use crate::tamper::{Bundle, FILE, MANIFEST};

/// What is wrong, told by a thread that may be left behind: what hangs must fail a test and not hang it.
fn fault(bundle: &Bundle) -> (&'static str, Option<u64>, String) {
    let (path, (tell, told)) = (bundle.path().to_owned(), mpsc::channel());
    std::thread::spawn(move || {
        let fault = verify(&path, &Expected::default(), &mut |_| {}).expect_err("it is good");
        tell.send((fault.code(), fault.position(), fault.to_string())).unwrap();
    });
    told.recv_timeout(Duration::from_mins(1)).expect("it hangs, or is good")
}

fn pipe(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn links_are_not_followed_wherever_they_lead() {
    let log = Log::of(5);
    for file in [MANIFEST, FILE] {
        for to in ["/dev/zero", "elsewhere", "nowhere", "/proc/self/fd/0"] {
            let bundle = Bundle::of(&log);
            // A link to what is there, unchanged, would verify if it were followed.
            let elsewhere = tempfile::tempdir().unwrap();
            fs::rename(bundle.file(file), elsewhere.path().join("elsewhere")).unwrap();
            symlink(elsewhere.path().join(to), bundle.file(file)).unwrap();
            let (code, position, message) = fault(&bundle);
            assert_eq!((code, position), ("UNREADABLE", None), "{file} to {to}: {message}");
            assert!(message.contains(file), "{message}");
        }
    }
    let (bundle, elsewhere) = (Bundle::of(&log), tempfile::tempdir().unwrap());
    fs::rename(bundle.file("events"), elsewhere.path().join("events")).unwrap();
    symlink(elsewhere.path().join("events"), bundle.file("events")).unwrap();
    assert_eq!(fault(&bundle).0, "UNREADABLE");
    // Nor where no event is read from it.
    let bundle = Bundle::selected(&log, Selection::Unit { id: Uuid::nil() }, &[]);
    fs::remove_dir(bundle.file("events")).unwrap();
    symlink(elsewhere.path(), bundle.file("events")).unwrap();
    assert_eq!(fault(&bundle).0, "UNREADABLE");
}

#[test]
fn pipes_sockets_and_folders_are_no_files_and_nothing_waits_for_them() {
    let log = Log::of(5);
    for file in [MANIFEST, FILE] {
        let make: [fn(&std::path::Path); 3] =
            [pipe, |path| drop(UnixListener::bind(path).unwrap()), |path| fs::create_dir(path).unwrap()];
        for make in make {
            let bundle = Bundle::of(&log);
            fs::remove_file(bundle.file(file)).unwrap();
            make(&bundle.file(file));
            let (code, position, message) = fault(&bundle);
            assert_eq!((code, position), ("UNREADABLE", None), "{message}");
        }
    }
    let bundle = Bundle::selected(&log, Selection::Unit { id: Uuid::nil() }, &[]);
    fs::remove_dir(bundle.file("events")).unwrap();
    fs::write(bundle.file("events"), "").unwrap();
    assert_eq!(fault(&bundle).0, "UNREADABLE");
    // What belongs to no bundle is not opened at all.
    pipe(&bundle.file("pipe"));
    assert_eq!(fault(&bundle).0, "FOREIGN_FILE");
}

#[test]
fn the_folder_itself_may_be_given_by_a_link() {
    let (bundle, elsewhere) = (Bundle::of(&Log::of(5)), tempfile::tempdir().unwrap());
    let link = elsewhere.path().join("link");
    symlink(bundle.path(), &link).unwrap();
    assert!(verify(&link, &Expected::default(), &mut |_| {}).is_ok());
    let fault = verify(&elsewhere.path().join("nothing"), &Expected::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(&fault, Fault::Missing(file) if file == MANIFEST), "{fault}");
}

#[test]
fn a_manifest_of_more_than_64_mib_is_refused_unread() {
    let bundle = Bundle::of(&Log::of(5));
    let manifest = fs::OpenOptions::new().append(true).open(bundle.file(MANIFEST)).unwrap();
    let text = fs::read(bundle.file(MANIFEST)).unwrap();
    manifest.set_len(1 << 40).unwrap();
    let (code, position, message) = fault(&bundle);
    assert_eq!((code, position), ("BAD_MANIFEST", None));
    assert!(message.contains("longer than"), "{message}");
    let exactly = [text.as_slice(), &vec![b' '; (64 << 20) - text.len()]].concat();
    fs::write(bundle.file(MANIFEST), exactly).unwrap();
    assert!(verify(bundle.path(), &Expected::default(), &mut |_| {}).is_ok());
}
