//! The machine that a root file belongs to. A data folder that was copied to a second machine holds a copy of the root: if
//! both went on, what one of them erases the other could open. So the copy does not open until somebody says that the
//! original is gone.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use crate::custodian::{CustodianError, CustodianSpec, CustodiansError};
use crate::{Custody, VaultError};

/// Where a machine says who it is (machine-id(5)); a container may have none, and then nothing is compared.
const MACHINE_ID: &str = "/etc/machine-id";

/// The note beside a root file.
fn note(root_file: &Path) -> PathBuf {
    root_file.with_extension("machine")
}

/// What stands for this machine: the id itself is not to be passed on.
fn here() -> Option<String> {
    let id = fs::read_to_string(MACHINE_ID).ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| {
        let hash = digest(&SHA256, format!("lethe-machine/1\n{id}").as_bytes());
        hash.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    })
}

fn root_files(custody: &Custody) -> impl Iterator<Item = &PathBuf> {
    custody.custodians.iter().filter_map(|spec| match spec {
        CustodianSpec::File(path) => Some(path),
        CustodianSpec::Transit(_) => None,
    })
}

/// Refuses root files of another machine; those that belong to none yet belong to this one from now on.
pub(crate) fn check(custody: &Custody) -> Result<(), VaultError> {
    let Some(here) = here() else { return Ok(()) };
    for path in root_files(custody).filter(|path| path.exists()) {
        match fs::read_to_string(note(path)) {
            Ok(found) if found.trim() == here => {}
            Ok(_) => return Err(VaultError::OnAnotherMachine(path.clone())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => write(path, &here)?,
            Err(error) => return Err(failed(path, error)),
        }
    }
    Ok(())
}

/// Says that the root files belong to this machine.
pub(crate) fn claim(custody: &Custody) -> Result<(), VaultError> {
    let Some(here) = here() else { return Ok(()) };
    root_files(custody).filter(|path| path.exists()).try_for_each(|path| write(path, &here))
}

fn write(path: &Path, here: &str) -> Result<(), VaultError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(note(path)).and_then(|mut file| {
        file.write_all(here.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: std::io::Error) -> VaultError {
    let path = note(path);
    let error = CustodianError::Io { path: path.clone(), source };
    CustodiansError::Failed(vec![(path.display().to_string(), error)]).into()
}
