//! A file of any kind as the command line names it; must not know what is done with it.

use std::path::Path;

use super::failure::Failure;
use super::settings::Settings;
use crate::gates;
use crate::pipeline::subject::Subject;
use crate::spec::{self, Document};
use crate::words::Strategy;

/// Reads a document and changes it as the flags say.
pub(super) fn read(file: &Path, settings: &Settings) -> Result<Document, Failure> {
    if gates::is_circuit(file) {
        return Err(Failure::at(file, "this is a compiled circuit; a description was expected (`run` takes either)"));
    }
    let mut document = spec::read_document(file)?;
    settings.apply_to(&mut document).map_err(|message| Failure::at(file, message))?;
    Ok(document)
}

/// Reads a document and derives its law, weights left open.
pub(super) fn subject(file: &Path, settings: &Settings) -> Result<Subject, Failure> {
    let document = read(file, settings)?;
    Subject::new(&document, &settings.options(Strategy::Depth, false)).map_err(|error| Failure::at(file, error))
}
