//! Files that are complete under their name, or not there at all; must not know what is in them.

use std::fs::File;
use std::io;
use std::path::Path;

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

fn directory() -> io::Error {
    io::Error::from(io::ErrorKind::IsADirectory)
}

/// Writes to a new file in the same folder and then gives it its name.
fn replace<E: From<io::Error>>(path: &Path, fill: impl FnOnce(&mut File) -> Result<(), E>) -> Result<(), E> {
    let mut file = temporary(path)?;
    fill(file.as_file_mut())?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut options = tempfile::Builder::new();
    options.prefix(".isobath-").suffix(".partial");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    options.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))
}
