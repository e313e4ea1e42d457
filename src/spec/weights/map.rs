//! Files mapped into memory: the only unsafe code there is; must not know what the bytes mean.
//!
//! A mapped file must not be changed while it is read. If another process cuts it short, reading beyond its new end stops this
//! process; if it is written over, the bytes read are the new ones or the old.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of a regular file.
///
/// # Errors
/// When it cannot be opened or mapped, or is no regular file.
pub(in crate::spec) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // SAFETY: the mapping is private to this process's reads, lives as long as the value returned, and is only ever read as bytes,
    // for which every pattern is valid. What other processes may do to the file is said above.
    unsafe { Mmap::map(&file) }
}
