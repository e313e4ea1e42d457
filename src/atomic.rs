//! Files that are complete under their name, or not there at all; must not know what is in them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The unfinished file being written, if any.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The folder of files nobody is to keep, if any.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Writes a file through `fill`; what already was there under its name stays until `fill` is done.
///
/// A name that is no ordinary file, such as a pipe or a device, is written to as it is.
///
/// # Errors
/// When the system refuses or `fill` fails.
pub fn write<E: From<io::Error>>(path: &Path, fill: impl FnOnce(&mut File) -> Result<(), E>) -> Result<(), E> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(directory().into()),
        Ok(found) if !found.is_file() => fill(&mut File::options().write(true).open(path)?),
        Ok(_) => replace(&path.canonicalize()?, fill),
        Err(_) => replace(path, fill),
    }
}

/// Whether [`write()`] could begin; leaves nothing behind.
///
/// # Errors
/// When it could not.
pub fn check(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(directory()),
        Ok(found) if !found.is_file() => Ok(()),
        Ok(_) => temporary(&path.canonicalize()?).map(drop),
        Err(_) => temporary(path).map(drop),
    }
}

/// Makes a folder for files nobody is to keep; it goes when it is dropped, or when the process is interrupted.
///
/// # Errors
/// When the system refuses.
pub fn scratch() -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("isobath-").tempdir()?;
    *locked(&SCRATCH) = Some(folder.path().to_owned());
    Ok(folder)
}

/// Removes the unfinished file being written and the scratch folder, if any: what is left to do before an interrupted process ends.
pub fn abandon() {
    // The process is ending; there is nobody left to tell.
    if let Some(path) = unfinished().take() {
        let _ = std::fs::remove_file(path);
    }
    if let Some(path) = locked(&SCRATCH).take() {
        let _ = std::fs::remove_dir_all(path);
    }
}

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    locked(&UNFINISHED)
}

fn locked(path: &'static Mutex<Option<PathBuf>>) -> MutexGuard<'static, Option<PathBuf>> {
    path.lock().unwrap_or_else(PoisonError::into_inner)
}

fn directory() -> io::Error {
    io::Error::from(io::ErrorKind::IsADirectory)
}

/// Writes to a new file in the same folder and then gives it its name.
fn replace<E: From<io::Error>>(path: &Path, fill: impl FnOnce(&mut File) -> Result<(), E>) -> Result<(), E> {
    let mut file = temporary(path)?;
    *unfinished() = Some(file.path().to_owned());
    let filled = fill(file.as_file_mut());
    *unfinished() = None;
    filled?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut options = tempfile::Builder::new();
    options.prefix(".isobath-").suffix(".partial");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    options.tempfile_in(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), format!("there is no folder {}", folder.display())),
        kind => io::Error::from(kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_file_is_gone_and_the_old_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::write(&path, "old").unwrap();
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let interrupted = write(&path, |_| {
            assert_eq!(names(), 2);
            abandon();
            assert_eq!(names(), 1);
            Err(io::Error::from(io::ErrorKind::Interrupted))
        });
        assert!(interrupted.is_err());
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), names()), ("old", 1));
    }
}
