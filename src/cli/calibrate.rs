//! The flag `--calibrate`: inputs whose values narrow a model's ranges; must not know what is done with the circuit.

use std::path::PathBuf;

use super::failure::Failure;
use super::{model, run};
use crate::lower::guard::Calibration;
use crate::pipeline::{self, Model, calibrate};
use crate::spec::Spec;
use crate::tensor::Parameters;
use crate::words::Strategy;

/// Where ranges come from.
#[derive(Debug, clap::Args)]
pub(super) struct Calibrate {
    /// Narrow the ranges of sums to those seen on the inputs in FILE, a list of tokens a line: a smaller circuit, which is the model on
    /// inputs that stay within these ranges, and refuses others
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    pub calibrate: Option<PathBuf>,
}

impl Calibrate {
    /// The ranges seen, if there is a file.
    pub fn ranges(&self, spec: &Spec, parameters: &Parameters) -> Result<Option<Calibration>, Failure> {
        let Some(file) = &self.calibrate else { return Ok(None) };
        let at = format!("@{}", file.display());
        let lists = run::input::read(&[at], spec.names.as_ref())?;
        let inputs = lists.iter().map(|list| model::tokens(spec, list)).collect::<Result<Vec<_>, _>>();
        let inputs = inputs.map_err(|error| error.of(&file.display().to_string()))?;
        Ok(Some(calibrate::calibrate(spec, parameters, &inputs)?))
    }

    /// Refuses it for what is not lowered as one circuit of a model.
    pub fn refuse(&self, why: &str) -> Result<(), Failure> {
        match &self.calibrate {
            Some(_) => Err(Failure::refused(format!("--calibrate {why}"))),
            None => Ok(()),
        }
    }
}

/// Lowers a model with its weights, held to ranges where some were seen.
pub(super) fn lower(
    spec: &Spec,
    parameters: &Parameters,
    context: u64,
    strategy: Strategy,
    ranges: Option<&Calibration>,
) -> Result<Model, pipeline::Error> {
    match ranges {
        Some(ranges) => calibrate::calibrated(spec, parameters, context, strategy, ranges),
        None => pipeline::with_parameters(spec, parameters, context, strategy),
    }
}
